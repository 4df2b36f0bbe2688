/** A request to run a command in a cgroup of its own, as bytes: only the launch socket takes it. */
import { decodeTexts, encodeTexts } from './frame.js'

export interface LaunchRequest {
	/** Name of the cgroup to make; lower-case letters, digits, dot, dash, underscore. */
	name: string
	argv: string[]
	/** `NAME=value` entries. */
	environment: string[]
	folder: string
}

export function encodeLaunch(request: LaunchRequest): Buffer {
	return Buffer.concat([
		encodeTexts([request.name, request.folder]),
		encodeTexts(request.argv),
		encodeTexts(request.environment)
	])
}

/** Throws RangeError, with the sentence for the client, when the request cannot be carried out. */
export function decodeLaunch(bytes: Buffer): LaunchRequest {
	const head = decodeTexts(bytes, 0)
	const argv = decodeTexts(bytes, head.end)
	const environment = decodeTexts(bytes, argv.end)
	const [name = '', folder = ''] = head.texts
	if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
		throw new RangeError(
			`the cgroup name ${JSON.stringify(name)} is not made of a–z, 0–9, dot, dash, underscore`
		)
	}
	if (argv.texts.length === 0 || !folder.startsWith('/'))
		throw new RangeError('a launch needs a command and an absolute folder')
	if ([...argv.texts, ...environment.texts, folder].some((text) => text.includes('\0'))) {
		throw new RangeError('a launch takes no NUL in its texts')
	}
	return { name, argv: argv.texts, environment: environment.texts, folder }
}
