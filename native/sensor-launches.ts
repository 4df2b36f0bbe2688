/**
 * The launch socket: runs a command in a cgroup of its own with the uid, gid and groups of
 * the peer that asked, whoever that is. The service's connection has no such message.
 */
import { chmodSync, mkdirSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Addon } from './addon.js'
import type { Cgroups } from './cgroups.js'
import { encodeFrame, frameReader, frameType } from './frame.js'
import type { Frame } from './frame.js'
import { decodeLaunch } from './launch.js'

const requestMaxBytes = 4 * 1024 * 1024

export interface Launches {
	/** Takes no more launches, and tells the commands that run to end: nobody watches them any more. */
	close(): void
}

/** Listens on `path` (0600). Resolves when it can be connected to. */
export function listenForLaunches(addon: Addon, cgroups: Cgroups, path: string): Promise<Launches> {
	rmSync(path, { force: true })
	// Those that have been started and not yet waited for.
	const running = new Set<{ pid: number }>()
	const server = createServer((socket) => serveClient(addon, cgroups, socket, running))
	return new Promise((resolve, reject) => {
		server.once('error', reject)
		// The folder is 0700 until the socket itself is closed to others.
		server.listen(path, () => {
			chmodSync(path, 0o600)
			resolve({
				close(): void {
					server.close()
					for (const { pid } of running) addon.sendSignal(pid, 15)
				}
			})
		})
	})
}

function serveClient(addon: Addon, cgroups: Cgroups, socket: Socket, running: Set<{ pid: number }>): void {
	const read = frameReader(requestMaxBytes)
	let launched: { pid: number } | null = null
	const say = (type: number, value: unknown): void => {
		if (!socket.destroyed) socket.write(encodeFrame(type, Buffer.from(JSON.stringify(value), 'utf8')))
	}
	const begin = (frame: Frame): void => {
		if (launched) throw new RangeError('one launch for each connection')
		if (!cgroups.v2)
			throw new RangeError('this host mounts no cgroup v2 hierarchy, so there is no cgroup to launch into')
		const request = decodeLaunch(frame.payload)
		const cgroup = `/whittle-learn/${request.name}`
		const folder = join(cgroups.v2, cgroup)
		mkdirSync(folder, { recursive: true })
		const { pid, done } = addon.launch(
			descriptorOf(socket),
			folder,
			request.argv,
			request.environment,
			request.folder
		)
		const current = { pid }
		launched = current
		running.add(current)
		say(frameType.started, { pid, cgroup, cgroupId: String(statSync(folder, { bigint: true }).ino) })
		done.then(
			(end) => {
				running.delete(current)
				say(frameType.ended, { ...end, left: !removeFolder(folder) })
			},
			(error: unknown) => {
				running.delete(current)
				say(frameType.refused, { sentence: String(error) })
			}
		)
	}
	socket.on('data', (bytes: Buffer) => {
		try {
			for (const frame of read(bytes)) {
				if (frame.type === frameType.launch) begin(frame)
				else if (frame.type === frameType.signal && launched && running.has(launched)) {
					addon.sendSignal(launched.pid, frame.payload.readUInt32LE(0))
				} else if (frame.type !== frameType.signal)
					throw new RangeError('this socket takes launches and signals only')
			}
		} catch (error) {
			say(frameType.refused, { sentence: error instanceof Error ? error.message : String(error) })
			socket.end()
		}
	})
	socket.on('error', (error) => {
		process.stderr.write(`whittle sensor: a launch client's connection broke: ${error.message}\n`)
	})
	socket.on('close', () => {
		if (launched && running.has(launched)) addon.sendSignal(launched.pid, 15)
	})
}

/** False while processes that the command left behind still live in it. */
function removeFolder(folder: string): boolean {
	try {
		rmdirSync(folder)
		return true
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'EBUSY' || error.code === 'ENOENT'))
			return false
		throw error
	}
}

/** Node keeps the descriptor of a socket to itself; the kernel's word on the peer needs it. */
function descriptorOf(socket: Socket): number {
	const handle: unknown = Reflect.get(socket, '_handle')
	const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
	if (typeof fd !== 'number' || fd < 0) throw new Error('the connection has gone')
	return fd
}
