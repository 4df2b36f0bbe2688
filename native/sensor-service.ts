/** The service's side of the sensor: probe, hold, lift. A launch is not among its messages. */
import type { Socket } from 'node:net'
import { encodeFrame, frameReader, frameType } from './frame.js'
import type { Frame } from './frame.js'
import type { SensorHello } from './hello.js'
import { decodePolicy } from './hold.js'
import { reportProbe } from './probe.js'
import type { Holdings } from './sensor-holdings.js'

/** Requests of the service are small; more is an attack or a mistake. */
const requestMaxBytes = 4 * 1024 * 1024

export function serveService(socket: Socket, hello: SensorHello, held: Holdings): void {
	const read = frameReader(requestMaxBytes)
	socket.on('data', (bytes: Buffer) => {
		try {
			for (const frame of read(bytes)) answer(socket, frame, hello, held)
		} catch (error) {
			// The stream cannot be understood from here on; the service reconnects or ends.
			process.stderr.write(`whittle sensor: ${error instanceof Error ? error.message : String(error)}\n`)
			socket.destroy()
		}
	})
	socket.on('error', (error) => {
		process.stderr.write(`whittle sensor: the connection to the service broke: ${error.message}\n`)
	})
}

function answer(socket: Socket, frame: Frame, hello: SensorHello, held: Holdings): void {
	if (frame.payload.length < 4) throw new RangeError('a request without a number')
	const request = frame.payload.subarray(0, 4)
	const reply = (value: unknown): void => {
		socket.write(encodeFrame(frameType.reply, request, Buffer.from(JSON.stringify(value), 'utf8')))
	}
	try {
		if (frame.type === frameType.probe) reply(reportProbe(hello, true))
		else if (frame.type === frameType.hold) reply(held.hold(decodePolicy(frame.payload, 4)))
		else if (frame.type === frameType.lift) reply(held.lift(frame.payload.toString('utf8', 4)))
		else if (frame.type === frameType.held) reply(held.list())
		else reply({ refused: 'the service may ask to probe, hold, lift and list; nothing else' })
	} catch (error) {
		// One request failed in the kernel or did not make sense: it is told, the sensor goes on.
		reply({ refused: error instanceof Error ? error.message : String(error) })
	}
}
