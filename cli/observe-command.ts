import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { storePath } from '../collector/database.js'
import { openReader } from '../collector/reader.js'
import { kernelSource } from '../collector/sources/kernel/source.js'
import { openWriter } from '../collector/writer.js'
import { discover } from '../discovery/discover.js'
import { connectSensor, type SensorConnection, startSensor } from '../native/connection.js'
import { Fault } from './fault.js'
import { feed } from './feed.js'
import { type LaunchMessage, launchMessage } from './launch.js'
import { note } from './output.js'

export interface Observation {
	/** Name of the cgroup that is made for it. */
	name: string
	argv: string[]
	repeat: number
	timeoutMs?: number
}

/** What a command gets between SIGTERM and SIGKILL. */
const GRACE_MS = 5000
/** More than the sensor takes from one drain to the next. */
const DRAIN_PATIENCE_MS = 15_000

/**
 * Runs the command under a sensor of its own and stores what was seen, with its policies, below
 * `folder`. Resolves with the path of the command's cgroup.
 */
export async function observeCommand(folder: string, observation: Observation): Promise<string> {
	const sensor = startSensor({ runDir: join(folder, 'run'), selfPids: [process.pid] })
	const connection = await connectSensor(sensor.socket).catch((error: unknown) => {
		throw new Fault(
			'notAllowed',
			'sensor',
			'The command was not run, because the sensor did not start; it said why above.',
			'',
			error
		)
	})
	const ended = new Promise<void>((done) => sensor.process.on('exit', () => done()))
	try {
		const path = storePath(folder)
		const writer = await openWriter({ path, thread: true })
		try {
			const source = kernelSource(connection, null)
			const feeding = feed(source, writer)
			const cgroup = await runAll(connection, observation)
			await drainedAfter(connection, Date.now())
			await source.stop()
			await feeding
			const reader = openReader(path)
			await discover(reader, writer, Date.now())
			reader.close()
			return cgroup
		} finally {
			await writer.close()
		}
	} finally {
		connection.close()
		await ended
	}
}

async function runAll(
	connection: SensorConnection,
	{ name, argv, repeat, timeoutMs }: Observation
): Promise<string> {
	let cgroup = ''
	for (let run = 1; run <= repeat; run++) {
		const child = spawn(
			process.execPath,
			[
				...[
					fileURLToPath(new URL('./main.js', import.meta.url)),
					'launch',
					'--socket',
					connection.hello.socket
				],
				...['--name', name, '--tell-fd', '3', '--', ...argv]
			],
			// The command inherits these: standard output is for the policy alone.
			{ stdio: ['inherit', process.stderr, 'inherit', 'pipe'] }
		)
		const which = repeat === 1 ? 'The command' : `Run ${run} of ${repeat}`
		const stop = stopping(child, timeoutMs)
		for await (const message of messagesOf(child)) {
			if (message.say === 'refused')
				throw new Fault('notAllowed', 'launch', `The command was not run: ${message.sentence}`)
			if (message.say === 'started') cgroup = message.cgroup
			else if (message.signal !== 0) note(`${which} was ended by signal ${message.signal}.`)
			else if (message.code !== 0) note(`${which} ended with code ${message.code}.`)
		}
		stop.forget()
		if (stop.asked() && run < repeat) break
	}
	if (cgroup === '')
		throw new Fault('unreachable', 'launch', 'The command was not run: the sensor did not answer.')
	return cgroup
}

async function* messagesOf(child: ChildProcess): AsyncGenerator<LaunchMessage> {
	const told = child.stdio[3]
	if (!(told instanceof Readable)) throw new Error('the pipe from the launch was not made')
	for await (const line of createInterface({ input: told })) yield launchMessage.parse(JSON.parse(line))
}

/**
 * Ctrl-C and SIGTERM end the command, and what it needed until then is printed. At a terminal
 * Ctrl-C reaches the command by itself, as it is in the foreground like we are.
 */
function stopping(child: ChildProcess, timeoutMs: number | undefined): { asked(): boolean; forget(): void } {
	let asked = false
	const timers: NodeJS.Timeout[] = []
	const end = () => {
		asked = true
		child.kill('SIGTERM')
		timers.push(setTimeout(() => child.kill('SIGQUIT'), GRACE_MS))
	}
	const interrupt = () => {
		asked = true
		if (process.stdin.isTTY !== true) child.kill('SIGINT')
	}
	process.on('SIGINT', interrupt).on('SIGTERM', end)
	if (timeoutMs !== undefined) timers.push(setTimeout(end, timeoutMs))
	return {
		asked: () => asked,
		forget() {
			for (const timer of timers) clearTimeout(timer)
			process.off('SIGINT', interrupt).off('SIGTERM', end)
		}
	}
}

/** Waits for a drain of everything until `atMs`, and says so when none comes. */
function drainedAfter(connection: SensorConnection, atMs: number): Promise<void> {
	return new Promise((resolve, reject) => {
		const late = setTimeout(() => {
			reject(new Fault('unreachable', 'sensor', `The sensor told nothing for ${DRAIN_PATIENCE_MS / 1000} s.`))
		}, DRAIN_PATIENCE_MS)
		const done = () => {
			clearTimeout(late)
			resolve()
		}
		connection.onDrain((drain) => {
			if (drain.wallMs > atMs) done()
		})
		connection.onClose(done)
	})
}
