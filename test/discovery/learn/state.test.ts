import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Sighted } from '../../../discovery/learn/exact.js'
import { packStates, unpackStates } from '../../../discovery/learn/snapshot.js'
import { startPhaseMs } from '../../../discovery/learn/start-phase.js'
import { type BehaviourState, mergeState, mergeStates, stateOf } from '../../../discovery/learn/state.js'
import { DAY, DAY_MS, HOUR_MS, sighted } from '../sighted.js'

const HOUR = DAY * 24
const MINUTE_MS = 60_000

test('a behaviour keeps its smallest hours, days and pods, and counts every hour it was seen in', () => {
	const rows = [
		sighted('read', '/a', { day: DAY + 2, hours: 0b110, pods: ['d', 'e'], count: 5, detail: 'cat /a' }),
		sighted('read', '/a', { day: DAY, hours: (1 << 5) | (1 << 23), pods: ['c', 'b', 'a'], count: 2 }),
		sighted('read', '/a', { day: DAY + 1, hours: 1, count: 1, version: 'v0', pods: [] })
	]
	const [state, ...others] = stateOf(rows, [])
	assert.deepEqual(others, [])
	assert.deepEqual(state?.hours, [HOUR + 5, HOUR + 23, HOUR + 24])
	assert.equal(state?.lastHour, HOUR + 48 + 2)
	assert.deepEqual(state?.days, [DAY, DAY + 1, DAY + 2])
	assert.deepEqual(state?.pods, ['a', 'b', 'c', 'd'])
	assert.deepEqual(state?.versions, ['v0', 'v1'])
	assert.deepEqual(state?.samples, ['cat /a'])
	assert.equal(state?.hourCount, 5)
	assert.equal(state?.dayCount, 3)
	assert.equal(state?.count, 8)
})

test('denied and failed attempts leave no state', () => {
	const rows = (['denied', 'failed'] as const).map((result) => sighted('exec', '/bin/sh', { result }))
	assert.deepEqual(stateOf(rows, []), [])
	assert.deepEqual(stateOf([], []), [])
})

test('the same day again changes nothing, not even the count', () => {
	const row = sighted('read', '/a', { count: 7, hours: 3 })
	assert.deepEqual(stateOf([row, row], []), stateOf([row], []))
})

test('it was interactive only if every sighting was, and required if any was', () => {
	const rows = [
		sighted('exec', '/bin/sh', { interactive: true, required: false }),
		sighted('exec', '/bin/sh', { interactive: false, required: true, day: DAY + 1 })
	]
	const [state] = stateOf(rows, [])
	assert.equal(state?.interactive, false)
	assert.equal(state?.required, true)
	assert.equal(stateOf(rows.slice(0, 1), [])[0]?.interactive, true)
})

test('a sighting within ten minutes of a start belongs to it, a later one to none', () => {
	const start = DAY_MS + 5 * MINUTE_MS
	const at = (minutes: number, more: Partial<Sighted> = {}) =>
		sighted('read', '/a', {
			firstMs: start + minutes * MINUTE_MS,
			lastMs: start + minutes * MINUTE_MS,
			...more
		})
	const startsOf = (...rows: Sighted[]) => {
		const [state] = stateOf(rows, [start, start + 2 * HOUR_MS])
		return [state?.starts, state?.startOnly]
	}
	assert.deepEqual(startsOf(at(10)), [[start], true])
	assert.deepEqual(startsOf(at(11)), [[], false])
	// The second start lies two hours on; the row knows its first and last time only.
	assert.deepEqual(startsOf(at(0, { hours: 0b101, lastMs: start + 2 * HOUR_MS + 1 })), [
		[start, start + 2 * HOUR_MS],
		true
	])
	// Seen in the hour between too, in which nothing started.
	assert.deepEqual(startsOf(at(0, { hours: 0b111, lastMs: start + 2 * HOUR_MS + 1 })), [
		[start, start + 2 * HOUR_MS],
		false
	])
	assert.deepEqual(startsOf(at(1), at(60, { day: DAY + 1 })), [[start], false])
})

test('one sighting among overlapping starts of replicas belongs to the last of them alone', () => {
	const starts = [0, 1, 2].map((minute) => DAY_MS + minute * MINUTE_MS)
	const row = sighted('read', '/a', { firstMs: DAY_MS + 2.5 * MINUTE_MS, lastMs: DAY_MS + 2.5 * MINUTE_MS })
	assert.deepEqual(stateOf([row], starts)[0]?.starts, [DAY_MS + 2 * MINUTE_MS])
})

test('a start phase ends when its novelty has halved twice, at ten minutes at the latest', () => {
	const sights = (counts: number[]) =>
		counts.flatMap((count, step) => new Array<number>(count).fill(1000 + step * 30_000))
	// 40 in the first half minute; 10 in the fourth is a quarter of it.
	assert.equal(startPhaseMs(1000, sights([40, 30, 15, 10, 12])), 90_000)
	assert.equal(startPhaseMs(1000, sights(new Array<number>(40).fill(3))), 600_000)
	assert.equal(startPhaseMs(1000, []), 600_000)
})

test('forgetting days beyond ninety depends on the days alone, and a day of another century costs one place', () => {
	const rows = Array.from({ length: 100 }, (_, i) => sighted('read', '/a', { day: DAY + i }))
	const [state] = stateOf(rows, [])
	assert.equal(state?.dayCount, 90)
	assert.equal(state?.daily[0], DAY + 10)
	assert.deepEqual(state?.days, [DAY, DAY + 1, DAY + 2, DAY + 3])
	const [hostile] = stateOf(
		[...rows, sighted('read', '/a', { day: 47_482 }), sighted('read', '/a', { day: 0 })],
		[]
	)
	assert.equal(hostile?.dayCount, 90)
	assert.equal(hostile?.daily[0], DAY + 11)
	assert.equal(hostile?.hours[0], 0)
})

const time = fc.integer({ min: 0, max: 86_399_999 })
const rowOf = fc
	.record({
		object: fc.constantFrom('/a', '/b'),
		source: fc.constantFrom('', '/bin/x'),
		raw: fc.constantFrom('', '1.2.3.4'),
		version: fc.constantFrom('v1', 'v2', 'v3'),
		result: fc.constantFrom('allowed' as const, 'allowed' as const, 'denied' as const),
		day: fc.oneof(fc.integer({ min: DAY, max: DAY + 120 }), fc.constantFrom(0, 47_482)),
		hours: fc.integer({ min: 0, max: 0xffffff }),
		pods: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 4 }),
		count: fc.nat(1000),
		required: fc.boolean(),
		interactive: fc.boolean(),
		detail: fc.constantFrom('', 'x', 'y', 'z', 'w'),
		times: fc.tuple(time, time)
	})
	.map(({ times, raw, ...row }) => {
		const [firstMs = 0, lastMs = 0] = times.map((ms) => row.day * 86_400_000 + ms).sort((a, b) => a - b)
		return sighted('read', row.object, { ...row, raw: raw || row.object, firstMs, lastMs })
	})
const startsOfAll = fc
	.array(fc.integer({ min: 0, max: 120 * 24 * 6 }), { maxLength: 40 })
	.map((tenMinutes) => tenMinutes.map((at) => DAY_MS + at * 10 * MINUTE_MS))

test('any order, split and duplication of the rows gives the same states', () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(rowOf, fc.nat(3)), { maxLength: 60 }),
			startsOfAll,
			fc.infiniteStream(fc.nat(1 << 20)),
			(parts, starts, noise) => {
				const rows = parts.map(([row]) => row)
				const whole = stateOf(rows, starts)
				const shuffled = [...rows, ...rows.slice(0, 5)]
					.map((row) => ({ row, order: noise.next().value ?? 0 }))
					.sort((a, b) => a.order - b.order)
					.map(({ row }) => row)
				assert.deepEqual(stateOf(shuffled, [...starts].reverse()), whole)
				const split = [0, 1, 2, 3].map((part) =>
					stateOf(
						parts.filter(([, of]) => of === part).map(([row]) => row),
						starts
					)
				)
				const merged = split.reduce(mergeStates, [])
				assert.deepEqual(merged, whole)
				assert.deepEqual(split.reduceRight(mergeStates, whole), whole)
			}
		),
		{ numRuns: 200 }
	)
})

test('merging is associative, commutative and idempotent', () => {
	const oneState = fc
		.array(rowOf, { minLength: 1, maxLength: 30 })
		.chain((rows) =>
			startsOfAll.map((starts) =>
				stateOf(
					rows.map((row) => ({ ...row, object: '/a', source: '', raw: '/a', result: 'allowed' as const })),
					starts
				)
			)
		)
		.map(([state]) => state)
		.filter((state): state is BehaviourState => state !== undefined)
	fc.assert(
		fc.property(oneState, oneState, oneState, (a, b, c) => {
			assert.deepEqual(mergeState(a, b), mergeState(b, a))
			assert.deepEqual(mergeState(mergeState(a, b), c), mergeState(a, mergeState(b, c)))
			assert.deepEqual(mergeState(a, a), a)
			assert.deepEqual(mergeState(mergeState(a, b), b), mergeState(a, b))
		}),
		{ numRuns: 200 }
	)
})

test('states of different behaviours are never merged', () => {
	const [a, b] = stateOf([sighted('read', '/a'), sighted('read', '/b')], [])
	assert.ok(a && b)
	assert.throws(() => mergeState(a, b), /same behaviour/)
})

test('a snapshot brings back the same states, and nothing else is taken for one', () => {
	fc.assert(
		fc.property(fc.array(rowOf, { maxLength: 60 }), startsOfAll, (rows, starts) => {
			const states = stateOf(rows, starts)
			assert.deepEqual(unpackStates(packStates(states)), states)
		}),
		{ numRuns: 100 }
	)
	assert.throws(() => unpackStates('{"format":2}'), /Not a snapshot/)
	assert.throws(
		() => unpackStates('{"format":1,"texts":["read"],"states":[[0,9,0,0,0,0,0,[],[],[],[],"",[]]]}'),
		/no text 9/
	)
	assert.throws(
		() => unpackStates('{"format":1,"texts":["fly"],"states":[[0,0,0,0,0,0,0,[],[],[],[],"",[]]]}'),
		/"fly" is no verb/
	)
})

test('a thousand behaviours of ninety days take at most 400 KB', () => {
	const rows: Sighted[] = []
	for (let behaviour = 0; behaviour < 1000; behaviour++) {
		for (let day = 0; day < 90; day++) {
			// A fifth all day long, a fifth in office hours, the rest now and then.
			const kind = behaviour % 5
			if (kind > 1 && (day * 31 + behaviour * 7) % 45 !== 0) continue
			rows.push(
				sighted('read', `/srv/application/data/module-${behaviour}/configuration.json`, {
					day: DAY + day,
					hours: kind === 0 ? 0xffffff : kind === 1 ? 0x03ff00 : 1 << (behaviour % 24),
					count: 100 + ((day * behaviour) % 5000),
					pods: ['front-6f7d8b9c5d-abcde', 'front-6f7d8b9c5d-fghij'],
					version: 'sha256:3b6f8b2a7c9d4e5f3b6f8b2a7c9d4e5f3b6f8b2a7c9d4e5f3b6f8b2a7c9d4e5f',
					detail: `/usr/bin/worker --queue ${behaviour % 7}`
				})
			)
		}
	}
	const states = stateOf(rows, [])
	assert.equal(states.length, 1000)
	assert.ok(Buffer.byteLength(packStates(states)) <= 400_000)
})
