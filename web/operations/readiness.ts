import { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { percent } from '../../discovery/learn/blockers.js'
import { periodText } from '../../discovery/learn/schedule.js'
import { integer, text } from '../../enforcer/row.js'
import { type Facts, keyOf, podKey, policyName, readFacts, type WorkloadRow } from './facts.js'
import { scopesOf } from './gaps.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { GetReadiness, Readiness, type ReadinessBrief, ReadinessList } from './shape.js'

export const getReadiness = operation({
	name: 'getReadiness',
	method: 'GET',
	path: '/workloads/:workload/readiness',
	summary:
		'How likely each class of a workload is to do something new, what that rests on, and what it waits for.',
	input: GetReadiness,
	output: ReadinessList,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const workload = resolveWorkload([...facts.byId.values()], input.workload, input.class)
		return {
			workload: workload.displayName,
			items: CLASSES.filter((class_) => input.class === undefined || input.class === class_).flatMap(
				(class_) => readinessOf(reader, facts, workload, class_) ?? []
			)
		}
	}
})

type Brief = z.output<typeof ReadinessBrief>

/** How ready everything is, in short, as lists show it. */
export interface Briefs {
	of(workload: WorkloadRow, class_: Class): Brief | null
}

/** Reads only the index `maturity_brief`. */
export function readBriefs(reader: Reader, facts: Facts): Briefs {
	const briefs = new Map<string, Brief>()
	const pods = new Map<string, Brief>()
	for (const [id, class_, mature, openEnded, risk24, riskNextHour] of reader.tuples(
		`SELECT workload_id, class, json_extract(data, '$.mature'), json_extract(data, '$.openEnded'),
				json_extract(data, '$.risk24'), json_extract(data, '$.riskNextHour')
			FROM maturity ORDER BY workload_id, class`
	)) {
		const brief = {
			standing: standingOf(mature === 1, openEnded === 1),
			risk24: Number(risk24),
			riskNextHour: Number(riskNextHour)
		}
		const workload = facts.byId.get(Number(id))
		briefs.set(`${id}/${class_}`, brief)
		if (workload && isOfPod(workload, class_ === 'network')) pods.set(podKey(workload), brief)
	}
	return {
		of: (workload, class_) =>
			briefs.get(keyOf(facts.holderOf(workload, class_).id, class_)) ??
			(isOfPod(workload, class_ === 'network') ? pods.get(podKey(workload)) : undefined) ??
			null
	}
}

/** How ready one class is; null before anything was learned of it. */
export function readinessOf(
	reader: Reader,
	facts: Facts,
	workload: WorkloadRow,
	class_: Class
): z.output<typeof Readiness> | null {
	const holder = facts.holderOf(workload, class_)
	const ids = [holder.id, ...facts.membersOf(workload, class_).filter((id) => id !== holder.id)]
	const row = ids
		.map((id) => reader.get('SELECT * FROM maturity WHERE workload_id = ? AND class = ?', id, class_))
		.find((found) => found !== undefined)
	if (!row) return null
	const { S, mature, openEnded, ...maturity } = maturityShape.parse(JSON.parse(text(row.data)))
	const scopes = scopesOf(reader, facts.byId, holder)
	const gaps = reader.get(
		`SELECT count(*) AS n FROM gaps WHERE scope IN (${scopes.map(() => '?').join()})`,
		...scopes
	)
	const held = reader.get(
		'SELECT count(*) AS n FROM held WHERE workload_id = ? AND class = ?',
		integer(row.workload_id),
		class_
	)
	const standing = standingOf(mature, openEnded)
	const gapCount = integer(gaps?.n)
	return {
		...maturity,
		workloadId: integer(row.workload_id),
		workload: policyName(holder.displayName, holder, class_),
		class: class_,
		standing,
		sentence: readinessSentence({ ...maturity, gapCount, standing }),
		gapCount,
		behaviourCount: S,
		heldCount: integer(held?.n),
		computedMs: integer(row.computed_ms)
	}
}

/** `A new behaviour within 24 h: 3 % (0.1 % in the next hour); seen 412 hours, 9 starts, no gaps; …` */
export function readinessSentence(
	of: Pick<
		z.output<typeof Readiness>,
		'risk24' | 'riskNextHour' | 'exposedHours' | 'startCount' | 'gapCount' | 'unseenPeriods' | 'standing'
	>
): string {
	const parts = [
		`A new behaviour within 24 h: ${percent(of.risk24)} (${percent(of.riskNextHour)} in the next hour)`,
		`seen ${counted(of.exposedHours, 'hour')}, ${counted(of.startCount, 'start')}, ${of.gapCount === 0 ? 'no gaps' : counted(of.gapCount, 'gap')}`
	]
	const likely = of.unseenPeriods.filter((period) => period.declaredBy === '')
	const declared = of.unseenPeriods.filter((period) => period.declaredBy !== '')
	if (likely.length > 0) {
		parts.push(`${listed(likely.map((period) => periodText(period.periodHours)))} jobs not yet seen`)
	}
	for (const { declaredBy, periodHours } of declared) {
		parts.push(`${declaredBy} (${periodText(periodHours)}) not yet watched for a whole period`)
	}
	if (of.standing === 'open-ended') parts.push('open-ended: it goes on bringing new behaviours')
	return `${parts.join('; ')}.`
}

/** What a person reads after the sentence: ready, or what it waits for; then what the fitted model says. */
export function readinessDetails(of: z.output<typeof Readiness>): string[] {
	const accepted = `At most ${percent(of.tau)} is accepted${of.calibrated ? '' : '; that threshold is not calibrated yet'}.`
	const parts = `By the closed form: running ${percent(of.parts.steady)}, jobs not yet seen ${percent(of.parts.schedule)}, starts ${percent(of.parts.start)}.`
	return [
		of.standing === 'ready'
			? 'It is ready to be enforced.'
			: `It is not ready to be enforced: ${of.blockers.join(' ')}`,
		accepted,
		parts,
		...(of.secondStage === null ? [] : [secondStageSentence(of.secondStage)]),
		`${counted(of.behaviourCount, 'behaviour')} known; at least ${of.unseenEstimate.toFixed(1)} more probably exist, ${of.newWithinWeek.toFixed(1)} of them within a week. Nothing new for ${counted(of.quietHours, 'watched hour')}.`,
		...(of.setAsideHours > 0
			? [
					`${counted(of.setAsideHours, 'hour')} in which older versions were watched ${of.setAsideHours === 1 ? 'does' : 'do'} not count for the present one.`
				]
			: []),
		...(of.heldCount > 0
			? [`${counted(of.heldCount, 'behaviour')} held back: "whittle get held" says why.`]
			: [])
	]
}

const CONTRIBUTIONS_SAID = 3

function secondStageSentence({
	version,
	risk,
	contributions
}: NonNullable<z.output<typeof Readiness>['secondStage']>): string {
	const strongest = contributions
		.filter((one) => one.feature !== 'constant')
		.toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds))
		.slice(0, CONTRIBUTIONS_SAID)
		.map((one) => `${one.feature} ${one.logOdds < 0 ? '−' : '+'}${Math.abs(one.logOdds).toFixed(2)}`)
	return `The fitted model, version ${version}, says ${percent(risk)}; most of it by ${strongest.join(', ')} (log-odds).`
}

function standingOf(mature: boolean, openEnded: boolean): Brief['standing'] {
	if (mature) return 'ready'
	return openEnded ? 'open-ended' : 'not-yet'
}

function isOfPod(workload: WorkloadRow, isNetwork: boolean): boolean {
	return isNetwork && workload.form === 'container'
}

/** `Maturity` of discovery, as `maturity.data` holds it. */
const maturityShape = Readiness.pick({
	risk24: true,
	riskNextHour: true,
	tau: true,
	calibrated: true,
	parts: true,
	secondStage: true,
	blockers: true,
	unseenPeriods: true,
	exposedHours: true,
	startCount: true,
	setAsideHours: true,
	quietHours: true,
	noveltyPerHour: true,
	unseenEstimate: true,
	newWithinWeek: true,
	coverage: true,
	curve: true
}).extend({
	mature: z.boolean(),
	openEnded: z.boolean(),
	/** All items. */
	S: z.number()
})

function listed(words: readonly string[]): string {
	return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? '' : 's'}`
}
