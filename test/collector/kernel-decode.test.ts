import assert from 'node:assert/strict'
import test from 'node:test'
import type { Subject } from '../../collector/observation.js'
import { decoder } from '../../collector/sources/kernel/decode.js'
import type { Units } from '../../collector/sources/kernel/units.js'
import type { Drain } from '../../native/drain.js'
import { counterKey, counterValue, lossKinds, operation, otherKey, result } from '../../native/layout.js'
import { HOUR_MS, NOON_MS } from './stores.js'

const UNIT = 7n
const subject: Subject & { kind: 'host' } = { kind: 'host', node: 'n1', unit: '/batch/nightly' }
const units: Units = {
	learn: () => undefined,
	learnProgram: () => undefined,
	subject: (unit) => (unit === UNIT ? subject : null),
	isNew: () => true,
	lives: () => true
}

test('what is drained a moment after the hour is told for the hour in which it was done', () => {
	const decode = decoder('n1', units, NOON_MS - 10_000, NOON_MS - 100_000)
	const counters = Buffer.concat([counterOf(NOON_MS - 900, 5), counterOf(NOON_MS + 20, 2)])
	const { batch } = decode.decode(drainOf({ fromMs: NOON_MS - 1000, toMs: NOON_MS + 80, counters }))
	const noon = NOON_MS / HOUR_MS
	assert.deepEqual(
		batch.sightings.map(({ count, firstMs, lastMs }) => [count, firstMs, lastMs]),
		[
			[5, NOON_MS - 900, NOON_MS - 1],
			[2, NOON_MS + 20, NOON_MS + 80]
		]
	)
	assert.deepEqual(
		batch.exposure.map(({ hour }) => hour),
		[noon - 1, noon]
	)
})

test('what lost its detail is a gap of that workload, under the name by which the store knows it', () => {
	const decode = decoder('n1', units, NOON_MS, NOON_MS - 100_000)
	const { batch } = decode.decode(drainOf({ fromMs: NOON_MS, toMs: NOON_MS + 1000, others: otherOf(41) }))
	assert.deepEqual(
		batch.gaps.map(({ scope, reason, lostCount, detail }) => [scope, reason, lostCount, detail]),
		[['workload:host/n1/batch/nightly', 'map-full', 41, lossKinds[1]]]
	)
	assert.deepEqual(
		batch.sightings.map(({ verb, object, count }) => [verb, object, count]),
		[['connect', '', 41]]
	)
	assert.equal(batch.exposure.length, 1, 'it was watched all the same')
})

test('a unit that was there before us has a gap for what it did earlier, whenever it is first seen; a new one has none', () => {
	const old: Units = { ...units, isNew: () => false }
	const decode = decoder('n1', old, NOON_MS, NOON_MS - 100_000)
	const idle = decode.decode(drainOf({ fromMs: NOON_MS, toMs: NOON_MS + 1000 }))
	assert.deepEqual(idle.batch.gaps, [])
	const counters = counterOf(NOON_MS + 60_000, 1)
	const first = decode.decode(drainOf({ fromMs: NOON_MS + 1000, toMs: NOON_MS + 61_000, counters }))
	assert.deepEqual(
		first.batch.gaps.map(({ scope, fromMs, toMs, reason }) => [scope, fromMs, toMs, reason]),
		[['workload:host/n1/batch/nightly', NOON_MS - 100_000, NOON_MS, 'started-before']]
	)
	const again = decode.decode(
		drainOf({ fromMs: NOON_MS + 61_000, toMs: NOON_MS + 63_000, counters: counterOf(NOON_MS + 62_000, 1) })
	)
	assert.deepEqual(again.batch.gaps, [], 'told once')
	const made = decoder('n1', units, NOON_MS, NOON_MS - 100_000)
	const { batch } = made.decode(drainOf({ fromMs: NOON_MS, toMs: NOON_MS + 61_000, counters }))
	assert.deepEqual(batch.gaps, [])
})

/** The clock since boot began at 0 in this world. */
function bootNs(ms: number): bigint {
	return BigInt(ms) * 1_000_000n
}

function drainOf(parts: { fromMs: number; toMs: number; counters?: Buffer; others?: Buffer }): Drain {
	const { fromMs, toMs, counters = Buffer.alloc(0), others = Buffer.alloc(0) } = parts
	return {
		epoch: 1,
		sequence: 2,
		fromBootNs: bootNs(fromMs),
		toBootNs: bootNs(toMs),
		wallMs: toMs,
		...{ counters, others, firstSights: Buffer.alloc(0), denials: Buffer.alloc(0) },
		losses: lossKinds.map(() => 0n),
		remainders: [],
		held: []
	}
}

/** Opens of a file that nobody described. */
function counterOf(firstMs: number, count: number): Buffer {
	const bytes = Buffer.alloc(counterKey.size + counterValue.size)
	bytes.writeBigUInt64LE(UNIT, counterKey.unit.offset)
	bytes.writeUInt16LE(operation.read, counterKey.operation.offset)
	bytes.writeUInt8(result.allowed, counterKey.result.offset)
	bytes.writeBigUInt64LE(BigInt(count), counterKey.size + counterValue.count.offset)
	bytes.writeBigUInt64LE(bootNs(firstMs), counterKey.size + counterValue.first_ns.offset)
	return bytes
}

function otherOf(count: number): Buffer {
	const bytes = Buffer.alloc(otherKey.size + 8)
	bytes.writeBigUInt64LE(UNIT, otherKey.unit.offset)
	bytes.writeUInt16LE(operation.connect, otherKey.operation.offset)
	bytes.writeUInt8(result.allowed, otherKey.result.offset)
	bytes.writeBigUInt64LE(BigInt(count), otherKey.size)
	return bytes
}
