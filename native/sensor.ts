/**
 * The sensor: the one privileged process. It loads the programs, drains what they count
 * and hands it to its service, holds cgroups' network tables, and launches commands as
 * the peer that asks. It opens no network socket, parses no telemetry and no YAML, and
 * depends on nothing but the addon.
 *
 *   node sensor.js --run-dir DIR [--service-fd N] [--self-pid N]… [--counter-entries N]
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { Socket } from 'node:net'
import { hostname, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadAddon, objectFolder, packageRoot } from './addon.js'
import type { Addon, ProgramState } from './addon.js'
import { readCgroups } from './cgroups.js'
import { encodeDrain } from './drain.js'
import { encodeFrame, frameType } from './frame.js'
import type { SensorHello } from './hello.js'
import { launchers } from './launchers.js'
import { holdings } from './sensor-holdings.js'
import { listenForLaunches } from './sensor-launches.js'
import { serveService } from './sensor-service.js'

const drainEveryMs = 1000
const readRingEveryMs = 100
/** While this much waits in the socket the kernel goes on counting, and we do not drain. */
const waitingMaxBytes = 16 * 1024 * 1024
/** Described objects per generation; see `seen` in bpf/maps.h. */
const describedMax = 40_000
const objectNames = ['process', 'file', 'network', 'privilege', 'enforce']

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			'run-dir': { type: 'string' },
			'service-fd': { type: 'string' },
			'self-pid': { type: 'string', multiple: true },
			'counter-entries': { type: 'string' }
		}
	})
	const runDir = values['run-dir'] ?? '/run/whittle'
	mkdirSync(runDir, { recursive: true, mode: 0o700 })
	const addon = loadAddon()
	addon.dieWithParent()
	const cgroups = readCgroups()
	const mounted = addon.mountBelow('tracefs', '/sys/kernel/tracing')
	const programs = addon.loadPrograms(
		objectFolder(),
		objectNames,
		cgroups.v2,
		entriesOf(values['counter-entries'])
	)
	if (!programs.some((program) => program.loaded)) {
		removeIfEmpty(runDir)
		throw new Error(refusal(programs))
	}

	const clocks = addon.readClocks()
	const seed = randomBytes(8).readBigUInt64LE()
	const script = join(packageRoot(), 'dist', 'cli', 'main.js')
	addon.addLaunchers(launchers)
	for (const pid of [process.pid, ...(values['self-pid'] ?? []).map(Number)]) addon.addSelf(pid)
	addon.configure({
		seed,
		rootCgroup2: cgroups.v2RootId,
		selfCgroup2: cgroups.selfId,
		selfScriptA: addon.hashText(script, seed),
		selfScriptB: addon.hashText(join(packageRoot(), 'dist', 'native', 'sensor.js'), seed),
		hierarchySystemd: cgroups.hierarchies.find((h) => h.name === 'name=systemd')?.id ?? 0,
		hierarchyMemory: cgroups.hierarchies.find((h) => h.name === 'memory')?.id ?? 0,
		hierarchyPids: cgroups.hierarchies.find((h) => h.name === 'pids')?.id ?? 0,
		directoryBudget: 512,
		peerBudget: 1024
	})
	addon.snapshotTasks()

	const hello: SensorHello = {
		node: hostname(),
		kernel: release(),
		bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
		epoch: Math.floor(clocks.wallMs),
		startedBootNs: String(clocks.bootNs),
		startedWallMs: clocks.wallMs,
		cgroups: {
			mode: cgroups.mode,
			v2: cgroups.v2,
			hierarchies: cgroups.hierarchies.map(({ id, name, mount }) => ({ id, name, mount }))
		},
		mountedTracefs: mounted,
		programs,
		socket: join(runDir, 'sensor.sock')
	}
	const held = holdings(addon, cgroups)
	const launches = await listenForLaunches(addon, cgroups, hello.socket)
	const service =
		values['service-fd'] === undefined
			? null
			: new Socket({ fd: Number(values['service-fd']), readable: true, writable: true })
	if (service) {
		service.write(encodeFrame(frameType.hello, Buffer.from(JSON.stringify(hello), 'utf8')))
		serveService(service, hello, held)
	}
	const loop = startDraining(addon, hello, held, service)
	const stop = (): void => {
		loop.stop()
		launches.close()
		// At once, so that a sensor that is started next finds the folder gone, and never loses its own.
		removeIfEmpty(runDir)
		held.liftAll()
		addon.closePrograms()
		process.exit(0)
	}
	process.on('SIGTERM', stop)
	process.on('SIGINT', () => {})
	service?.on('close', stop)
}

/** The run folder holds nothing but the launch socket, which has gone; whatever else is in it is not ours. */
function removeIfEmpty(folder: string): void {
	try {
		rmdirSync(folder)
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : ''
		if (code === 'ENOTEMPTY' || code === 'ENOENT') return
		// It is untidy, and no reason to leave the programs in the kernel.
		process.stderr.write(`whittle: ${folder} could not be removed: ${String(error)}\n`)
	}
}

/** How many behaviours a counter map holds; 0 leaves it as the programs say. */
function entriesOf(text: string | undefined): number {
	if (text === undefined) return 0
	if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--counter-entries is a whole number, not "${text}"`)
	return Number(text)
}

/** Drains every second, at each hour's boundary, and once more at the end. */
function startDraining(
	addon: Addon,
	hello: SensorHello,
	held: ReturnType<typeof holdings>,
	service: Socket | null
): { stop(): void } {
	let fromBootNs = BigInt(hello.startedBootNs)
	let sequence = 0
	let drainedMs = 0
	let describedCount = 0
	let firstSights: Buffer[] = []

	const readRing = (): void => {
		const records = Buffer.from(addon.readFirstSights())
		if (records.length > 0) firstSights.push(records)
		for (let at = 0; at < records.length; at += records.readUInt32LE(at)) describedCount++
	}
	const drain = (): void => {
		if (!service || service.destroyed || service.writableLength > waitingMaxBytes) return
		// Counters first: whatever they refer to was described before it was counted.
		const counters = Buffer.from(addon.drainCounters())
		const others = Buffer.from(addon.drainOthers())
		const denials = held.slots().length > 0 ? Buffer.from(addon.drainDenials()) : Buffer.alloc(0)
		readRing()
		addon.bumpEpoch()
		const clocks = addon.readClocks()
		sequence++
		service.write(
			encodeFrame(
				frameType.drain,
				...encodeDrain({
					epoch: hello.epoch,
					sequence,
					fromBootNs,
					toBootNs: clocks.bootNs,
					wallMs: clocks.wallMs,
					counters,
					others,
					firstSights: Buffer.concat(firstSights),
					denials,
					losses: [...addon.readLosses()],
					remainders: nonZero(addon.readRemainders()),
					held: held.slots()
				})
			)
		)
		firstSights = []
		fromBootNs = clocks.bootNs
		drainedMs = clocks.wallMs
		if (describedCount > describedMax) {
			addon.rotateSeen()
			describedCount = 0
		}
	}
	const tick = (): void => {
		const nowMs = Date.now()
		const hourChanged = Math.floor(nowMs / 3_600_000) !== Math.floor(drainedMs / 3_600_000)
		if (hourChanged || Math.abs(nowMs - drainedMs) >= drainEveryMs) drain()
		else readRing()
	}
	addon.onRingPressure(readRing)
	const timer = setInterval(tick, readRingEveryMs)
	tick()
	return {
		stop(): void {
			clearInterval(timer)
			drain()
		}
	}
}

function nonZero(totals: BigUint64Array): { operation: number; result: number; count: bigint }[] {
	return [...totals].flatMap((count, index) =>
		count === 0n ? [] : [{ operation: Math.floor(index / 3), result: index % 3, count }]
	)
}

function refusal(programs: ProgramState[]): string {
	const first = programs.find((program) => program.error !== '')
	const reason = first ? ` (${first.object}/${first.program}: ${first.error})` : ''
	return `this kernel loads none of Whittle's programs${reason}; it takes root with CAP_BPF and CAP_PERFMON, and a kernel with BTF`
}

main().catch((error: unknown) => {
	const causes: string[] = []
	for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(at.message)
	process.stderr.write(`whittle sensor: ${causes.join(': ')}\n`)
	process.exit(1)
})
