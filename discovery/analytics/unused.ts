import { z } from 'zod'
import { CLASSES, type Class, classOfVerb } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { type Behaviour, compareText } from '../behaviour.js'
import { append } from '../inventory.js'
import { covers } from '../learn/paths/object.js'
import { behaviourKey } from '../learn/pool.js'
import { proposeRemovals, type Removal, type RuleUse } from '../learn/retire.js'
import { type BehaviourState, stateOf } from '../learn/state.js'
import { createPooling } from '../pooling.js'
import type { Rule } from '../policy.js'
import type { Subject } from '../subject.js'
import { parseWorkloadName, podWorkloadName } from '../workload.js'
import { openStored, type Stored } from './stored.js'

/** A rule of what is proposed now that nobody has used for long: a question to a person, never an act. */
export interface UnusedRule extends Removal {
	/** The row that the policy hangs on. */
	workloadId: number
	workload: string
	class: Class
	digest: string
	/** Index of the rule in the policy. */
	index: number
}

export interface UnusedRules {
	items: UnusedRule[]
	/** Rules that were looked at, and those that cover more than their evidence names, of which nothing is said. */
	ruleCount: number
	untoldCount: number
}

/**
 * Rules of proposed policies that were not used in a month of hours in which a use would have been seen
 * (`proposeRemovals`), by workload, class and rule. `memberIds` narrows it to policies of these rows.
 */
export function findUnused(
	reader: Reader,
	{
		nowMs,
		memberIds,
		classes = CLASSES
	}: { nowMs: number; memberIds?: readonly number[]; classes?: readonly Class[] }
): UnusedRules {
	const stored = openStored(reader, nowMs)
	const nowHour = Math.floor(nowMs / MS_PER_HOUR)
	const peers = createPeerUse(stored)
	const found: UnusedRules = { items: [], ruleCount: 0, untoldCount: 0 }
	for (const subject of stored.subjects) {
		if (memberIds && !memberIds.includes(subject.anchorId)) continue
		const policies = readProposed(reader, subject, classes)
		if (policies.length === 0) continue
		const exposure = stored.exposureOf(subject)
		found.ruleCount += policies.reduce((sum, policy) => sum + policy.rules.length, 0)
		// Whoever was not watched for a month has nothing that was unused for a month.
		if (exposure.hours.length < LEAST_HOURS) continue
		const rows = stored.rowsOf(subject)
		const states = stateOf(rows, exposure.starts)
		const declaredPeriods = stored.declaredPeriodsOf(subject, rows)
		for (const policy of policies) {
			const uses = usesOf(policy, states)
			found.untoldCount += uses.filter((use) => use === null).length
			const told = uses.flatMap((use, index) => (use === null ? [] : [{ ...use, index }]))
			// Peers are asked only about rules that their own workload left alone.
			const left = new Set(
				proposeRemovals(told, exposure, { nowHour, declaredPeriods }).map((one) => one.rule)
			)
			const asked = told
				.filter((use) => left.has(use.rule))
				.map((use) => ({ ...use, peersLastDay: peers.lastDayOf(subject, use.covers) }))
			for (const removal of proposeRemovals(asked, exposure, { nowHour, declaredPeriods })) {
				found.items.push({
					...removal,
					workloadId: subject.anchorId,
					workload: subject.name,
					class: policy.class,
					digest: policy.digest,
					index: policy.rules.indexOf(removal.rule)
				})
			}
		}
	}
	found.items.sort(
		(a, b) =>
			compareText(a.workload, b.workload) ||
			CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class) ||
			a.index - b.index
	)
	return found
}

const MS_PER_HOUR = 3_600_000
/** Thirty days, as `proposeRemovals` asks for. */
const LEAST_HOURS = 720

interface ProposedPolicy {
	class: Class
	digest: string
	rules: Rule[]
	evidence: z.output<typeof evidenceShape>[]
}

function readProposed(reader: Reader, subject: Subject, classes: readonly Class[]): ProposedPolicy[] {
	const rows = reader.all(
		`SELECT policy.id, policy.class, policy.digest, policy.body FROM proposals proposal
			JOIN policies policy ON policy.id = proposal.policy_id WHERE proposal.workload_id = ?`,
		subject.anchorId
	)
	return rows.flatMap((row) => {
		const class_ = subject.classes.find((one) => one === row.class)
		if (class_ === undefined || !classes.includes(class_)) return []
		const evidence = reader.all('SELECT data FROM evidence WHERE policy_id = ? ORDER BY rule', row.id ?? null)
		return {
			class: class_,
			digest: String(row.digest),
			rules: bodyShape.parse(JSON.parse(String(row.body))).rules,
			evidence: evidence.map((one) => evidenceShape.parse(JSON.parse(String(one.data))))
		}
	})
}

const verb = z.custom<Rule['access'][number]>(
	(value) => typeof value === 'string' && Object.hasOwn(classOfVerb, value)
)
const bodyShape = z.object({
	rules: z.array(
		z.object({
			effect: z.enum(['allow', 'deny']),
			object: z.string(),
			access: z.array(verb),
			sources: z.array(z.string())
		})
	)
})
const evidenceShape = z.object({
	covers: z.array(z.object({ object: z.string(), verb: z.string(), source: z.string() })),
	coveredCount: z.number()
})

/** What each rule covers; null where its evidence names only a part of it and the rest cannot be found by path. */
function usesOf(policy: ProposedPolicy, states: readonly BehaviourState[]): (RuleUse | null)[] {
	const own = states.filter((state) => state.class === policy.class)
	const byKey = new Map<string, BehaviourState[]>()
	for (const state of own) {
		const key = `${state.verb}\0${state.raw}\0${state.source}`
		append(byKey, key, state)
	}
	const isFile = policy.class !== 'network' && policy.class !== 'privilege'
	return policy.rules.map((rule, index) => {
		const evidence = policy.evidence[index]
		if (!evidence) return null
		const isWhole = evidence.coveredCount <= evidence.covers.length
		if (!isWhole && !isFile) return null
		const found = isWhole
			? evidence.covers.flatMap((one) => byKey.get(`${one.verb}\0${one.object}\0${one.source}`) ?? [])
			: own.filter((state) => allows(rule, state))
		return { rule, covers: found, peersLastDay: -1 }
	})
}

function allows(rule: Rule, { verb: done, source, object }: Behaviour): boolean {
	return (
		rule.access.includes(done) &&
		(rule.sources.length === 0 || rule.sources.includes(source)) &&
		covers(rule.object, object)
	)
}

/** When others of the same image last did something; each of them is read once, and only when somebody asks. */
function createPeerUse(stored: Stored): {
	lastDayOf(subject: Subject, covers: readonly BehaviourState[]): number
} {
	const peersOf = createNeighbours(stored)
	const days = new Map<Subject, Map<string, number>>()
	const daysOf = (peer: Subject) => {
		let known = days.get(peer)
		if (!known) {
			known = new Map()
			for (const row of stored.rowsOf(peer)) {
				if (row.result !== 'allowed') continue
				const key = behaviourKey(row)
				known.set(key, Math.max(known.get(key) ?? -1, row.day))
			}
			days.set(peer, known)
		}
		return known
	}
	return {
		lastDayOf(subject, covered) {
			return peersOf(subject).reduce((last, peer) => {
				const known = daysOf(peer)
				return covered.reduce((day, state) => Math.max(day, known.get(behaviourKey(state)) ?? -1), last)
			}, -1)
		}
	}
}

/** Others of the same image; of a pod's network, the pods in which any of its images runs. */
function createNeighbours({ items, subjects }: Stored): (subject: Subject) => Subject[] {
	const pooling = createPooling(items, subjects)
	const containers = new Map<string, Subject>()
	const pods = new Map<string, Subject>()
	const membersOf = new Map<string, Subject[]>()
	for (const subject of subjects) {
		if (isPod(subject)) {
			pods.set(subject.name, subject)
			continue
		}
		containers.set(subject.name, subject)
		append(membersOf, podOf(subject.name), subject)
	}
	return (subject) => {
		const found = new Set<Subject>()
		for (const own of isPod(subject) ? (membersOf.get(subject.name) ?? []) : [subject]) {
			for (const name of pooling.peersOf(own)) {
				const peer = isPod(subject) ? pods.get(podOf(name)) : containers.get(name)
				if (peer && peer !== subject) found.add(peer)
			}
		}
		return [...found]
	}
}

function isPod({ form, classes }: Subject): boolean {
	return form === 'container' && classes.includes('network')
}

function podOf(workload: string): string {
	const name = parseWorkloadName(workload)
	return name?.form === 'container' ? podWorkloadName(name) : workload
}
