import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError } from 'commander'
import { readOwner } from '../collector/owner.js'
import { type StartedSensor, startSensor } from '../native/connection.js'
import { dataFolder } from './context.js'
import { Fault } from './fault.js'
import { note } from './output.js'
import { serviceCommand } from './service-command.js'
import { handOver, reach, type ServiceUser } from './service-user.js'

interface Options {
	port: number
	sensor: boolean
	runDir?: string
}

export const DEFAULT_PORT = 7878
/** What the service takes at most to finish what it is doing; after a little more it is ended. */
export const DRAIN_LIMIT_MS = 10_000
const STAGE = '/run/whittle-service'
const main = fileURLToPath(new URL('./main.js', import.meta.url))
const root = dirname(dirname(dirname(main)))

export function define(command: Command): void {
	command
		.option('--port <number>', 'port of the page on loopback; 0 takes a free one', portNumber, DEFAULT_PORT)
		.option('--run-dir <dir>', 'where the sensor has its launch socket (default: below /run/whittle)')
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
	const sensor = without === '' ? await watchingSensor(options.runDir ?? runDirOf(data)) : undefined
	const service = startService(user, data, options.port, sensor?.socket, without)
	// From here on only the sensor needs to be root: this process waits, and needs no rights for that.
	sensor?.socket.destroy()
	dropRights(user)
	return waitFor(service, sensor?.process)
}

/**
 * A sensor that watches already. Only then is the service started: as a child of a process that
 * the sensor knows as Whittle, it is known as Whittle from its first instruction on. The
 * connection is one end of a pair of sockets that exists nowhere else; the service inherits it.
 */
async function watchingSensor(runDir: string): Promise<StartedSensor> {
	rmSync(runDir, { recursive: true, force: true })
	const sensor = startSensor({ runDir, selfPids: [process.pid] })
	leaveUnread(sensor.socket)
	let ended = false
	sensor.process.on('exit', () => {
		ended = true
	})
	// The launch socket is the last thing that it makes.
	while (!ended && !existsSync(join(runDir, 'sensor.sock'))) await new Promise((wake) => setTimeout(wake, 20))
	if (!ended) return sensor
	const fix = '"whittle probe" tries what this kernel allows; "whittle up --no-sensor" does without.'
	throw new Fault('notAllowed', 'sensor', 'The sensor did not start; it said why above.', fix)
}

/**
 * Node begins to read a socket when it makes one (the constructor of net.Socket), and has no public
 * way to hand it on untouched; what this process read would be missing in the service.
 */
function leaveUnread(socket: Socket): void {
	const handle: unknown = Reflect.get(socket, '_handle')
	const stop: unknown =
		typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'readStop') : undefined
	if (typeof stop !== 'function') throw new Error('this Node keeps reading a socket that is to be handed on')
	Reflect.apply(stop, handle, [])
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
	if (!existsSync(join(root, 'dist', 'native', 'whittle.node')) || !existsSync(join(root, 'dist', 'bpf'))) {
		return 'Nothing is watched here: the eBPF programs are not built; "npm run setup" builds them, or says what it needs for that.'
	}
	return ''
}

/** The service, as a user without rights, where needed in a mount namespace of its own. */
function startService(
	user: ServiceUser,
	data: string,
	port: number,
	connection: Socket | undefined,
	without: string
): ChildProcess {
	const node = realpathSync(process.execPath)
	const way = reach(user, root, [data, node])
	mkdirSync(STAGE, { recursive: true, mode: 0o755 })
	const [program = '', ...args] = serviceCommand(user, way, STAGE, [
		...[node, main, '--data', data, 'service', '--port', String(port)],
		...(connection === undefined ? ['--without', without] : ['--sensor-fd', '3'])
	])
	return spawn(program, args, {
		cwd: '/',
		// Standard input is how the service notices that this process is gone.
		stdio: ['pipe', 'inherit', 'inherit', ...(connection === undefined ? [] : [connection])]
	})
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
	const [code, signal] = await new Promise<[number | null, string | null]>((done, fail) => {
		service.on('error', (error) => {
			fail(
				new Fault(
					'unreachable',
					'service',
					'The service could not be started.',
					'setpriv and unshare come with util-linux.',
					error
				)
			)
		})
		service.on('exit', (...ending) => done(ending))
	})
	await sensorEnd(sensor)
	if (process.exitCode === 7) return 7
	if (signal !== null && !stopping) note(`The service was ended by ${signal}.`)
	return code ?? (stopping ? 0 : 7)
}

/** The sensor ends by itself when the service's end of its connection closes: after its last drain. */
async function sensorEnd(sensor: ChildProcess | undefined): Promise<void> {
	if (sensor === undefined || sensor.exitCode !== null || sensor.signalCode !== null) return
	await new Promise<void>((done) => {
		sensor.on('exit', () => done())
		setTimeout(done, DRAIN_LIMIT_MS).unref()
	})
}
