import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CLASSES } from '../../collector/observation.js'
import { scorePredictions } from '../../discovery/learn/calibrate.js'
import { featuresOf, fitHazard, type HazardRow, hazardRisk } from '../../discovery/learn/hazard.js'
import { historyOf } from '../../discovery/learn/history.js'
import { closedFormRisk } from '../../discovery/learn/maturity.js'
import { workloadsOf } from './experiment.js'
import type { Workload } from './generator.js'
import { createJudge } from './grant.js'
import { ours } from './ours.js'
import { CHECKPOINTS } from './stops.js'
import { createHistory, itemsOf, somethingNew } from './trial.js'

/**
 * Fits the second stage and writes discovery/learn/coefficients.json: the same bytes from the same seed.
 * It learns from whole lives as the product would have watched them, in rule space; no image of these is
 * ever scored, because their names and seeds are their own.
 *
 *   node --import tsx bench/learning/fit.ts [SEED]
 */
const seed = process.argv[2] ?? 'whittle-hazard-2'
const FAMILIES = 240
const MEMBERS = 2
const HORIZON_HOURS = 24
/** Nobody decides anything before two days are over. */
const AGED_HOURS = 48

const about = {
	version: `2 (${seed})`,
	trainedOn: `${FAMILIES * MEMBERS} simulated workloads of ${FAMILIES} images, watched for up to 45 days`,
	horizonHours: HORIZON_HOURS,
	agedHours: AGED_HOURS
}
const halves: { rows: HazardRow[]; closed: number[] }[] = [
	{ rows: [], closed: [] },
	{ rows: [], closed: [] }
]
let familyCount = 0
for (const members of workloadsOf({ seed, members: MEMBERS }, FAMILIES, 'training')) {
	const half = halves[familyCount++ % 2]
	for (const workload of members) {
		for (const { row, closed } of rowsOf(workload)) {
			half?.rows.push(row)
			half?.closed.push(closed)
		}
	}
	if (familyCount % 24 === 0) process.stderr.write(`${familyCount} of ${FAMILIES} images\n`)
}

const [learned, heldOut] = halves
const half = fitHazard(learned?.rows ?? [], about)
const outcomes = heldOut?.rows ?? []
const closed = scorePredictions(
	outcomes.map(({ outcome }, i) => ({ risk: heldOut?.closed[i] ?? 0, outcome }))
)
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

/** Every class at every age that the product would be asked at, unless it is endless. */
function* rowsOf(workload: Workload): Iterable<{ row: HazardRow; closed: number }> {
	const history = createHistory(workload)
	const generaliser = ours('fit')
	for (const hour of CHECKPOINTS) {
		const { states, facts, exposure, schedule } = history.until(hour)
		if (exposure.hours.length < AGED_HOURS) continue
		const { grants, openEnded } = generaliser.generalise(states, facts)
		const judge = createJudge(grants)
		for (const of of CLASSES) {
			if (openEnded.includes(of)) continue
			const { now } = historyOf(itemsOf(states, of, judge), exposure, schedule, HORIZON_HOURS)
			const row = {
				features: featuresOf(now, of, HORIZON_HOURS),
				outcome: somethingNew(workload, of, judge, hour)
			}
			yield { row, closed: closedFormRisk(now, HORIZON_HOURS, true) }
		}
	}
}

/** Six digits: beyond them the last bits of logarithms differ between machines. */
function short(value: number): number {
	return Number(value.toPrecision(6))
}
