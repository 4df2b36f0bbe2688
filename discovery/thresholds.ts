import { CLASSES, type Class } from '../collector/observation.js'
import type { Reader } from '../collector/store.js'
import {
	alphaFor,
	type CalibrationCase,
	type CasePrediction,
	type Threshold,
	thresholdFor
} from './learn/calibrate.js'

/** One false block a week over everything that is enforced (design §5.1). */
const FALSE_BLOCKS_PER_WEEK = 1
/** The latest so many predictions are looked at; older ones were of an older learner. */
const PREDICTIONS_MAX = 1_000_000

/**
 * At which predicted risk a class counts as ready: what the fleet's error budget allows, tested on its own
 * record of predictions and outcomes. Nothing that is enforced is known here yet, so the whole budget is
 * shared by those that could be enforced now.
 */
export function readThresholds(
	reader: Reader,
	imageOf: (workloadId: number) => string
): ReadonlyMap<Class, Threshold> {
	const cases = new Map<Class, CalibrationCase[]>(CLASSES.map((of) => [of, []]))
	let slot = ''
	let predictions: CasePrediction[] = []
	let candidateCount = 0
	const rows = reader.tuples(
		'SELECT workload_id, class, risk, eligible, outcome FROM (SELECT * FROM predictions ORDER BY hour DESC LIMIT ?)' +
			' ORDER BY workload_id, class, hour',
		PREDICTIONS_MAX
	)
	for (const [id, of, risk, eligible, outcome] of rows) {
		const key = `${id} ${of}`
		if (key !== slot) {
			if (predictions.at(-1)?.eligible) candidateCount++
			slot = key
			predictions = []
			const found = CLASSES.find((one) => one === of)
			if (found !== undefined) {
				cases
					.get(found)
					?.push({ image: imageOf(Number(id)), workload: String(id).padStart(12, '0'), predictions })
			}
		}
		predictions.push({
			risk: Number(risk),
			eligible: eligible === 1,
			outcome: outcome === null ? null : outcome === 1
		})
	}
	if (predictions.at(-1)?.eligible) candidateCount++
	const { alpha } = alphaFor({
		falseBlocksPerWeek: FALSE_BLOCKS_PER_WEEK,
		enforcedRisks: [],
		spentThisWeek: 0,
		candidateCount
	})
	return new Map([...cases].map(([of, own]) => [of, thresholdFor(own, alpha)]))
}
