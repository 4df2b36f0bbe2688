/**
 * Frames on the sensor's sockets: a fixed header, then a payload of a fixed form by type.
 * Header: u32 payload length, u8 type, u8 version, u16 zero, all little-endian.
 */

export const frameVersion = 1
const headerBytes = 8

/** No frame may be larger; a peer that announces more is cut off. */
export const frameMaxBytes = 256 * 1024 * 1024

export const frameType = {
	/** sensor → service: JSON of SensorHello. */
	hello: 1,
	/** sensor → service: one drain, see drain.ts. */
	drain: 2,
	/** sensor → service: u32 request, JSON of the answer. */
	reply: 3,
	/** service → sensor: u32 request. */
	probe: 16,
	/** service → sensor: u32 request, then a policy, see hold.ts. */
	hold: 17,
	/** service → sensor: u32 request, text of the cgroup. */
	lift: 18,
	/** service → sensor: u32 request. */
	held: 19,
	/** client → sensor, launch socket only: see launch.ts. */
	launch: 32,
	/** client → sensor, launch socket only: u32 signal. */
	signal: 33,
	/** sensor → client: JSON of {pid, cgroup, cgroupId}. */
	started: 34,
	/** sensor → client: JSON of {code, signal}. */
	ended: 35,
	/** sensor → client: JSON of {sentence}. */
	refused: 36
} as const

export interface Frame {
	type: number
	payload: Buffer
}

/** One frame as bytes. */
export function encodeFrame(type: number, ...parts: Uint8Array[]): Buffer {
	const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
	const header = Buffer.alloc(headerBytes)
	header.writeUInt32LE(length, 0)
	header.writeUInt8(type, 4)
	header.writeUInt8(frameVersion, 5)
	return Buffer.concat([header, ...parts])
}

/**
 * Cuts a stream into frames. Feed it what arrives; it returns the whole frames so far.
 * Throws on a header that is not ours: such a peer cannot be understood any more.
 */
export function frameReader(maxBytes = frameMaxBytes): (bytes: Buffer) => Frame[] {
	let pending: Buffer[] = []
	let pendingBytes = 0
	return (bytes) => {
		pending.push(bytes)
		pendingBytes += bytes.length
		const frames: Frame[] = []
		while (pendingBytes >= headerBytes) {
			if ((pending[0]?.length ?? 0) < headerBytes) pending = [Buffer.concat(pending)]
			const first = pending[0]
			if (!first) break
			const length = first.readUInt32LE(0)
			if (first.readUInt8(5) !== frameVersion || first.readUInt16LE(6) !== 0 || length > maxBytes) {
				throw new Error('the other end does not speak the messages of this version of Whittle')
			}
			if (pendingBytes < headerBytes + length) break
			const whole = pending.length === 1 ? first : Buffer.concat(pending)
			frames.push({ type: whole.readUInt8(4), payload: whole.subarray(headerBytes, headerBytes + length) })
			const rest = whole.subarray(headerBytes + length)
			pending = rest.length > 0 ? [rest] : []
			pendingBytes = rest.length
		}
		return frames
	}
}

/** Writes texts as u32 length and UTF-8 bytes each, behind their u16 number. */
export function encodeTexts(texts: string[]): Buffer {
	const count = Buffer.alloc(2)
	count.writeUInt16LE(texts.length)
	return Buffer.concat([
		count,
		...texts.map((text) => {
			const bytes = Buffer.from(text, 'utf8')
			if (bytes.length > 0xffffff)
				throw new RangeError('a text of more than 16 MiB does not go into a message')
			const length = Buffer.alloc(4)
			length.writeUInt32LE(bytes.length)
			return Buffer.concat([length, bytes])
		})
	])
}

/** Reads what `encodeTexts` wrote from `offset` on; returns the texts and where they end. */
export function decodeTexts(bytes: Buffer, offset: number): { texts: string[]; end: number } {
	const count = bytes.readUInt16LE(offset)
	const texts: string[] = []
	let at = offset + 2
	for (let i = 0; i < count; i++) {
		const length = bytes.readUInt32LE(at)
		if (at + 4 + length > bytes.length) throw new RangeError('a text runs past the end of its message')
		texts.push(bytes.toString('utf8', at + 4, at + 4 + length))
		at += 4 + length
	}
	return { texts, end: at }
}
