import { isAscii, isUtf8 } from 'node:buffer'
import { createHash, type Hash } from 'node:crypto'
import { decodeBytes } from '../../path.js'

/** A longer line is no telemetry: KubeArmor's are about 1 kB, Hubble's about 3. */
export const LINE_BYTES_MAX = 1_048_576

/** Receives every line of an input in order; numbers begin at 1. */
export interface LineSink {
	/** `bytes` gives the line as it was read; bytes that are not UTF-8 stand in `text` as `decodeBytes` writes them. */
	line(text: string, number: number, valid: boolean, bytes: () => Buffer): void
	/** A line over `LINE_BYTES_MAX`; only its hash was kept. */
	tooLong(number: number, byteCount: number, sha256: string): void
}

/**
 * Splits chunks of bytes into lines. Memory is bounded by one chunk and one line: a line
 * that grows too long is hashed and forgotten while its end is looked for.
 */
export class LineSplitter {
	#sink: LineSink
	#number = 1
	#pending: Buffer[] = []
	#pendingBytes = 0
	#overlong: { hash: Hash; byteCount: number } | undefined

	constructor(sink: LineSink) {
		this.#sink = sink
	}

	/** Number of the line that the next byte belongs to. */
	get number(): number {
		return this.#number
	}

	/** The buffer may be reused by the caller afterwards: what is kept of it is copied. */
	write(chunk: Buffer): void {
		const first = chunk.indexOf(NEWLINE)
		if (first === -1) {
			this.#keep(chunk)
			return
		}
		let from = 0
		if (this.#pendingBytes > 0 || this.#overlong !== undefined) {
			this.#finish(chunk.subarray(0, first))
			from = first + 1
		}
		const last = chunk.lastIndexOf(NEWLINE)
		if (last >= from) this.#whole(chunk.subarray(from, last))
		if (last + 1 < chunk.length) this.#keep(chunk.subarray(last + 1))
	}

	/** The input is over: a last line without a newline counts, unless the input was cut short (`complete` false). */
	end(complete: boolean): void {
		if (this.#pendingBytes === 0 && this.#overlong === undefined) return
		if (complete || this.#overlong !== undefined) this.#finish(EMPTY)
		this.#pending = []
		this.#pendingBytes = 0
	}

	#keep(part: Buffer): void {
		if (this.#overlong !== undefined) {
			this.#overlong.hash.update(part)
			this.#overlong.byteCount += part.length
			return
		}
		this.#pending.push(Buffer.from(part))
		this.#pendingBytes += part.length
		if (this.#pendingBytes <= LINE_BYTES_MAX) return
		const hash = createHash('sha256')
		for (const kept of this.#pending) hash.update(kept)
		this.#overlong = { hash, byteCount: this.#pendingBytes }
		this.#pending = []
		this.#pendingBytes = 0
	}

	/** Ends a line that began in an earlier chunk. */
	#finish(rest: Buffer): void {
		this.#keep(rest)
		if (this.#overlong !== undefined) {
			const { hash, byteCount } = this.#overlong
			this.#overlong = undefined
			this.#sink.tooLong(this.#number++, byteCount, hash.digest('hex'))
			return
		}
		const line = Buffer.concat(this.#pending, this.#pendingBytes)
		this.#pending = []
		this.#pendingBytes = 0
		this.#one(line)
	}

	/** Lines that lie in one chunk, without the last newline: decoded at once, cut as strings. */
	#whole(region: Buffer): void {
		const ascii = isAscii(region)
		if (!ascii && !isUtf8(region)) {
			this.#eachByItself(region)
			return
		}
		const text = ascii ? region.toString('latin1') : region.toString('utf8')
		for (let from = 0; from <= text.length; ) {
			const end = text.indexOf('\n', from)
			const to = end === -1 ? text.length : end
			if (to - from > LINE_BYTES_MAX / 4) this.#one(Buffer.from(text.slice(from, to)))
			else {
				const line = text.slice(from, to)
				this.#sink.line(line, this.#number++, true, () => Buffer.from(line))
			}
			from = to + 1
		}
	}

	#eachByItself(region: Buffer): void {
		for (let from = 0; from <= region.length; ) {
			const end = region.indexOf(NEWLINE, from)
			const to = end === -1 ? region.length : end
			this.#one(region.subarray(from, to))
			from = to + 1
		}
	}

	#one(line: Buffer): void {
		if (line.length > LINE_BYTES_MAX) {
			this.#sink.tooLong(this.#number++, line.length, createHash('sha256').update(line).digest('hex'))
			return
		}
		this.#sink.line(decodeBytes(line), this.#number++, isUtf8(line), () => line)
	}
}

const NEWLINE = 10
const EMPTY = Buffer.alloc(0)
