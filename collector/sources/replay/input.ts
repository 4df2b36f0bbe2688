import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, type Gunzip } from 'node:zlib'

/** A recorded file that can be read from the beginning, more than once. */
export interface Input {
	/** As people named it; `stdin` for `-`. */
	name: string
	/** SHA-256 of the file's bytes, hex. */
	sha256: string
	/** The (decompressed) bytes in order; returns why they ended early, or undefined. */
	chunks(): AsyncGenerator<Buffer, string | undefined>
	/** Removes what was spooled. */
	close(): Promise<void>
}

/** A file that cannot be read at all; a sentence for people. */
export class InputError extends Error {
	readonly code: 'missing' | 'unreadable'

	constructor(code: 'missing' | 'unreadable', message: string, cause: unknown) {
		super(message, { cause })
		this.name = 'InputError'
		this.code = code
	}
}

const CHUNK_BYTES = 262_144
/** Deflate expands at most 1,032 times, so one step of this size stays below 17 MB. */
const GZIP_STEP_BYTES = 16_384

/**
 * Opens `path`; `-` is standard input. What can be read only once (standard input, a pipe,
 * `<(zcat x)`) is spooled to a private file first, so that it can be named by its content.
 */
export async function openInput(path: string, stdin: NodeJS.ReadableStream = process.stdin): Promise<Input> {
	const name = path === '-' ? 'stdin' : path
	try {
		if (path === '-') return await spool(name, stdin)
		const { isPipe } = await statFile(path)
		return isPipe
			? await spool(name, createReadStream(path))
			: await inputOf(name, path, async () => undefined)
	} catch (error) {
		throw inputError(error, name)
	}
}

async function spool(name: string, stream: NodeJS.ReadableStream): Promise<Input> {
	const folder = await mkdtemp(join(tmpdir(), 'whittle-spool-'))
	const close = (): Promise<void> => rm(folder, { recursive: true, force: true })
	try {
		const file = join(folder, 'input')
		await pipeline(stream, createWriteStream(file, { mode: 0o600 }))
		return await inputOf(name, file, close)
	} catch (error) {
		await close()
		throw error
	}
}

async function inputOf(name: string, path: string, close: () => Promise<void>): Promise<Input> {
	const before = await statFile(path)
	const sha256 = await hashFile(path)
	const gzip = await isGzip(path)
	async function* chunks(): AsyncGenerator<Buffer, string | undefined> {
		const failure = yield* gzip ? gunzip(path) : plain(path)
		const { stamp } = await statFile(path)
		return failure ?? (stamp === before.stamp ? undefined : CHANGED)
	}
	return { name, sha256, chunks, close }
}

/** Its content no longer has the name under which it was stored, so a later replay counts it again. */
const CHANGED = 'the file changed while it was read: replay it when nobody writes to it'

async function statFile(path: string): Promise<{ isPipe: boolean; stamp: string }> {
	const status = await stat(path, { bigint: true })
	return {
		isPipe: status.isFIFO() || status.isCharacterDevice() || status.isSocket(),
		stamp: `${status.size} ${status.mtimeNs}`
	}
}

async function hashFile(path: string): Promise<string> {
	const hash = createHash('sha256')
	for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk)
	return hash.digest('hex')
}

/** RFC 1952 §2.3.1: every member begins with 1f 8b. */
async function isGzip(path: string): Promise<boolean> {
	return withFile(path, async (file) => {
		const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
		return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
	})
}

async function* plain(path: string): AsyncGenerator<Buffer, undefined> {
	const file = await open(path)
	const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
	try {
		for (;;) {
			const { bytesRead } = await file.read(buffer, 0, buffer.length)
			if (bytesRead === 0) return undefined
			yield buffer.subarray(0, bytesRead)
		}
	} finally {
		await file.close()
	}
}

/**
 * Members one after another. zlib drops what it had decoded of a step in which it meets an
 * error, so that step is decoded again byte by byte: everything before the damage is kept.
 */
async function* gunzip(path: string): AsyncGenerator<Buffer, string | undefined> {
	const file = await open(path)
	let decoder = new Decoder()
	try {
		const step = Buffer.allocUnsafe(GZIP_STEP_BYTES)
		for (let offset = 0; ; ) {
			const { bytesRead } = await file.read(step, 0, step.length, offset)
			const bytes = step.subarray(0, bytesRead)
			const { output, failure } = bytesRead === 0 ? await decoder.end() : await decoder.write(bytes)
			if (failure === undefined) {
				yield* output
				if (bytesRead === 0) return undefined
				offset += bytesRead
				continue
			}
			if (bytesRead === 0) {
				yield* output
				return 'the gzip data ends too early: the rest of the file is missing'
			}
			decoder = await decodedUpTo(file, offset)
			for (const byte of bytes) {
				const { output: few, failure: there } = await decoder.write(Buffer.of(byte))
				yield* few
				if (there !== undefined) break
			}
			return 'the gzip data is damaged: what follows could not be read'
		}
	} finally {
		decoder.close()
		await file.close()
	}
}

async function decodedUpTo(file: FileHandle, end: number): Promise<Decoder> {
	const decoder = new Decoder()
	const step = Buffer.allocUnsafe(GZIP_STEP_BYTES)
	for (let offset = 0; offset < end; ) {
		const { bytesRead } = await file.read(step, 0, Math.min(step.length, end - offset), offset)
		await decoder.write(step.subarray(0, bytesRead))
		offset += bytesRead
	}
	return decoder
}

interface Decoded {
	output: Buffer[]
	failure: Error | undefined
}

/** zlib's stream as question and answer, so that it is known which input gave which output. */
class Decoder {
	#gunzip: Gunzip = createGunzip({ chunkSize: 65_536 })
	#output: Buffer[] = []
	#failure: Error | undefined

	constructor() {
		this.#gunzip.on('data', (chunk: Buffer) => this.#output.push(chunk))
		this.#gunzip.on('error', (error) => {
			this.#failure = error
		})
	}

	/** The bytes are copied: zlib reads them later, and callers reuse their buffer. */
	async write(bytes: Buffer): Promise<Decoded> {
		await new Promise<void>((resolve) => {
			const done = (): void => {
				this.#gunzip.off('close', done)
				resolve()
			}
			this.#gunzip.once('close', done)
			this.#gunzip.write(Buffer.from(bytes), done)
		})
		return this.#take()
	}

	async end(): Promise<Decoded> {
		await new Promise<void>((resolve) => {
			this.#gunzip.once('close', resolve)
			this.#gunzip.once('end', resolve)
			this.#gunzip.end()
		})
		return this.#take()
	}

	close(): void {
		this.#gunzip.destroy()
	}

	#take(): Decoded {
		const output = this.#output
		this.#output = []
		return { output, failure: this.#failure }
	}
}

async function withFile<Value>(path: string, work: (file: FileHandle) => Promise<Value>): Promise<Value> {
	const file = await open(path)
	try {
		return await work(file)
	} finally {
		await file.close()
	}
}

function inputError(error: unknown, name: string): unknown {
	const code = error instanceof Error && 'code' in error ? error.code : undefined
	if (code === 'ENOENT') return new InputError('missing', `There is no file ${name}: check the name.`, error)
	if (code === 'EISDIR')
		return new InputError('unreadable', `${name} is a folder: name the files in it.`, error)
	if (code === 'EACCES') {
		return new InputError(
			'unreadable',
			`${name} may not be read by this user: change its permissions.`,
			error
		)
	}
	return error
}
