import { readdirSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { storePath } from '../collector/database.js'
import { acquireOwner } from '../collector/owner.js'
import { openReader } from '../collector/reader.js'
import { type KernelSource, kernelSource } from '../collector/sources/kernel/source.js'
import { replayFiles } from '../collector/sources/replay/replay-files.js'
import type { Reader, Writer } from '../collector/store.js'
import { openWriter } from '../collector/writer.js'
import { connectSensor } from '../native/connection.js'
import { startService } from '../web/serve.js'
import { dataFolder } from './context.js'
import { startDiscovery } from './discovery-loop.js'
import { exitCodes } from './exit-codes.js'
import { Fault } from './fault.js'
import { feed } from './feed.js'
import { watchHostFiles } from './host-files.js'
import { note, print } from './output.js'
import { DEFAULT_PORT, DRAIN_LIMIT_MS, portNumber } from './up.js'

/** How the service runs. */
export interface ServiceSettings {
	data: string
	/** 0: any free one. */
	port: number
	/** Descriptor of the connection to the sensor; null where there is none. */
	sensorFd: number | null
	/** Why there is no sensor and what would bring it; '' where there is one. */
	without: string
	/** True when the end of standard input means that `whittle up` is gone. */
	withParent: boolean
}

const HOST = '127.0.0.1'
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** `whittle up` starts this verb, without any right; nobody types it. */
export function define(command: Command): void {
	command
		.option('--port <number>', 'port on loopback', portNumber, DEFAULT_PORT)
		.option('--sensor-fd <number>', 'descriptor of the connection to the sensor')
		.option('--without <sentence>', 'why there is no sensor', '')
		.action(async (options: { port: number; sensorFd?: string; without: string }) => {
			const { data } = command.optsWithGlobals<{ data?: string }>()
			process.exitCode = await runService({
				data: resolve(dataFolder(data)),
				port: options.port,
				sensorFd: options.sensorFd === undefined ? null : Number(options.sensorFd),
				without: options.without,
				withParent: true
			})
		})
}

/** Runs until it is told to stop. Resolves with the exit code; what was acknowledged is on disk by then. */
export async function runService(settings: ServiceSettings): Promise<number> {
	const stop = stopSignal(settings.withParent)
	const port = settings.port === 0 ? await freePort() : settings.port
	const opened: (() => Promise<void> | void)[] = []
	try {
		const ownership = acquireOwner(settings.data, `http://${HOST}:${port}`)
		opened.push(() => ownership.release())
		const path = storePath(settings.data)
		const writer = await openWriter({ path, thread: true })
		opened.push(() => writer.close())
		const reader = openReader(path)
		opened.push(() => reader.close())
		const discovery = startDiscovery(path, writer, note, stop.fail)
		opened.push(() => discovery.stop())
		const sources: SourceState[] = []
		const kernel = settings.sensorFd === null ? null : await openKernel(settings.sensorFd, reader)
		if (kernel !== null) {
			const hostFiles = watchHostFiles(writer, kernel.node)
			opened.push(() => hostFiles.stop())
		}
		const web = await startService({
			...{ dataDir: settings.data, host: HOST, port, sensor: kernel?.service ?? null, writer, reader },
			sources: () => sources.map((source) => ({ ...source }))
		})
		opened.push(() => web.close())
		print(`Whittle is at ${web.loginUrl}\n`)
		if (kernel === null) await replayStories(writer, sources, settings.without)
		else {
			const watching = watch(kernel, writer, sources, stop)
			opened.push(async () => {
				await kernel.stop()
				await watching
			})
		}
		await stop.told
		return exitCodes.ok.code
	} finally {
		stop.tell()
		await closeAll(opened)
	}
}

/** The kernel through the sensor; since when this node was last watched is in the store. */
async function openKernel(fd: number, reader: Reader): Promise<KernelSource> {
	const connection = await connectSensor(new Socket({ fd, readable: true, writable: true })).catch(
		(error: unknown) => {
			const fix =
				'It said why above; "whittle probe" tries what this kernel allows, "whittle up --no-sensor" does without.'
			throw new Fault('notAllowed', 'sensor', 'The sensor did not start.', fix, error)
		}
	)
	const row = reader.get(
		'SELECT max(last_ms) AS ms FROM observations WHERE workload_id IN (SELECT id FROM workloads WHERE node = ?)',
		connection.hello.node
	)
	return kernelSource(connection, typeof row?.ms === 'number' ? row.ms : null)
}

/** Feeds what the kernel counts into the store until the source is stopped. */
async function watch(
	kernel: KernelSource,
	writer: Writer,
	sources: SourceState[],
	stop: StopSignal
): Promise<void> {
	const sentence = 'Processes, files, network and privileges of this host are watched.'
	const state: SourceState = { name: 'kernel', state: 'watching', sentence }
	sources.push(state)
	note(sentence)
	try {
		await feed(kernel, writer, {
			waiting(why) {
				state.state = why === '' ? 'watching' : 'waiting'
				state.sentence = why === '' ? sentence : why
				note(state.sentence)
			}
		})
		stop.tell()
	} catch (error) {
		stop.fail(error instanceof Error ? error : new Error(String(error)))
	}
}

/** What people are told of a source. */
interface SourceState {
	name: string
	state: 'starting' | 'watching' | 'replaying' | 'waiting' | 'done' | 'off'
	sentence: string
}

/** Where nothing can be watched, the recorded stories show what Whittle would do. */
async function replayStories(writer: Writer, sources: SourceState[], without: string): Promise<void> {
	note(without)
	const files = storyFiles(join(root, 'fixtures'))
	const state: SourceState = {
		name: 'replay',
		state: 'replaying',
		sentence: `${without} The recorded stories are replayed instead.`
	}
	sources.push({ name: 'kernel', state: 'off', sentence: without }, state)
	const totals = await replayFiles(files, writer, { nowMs: Date.now() })
	state.state = 'done'
	state.sentence = `${totals.lineCount} lines of ${files.length} recorded files were replayed (${totals.duplicateCount} were known), ${totals.refusedCount} refused.`
	note(state.sentence)
}

/** The recordings of the stories: `fixtures/STORY/*.jsonl[.gz]`. */
function storyFiles(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.flatMap((entry) => readdirSync(join(folder, entry.name)).map((name) => join(folder, entry.name, name)))
		.filter((path) => /(kernel|kubearmor|hubble|inventory)[^/]*\.jsonl(\.gz)?$/.test(path))
		.sort()
}

/** Everything that tells the service to stop. `fail` is for what must not go on: it stops with that error. */
interface StopSignal {
	told: Promise<void>
	tell(): void
	fail(error: Error): void
}

function stopSignal(withParent: boolean): StopSignal {
	let tell: () => void = () => undefined
	let fail: (error: Error) => void = () => undefined
	const told = new Promise<void>((resolve, reject) => {
		tell = resolve
		fail = reject
	})
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, tell)
	// The other end is held by `whittle up` alone: when that is gone, nobody could stop us.
	if (withParent) process.stdin.on('end', tell).resume()
	// It may be told before anybody waits for it; and a pipe that is listened to keeps a process alive.
	told.catch(() => undefined).finally(() => process.stdin.destroy())
	return { told, tell, fail }
}

/** The last opened is closed first; altogether no longer than people wait. */
async function closeAll(opened: (() => Promise<void> | void)[]): Promise<void> {
	const force = setTimeout(() => {
		note(
			`Whittle was not done within ${DRAIN_LIMIT_MS / 1000} s and ends now; what was acknowledged is on disk.`
		)
		process.exit(exitCodes.partial.code)
	}, DRAIN_LIMIT_MS)
	for (const close of opened.reverse()) await close()
	clearTimeout(force)
}

/** owner.json names the port before anything listens on it, so a free one is chosen first. */
function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer()
		server.on('error', reject)
		server.listen(0, HOST, () => {
			const address = server.address()
			const port = typeof address === 'object' && address !== null ? address.port : 0
			server.close(() => resolve(port))
		})
	})
}
