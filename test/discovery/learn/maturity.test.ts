import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Item, historyOf, itemOf } from '../../../discovery/learn/history.js'
import {
	honestSplitRate,
	type Maturity,
	type MaturityOptions,
	maturityOf
} from '../../../discovery/learn/maturity.js'
import { type ScheduleFacts, scheduleFacts } from '../../../discovery/learn/schedule.js'
import { type Exposure, stateOf } from '../../../discovery/learn/state.js'
import { sighted } from '../sighted.js'

const FROM = 480_000
const HOUR_MS = 3_600_000
const OPTIONS: MaturityOptions = {
	of: 'process',
	tau: 0.1,
	calibrated: true,
	heldSensitiveCount: 0,
	dropRate: 0
}
const NO_SCHEDULE: ScheduleFacts = { periods: [] }
const FLEET = scheduleFacts({ crons: [], timers: [], execs: [] }).facts

test('the closed form, worked out by hand', () => {
	// Two behaviours seen in hour 5 only (one novel hour), one seen twice, one three times; three starts,
	// one of which carried something that no other did.
	const starts = [0, 10, 20].map(startAt)
	const items = [
		item([0, 1, 2]),
		item([5]),
		item([5]),
		item([10, 20]),
		startItem(starts),
		startItem(starts.slice(1, 2))
	]
	const found = maturityOf(items, watched(48, starts), FLEET, OPTIONS)
	assert.deepEqual(
		[found.M1, found.Q1, found.Q2, found.S, found.exposedHours, found.startCount, found.quietHours],
		[1, 2, 1, 6, 48, 3, 37]
	)
	close(found.noveltyPerHour, 1.5 / 49)
	close(found.parts.steady, 0.5203477)
	close(found.parts.schedule, 0.0516888)
	close(found.parts.start, 0.5058941)
	close(found.risk24, 0.7752512)
	close(found.riskNextHour, 0.0602609)
	close(found.unseenEstimate, 0.4895833)
	close(found.newWithinWeek, 0.4895828)
	close(found.coverage, 0.7202381)
	// Laplace while nothing is calibrated: (1 + 1) ÷ (48 + 2) an hour.
	close(
		maturityOf(items, watched(48, starts), FLEET, { ...OPTIONS, calibrated: false }).parts.steady,
		0.6171071
	)
})

test('a feature that fires twenty new paths at once counts once', () => {
	const burst = Array.from({ length: 20 }, () => item([7]))
	assert.equal(maturityOf(burst, watched(100), FLEET, OPTIONS).M1, 1)
	assert.equal(maturityOf(burst, watched(100), FLEET, OPTIONS).Q1, 20)
})

test('forty libraries loaded at the only start are start content: they are no novelty of hours', () => {
	const libraries = Array.from({ length: 40 }, () => startItem([startAt(0)]))
	const found = maturityOf(libraries, watched(412, [startAt(0)]), NO_SCHEDULE, OPTIONS)
	assert.deepEqual([found.M1, found.Q1, found.unseenEstimate], [0, 0, 0])
	// One start, and it carried start-unique things: 1.5 ÷ 2 in each of 24 ÷ 412 expected starts.
	close(found.parts.start, 1 - 0.25 ** (24 / 412))
})

test('quiet, watched, started and lossless is mature, and both numbers are stated', () => {
	const found = maturityOf([item([0, 1, 2])], watched(800, starts(4)), FLEET, OPTIONS)
	assert.deepEqual(found.blockers, [])
	assert.equal(found.mature, true)
	assert.ok(found.riskNextHour < 0.01 && found.risk24 < 0.1)
	assert.deepEqual(found.unseenPeriods, [])
})

test('each requirement blocks with a sentence of its own', () => {
	const quiet = [item([0, 1, 2])]
	const blockers = (hours: number, startCount: number, options: Partial<MaturityOptions> = {}) =>
		maturityOf(quiet, watched(hours, starts(startCount)), FLEET, { ...OPTIONS, ...options }).blockers
	assert.deepEqual(blockers(800, 2), ['2 of 3 starts seen.'])
	assert.deepEqual(blockers(800, 4, { heldSensitiveCount: 1 }), [
		'1 held behaviour on a sensitive object waits for an answer.'
	])
	assert.deepEqual(blockers(800, 4, { dropRate: 0.003 }), [
		'0.3 % of its events were lost; 0.1 % is the limit.'
	])
	assert.deepEqual(blockers(800, 4, { dropRate: 0.0009 }), [])
	assert.deepEqual(blockers(40, 4, { tau: 1 }), ['Nothing new for 39 of 168 hours.'])
	assert.deepEqual(blockers(800, 4, { capped: true }), [
		'Its set of programs is open-ended: there are too many to keep them all.'
	])
	// The three starts of an hour ago weigh as much as those of a month.
	assert.match(
		blockers(100, 4).join(' '),
		/^Nothing new for 99 of 168 hours\. A new behaviour within 24 hours: \d+ %; at most 10 % is accepted\./
	)
	assert.match(blockers(103, 4).join(' '), /Weekly jobs not yet seen: 103 of 168 hours watched\.$/)
})

test('a declared weekly job is waited for even when the risk is low', () => {
	const { facts } = scheduleFacts({
		crons: [{ schedule: '@weekly', by: 'shop/CronJob/report' }],
		timers: [],
		execs: []
	})
	const at = (hours: number) =>
		maturityOf([], watched(hours, starts(4)), facts, { ...OPTIONS, tau: 1 }).blockers
	assert.deepEqual(at(167), [
		'Nothing new for 167 of 168 hours.',
		'shop/CronJob/report runs weekly and one whole period has not been watched: 167 of 168 hours watched.'
	])
	assert.deepEqual(at(168), [])
})

test('the risk must have been low for 24 exposed hours in a row', () => {
	const late = (hour: number) =>
		maturityOf([item([0, 1, 2]), item([700, hour])], watched(1000, starts(4)), NO_SCHEDULE, {
			...OPTIONS,
			tau: 0.025
		})
	// What was new in hour 700 was seen again in hour 985: until then one hour in 985 had something of its own.
	const found = late(985)
	assert.ok(found.risk24 <= 0.025)
	assert.deepEqual(found.blockers, ['The risk has been low enough for 15 of 24 hours.'])
	assert.deepEqual(late(970).blockers, [])
})

test('novelty that does not dry up is said to be open-ended', () => {
	const steady = Array.from({ length: 60 }, (_, i) => item([i * 8]))
	const found = maturityOf(steady, watched(480, starts(4)), FLEET, OPTIONS)
	assert.equal(found.openEnded, true)
	assert.equal(found.mature, false)
	assert.equal(
		found.blockers.at(-1),
		'Its set of programs is open-ended: of the last 240 hours watched, 30 brought something new.'
	)
	const dryingUp = Array.from({ length: 40 }, (_, i) => item([Math.round(1.17 ** i)]))
	assert.equal(maturityOf(dryingUp, watched(480, starts(4)), FLEET, OPTIONS).openEnded, false)
})

test('an empty history, a single hour and sightings outside all exposure are clear answers', () => {
	const empty = maturityOf([], watched(0), FLEET, OPTIONS)
	assert.deepEqual([empty.mature, empty.exposedHours, empty.curve, empty.S], [false, 0, [], 0])
	allWithin(empty)
	allWithin(maturityOf([item([0])], watched(1, [startAt(0)]), FLEET, OPTIONS))
	// 1970 and 2100: the behaviour counts as seen once, the hour is no exposure.
	const strange = [item([-FROM]), item([660_000]), startItem([-FROM * HOUR_MS])]
	const found = maturityOf(strange, watched(100), FLEET, OPTIONS)
	assert.deepEqual([found.M1, found.S, found.exposedHours], [2, 3, 100])
	allWithin(found)
})

test('a rule that covers many is seen whenever any of them is', () => {
	const row = (object: string, hours: number) => sighted('read', object, { hours })
	const covers = stateOf([row('/tmp/a', 0b11), row('/tmp/b', 0b110000), row('/tmp/c', 0b10)], [])
	const [a, b, c] = covers
	assert.ok(a && b && c)
	const base = 20_000 * 24
	assert.deepEqual(itemOf(covers), {
		hours: [base, base + 1, base + 4],
		starts: [],
		startOnly: false,
		hourCount: 2
	})
	assert.deepEqual(itemOf([c]).hours, [base + 1])
})

test('the honest split counts the second half against rules of the first', () => {
	close(honestSplitRate(3, 96), 3.5 / 49)
})

test('at any hour the history says what was known by then: recomputing from what was seen by then agrees', () => {
	const hoursOfItem = fc
		.uniqueArray(fc.integer({ min: 0, max: 79 }), { minLength: 1, maxLength: 8 })
		.map((hours) => hours.sort((a, b) => a - b))
	fc.assert(
		fc.property(
			fc.array(hoursOfItem, { maxLength: 12 }),
			fc.array(hoursOfItem, { maxLength: 4 }),
			fc.uniqueArray(fc.integer({ min: 0, max: 79 }), { maxLength: 6 }),
			fc.integer({ min: 1, max: 80 }),
			(steady, ofStarts, startHours, t) => {
				const starts = startHours.sort((a, b) => a - b).map(startAt)
				const known = (limit: number) => [
					...steady.flatMap((hours) => {
						const seen = hours.filter((hour) => hour < limit)
						return seen.length > 0 ? [item(seen.slice(0, 3))] : []
					}),
					...ofStarts.flatMap((indexes) => {
						const seen = starts.filter((start, i) => indexes.includes(i) && start < startAt(limit))
						return seen.length > 0 ? [startItem(seen)] : []
					})
				]
				const past = historyOf(known(80), watched(80, starts), FLEET, 24, [t]).points[0]
				const then = historyOf(
					known(t),
					watched(
						t,
						starts.filter((start) => start < startAt(t))
					),
					FLEET,
					24
				).now
				assert.deepEqual(past, then)
				const once = steady.filter((hours) => hours.filter((hour) => hour < t).length === 1)
				assert.equal(past?.M1, new Set(once.map((hours) => hours[0])).size)
				assert.equal(past?.Q1, once.length)
			}
		),
		{ numRuns: 200 }
	)
})

test('no history makes a number that is none, and seeing something again never raises the risk', () => {
	const anyItem = fc.record({
		hours: fc
			.uniqueArray(fc.integer({ min: -10, max: 400 }), { maxLength: 3 })
			.map((hours) => hours.sort((a, b) => a - b).map((hour) => FROM + hour)),
		starts: fc
			.uniqueArray(fc.integer({ min: -10, max: 400 }), { maxLength: 2 })
			.map((at) => at.sort((a, b) => a - b).map(startAt)),
		startOnly: fc.boolean()
	})
	fc.assert(
		fc.property(
			fc.array(anyItem, { maxLength: 30 }),
			fc.integer({ min: 0, max: 300 }),
			fc.integer({ min: 0, max: 20 }),
			(items, hours, startCount) => {
				const exposure = watched(hours, starts(startCount))
				const found = maturityOf(items, exposure, FLEET, OPTIONS)
				allWithin(found)
				const again = items.map((one) =>
					one.hours.length === 1 ? { ...one, hours: [...one.hours, FROM + 500] } : one
				)
				assert.ok(maturityOf(again, exposure, FLEET, OPTIONS).risk24 <= found.risk24 + 1e-12)
				assert.equal(found.mature, found.blockers.length === 0)
			}
		),
		{ numRuns: 100 }
	)
})

test('the order of items does not matter, and the curve has at most sixty points that end now', () => {
	const items = Array.from({ length: 50 }, (_, i) => item([i * 7, i * 7 + (i % 5) * 3].slice(0, 1 + (i % 2))))
	const found = maturityOf(items, watched(400, starts(5)), FLEET, OPTIONS)
	assert.deepEqual(maturityOf([...items].reverse(), watched(400, starts(5)), FLEET, OPTIONS), found)
	assert.ok(found.curve.length <= 60)
	assert.deepEqual(found.curve.at(-1), { hour: 400, novelCount: 50, risk: found.risk24 })
	assert.deepEqual(found.curve[0]?.hour, 1)
})

function allWithin(found: Maturity): void {
	const shares = [found.risk24, found.riskNextHour, found.coverage, ...Object.values(found.parts)]
	for (const share of [...shares, ...found.curve.map((point) => point.risk)])
		assert.ok(share >= 0 && share <= 1, String(share))
	assert.ok(found.riskNextHour <= found.risk24)
	for (const count of [found.unseenEstimate, found.newWithinWeek, found.noveltyPerHour])
		assert.ok(Number.isFinite(count) && count >= 0, String(count))
}

function item(hours: number[]): Item {
	return { hours: hours.map((hour) => FROM + hour), starts: [], startOnly: false }
}

function startItem(starts: readonly number[]): Item {
	const hours = [...new Set(starts.map((at) => Math.floor(at / HOUR_MS)))]
	return { hours: hours.slice(0, 3), starts: starts.slice(0, 2), startOnly: true }
}

function startAt(hour: number): number {
	return (FROM + hour) * HOUR_MS
}

function starts(count: number): number[] {
	return Array.from({ length: count }, (_, i) => startAt(i))
}

function watched(hours: number, starts: number[] = []): Exposure {
	return {
		hours: Array.from({ length: hours }, (_, i) => FROM + i),
		lossyHours: [],
		censoredHours: [],
		starts,
		gaps: []
	}
}

function close(actual: number, expected: number): void {
	assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`)
}
