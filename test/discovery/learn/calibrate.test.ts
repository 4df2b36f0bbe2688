import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../../bench/learning/random.js'
import { binomialCdf } from '../../../discovery/learn/binomial.js'
import {
	alphaFor,
	type CalibrationCase,
	casesNeeded,
	scorePredictions,
	thresholdFor
} from '../../../discovery/learn/calibrate.js'

test('the binomial distribution, against exact sums', () => {
	const expected: [k: number, n: number, p: number, cdf: number][] = [
		[0, 45, 0.05, 0.0994403],
		[0, 44, 0.05, 0.104674],
		[1, 45, 0.05, 0.3349567],
		[3, 100, 0.1, 0.0078365],
		[5, 100, 0.1, 0.0575769],
		[30, 1000, 0.05, 0.0012771],
		[10, 10, 0.3, 1],
		[-1, 10, 0.3, 0],
		[0, 10, 0, 1],
		[3, 10, 1, 0]
	]
	for (const [k, n, p, cdf] of expected) {
		assert.ok(Math.abs(binomialCdf(k, n, p) - cdf) < 1e-6, `${k} of ${n} at ${p}`)
	}
	// No overflow where single terms underflow.
	assert.ok(Math.abs(binomialCdf(5000, 10_000, 0.5) - 0.504) < 0.001)
})

test('forty-five flawless decisions are the fewest that prove anything at .05 and .1', () => {
	assert.equal(casesNeeded(0.05, 0.1), 45)
	assert.equal(casesNeeded(0.1, 0.1), 22)
	assert.equal(casesNeeded(0, 0.1), Infinity)
})

test('reliability, Brier and ECE, worked out by hand', () => {
	const scored = scorePredictions([
		{ risk: 0.1, outcome: false },
		{ risk: 0.15, outcome: true },
		{ risk: 0.9, outcome: true },
		{ risk: 1, outcome: true }
	])
	close(scored.brier, (0.01 + 0.7225 + 0.01 + 0) / 4)
	close(scored.ece, (Math.abs(0.25 - 1) + Math.abs(1.9 - 2)) / 4)
	close(scored.observedOverPredicted ?? 0, 3 / 2.15)
	assert.deepEqual(
		scored.table.map(({ from, to, count, observedShare }) => [from, to, count, observedShare]),
		[
			[0.1, 0.2, 2, 0.5],
			[0.9, 1, 2, 1]
		]
	)
	assert.deepEqual(scorePredictions([]), {
		count: 0,
		brier: 0,
		ece: 0,
		observedOverPredicted: null,
		table: []
	})
})

test('with fewer than 45 decisions tau is .10, and says that it is uncalibrated', () => {
	for (const count of [0, 44]) {
		const found = thresholdFor(flawless(count), 0.1)
		assert.deepEqual([found.tau, found.calibrated, found.caseCount], [0.1, false, count])
		assert.match(found.why, /^Uncalibrated: 45 decisions/)
	}
})

test('what no record of that length can prove falls back to the prediction itself, a spent budget to nothing', () => {
	// ln .1 ÷ ln .98 = 113.97 decisions for alpha .02.
	const few = thresholdFor(flawless(60), 0.02)
	assert.deepEqual([few.tau, few.calibrated], [0.02, false])
	assert.match(few.why, /114 decisions on different images are needed, and there are 60/)
	const spent = thresholdFor(flawless(60), 0)
	assert.deepEqual([spent.tau, spent.calibrated], [0, false])
	assert.match(spent.why, /budget is spent/)
})

test('forty-five flawless decisions calibrate it to the loosest threshold', () => {
	const found = thresholdFor(flawless(45), 0.1)
	assert.equal(found.calibrated, true)
	assert.ok(found.tau > 0.5)
	close(found.steps[0]?.pValue ?? 1, 0.9 ** 45)
})

test('the walk stops at the first threshold that fails, though a looser one would pass again', () => {
	// Fifty that cross at .02: two of them failed, p = .1117 > .1. The rest cross at .3, all flawless.
	const early = Array.from({ length: 50 }, (_, i) => caseOf(`early-${i}`, 0.02, i < 2))
	const late = Array.from({ length: 200 }, (_, i) => caseOf(`late-${i}`, 0.3, false))
	const found = thresholdFor([...early, ...late], 0.1)
	assert.equal(found.calibrated, false)
	assert.equal(found.steps.length, 1)
	close(found.steps[0]?.pValue ?? 0, 0.1117287)
	assert.match(found.why, /too many met something new/)
	// Known to be worse than asked for at its strictest: nothing looser than that is used.
	assert.ok(found.tau < 0.03)
	// With one failure, p = .0338: it goes on, and the late ones pass too.
	const better = thresholdFor([...early.slice(1), caseOf('early-0', 0.02, false), ...late], 0.1)
	assert.ok(better.calibrated && better.tau > 0.3)
})

test('workloads of one image are one case, whatever their order', () => {
	const copies = Array.from({ length: 60 }, (_, i) => ({ ...caseOf('same', 0.02, false), workload: `w${i}` }))
	assert.equal(thresholdFor(copies, 0.1).caseCount, 1)
	const mixed = [...flawless(50), { ...caseOf('image-0', 0.02, true), workload: 'another' }]
	assert.deepEqual(thresholdFor(mixed, 0.1), thresholdFor([...mixed].reverse(), 0.1))
})

test('a threshold is judged where it would have stopped: after 24 hours within it, when all else held', () => {
	const hour = (risk: number, eligible: boolean, outcome: boolean | null) => ({ risk, eligible, outcome })
	// Low for 23 hours, one peak, low again: stops in the last hour, where something new came.
	const predictions = [
		...Array.from({ length: 23 }, () => hour(0.01, true, false)),
		hour(0.9, true, false),
		...Array.from({ length: 23 }, () => hour(0.01, true, false)),
		hour(0.01, true, true)
	]
	const all = Array.from({ length: 45 }, (_, i) => ({ image: `i${i}`, workload: 'w', predictions }))
	assert.equal(thresholdFor(all, 0.1).steps[0]?.failureCount, 45)
	const last = { ...hour(0.01, true, null) }
	const open = all.map((one) => ({ ...one, predictions: [...predictions.slice(0, -1), last] }))
	assert.deepEqual(
		thresholdFor(open, 0.1).steps.filter((step) => step.tau < 0.5),
		[]
	)
	const ineligible = all.map((one) => ({
		...one,
		predictions: predictions.map((prediction) => ({ ...prediction, eligible: false }))
	}))
	assert.deepEqual(thresholdFor(ineligible, 0.1).steps, [])
})

test('in simulated fleets the calibrated threshold keeps its promise nine times out of ten', () => {
	const random = createRandom('learn then test')
	const alpha = 0.1
	let calibrated = 0
	let broken = 0
	for (let fleet = 0; fleet < 200; fleet++) {
		// The estimator is over-confident: what it calls r happens with 1.6 r. Stopping risks vary.
		const cases = Array.from({ length: 300 }, (_, i) => {
			const risk = random.logUniform(0.004, 0.7)
			return caseOf(`${fleet}-${i}`, risk, random.chance(Math.min(1, 1.6 * risk)))
		})
		const found = thresholdFor(cases, alpha)
		if (!found.calibrated) continue
		calibrated++
		// Mean of 1.6 r over the log-uniform risks from .004 to tau.
		const trueRisk = (1.6 * (found.tau - 0.004)) / Math.log(found.tau / 0.004)
		if (trueRisk > alpha) broken++
	}
	assert.ok(calibrated >= 190, String(calibrated))
	assert.ok(broken <= 0.1 * calibrated, `${broken} of ${calibrated}`)
})

test('the fleet error budget: what is neither spent nor expected is shared among the candidates', () => {
	const budget = { falseBlocksPerWeek: 1, enforcedRisks: [], spentThisWeek: 0, candidateCount: 1 }
	close(alphaFor(budget).alpha, 1 / 7)
	close(alphaFor({ ...budget, candidateCount: 5 }).alpha, 1 / 35)
	// Ten enforced with .01 a day each: .7 a week expected, .3 left.
	const enforcedRisks = new Array<number>(10).fill(0.01)
	close(alphaFor({ ...budget, enforcedRisks }).alpha, 0.3 / 7)
	close(alphaFor({ ...budget, enforcedRisks, spentThisWeek: 0.9 }).alpha, 0.1 / 7)
	assert.equal(alphaFor({ ...budget, falseBlocksPerWeek: 50 }).alpha, 0.2)
	const spent = alphaFor({ ...budget, spentThisWeek: 2 })
	assert.deepEqual([spent.alpha, spent.paused], [0, true])
	assert.match(spent.why, /2 false blocks within a week/)
	assert.match(alphaFor({ ...budget, enforcedRisks: [0.2] }).why, /1\.4 false blocks a week are expected/)
})

/** A workload whose risk was this at every hour, and what came after it would have been enforced. */
function caseOf(image: string, risk: number, failed: boolean): CalibrationCase {
	const predictions = Array.from({ length: 24 }, () => ({ risk, eligible: true, outcome: failed }))
	return { image, workload: image, predictions }
}

function flawless(count: number): CalibrationCase[] {
	return Array.from({ length: count }, (_, i) => caseOf(`image-${i}`, 0.02, false))
}

function close(actual: number, expected: number): void {
	assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`)
}
