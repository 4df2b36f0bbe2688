import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASSES } from '../../../collector/observation.js'
import { createRandom } from '../../../bench/learning/random.js'
import { shippedHazard } from '../../../discovery/learn/coefficients.js'
import {
	FEATURES,
	featuresOf,
	fitHazard,
	type HazardRow,
	hazardRisk,
	parseHazardModel,
	predictHazard
} from '../../../discovery/learn/hazard.js'
import type { HistoryPoint } from '../../../discovery/learn/history.js'
import { maturityOf } from '../../../discovery/learn/maturity.js'

const ABOUT = { version: 'test', trainedOn: 'a test', horizonHours: 24, agedHours: 48 }
const POINT: HistoryPoint = {
	exposedHours: 100,
	M1: 3,
	Q1: 9,
	Q2: 4,
	S: 50,
	kHalf: 2,
	k24: 1,
	k72: 2,
	quietHours: 30,
	startCount: 4,
	M1s: 1,
	scheduleRisk: 0.05
}

test('the features, worked out by hand', () => {
	const expected = [
		1,
		Math.log(3.5 / 101),
		Math.log(2.5 / 51),
		Math.log(1.5 / 24),
		Math.log(2.5 / 72),
		Math.log(31),
		Math.log(100),
		Math.log(0.051),
		Math.log(51),
		Math.log(9.5 / 101),
		1,
		0,
		// 4 starts in 100 hours are .96 in 24, and one in five brings what no other start did, by (1 + ½)/(4 + 1).
		Math.log(1 - 0.7 ** 0.96 + 0.001),
		0,
		0,
		1,
		0
	]
	const features = featuresOf(POINT, 'network', 24)
	for (const [i, value] of expected.entries())
		assert.ok(Math.abs((features[i] ?? 0) - value) < 1e-12, FEATURES[i])
	assert.equal(FEATURES.length, expected.length)
	const empty = { ...POINT, exposedHours: 0, M1: 0, Q1: 0, S: 0, kHalf: 0, k24: 0, k72: 0, quietHours: 0 }
	assert.ok(featuresOf(empty, 'process', 24).every(Number.isFinite))
	assert.deepEqual(featuresOf(POINT, 'process', 24).slice(-4), [0, 0, 0, 0])
})

test('without any signal the fit is the share of outcomes', () => {
	const rows = Array.from({ length: 100 }, (_, i) => rowOf([], i < 25))
	assert.ok(Math.abs(hazardRisk(fitHazard(rows, ABOUT), rows[0]?.features ?? []) - 0.25) < 1e-6)
})

test('a ridge of one on one standardised feature, solved by hand', () => {
	// x = ±1, ten rows each, outcomes 8 of 10 and 2 of 10: by symmetry the constant is 0, and the weight
	// solves 20·(0.8 − 1/(1+e^−w)) = w, which is w = 1.077936.
	const rows = [1, -1].flatMap((x) => Array.from({ length: 10 }, (_, i) => rowOf([x], i < (x > 0 ? 8 : 2))))
	const model = fitHazard(rows, ABOUT)
	const weight = model.weight[1] ?? 0
	assert.ok(Math.abs(weight - 1.077936) < 1e-5, String(weight))
	assert.ok(Math.abs(model.weight[0] ?? 1) < 1e-6)
})

test('outcomes that a feature separates wholly, and no rows at all, end with finite weights', () => {
	const separated = Array.from({ length: 40 }, (_, i) => rowOf([i - 19.5], i >= 20))
	const model = fitHazard(separated, ABOUT)
	assert.ok(model.weight.every(Number.isFinite))
	assert.ok(hazardRisk(model, rowOf([15], true).features) > 0.9)
	assert.ok(fitHazard([], ABOUT).weight.every((weight) => weight === 0))
	const always = Array.from({ length: 10 }, () => rowOf([1], true))
	assert.ok(fitHazard(always, ABOUT).weight.every(Number.isFinite))
})

test('it finds the weights that made the outcomes, and gives the same bits again', () => {
	const random = createRandom('hazard')
	const rows = Array.from({ length: 4000 }, () => {
		const [a, b] = [random.normal(), random.normal()]
		return rowOf([a, b], random.chance(1 / (1 + Math.exp(1 - 2 * a + 0.5 * b))))
	})
	const model = fitHazard(rows, ABOUT)
	const raw = [1, 2].map((i) => (model.weight[i] ?? 0) / (model.scale[i] ?? 1))
	assert.ok(Math.abs((raw[0] ?? 0) - 2) < 0.2, String(raw[0]))
	assert.ok(Math.abs((raw[1] ?? 0) + 0.5) < 0.15, String(raw[1]))
	assert.deepEqual(fitHazard(rows, ABOUT), model)
})

test('contributions add up to the prediction', () => {
	const model = shippedHazard()
	const { risk, contributions } = predictHazard(model, featuresOf(POINT, 'file-read', 24))
	const odds = contributions.reduce((sum, one) => sum + one.logOdds, 0)
	assert.ok(Math.abs(risk - 1 / (1 + Math.exp(-odds))) < 1e-12)
	assert.ok(Math.abs(risk - hazardRisk(model, featuresOf(POINT, 'file-read', 24))) < 1e-12)
	assert.deepEqual(
		contributions.map((one) => one.feature),
		FEATURES
	)
})

test('the shipped model calls a noisy workload riskier than a quiet one', () => {
	const model = shippedHazard()
	const loud = { ...POINT, M1: 20, Q1: 60, k24: 8, k72: 15, kHalf: 12, quietHours: 0 }
	const still = {
		...POINT,
		exposedHours: 1000,
		M1: 0,
		Q1: 0,
		k24: 0,
		k72: 0,
		kHalf: 0,
		quietHours: 700,
		M1s: 0
	}
	for (const of of CLASSES) {
		assert.ok(hazardRisk(model, featuresOf(loud, of, 24)) > 0.4, of)
		assert.ok(hazardRisk(model, featuresOf(still, of, 24)) < 0.05, of)
	}
})

test('the second stage takes the place of the closed form, but not of a history younger than it knows', () => {
	const hours = Array.from({ length: 400 }, (_, i) => 480_000 + i)
	const exposure = { hours, lossyHours: [], censoredHours: [], starts: [], gaps: [] }
	const items = [0, 50, 100, 150].map((at) => ({ hours: [480_000 + at], starts: [], startOnly: false }))
	const options = { of: 'process', tau: 0.1, calibrated: true, heldSensitiveCount: 0, dropRate: 0 } as const
	const without = maturityOf(items, exposure, { periods: [] }, options)
	const never = { ...shippedHazard(), weight: shippedHazard().weight.map((_, i) => (i === 0 ? -9 : 0)) }
	const always = { ...never, weight: never.weight.map((weight) => -weight) }
	const low = maturityOf(items, exposure, { periods: [] }, { ...options, hazard: never })
	assert.ok(low.risk24 < 0.001 && without.risk24 > 0.1)
	const younger = maturityOf(
		items,
		exposure,
		{ periods: [] },
		{ ...options, hazard: { ...never, agedHours: 401 } }
	)
	assert.equal(younger.risk24, without.risk24)
	assert.ok(low.riskNextHour < without.riskNextHour)
	assert.ok(maturityOf(items, exposure, { periods: [] }, { ...options, hazard: always }).risk24 > 0.999)
	assert.deepEqual(low.secondStage?.version, shippedHazard().version)
	// A model of another horizon says nothing about this one.
	const other = maturityOf(items, exposure, { periods: [] }, { ...options, hazard: never, horizonHours: 48 })
	assert.equal(other.secondStage, null)
})

test('a file of another shape or of other features is refused with a sentence', () => {
	const model = shippedHazard()
	assert.throws(() => parseHazardModel({}), /does not fit/)
	const renamed = { ...model, features: model.features.map((name) => `${name}?`) }
	assert.throws(() => parseHazardModel(renamed), /not those of this version/)
	assert.throws(() => parseHazardModel({ ...model, scale: model.scale.map(() => 0) }), /does not fit/)
	assert.deepEqual(parseHazardModel({ ...model, regenerate: 'how' }), model)
})

/** A row whose features after the constant begin with these; the others never vary. */
function rowOf(values: number[], outcome: boolean): HazardRow {
	const features = new Array<number>(FEATURES.length).fill(0)
	features[0] = 1
	for (const [i, value] of values.entries()) features[i + 1] = value
	return { features, outcome }
}
