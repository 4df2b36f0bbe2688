import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { StartedSensor } from '../native/connection.js'
import { endOf, startDropped } from './dropped-process.js'
import { exitCodes } from './exit-codes.js'
import { Fault } from './fault.js'
import type { Question } from './observe.js'
import { note } from './output.js'
import { type RunCommand, runCommand } from './run-command.js'
import { launchSocket, sensorEnd, watchingSensor } from './sensor-process.js'
import { handOver } from './service-user.js'

/** What the sensor takes at most to end. */
const SENSOR_LIMIT_MS = 10_000

/**
 * Runs the command under a sensor of its own, as who we are, while a process without rights
 * decodes what was seen and then prints the policy that the command needs. This process reads
 * nothing of that. Resolves with the exit code. Needs root.
 */
export async function observeCommand(command: RunCommand, language: string): Promise<number> {
	const runFolder = mkdtempSync(join(tmpdir(), 'whittle-learn-run-'))
	const store = mkdtempSync(join(tmpdir(), 'whittle-learn-'))
	const interruption = interruptions()
	try {
		const runDir = join(runFolder, 'run')
		const sensor = await watchingSensor({ runDir })
		if (sensor === undefined) {
			const what = 'The command was not run, because the sensor did not start; it said why above.'
			throw new Fault('notAllowed', 'sensor', what, '"whittle probe" tries what this kernel allows.')
		}
		try {
			const observer = startObserver(store, language, sensor)
			return await observed(observer, () => runCommand(launchSocket(runDir), command), interruption)
		} finally {
			// Nobody holds its connection any more.
			sensor.socket.destroy()
			await sensorEnd(sensor.process, SENSOR_LIMIT_MS)
		}
	} finally {
		interruption.forget()
		rmSync(runFolder, { recursive: true })
		removeEmpty(store)
	}
}

/** The unprivileged half: it gets the connection to the sensor, a folder of its own, and no secret of our environment. */
function startObserver(store: string, language: string, sensor: StartedSensor): ChildProcess {
	const observer = startDropped({
		user: handOver(store),
		folders: [store],
		args: ['--data', store, 'observe', '--language', language, '--sensor-fd', '3', '--tell-fd', '4'],
		// The end of its standard input tells it that we are gone; standard output is for the policy.
		stdio: ['pipe', 'inherit', 'inherit', sensor.socket, 'pipe'],
		env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
	})
	sensor.socket.destroy()
	return observer
}

async function observed(
	observer: ChildProcess,
	run: () => Promise<string | undefined>,
	interruption: Interruption
): Promise<number> {
	const { stdin, stdio } = observer
	const told = stdio[4]
	if (!(stdin instanceof Writable) || !(told instanceof Readable))
		throw new Error('the pipes to the observer were not made')
	// It may end before it reads what we say; how it ended is what counts.
	stdin.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE') throw error
	})
	const ended = endOf(observer)
	// Waited for below; a failure to start it comes earlier.
	ended.catch(() => undefined)
	let cgroup: string | undefined
	try {
		const ready = await isReady(told)
		if (ready && !interruption.came()) cgroup = await run()
		else note('The command was not run.')
	} finally {
		stdin.end(cgroup === undefined ? '' : JSON.stringify({ cgroup } satisfies Question))
		await ended
	}
	const { code, signal } = await ended
	if (cgroup === undefined && interruption.came()) return exitCodes.interrupted.code
	if (code === null)
		throw new Fault('unreachable', 'observer', `What decodes the telemetry was ended by ${String(signal)}.`)
	if (cgroup === undefined && code === 0) {
		const what = 'The launch ended before the command did, so there is no policy.'
		throw new Fault('unreachable', 'launch', what)
	}
	return code
}

/** Ctrl-C before the command runs, or after it, must not leave a folder behind. */
interface Interruption {
	came(): boolean
	forget(): void
}

function interruptions(): Interruption {
	let hasCome = false
	const come = () => {
		hasCome = true
	}
	process.on('SIGINT', come).on('SIGTERM', come)
	return {
		came: () => hasCome,
		forget: () => void process.off('SIGINT', come).off('SIGTERM', come)
	}
}

/** False when it ended instead, having said why. */
async function isReady(told: Readable): Promise<boolean> {
	for await (const _ of told) return true
	return false
}

/** What the observer stored it has removed itself: root walks through no folder of somebody else's. */
function removeEmpty(folder: string): void {
	try {
		rmdirSync(folder)
	} catch (error) {
		if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error
		note(`What was stored of the command could not be removed; it is in ${folder}.`)
	}
}
