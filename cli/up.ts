import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { readOwner } from '../collector/owner.js'
import type { StartedSensor } from '../native/connection.js'
import { dataFolder } from './context.js'
import { endOf, ROOT, startDropped } from './dropped-process.js'
import { Fault } from './fault.js'
import { note } from './output.js'
import { addCounterEntries } from './sensor.js'
import { type SensorSettings, sensorEnd, watchingSensor } from './sensor-process.js'
import { handOver, type ServiceUser } from './service-user.js'

interface Options {
	port: number
	sensor: boolean
	runDir?: string
	counterEntries?: number
}

export const DEFAULT_PORT = 7878
/** What the service takes at most to finish what it is doing; after a little more it is ended. */
export const DRAIN_LIMIT_MS = 10_000

export function define(command: Command): void {
	command
		.option('--port <number>', 'port of the page on loopback; 0 takes a free one', portNumber, DEFAULT_PORT)
		.option('--run-dir <dir>', 'where the sensor has its launch socket (default: below /run/whittle)')
	addCounterEntries(command)
		.option('--no-sensor', 'do not watch this host, replay the recorded stories instead')
		.action(async (options: Options) => {
			const { data } = command.optsWithGlobals<{ data?: string }>()
			const folder = resolve(dataFolder(data))
			process.exitCode = await up(existsSync(folder) ? realpathSync(folder) : folder, options)
		})
}

export function portNumber(text: string): number {
	if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text)
	throw new InvalidArgumentError('A port is a number from 0 to 65535.')
}

/** Runs until it is told to stop; resolves with the exit code. */
async function up(data: string, options: Options): Promise<number> {
	const without = options.sensor
		? reasonAgainstSensor()
		: 'Nothing is watched here, because --no-sensor was given.'
	if (process.getuid?.() !== 0) {
		const { runService } = await import('./service.js')
		return runService({ data, port: options.port, sensorFd: null, without, withParent: false })
	}
	// Before anything is touched: the sensor and the folder may be in use.
	const live = readOwner(data)
	if (live !== null) {
		throw new Fault(
			'conflict',
			'owned',
			`Another Whittle (process ${live.pid}) already works on ${data}.`,
			'Stop it, or choose another folder with --data.'
		)
	}
	const user = handOver(data)
	const sensor = without === '' ? await startSensor(data, options) : undefined
	const service = startDropped({
		user,
		folders: [data],
		args: [
			...['--data', data, 'service', '--port', String(options.port)],
			...(sensor === undefined ? ['--without', without] : ['--sensor-fd', '3'])
		],
		// Standard input is how the service notices that this process is gone.
		stdio: ['pipe', 'inherit', 'inherit', ...(sensor === undefined ? [] : [sensor.socket])]
	})
	// From here on only the sensor needs to be root: this process waits, and needs no rights for that.
	sensor?.socket.destroy()
	dropRights(user)
	return waitFor(service, sensor?.process)
}

async function startSensor(data: string, { runDir, counterEntries }: Options): Promise<StartedSensor> {
	const settings: SensorSettings = { runDir: runDir ?? runDirOf(data) }
	if (counterEntries !== undefined) settings.counterEntries = counterEntries
	const sensor = await watchingSensor(settings)
	if (sensor !== undefined) return sensor
	const fix = '"whittle probe" tries what this kernel allows; "whittle up --no-sensor" does without.'
	throw new Fault('notAllowed', 'sensor', 'The sensor did not start; it said why above.', fix)
}

/** A folder for each data folder, so that two sensors on one host never take each other's socket. */
function runDirOf(data: string): string {
	return join('/run/whittle', createHash('sha256').update(data).digest('hex').slice(0, 12))
}

/** Why this machine cannot have the sensor, in one sentence that says what would bring it; '' when it can. */
export function reasonAgainstSensor(): string {
	if (process.platform !== 'linux') return 'Nothing is watched here: the sensor needs Linux with eBPF.'
	if (process.getuid?.() !== 0) {
		return 'Nothing is watched here: loading eBPF programs needs root; "sudo npm start" brings it.'
	}
	if (!existsSync(join(ROOT, 'dist', 'native', 'whittle.node')) || !existsSync(join(ROOT, 'dist', 'bpf'))) {
		return 'Nothing is watched here: the eBPF programs are not built; "npm run setup" builds them, or says what it needs for that.'
	}
	return ''
}

function dropRights(user: ServiceUser): void {
	process.setgroups?.([])
	process.setgid?.(user.gid)
	process.setuid?.(user.uid)
	if (process.getuid?.() === 0) throw new Error('the rights of root could not be given up')
}

/** Passes signals on, and ends when the service has ended. */
async function waitFor(service: ChildProcess, sensor: ChildProcess | undefined): Promise<number> {
	let stopping = false
	const stop = () => {
		if (stopping) return
		stopping = true
		service.kill('SIGTERM')
		setTimeout(() => service.kill('SIGKILL'), DRAIN_LIMIT_MS + 2000).unref()
	}
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
	sensor?.on('exit', (code, signal) => {
		if (stopping || service.exitCode !== null) return
		note(
			`The sensor ended (${signal ?? `code ${code}`}); without it nothing is watched, so Whittle stops. Start it again.`
		)
		stop()
		process.exitCode = 7
	})
	const { code, signal } = await endOf(service)
	if (sensor !== undefined) await sensorEnd(sensor, DRAIN_LIMIT_MS)
	if (process.exitCode === 7) return 7
	if (signal !== null && !stopping) note(`The service was ended by ${signal}.`)
	return code ?? (stopping ? 0 : 7)
}
