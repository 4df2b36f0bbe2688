import { existsSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type StartedSensor, startSensor } from '../native/connection.js'

/** How a sensor is started. */
export interface SensorSettings {
	/** A folder of root's for its launch socket; made anew. */
	runDir: string
	/** How many behaviours the kernel counts in detail between two drains; without it, as many as the programs say. */
	counterEntries?: number
}

/** The launch socket of a sensor that was given this folder. */
export function launchSocket(runDir: string): string {
	return join(runDir, 'sensor.sock')
}

/**
 * A sensor that watches already; undefined when it ended instead, having said why. Only then is
 * the unprivileged half started: as a child of a process that the sensor knows as Whittle, it is
 * known as Whittle from its first instruction on. The connection is one end of a pair of sockets
 * that exists nowhere else; the unprivileged half inherits it.
 */
export async function watchingSensor({
	runDir,
	...settings
}: SensorSettings): Promise<StartedSensor | undefined> {
	rmSync(runDir, { recursive: true, force: true })
	const sensor = startSensor({ runDir, selfPids: [process.pid], ...settings })
	leaveUnread(sensor.socket)
	let ended = false
	sensor.process.on('exit', () => {
		ended = true
	})
	// The launch socket is the last thing that it makes.
	while (!ended && !existsSync(launchSocket(runDir))) await new Promise((wake) => setTimeout(wake, 20))
	return ended ? undefined : sensor
}

/** Resolves when the sensor has ended, which it does by itself when nobody holds its connection any more. */
export async function sensorEnd(sensor: StartedSensor['process'], limitMs: number): Promise<void> {
	if (sensor.exitCode !== null || sensor.signalCode !== null) return
	await new Promise<void>((done) => {
		sensor.on('exit', () => done())
		setTimeout(done, limitMs).unref()
	})
}

/**
 * Node begins to read a socket when it makes one (the constructor of net.Socket), and has no public
 * way to hand it on untouched; what this process read would be missing in the one that inherits it.
 */
function leaveUnread(socket: Socket): void {
	const handle: unknown = Reflect.get(socket, '_handle')
	const stop: unknown =
		typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'readStop') : undefined
	if (typeof stop !== 'function') throw new Error('this Node keeps reading a socket that is to be handed on')
	Reflect.apply(stop, handle, [])
}
