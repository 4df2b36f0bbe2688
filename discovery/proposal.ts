import type { InventoryItem } from '../collector/observation.js'
import { compareText, networkObject, parseNetworkObject } from './behaviour.js'
import { policyOf } from './digest.js'
import type { Sighted } from './learn/exact.js'
import { type LearnedClass, learnWorkload } from './learn/learn.js'
import { NO_PEERS, type PoolView } from './learn/pool.js'
import { type Declarations, type ScheduleFacts, scheduleFacts } from './learn/schedule.js'
import { type Exposure, type FileList, stateOf } from './learn/state.js'
import { type Decision, type Judged, judge, outsideSessions } from './learn/trust.js'
import { type Peers, spansOf } from './peers.js'
import type { Proposal } from './revision.js'
import type { Subject } from './subject.js'
import { parseWorkloadName } from './workload.js'

/** What a subject's policies are learned from, besides what it did. */
export interface Circumstances {
	/** When it was watched, up to the last evidence. */
	exposure: Exposure
	files: FileList | null
	decisions: readonly Decision[]
	vouched: boolean
	peers: Peers
	/** What others of the same image do. */
	pool: PoolView
	/** Items at the time of the last evidence; one array for all subjects of a pass. */
	inventory: readonly InventoryItem[]
}

/** A class as it was learned; `proposal` is null when nothing trusted was seen in it. */
export interface Learning extends LearnedClass {
	proposal: Proposal | null
}

/**
 * What each class of a subject needs now. A workload that reads files and never writes one gets a
 * file-write policy without rules: enforcers hold reads and writes by one list, so that nothing is
 * written must be said and approved too. Pure.
 */
export function learnSubject(
	subject: Subject,
	observations: readonly Sighted[],
	circumstances: Circumstances
): Learning[] {
	const ambiguities = new Set<string>()
	const rows = subject.classes.includes('network')
		? observations.flatMap((one) =>
				one.class === 'network' ? withPeers(one, subject, circumstances.peers, ambiguities) : one
			)
		: observations
	const learned = learnWorkload(rows, {
		name: subject.name,
		form: subject.form,
		classes: subject.classes,
		exposure: circumstances.exposure,
		files: circumstances.files,
		pool: circumstances.pool,
		decisions: circumstances.decisions,
		programs: subject.form === 'host' ? startedFromOutside(rows) : [],
		vouched: circumstances.vouched,
		inventory: circumstances.inventory
	})
	const reads = learned.some((one) => one.class === 'file-read' && one.rules.length > 0)
	return learned.map((one) => {
		const { class: of, rules, evidence } = one
		if (rules.length === 0 && !(of === 'file-write' && reads)) return { ...one, proposal: null }
		const notes = [...one.notes]
		if (rules.length === 0) {
			notes.push({
				code: 'learn.writes-nothing',
				severity: 'info',
				text: 'It was never seen to write a file.'
			})
		}
		if (of === 'network') {
			for (const text of [...ambiguities].sort(compareText)) {
				notes.push({ code: 'peers.ambiguous', severity: 'warning', text })
			}
		}
		return {
			...one,
			notes,
			proposal: { policy: policyOf({ workload: subject.name, class: of, rules }), evidence, notes }
		}
	})
}

/** What a subject is trusted with on its own evidence: what it may tell others of its image. */
export function judgeAlone(
	subject: Subject,
	observations: readonly Sighted[],
	circumstances: Omit<Circumstances, 'pool'>
): Judged[] {
	return judge(stateOf(outsideSessions(observations, subject.form), circumstances.exposure.starts), {
		form: subject.form,
		files: circumstances.files,
		pool: NO_PEERS,
		decisions: circumstances.decisions,
		programs: subject.form === 'host' ? startedFromOutside(observations) : [],
		vouched: circumstances.vouched
	})
}

/** The schedules that concern a subject: of the CronJob that owns it, and of schedulers that it runs. */
export function schedulesOf(
	subject: Subject,
	observations: readonly Sighted[],
	inventory: readonly InventoryItem[]
): { facts: ScheduleFacts; problems: string[] } {
	const name = parseWorkloadName(subject.name)
	const crons: Declarations['crons'][number][] = []
	if (name?.form === 'container' && name.kind === 'CronJob') {
		for (const item of inventory) {
			if (item.kind !== 'CronJob' || item.schedule === null) continue
			if (item.namespace !== name.namespace || item.name !== name.name) continue
			crons.push({ schedule: item.schedule, by: `CronJob ${item.namespace}/${item.name}` })
		}
	}
	const execs = observations
		.filter((seen) => seen.verb === 'exec' && seen.result === 'allowed')
		.map((seen) => seen.object)
	return scheduleFacts({ crons, timers: [], execs })
}

/** The observation once per peer that it may have been; other classes pass unchanged. */
export function withPeers(
	seen: Sighted,
	subject: Subject,
	peers: Peers,
	ambiguities: Set<string>
): Sighted[] {
	if (seen.class !== 'network' || seen.result !== 'allowed') return [seen]
	const flow = parseNetworkObject(seen.object)
	if (!flow || flow.protocol === 'unix') return [seen]
	const { verb } = seen
	const resolved = peers.resolve({
		cluster: subject.cluster,
		verb,
		direction: flow.direction,
		peer: flow.peer,
		spans: spansOf(seen),
		// Programs of a host ask one resolver, so what one of them was told all of them were.
		...(subject.form === 'container' ? { asker: subject.name } : {})
	})
	if (resolved.ambiguity !== '') ambiguities.add(resolved.ambiguity)
	return resolved.peers.map((peer) => ({ ...seen, object: networkObject({ ...flow, peer }) }))
}

/** A script and its interpreter are executed by one call, a wrapper and what it wraps at once. */
const ENTRY_MS = 50

/**
 * The programs that something outside put into a host workload: what a unit's ExecStart names, what a
 * launcher started. Nobody inside could choose them, and nobody inside came before the first of them.
 */
function startedFromOutside(observations: readonly Sighted[]): string[] {
	const execs = observations.filter((seen) => seen.verb === 'exec' && seen.result === 'allowed')
	const inside = new Set(execs.map((seen) => seen.object))
	const firstMs = execs.reduce((first, seen) => Math.min(first, seen.firstMs), Number.POSITIVE_INFINITY)
	const entries = execs.filter((seen) => !inside.has(seen.source) || seen.firstMs <= firstMs + ENTRY_MS)
	return [...new Set(entries.map((seen) => seen.object))].sort(compareText)
}
