/** Asks a sensor to run a command in a cgroup of its own, with this process's identity and standard streams. */
import { connect } from 'node:net'
import { encodeFrame, frameReader, frameType } from './frame.js'
import { encodeLaunch } from './launch.js'
import type { LaunchRequest } from './launch.js'

export interface Launched {
	pid: number
	/** Below the v2 root. */
	cgroup: string
	cgroupId: string
	/** Resolves when the command ends; `left` says that processes of it still live in its cgroup. */
	ended: Promise<{ code: number; signal: number; left: boolean }>
	/** Sends a signal to the command. */
	signal(number: number): void
	/** Closes the connection; a command that still runs is told to end. */
	close(): void
}

/** Rejects with the sensor's sentence when it will not or cannot. */
export function launchCommand(socketPath: string, request: LaunchRequest): Promise<Launched> {
	const socket = connect(socketPath)
	const read = frameReader()
	return new Promise((resolve, reject) => {
		let end: (value: { code: number; signal: number; left: boolean }) => void = () => {}
		let fail: (error: Error) => void = reject
		const ended = new Promise<{ code: number; signal: number; left: boolean }>((done, failed) => {
			end = done
			fail = (error) => {
				reject(error)
				failed(error)
			}
		})
		// Nobody may wait for the end of a launch that never began.
		ended.catch(() => undefined)
		socket.on('connect', () => socket.write(encodeFrame(frameType.launch, encodeLaunch(request))))
		socket.on('data', (bytes: Buffer) => {
			for (const frame of read(bytes)) {
				const value: {
					pid: number
					cgroup: string
					cgroupId: string
					code: number
					signal: number
					left: boolean
					sentence: string
				} = JSON.parse(frame.payload.toString('utf8'))
				if (frame.type === frameType.refused) fail(new Error(value.sentence))
				else if (frame.type === frameType.ended)
					end({ code: value.code, signal: value.signal, left: value.left })
				else if (frame.type === frameType.started) {
					resolve({
						pid: value.pid,
						cgroup: value.cgroup,
						cgroupId: value.cgroupId,
						ended,
						signal(number): void {
							const payload = Buffer.alloc(4)
							payload.writeUInt32LE(number)
							socket.write(encodeFrame(frameType.signal, payload))
						},
						close: () => void socket.destroy()
					})
				}
			}
		})
		socket.on('error', (error) =>
			fail(new Error(`the sensor at ${socketPath} cannot be reached`, { cause: error }))
		)
		socket.on('close', () => fail(new Error('the sensor closed the connection')))
	})
}
