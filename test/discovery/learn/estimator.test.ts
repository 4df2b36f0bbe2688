import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateArrivals } from '../../../bench/learning/arrivals.js'
import { createRandom } from '../../../bench/learning/random.js'
import { scorePredictions } from '../../../discovery/learn/calibrate.js'
import { featuresOf, fitHazard, hazardRisk } from '../../../discovery/learn/hazard.js'
import { historyOf } from '../../../discovery/learn/history.js'
import { closedForm } from '../../../discovery/learn/maturity.js'
import { scheduleFacts } from '../../../discovery/learn/schedule.js'
import { riskByUnitSize } from '../../../discovery/learn/unit-size.js'

const { facts } = scheduleFacts({ crons: [], timers: [], execs: [] })

test('what is predicted comes about as often, on workloads that no coefficient was fitted to', () => {
	const random = createRandom('estimator test')
	const closedForms: { risk: number; outcome: boolean }[] = []
	const rows: { features: number[]; outcome: boolean }[] = []
	for (let workload = 0; workload < 240; workload++) {
		const { items, exposure, firstHours } = generateArrivals(random.child(`${workload}`), { days: 40 })
		// These arrivals know of no starts.
		const steady = { ...exposure, starts: [] }
		for (const point of historyOf(items, steady, facts, 24, [72, 120, 168, 240, 336, 480, 600, 900]).points) {
			const age = point.exposedHours
			const outcome = firstHours.some((hour) => hour >= age && hour < age + 24)
			const closed = closedForm(point, 24, true)
			closedForms.push({ risk: 1 - (1 - closed.steady) * (1 - closed.schedule), outcome })
			rows.push({ features: featuresOf(point, 'process', 24), outcome })
		}
	}
	const half = rows.length / 2
	const model = fitHazard(rows.slice(0, half), {
		version: 't',
		trainedOn: 't',
		horizonHours: 24,
		agedHours: 48
	})
	const closed = scorePredictions(closedForms.slice(half))
	const fitted = scorePredictions(
		rows.slice(half).map(({ features, outcome }) => ({ risk: hazardRisk(model, features), outcome }))
	)
	assert.ok(closed.ece <= 0.12, `closed form: ECE ${closed.ece}`)
	assert.ok(fitted.ece <= 0.05, `second stage: ECE ${fitted.ece}`)
	assert.ok(fitted.brier <= closed.brier, `${fitted.brier} against ${closed.brier}`)
	const ratio = fitted.observedOverPredicted ?? 0
	assert.ok(ratio > 0.8 && ratio < 1.25, `observed ÷ predicted ${ratio}`)
})

test('units by hand: what is unique to an hour need not be unique to its half', () => {
	const minute = 60_000
	const times = [
		[5 * minute, 40 * minute],
		[70 * minute],
		[130 * minute, 500 * minute],
		[-1, 10_000 * minute]
	]
	const [half, hour] = riskByUnitSize(times, { fromMs: 0, toMs: 600 * minute }, [30 * minute, 60 * minute])
	assert.deepEqual([half?.T, half?.M1], [20, 1])
	assert.deepEqual([hour?.T, hour?.M1], [10, 2])
	assert.ok(Math.abs((hour?.risk ?? 0) - (1 - (1 - 2.5 / 11) ** 24)) < 1e-12)
})

test('half hours, hours, two hours and days give the same risk within a fifth', () => {
	const random = createRandom('unit size')
	const sums = [0, 0, 0, 0]
	const days = 42
	for (let workload = 0; workload < 150; workload++) {
		const { times, exposure } = generateArrivals(random.child(`${workload}`), { days, stationary: true })
		const fromMs = (exposure.hours[0] ?? 0) * 3_600_000
		const risks = riskByUnitSize(times, { fromMs, toMs: fromMs + days * 86_400_000 })
		for (const [i, { risk }] of risks.entries()) sums[i] = (sums[i] ?? 0) + risk
	}
	const ofHours = sums[1] ?? 0
	for (const sum of sums) {
		const ratio = sum / ofHours
		assert.ok(ratio > 0.8 && ratio < 1.2, sums.map((one) => (one / ofHours).toFixed(3)).join(' '))
	}
})
