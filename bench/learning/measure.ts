import { type Class, CLASSES } from '../../collector/observation.js'
import { type Enforced, enforcedByKubearmor } from './enforced.js'
import { networkParts } from './grant.js'
import { LEARN_DAYS, TEST_DAYS } from './stops.js'
import type { Decision, Trial } from './trial.js'
import { chainsCut, FILE_CLASSES, type Range, rangeOf, type Width, widthOf } from './weigh.js'

/** Everything that is measured of one generaliser with one stopping rule on one workload. */
export interface Outcome {
	family: string
	workload: string
	generaliser: string
	stop: string
	/** By class, in the order of CLASSES: days until enforced, null when never. */
	days: (number | null)[]
	/** Distinct hours with a false block in any enforced class, within its two weeks. */
	falseHours: number
	foreseeableHours: number
	falseHoursByClass: number[]
	falseDistinct: number
	falseEvents: number
	testEvents: number
	/** Of the enforced classes: predicted and met something new within 24 hours. */
	predictions: { class: Class; risk: number; outcome: boolean }[]
	/** Null where widths were not measured. */
	width: Widths | null
}

export interface Widths {
	/** Read, write, execute; null where the class is not enforced. */
	overGrant: (number | null)[]
	own: Tally
	created: Tally
	/** Mean over the library's rules that say anything about the workload's files. */
	byRule: Tally
	chains: Tally
	/** As KubeArmor on BPF-LSM holds it; null for generalisers that nobody renders for it. */
	enforced: Enforced | null
	/** Pairs of peer and port that are granted, and those not used in the two weeks. */
	peerPorts: number
	peerPortsUnused: number
}

/** What of something was blocked, or cut. */
export interface Tally {
	blocked: number
	count: number
}

/** The outcomes of one trial; widths only for the stops that `wide` names. */
export function measure(trial: Trial, wide: (stop: string) => boolean): Outcome[] {
	const groups = new Map<string, Decision[]>()
	for (const decision of trial.decisions) {
		const key = `${decision.generaliser}\0${decision.stop}`
		groups.set(key, [...(groups.get(key) ?? []), decision])
	}
	const scale = createScale(trial)
	return [...groups.values()].map((decisions) => outcomeOf(trial, decisions, wide, scale))
}

function outcomeOf(
	trial: Trial,
	decisions: readonly Decision[],
	wide: (stop: string) => boolean,
	scale: Scale
): Outcome {
	const [first] = decisions
	const byClass = new Map(decisions.map((decision) => [decision.class, decision]))
	const enforced = decisions.filter(({ hour }) => hour !== null)
	const sum = (of: (decision: Decision) => number) => enforced.reduce((total, one) => total + of(one), 0)
	const stop = first?.stop ?? ''
	return {
		family: trial.workload.family.name,
		workload: trial.workload.name,
		generaliser: first?.generaliser ?? '',
		stop,
		days: CLASSES.map((of) => {
			const hour = byClass.get(of)?.hour ?? null
			return hour === null ? null : hour / 24
		}),
		falseHours: new Set(enforced.flatMap(({ falseHours }) => falseHours)).size,
		foreseeableHours: new Set(enforced.flatMap(({ foreseeableHours }) => foreseeableHours)).size,
		falseHoursByClass: CLASSES.map((of) => byClass.get(of)?.falseHours.length ?? 0),
		falseDistinct: sum(({ falseDistinct }) => falseDistinct),
		falseEvents: sum(({ falseEvents }) => falseEvents),
		testEvents: sum(({ testEvents }) => testEvents),
		predictions: enforced.map((one) => ({ class: one.class, risk: one.risk24, outcome: one.happened })),
		width: wide(stop) ? scale.widthsOf(byClass) : null
	}
}

interface Scale {
	widthsOf(byClass: ReadonlyMap<Class, Decision>): Widths
}

/** Weighs policies on one workload; the same policy is weighed once. */
function createScale(trial: Trial): Scale {
	const { workload } = trial
	let range: ReturnType<typeof rangeOf> | undefined
	const known = new Map<string, Width>()
	const widthOfDecision = (decision: Decision): Width => {
		range ??= rangeOf(workload)
		const key = `${decision.generaliser} ${decision.class} ${decision.hour}`
		const width = known.get(key) ?? widthOf(range, decision.class, decision.judge, workload.family.main)
		known.set(key, width)
		return width
	}
	return {
		widthsOf(byClass) {
			range ??= rangeOf(workload)
			const widths: Widths = {
				overGrant: [],
				own: { blocked: 0, count: 0 },
				created: { blocked: 0, count: 0 },
				byRule: { blocked: 0, count: 0 },
				chains: { blocked: 0, count: 0 },
				enforced: rendered(byClass, range),
				...peerPortsOf(trial, byClass.get('network'))
			}
			const rules = new Map<number, Tally>()
			for (const of of FILE_CLASSES) {
				const decision = byClass.get(of)
				if (!decision || decision.hour === null) {
					widths.overGrant.push(null)
					continue
				}
				const width = widthOfDecision(decision)
				widths.overGrant.push(width.overGrant)
				addTo(widths.own, width.ownBlocked, width.ownProbes)
				addTo(widths.created, width.newBlocked, width.newProbes)
				for (const [rule, { blocked, count }] of width.byRule) {
					const tally = rules.get(rule) ?? { blocked: 0, count: 0 }
					addTo(tally, blocked, count)
					rules.set(rule, tally)
				}
			}
			for (const { blocked, count } of rules.values()) addTo(widths.byRule, blocked / count, 1)
			const enforced = [...byClass].filter(([, { hour }]) => hour !== null)
			const { cut, count } = chainsCut(range, new Map(enforced.map(([of, { judge }]) => [of, judge])))
			addTo(widths.chains, cut, count)
			return widths
		}
	}
}

/** Programs that are read in place are exec's business, so files are rendered with the programs, or not at all. */
function rendered(byClass: ReadonlyMap<Class, Decision>, range: Range): Enforced | null {
	const files = FILE_CLASSES.flatMap((of) => byClass.get(of) ?? [])
	const isRendered = files.every(({ hour, generaliser }) => hour !== null && RENDERED.includes(generaliser))
	if (!isRendered) return null
	return enforcedByKubearmor(
		files.flatMap(({ grants, class: of }) => grants.filter((grant) => grant.class === of)),
		range
	)
}

/** Whose policies are carried to an enforcer here: ours, and the exact list that ours has to shorten. */
const RENDERED = ['Whittle', 'exact union', 'no wall', 'no typed tokens']

function addTo(tally: Tally, blocked: number, count: number): void {
	tally.blocked += blocked
	tally.count += count
}

/** A network of addresses counts as many peers as it has addresses, a range as many ports. */
function peerPortsOf(
	{ workload }: Trial,
	decision: Decision | undefined
): Pick<Widths, 'peerPorts' | 'peerPortsUnused'> {
	if (!decision || decision.hour === null) return { peerPorts: 0, peerPortsUnused: 0 }
	const from = decision.hour / 24
	const used = new Set<string>()
	for (let day = Math.floor(from); day < from + TEST_DAYS && day < LEARN_DAYS + TEST_DAYS; day++) {
		for (const row of workload.needs[day] ?? []) if (row.class === 'network') used.add(row.object)
	}
	let peerPorts = 0
	for (const { class: of, object } of decision.grants) {
		const flow = of === 'network' ? networkParts(object) : null
		if (!flow) continue
		const length = /^cidr:[0-9.]+\/(\d+)$/.exec(flow.peer)?.[1]
		peerPorts += (flow.last - flow.first + 1) * (length === undefined ? 1 : 2 ** (32 - Number(length)))
	}
	const usedFlows = [...used].filter(
		(object) => networkParts(object) && decision.judge.allowedBy('network', object, workload.family.main) >= 0
	).length
	return { peerPorts, peerPortsUnused: Math.max(0, peerPorts - usedFlows) }
}
