import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cusumStep, driftOf } from '../../../discovery/learn/drift.js'
import { fisherExact, poissonTail } from '../../../discovery/learn/exact-tests.js'
import type { Exposure } from '../../../discovery/learn/state.js'
import { HOUR } from './states.js'

function watched(count: number, more: Partial<Exposure> = {}): Exposure {
	const hours = Array.from({ length: count }, (_, index) => HOUR + 1 + index)
	return { hours, lossyHours: [], censoredHours: [], starts: [], gaps: [], ...more }
}

const MATURE = { sinceHour: HOUR, rate: 0.001 }

test('a workload that stays as it was raises no alarm', () => {
	assert.equal(driftOf([], watched(2000), MATURE).alarm, false)
	const rare = driftOf([HOUR + 500, HOUR + 1300], watched(2000), MATURE)
	assert.deepEqual([rare.alarm, rare.novelCount, rare.watchedCount], [false, 2, 2000])
	assert.match(rare.text, /^As it was: something new in 2 of 2000 watched hours/)
})

test('a burst of novelty raises the alarm at its second hour', () => {
	const burst = driftOf([HOUR + 400, HOUR + 401, HOUR + 402], watched(500), MATURE)
	assert.deepEqual([burst.kind, burst.sinceHour], ['burst', HOUR + 401])
	assert.ok(burst.tail < 1e-3)
})

test('slow change raises the alarm, too slow for any burst', () => {
	const daily = Array.from({ length: 15 }, (_, index) => HOUR + 200 + index * 20)
	const slow = driftOf(daily, watched(700), { sinceHour: HOUR, rate: 0.01 })
	assert.equal(slow.kind, 'slow')
	assert.match(slow.text, /promotion is paused/)
})

test('novelty before maturity, and silence that nobody heard, do not count', () => {
	assert.equal(driftOf([HOUR - 3, HOUR - 2, HOUR - 1], watched(100), MATURE).novelCount, 0)
	const exposure = watched(1000)
	const deaf = driftOf([HOUR + 990], { ...exposure, censoredHours: exposure.hours.slice(0, 980) }, MATURE)
	assert.equal(deaf.watchedCount, 20)
	assert.equal(driftOf([], watched(0), MATURE).alarm, false)
})

test('the sum of a CUSUM never falls below zero and grows by ln 5 per novel hour', () => {
	assert.equal(cusumStep(0, 0, 0.1), 0)
	assert.ok(Math.abs(cusumStep(0, 1, 0.1) - (Math.log(5) - 0.4)) < 1e-12)
})

test('Poisson tails agree with published values', () => {
	assert.ok(Math.abs(poissonTail(3, 1) - 0.080301397) < 1e-9)
	assert.ok(Math.abs(poissonTail(2, 24 / 720) - 5.4336e-4) < 1e-7)
	assert.ok(Math.abs(poissonTail(10, 10) - 0.542070286) < 1e-8)
	assert.equal(poissonTail(0, 5), 1)
	assert.equal(poissonTail(1, 0), 0)
	assert.ok(poissonTail(400, 300) > 0 && poissonTail(400, 300) < 1e-7)
})

test('Poisson tails fall with the count and rise with the mean', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 300 }),
			fc.double({ min: 1e-3, max: 300, noNaN: true }),
			(k, mean) => {
				const tail = poissonTail(k, mean)
				assert.ok(tail >= 0 && tail <= 1)
				assert.ok(poissonTail(k + 1, mean) <= tail + 1e-12)
				assert.ok(poissonTail(k, mean * 1.1) >= tail - 1e-12)
			}
		)
	)
})

test('Fisher’s exact test agrees with published values', () => {
	// The lady tasting tea (Fisher 1935): 3 of 4 right, one-sided .243, two-sided .486.
	const tea = fisherExact({ firstSeen: 3, firstNot: 1, secondSeen: 1, secondNot: 3 })
	assert.ok(Math.abs(tea.p - 34 / 70) < 1e-12)
	assert.ok(Math.abs(tea.least - 1 / 70) < 1e-12)
	const apart = fisherExact({ firstSeen: 0, firstNot: 10, secondSeen: 10, secondNot: 0 })
	assert.ok(Math.abs(apart.p - 2 / 184_756) < 1e-12)
})

test('Fisher’s exact test knows neither left nor right, and is a probability', () => {
	const count = fc.nat(400)
	fc.assert(
		fc.property(count, count, count, count, (a, b, c, d) => {
			const one = fisherExact({ firstSeen: a, firstNot: b, secondSeen: c, secondNot: d }).p
			const other = fisherExact({ firstSeen: c, firstNot: d, secondSeen: a, secondNot: b }).p
			assert.ok(one >= 0 && one <= 1 && Math.abs(one - other) < 1e-6)
		})
	)
})
