import type { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { SqlValue } from '../../collector/store.js'
import { type Reliability, type Scored, scorePredictions } from '../../discovery/learn/calibrate.js'
import { integer, text } from '../../enforcer/row.js'
import { readFacts } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { GetPredictions, Predictions } from './shape.js'

const MS_PER_HOUR = 3_600_000
const HOURS_PER_DAY = 24

export const getPredictions = operation({
	name: 'getPredictions',
	method: 'GET',
	path: '/predictions',
	summary: 'What was predicted of new behaviours, against what came: whether readiness can be believed.',
	input: GetPredictions,
	output: Predictions,
	run({ reader, nowMs }, input) {
		const conditions = ['hour >= ?']
		const params: SqlValue[] = [Math.floor(nowMs() / MS_PER_HOUR) - input.days * HOURS_PER_DAY]
		if (input.workload !== undefined) {
			const facts = readFacts(reader)
			const workload = resolveWorkload([...facts.byId.values()], input.workload, input.class)
			const pod = facts.membersOf(workload, 'network')
			conditions.push(
				`(workload_id = ? OR (class = 'network' AND workload_id IN (${pod.map(() => '?').join()})))`
			)
			params.push(workload.id, ...pod)
		}
		if (input.class !== undefined) {
			conditions.push('class = ?')
			params.push(input.class)
		}
		const all: Scored[] = []
		const atDecision: Scored[] = []
		const ofClass = new Map<Class, Scored[]>(CLASSES.map((class_) => [class_, []]))
		let openCount = 0
		for (const [class_, risk, tau, eligible, outcome] of reader.tuples(
			`SELECT class, risk, tau, eligible, outcome FROM predictions WHERE ${conditions.join(' AND ')}
				ORDER BY workload_id, class, hour`,
			...params
		)) {
			if (outcome === null) {
				openCount++
				continue
			}
			const scored = { risk: Number(risk), outcome: integer(outcome) === 1 }
			all.push(scored)
			ofClass.get(text(class_) as Class)?.push(scored)
			if (integer(eligible) === 1 && scored.risk <= Number(tau)) atDecision.push(scored)
		}
		const whole = scorePredictions(all)
		return {
			sentence: sentenceOf(whole, openCount, input.days),
			openCount,
			all: whole,
			atDecision: scorePredictions(atDecision),
			classes: [...ofClass]
				.filter(([, log]) => log.length > 0)
				.map(([class_, log]) => ({ class: class_, ...scorePredictions(log) }))
		}
	}
})

function sentenceOf(
	whole: Reliability,
	openCount: number,
	days: number
): z.output<typeof Predictions>['sentence'] {
	const waiting = openCount === 0 ? '' : ` ${openCount} more wait for their 24 hours to pass.`
	if (whole.count === 0) return `No prediction of the last ${days} days can be judged yet.${waiting}`
	const ratio = whole.observedOverPredicted
	const against =
		ratio === null
			? 'nothing was predicted to happen'
			: `new behaviours came ${ratio.toFixed(2)} times as often as predicted`
	return `Of ${whole.count} predictions of the last ${days} days, ${against}; the error of calibration is ${(whole.ece * 100).toFixed(1)} points, the Brier score ${whole.brier.toFixed(3)}.${waiting}`
}
