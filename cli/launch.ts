import { writeSync } from 'node:fs'
import { connect } from 'node:net'
import { constants } from 'node:os'
import type { Command } from 'commander'
import { z } from 'zod'
import { encodeFrame, frameReader, frameType } from '../native/frame.js'
import { encodeLaunch } from '../native/launch.js'

/** What this verb tells `whittle learn`, one JSON object a line, on the descriptor that it is given. */
export const launchMessage = z.discriminatedUnion('say', [
	z.object({ say: z.literal('started'), pid: z.number(), cgroup: z.string() }),
	z.object({ say: z.literal('ended'), code: z.number(), signal: z.number() }),
	z.object({ say: z.literal('refused'), sentence: z.string() })
])
export type LaunchMessage = z.output<typeof launchMessage>

/**
 * Asks the sensor to run a command. The sensor gives the command the user and the standard
 * streams of whoever asks; being a process of its own, this verb has standard error where
 * `whittle learn` has standard output, so that the policy is alone there.
 */
export function define(command: Command): void {
	command
		.requiredOption('--socket <path>', 'the launch socket of the sensor')
		.requiredOption('--name <name>', 'name of the cgroup')
		.requiredOption('--tell-fd <number>', 'descriptor on which to tell what happens')
		.argument('<command...>')
		.action((argv: string[], options: { socket: string; name: string; tellFd: string }) =>
			launch(options.socket, options.name, argv, (message) => {
				writeSync(Number(options.tellFd), `${JSON.stringify(message)}\n`)
			})
		)
}

function launch(
	path: string,
	name: string,
	argv: string[],
	tell: (message: LaunchMessage) => void
): Promise<void> {
	const environment = Object.entries(process.env).map(([key, value]) => `${key}=${value ?? ''}`)
	const socket = connect(path)
	const read = frameReader()
	const forward = (number: number) => {
		const bytes = Buffer.alloc(4)
		bytes.writeUInt32LE(number)
		socket.write(encodeFrame(frameType.signal, bytes))
	}
	for (const signal of ['SIGTERM', 'SIGHUP'] as const)
		process.on(signal, () => forward(constants.signals[signal]))
	// At a terminal, Ctrl-C reaches the command without us.
	process.on('SIGINT', () => {
		if (process.stdin.isTTY !== true) forward(constants.signals.SIGINT)
	})
	// SIGKILL cannot be caught to be passed on, so `learn` says it with this one.
	process.on('SIGQUIT', () => forward(constants.signals.SIGKILL))
	return new Promise((resolve, reject) => {
		socket.on('connect', () => {
			socket.write(
				encodeFrame(frameType.launch, encodeLaunch({ name, argv, environment, folder: process.cwd() }))
			)
		})
		socket.on('data', (bytes: Buffer) => {
			for (const { type, payload } of read(bytes)) {
				const value: unknown = JSON.parse(payload.toString('utf8'))
				if (type === frameType.started) tell(launchMessage.parse({ ...objectOf(value), say: 'started' }))
				if (type === frameType.ended) tell(launchMessage.parse({ ...objectOf(value), say: 'ended' }))
				if (type === frameType.refused) tell(launchMessage.parse({ ...objectOf(value), say: 'refused' }))
				if (type === frameType.ended || type === frameType.refused) socket.end()
			}
		})
		socket.on('error', reject)
		socket.on('close', () => resolve())
	})
}

function objectOf(value: unknown): object {
	return typeof value === 'object' && value !== null ? value : {}
}
