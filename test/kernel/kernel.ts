/** What the tests of this suite share: a sensor of their own with its batches gathered, and known programs. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Gap, Sighting, Start } from '../../collector/observation.js'
import { kernelSource } from '../../collector/sources/kernel/source.js'
import type { KernelSource } from '../../collector/sources/kernel/source.js'
import { connectSensor, startSensor } from '../../native/connection.js'
import type { SensorConnection } from '../../native/connection.js'
import { launchCommand } from '../../native/launch-client.js'

const here = dirname(fileURLToPath(import.meta.url))

export interface Watched {
	connection: SensorConnection
	source: KernelSource
	sightings: Sighting[]
	gaps: Gap[]
	starts: Start[]
	folder: string
	/** Runs a command in a cgroup of its own; resolves with its exit code. */
	run(name: string, argv: string[]): Promise<number>
	/** Resolves after a drain of everything up to now. */
	drained(): Promise<void>
	/** Count per `verb object` of a cgroup, allowed or as asked. */
	counts(name: string, result?: Sighting['result']): Map<string, number>
	close(): Promise<void>
}

/** This suite needs root and eBPF; where they are missing it fails and says so, it does not skip. */
export async function watch(): Promise<Watched> {
	if (process.getuid?.() !== 0) throw new Error('the kernel suite needs root: run it with sudo')
	const folder = mkdtempSync(join(tmpdir(), 'whittle-kernel-'))
	const sensor = startSensor({ runDir: join(folder, 'run'), selfPids: [process.pid] })
	const connection = await connectSensor(sensor.socket)
	const source = kernelSource(connection, null)
	const watched = { sightings: [] as Sighting[], gaps: [] as Gap[], starts: [] as Start[] }
	let drainedMs = 0
	connection.onDrain((drain) => {
		drainedMs = drain.wallMs
	})
	const feeding = (async () => {
		for await (const batch of source.batches()) {
			watched.sightings.push(...batch.sightings)
			watched.gaps.push(...batch.gaps)
			watched.starts.push(...batch.starts)
		}
	})()
	const drained = async (): Promise<void> => {
		const after = Date.now()
		while (drainedMs <= after) await pause(50)
		await pause(100)
	}
	return {
		connection,
		source,
		...watched,
		folder,
		drained,
		async run(name, argv): Promise<number> {
			const launched = await launchCommand(connection.hello.socket, {
				name,
				argv,
				environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
				folder
			})
			const { code } = await launched.ended
			return code
		},
		counts(name, result = 'allowed'): Map<string, number> {
			const counts = new Map<string, number>()
			for (const sighting of watched.sightings) {
				if (sighting.result !== result || sighting.required || unitOf(sighting) !== `/whittle-learn/${name}`)
					continue
				const key = `${sighting.verb} ${sighting.object}`
				counts.set(key, (counts.get(key) ?? 0) + sighting.count)
			}
			return counts
		},
		async close(): Promise<void> {
			await source.stop()
			await feeding
			await new Promise<void>((done) => {
				if (sensor.process.exitCode !== null) done()
				else sensor.process.on('exit', () => done())
			})
			rmSync(folder, { recursive: true, force: true })
		}
	}
}

export function unitOf(sighting: { subject: Sighting['subject'] }): string {
	return sighting.subject.kind === 'host' ? sighting.subject.unit : ''
}

/** Compiles one of this folder's programs into `folder` and returns its path; the guests of test/vm bring them. */
export function compile(name: string, folder: string): string {
	const path = join(folder, name)
	if (existsSync(join(here, name))) copyFileSync(join(here, name), path)
	else if (!existsSync(path))
		execFileSync('gcc', ['-O2', '-Wall', '-o', path, join(here, `${name}.c`), '-lpthread'])
	return path
}

/** A TCP listener that takes connections and closes them; port 0 takes a free one. */
export function listen(address: string | { path: string }): Promise<{ port: number; server: Server }> {
	const server = createServer((socket) => socket.destroy())
	return new Promise((resolve, reject) => {
		server.once('error', reject)
		const ready = (): void => {
			const bound = server.address()
			resolve({ port: typeof bound === 'object' && bound ? bound.port : 0, server })
		}
		if (typeof address === 'string') server.listen(0, address, ready)
		else server.listen(address.path, ready)
	})
}

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms))
}
