import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scorePredictions } from '../../discovery/learn/calibrate.js'
import { featuresOf, fitHazard, type HazardRow, hazardRisk } from '../../discovery/learn/hazard.js'
import { historyOf } from '../../discovery/learn/history.js'
import { closedForm } from '../../discovery/learn/maturity.js'
import { scheduleFacts } from '../../discovery/learn/schedule.js'
import { generateArrivals } from './arrivals.js'
import { createRandom } from './random.js'

/**
 * Fits the second stage and writes discovery/learn/coefficients.json: the same bytes from the same seed.
 *
 *   node --import tsx bench/learning/fit.ts [SEED]
 */
const seed = process.argv[2] ?? 'whittle-hazard-1'
const WORKLOADS = 1200
const LEARN_DAYS = 45
const HORIZON_HOURS = 24
const AGES = 40

const random = createRandom(seed)
const halves: { rows: HazardRow[]; first: number[] }[] = [
	{ rows: [], first: [] },
	{ rows: [], first: [] }
]
for (let workload = 0; workload < WORKLOADS; workload++) {
	const stream = random.child(`workload ${workload}`)
	const { items, exposure, firstHours, jobPeriods } = generateArrivals(stream, {
		days: LEARN_DAYS + HORIZON_HOURS / 24
	})
	// Half of the jobs are declared somewhere, as CronJobs and timers are.
	const timers = jobPeriods
		.filter(() => stream.chance(0.5))
		.map((period) => ({ onUnitActiveSec: `${period}h`, by: 'a timer' }))
	const { facts } = scheduleFacts({ crons: [], timers, execs: [] })
	const half = halves[workload % 2]
	for (const point of historyOf(items, exposure, facts, HORIZON_HOURS, ages()).points) {
		const age = point.exposedHours
		const outcome = firstHours.some((hour) => hour >= age && hour < age + HORIZON_HOURS)
		half?.rows.push({ features: featuresOf(point), outcome })
		const { steady, schedule } = closedForm(point, HORIZON_HOURS, true)
		half?.first.push(1 - (1 - steady) * (1 - schedule))
	}
}

const about = {
	version: `1 (${seed})`,
	trainedOn: `${WORKLOADS} simulated workloads at ${AGES} ages up to ${LEARN_DAYS} days`,
	horizonHours: HORIZON_HOURS
}
const [learned, heldOut] = halves
const half = fitHazard(learned?.rows ?? [], about)
const outcomes = heldOut?.rows ?? []
const closed = scorePredictions(outcomes.map(({ outcome }, i) => ({ risk: heldOut?.first[i] ?? 0, outcome })))
const fitted = scorePredictions(
	outcomes.map(({ features, outcome }) => ({ risk: hazardRisk(half, features), outcome }))
)
process.stdout.write(
	`held-out half: ${outcomes.length} predictions\n` +
		`closed form  Brier ${closed.brier.toFixed(3)}  ECE ${closed.ece.toFixed(3)}\n` +
		`second stage Brier ${fitted.brier.toFixed(3)}  ECE ${fitted.ece.toFixed(3)}\n`
)

const model = fitHazard(
	halves.flatMap(({ rows }) => rows),
	about
)
const rounded = {
	...model,
	mean: model.mean.map(short),
	scale: model.scale.map(short),
	weight: model.weight.map(short)
}
const file = join(fileURLToPath(new URL('../..', import.meta.url)), 'discovery/learn/coefficients.json')
writeFileSync(
	file,
	`${JSON.stringify({ regenerate: 'node --import tsx bench/learning/fit.ts', ...rounded }, null, '\t')}\n`
)
process.stdout.write(`wrote ${file}\n`)

/** Ages in hours, evenly spaced in their logarithm from six hours on. */
function ages(): number[] {
	const last = LEARN_DAYS * 24
	return [...new Set(Array.from({ length: AGES }, (_, i) => Math.round(6 * (last / 6) ** (i / (AGES - 1)))))]
}

/** Six digits: beyond them the last bits of logarithms differ between machines. */
function short(value: number): number {
	return Number(value.toPrecision(6))
}
