/**
 * The service's end of its connection to the sensor, and the start of a sensor.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { packageRoot } from './addon.js'
import { decodeDrain } from './drain.js'
import type { Drain } from './drain.js'
import { encodeFrame, frameReader, frameType } from './frame.js'
import type { SensorHello } from './hello.js'
import { encodePolicy } from './hold.js'
import type { CgroupNetworkPolicy, HoldResult, ProbeReport } from './messages.js'

export interface SensorConnection {
	hello: SensorHello
	/** Called with each drain, in order. Drains that came before the first listener wait for it. */
	onDrain(listener: (drain: Drain) => void): void
	/** Called once, when the sensor has gone. */
	onClose(listener: () => void): void
	probe(): Promise<ProbeReport>
	holdNetwork(policy: CgroupNetworkPolicy): Promise<HoldResult>
	liftNetwork(cgroup: string): Promise<HoldResult>
	heldNetwork(): Promise<{ cgroup: string; digest: string; mode: 1 | 2 }[]>
	/** Any frame that a service could send; for the test that no such frame launches anything. */
	send(type: number, payload: Uint8Array): Promise<unknown>
	/** Slows the sensor down: while paused, the kernel goes on counting. */
	pause(): void
	resume(): void
	close(): void
}

/** Speaks to a sensor over a connected socket. Rejects when it closes before it said hello. */
export function connectSensor(socket: Socket): Promise<SensorConnection> {
	const read = frameReader()
	const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
	const early: Drain[] = []
	const drainListeners: ((drain: Drain) => void)[] = []
	const closeListeners: (() => void)[] = []
	let requests = 0
	let closed = false

	const send = (type: number, payload: Uint8Array): Promise<unknown> => {
		if (closed) return Promise.reject(new Error('the sensor has gone'))
		const number = ++requests
		const head = Buffer.alloc(4)
		head.writeUInt32LE(number)
		socket.write(encodeFrame(type, head, payload))
		return new Promise((resolve, reject) => waiting.set(number, { resolve, reject }))
	}
	const settle = (payload: Buffer): void => {
		const number = payload.readUInt32LE(0)
		const request = waiting.get(number)
		const value: unknown = JSON.parse(payload.toString('utf8', 4))
		waiting.delete(number)
		if (typeof value === 'object' && value !== null && 'refused' in value) {
			request?.reject(new Error(`the sensor refused: ${String(value.refused)}`))
		} else request?.resolve(value)
	}

	return new Promise((resolve, reject) => {
		const connect = (hello: SensorHello): SensorConnection => ({
			hello,
			onDrain(listener): void {
				drainListeners.push(listener)
				for (const drain of early.splice(0)) listener(drain)
			},
			onClose: (listener) => void closeListeners.push(listener),
			probe: async () => trusted<ProbeReport>(await send(frameType.probe, Buffer.alloc(0))),
			holdNetwork: async (policy) => trusted<HoldResult>(await send(frameType.hold, encodePolicy(policy))),
			liftNetwork: async (cgroup) =>
				trusted<HoldResult>(await send(frameType.lift, Buffer.from(cgroup, 'utf8'))),
			heldNetwork: async () =>
				trusted<{ cgroup: string; digest: string; mode: 1 | 2 }[]>(
					await send(frameType.held, Buffer.alloc(0))
				),
			send,
			pause: () => void socket.pause(),
			resume: () => void socket.resume(),
			close: () => void socket.destroy()
		})
		socket.on('data', (bytes: Buffer) => {
			for (const frame of read(bytes)) {
				if (frame.type === frameType.hello)
					resolve(connect(trusted<SensorHello>(JSON.parse(frame.payload.toString('utf8')))))
				else if (frame.type === frameType.reply) settle(frame.payload)
				else if (frame.type === frameType.drain) {
					const drain = decodeDrain(frame.payload)
					if (drainListeners.length === 0) early.push(drain)
					for (const listener of drainListeners) listener(drain)
				}
			}
		})
		socket.on('close', () => {
			closed = true
			reject(new Error('the sensor ended before it could say hello'))
			for (const request of waiting.values()) request.reject(new Error('the sensor has gone'))
			for (const listener of closeListeners) listener()
		})
		socket.on('error', reject)
	})
}

/**
 * The sensor is more privileged than we are, and its messages are ours: what it says is
 * taken as it is, like a value from the kernel.
 */
function trusted<T>(value: unknown): T {
	return value as T
}

export interface StartedSensor {
	process: ChildProcess
	/** Our end of its service connection, not yet read from: hand it to `connectSensor`, or to another process. */
	socket: Socket
}

/** Starts a sensor as a child of this (root) process. */
export function startSensor(options: {
	runDir: string
	selfPids: number[]
	counterEntries?: number
}): StartedSensor {
	const script = join(packageRoot(), 'dist', 'native', 'sensor.js')
	const entries =
		options.counterEntries === undefined ? [] : ['--counter-entries', String(options.counterEntries)]
	const selves = options.selfPids.flatMap((pid) => ['--self-pid', String(pid)])
	const child = spawn(
		process.execPath,
		[script, '--run-dir', options.runDir, '--service-fd', '3', ...entries, ...selves],
		{
			stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
			env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' }
		}
	)
	const socket = child.stdio[3]
	if (!(socket instanceof Socket)) throw new Error('the sensor could not be connected')
	return { process: child, socket }
}
