/** The one file that loads the native addon; everything else takes its functions from here. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What became of one program at load. */
export interface ProgramState {
	object: string
	program: string
	section: string
	loaded: boolean
	attached: boolean
	/** The system's error number; 0 when there was none. */
	errno: number
	error: string
}

/** Settings of the programs; see `struct configuration` in bpf/event.h. */
export interface Configuration {
	seed: bigint
	rootCgroup2: bigint
	selfCgroup2: bigint
	selfScriptA: bigint
	selfScriptB: bigint
	hierarchySystemd: number
	hierarchyMemory: number
	hierarchyPids: number
	directoryBudget: number
	peerBudget: number
}

export interface Addon {
	loadPrograms(folder: string, names: string[], cgroupRoot: string, counterEntries: number): ProgramState[]
	snapshotTasks(): boolean
	configure(configuration: Configuration): void
	bumpEpoch(): void
	addLaunchers(launchers: [string, number][]): void
	addSelf(pid: number): void
	hashText(text: string, seed: bigint): bigint
	drainCounters(): ArrayBuffer
	drainOthers(): ArrayBuffer
	readFirstSights(): ArrayBuffer
	readLosses(): BigUint64Array
	readRemainders(): BigUint64Array
	rotateSeen(): void
	onRingPressure(callback: () => void): void
	readClocks(): { bootNs: bigint; wallMs: number }
	mountBelow(type: 'tracefs' | 'bpf', folder: string): boolean
	closePrograms(): void
	holdNetwork(
		objectPath: string,
		cgroupPath: string,
		mode: 1 | 2,
		rules: Uint8Array
	): { slot: number; generation: number }
	liftNetwork(cgroupPath: string): boolean
	drainDenials(): ArrayBuffer
	readDenialRemainders(slot: number): number
	tryConnect(cgroupPath: string, port: number): number
	readPeer(fd: number): { pid: number; uid: number; gid: number; groups: number[] }
	launch(
		fd: number,
		cgroupPath: string,
		argv: string[],
		environment: string[],
		folder: string
	): { pid: number; done: Promise<{ code: number; signal: number }> }
	sendSignal(pid: number, signal: number): boolean
	dieWithParent(): void
}

/** Where set-up puts what it compiles: the folder of package.json, whether run from sources or from dist. */
export function packageRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url))
	while (!existsSync(join(folder, 'package.json'))) {
		const parent = dirname(folder)
		if (parent === folder) throw new Error('Whittle was moved out of its folder: no package.json above it')
		folder = parent
	}
	return folder
}

/** Compiled objects and the addon, relative to the package. */
export const objectFolder = (): string => join(packageRoot(), 'dist', 'bpf')
const addonPath = (): string => join(packageRoot(), 'dist', 'native', 'whittle.node')

/**
 * Loads the addon. Throws an Error whose message says what is missing and what would
 * bring it; the dynamic loader's reason is the cause.
 */
export function loadAddon(): Addon {
	const path = addonPath()
	try {
		const addon: Addon = createRequire(import.meta.url)(path)
		return addon
	} catch (cause) {
		const sentence = existsSync(path)
			? `the native addon ${path} cannot be loaded; \`npm run setup\` builds it for this Node and this system`
			: 'the native addon has not been built; `npm run setup` builds it (it needs g++, libbpf-dev and libelf-dev)'
		throw new Error(sentence, { cause })
	}
}
