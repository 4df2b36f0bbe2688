/** One drain as bytes: everything that the kernel counted in an interval, and the clocks at its end. */

import type { HeldSlot } from './sensor-holdings.js'

export interface Drain {
	/** Wall time at which this sensor started, in ms: deliveries of a later sensor supersede it. */
	epoch: number
	sequence: number
	fromBootNs: bigint
	toBootNs: bigint
	/** Wall clock read together with `toBootNs`. */
	wallMs: number
	counters: Buffer
	others: Buffer
	firstSights: Buffer
	denials: Buffer
	/** Cumulative, by `enum loss`. */
	losses: bigint[]
	/** Cumulative, by operation × 3 + result; only what is not zero. */
	remainders: { operation: number; result: number; count: bigint }[]
	/** What is held, and what it replaced: (slot, generation) → cgroup and digest, so that denials can be named. */
	held: HeldSlot[]
}

const fixedBytes = 40
const sectionCount = 5

/** The payload of a drain frame. */
export function encodeDrain(drain: Drain): Buffer[] {
	const header = Buffer.alloc(fixedBytes + sectionCount * 4 + 4)
	header.writeDoubleLE(drain.epoch, 0)
	header.writeDoubleLE(drain.sequence, 8)
	header.writeBigUInt64LE(drain.fromBootNs, 16)
	header.writeBigUInt64LE(drain.toBootNs, 24)
	header.writeDoubleLE(drain.wallMs, 32)
	const rest = Buffer.from(
		JSON.stringify({
			losses: drain.losses.map(String),
			remainders: drain.remainders.map((r) => ({ ...r, count: String(r.count) })),
			held: drain.held
		}),
		'utf8'
	)
	const sections = [drain.counters, drain.others, drain.firstSights, drain.denials, rest]
	sections.forEach((section, index) => {
		header.writeUInt32LE(section.length, fixedBytes + index * 4)
	})
	return [header, ...sections]
}

/** Reads a drain; throws RangeError when its sections do not add up. */
export function decodeDrain(bytes: Buffer): Drain {
	let at = fixedBytes + sectionCount * 4 + 4
	const sections: Buffer[] = []
	for (let index = 0; index < sectionCount; index++) {
		const length = bytes.readUInt32LE(fixedBytes + index * 4)
		if (at + length > bytes.length) throw new RangeError('a drain is shorter than it says')
		sections.push(bytes.subarray(at, at + length))
		at += length
	}
	const [counters, others, firstSights, denials, rest] = sections
	if (!counters || !others || !firstSights || !denials || !rest)
		throw new RangeError('a drain lacks a section')
	const ledger: {
		losses: string[]
		remainders: { operation: number; result: number; count: string }[]
		held: Drain['held']
	} = JSON.parse(rest.toString('utf8'))
	return {
		epoch: bytes.readDoubleLE(0),
		sequence: bytes.readDoubleLE(8),
		fromBootNs: bytes.readBigUInt64LE(16),
		toBootNs: bytes.readBigUInt64LE(24),
		wallMs: bytes.readDoubleLE(32),
		counters,
		others,
		firstSights,
		denials,
		losses: ledger.losses.map(BigInt),
		remainders: ledger.remainders.map((r) => ({ ...r, count: BigInt(r.count) })),
		held: ledger.held
	}
}
