import { CLASSES, type Class } from '../../collector/observation.js'
import { compareText } from '../behaviour.js'
import { visibleHours } from '../learn/exposed.js'
import { behaviourKey } from '../learn/pool.js'
import type { BehaviourState, Exposure } from '../learn/state.js'
import {
	type Attribution,
	attribute,
	type Change,
	diffVersions,
	type SideNames,
	type VersionEvidence
} from '../learn/version-diff.js'
import type { Rollout } from './rollout.js'

/** One of the two that are compared. */
export interface DiffSide {
	/** Hours in which its silence would have said something, and its starts. */
	watchedHours: number
	startCount: number
	behaviourCount: number
}

export interface Difference {
	change: Change['change']
	/** Who was seen to do it. */
	side: 'before' | 'after' | 'both'
	class: Class
	verb: string
	object: string
	source: string
	/** One sentence for people. */
	why: string
	count: number
	hourCount: number
	firstMs: number
	lastMs: number
	pods: string[]
	/** Whom the difference is put down to, where two versions ran side by side; else null. */
	attribution: Attribution | null
}

export interface Diff {
	before: DiffSide
	after: DiffSide
	/** By class, kind of change, object, verb and source. */
	differences: Difference[]
	/** What the comparison cannot know, in sentences. */
	limits: string[]
}

/** One side, network and everything else apart: they were watched at different times. */
export interface Part {
	states: BehaviourState[]
	exposure: Exposure
	network: Exposure
}

/** What a later version does that an earlier one did not, and the other way round. */
export function differencesOfVersions(before: Part, after: Part, rollout: Rollout): Omit<Diff, 'limits'> {
	return differences(before, after, (a, b) => diffVersions(a, b), rollout)
}

/** What only one of two does. Neither comes first: what one does not do needs hours of its own, on both sides. */
export function differencesOfEquals(
	before: Part,
	after: Part,
	names: { before: string; after: string }
): Omit<Diff, 'limits'> {
	return differences(before, after, (a, b) => diffEquals(a, b, { ...names, both: 'Both' }), null)
}

type Compare = (before: VersionEvidence, after: VersionEvidence) => Change[]

function differences(
	before: Part,
	after: Part,
	compare: Compare,
	rollout: Rollout | null
): Omit<Diff, 'limits'> {
	const [old, now] = withoutEchoes(before, after)
	const [oldKeys, nowKeys] = [old, now].map((part) => new Set(part.states.map(behaviourKey)))
	return {
		before: sideOf(old),
		after: sideOf(now),
		differences: changesOf(old, now, compare).map((change) => {
			const key = behaviourKey(change.state)
			const isOld = oldKeys?.has(key) === true
			const side = isOld && nowKeys?.has(key) === true ? 'both' : isOld ? 'before' : 'after'
			return differenceOf(change, side, rollout)
		})
	}
}

/**
 * Sources that see a pod's flows do not see its programs, and tell the same once more. Without these echoes,
 * unless a side has nothing but them: then both are compared with them.
 */
function withoutEchoes(before: Part, after: Part): [Part, Part] {
	const [first, second] = [tellersOf(before), tellersOf(after)]
	const clean = (part: Part, own: Tellers, other: Tellers): Part => ({
		...part,
		states: part.states.filter((state) => {
			const act = `${state.verb}\0${state.object}`
			if (state.source !== '' || !own.named.has(act)) return true
			return other.unnamed.has(act) && !other.named.has(act)
		})
	})
	return [clean(before, first, second), clean(after, second, first)]
}

interface Tellers {
	named: Set<string>
	unnamed: Set<string>
}

function tellersOf({ states }: Part): Tellers {
	const tellers: Tellers = { named: new Set(), unnamed: new Set() }
	for (const { verb, object, source } of states) {
		;(source === '' ? tellers.unnamed : tellers.named).add(`${verb}\0${object}`)
	}
	return tellers
}

function changesOf(before: Part, after: Part, compare: Compare): Change[] {
	const isNetwork = (state: BehaviourState) => state.class === 'network'
	const files = (part: Part) => ({
		states: part.states.filter((state) => !isNetwork(state)),
		exposure: part.exposure
	})
	const network = (part: Part) => ({ states: part.states.filter(isNetwork), exposure: part.network })
	const changes = [...compare(files(before), files(after)), ...compare(network(before), network(after))]
	return changes.sort(
		(a, b) =>
			CLASSES.indexOf(a.state.class) - CLASSES.indexOf(b.state.class) ||
			KINDS.indexOf(a.change) - KINDS.indexOf(b.change) ||
			compareText(a.state.object, b.state.object) ||
			compareText(behaviourKey(a.state), behaviourKey(b.state))
	)
}

const KINDS: readonly Change['change'][] = ['added', 'gone', 'undecided', 'unchanged']

function diffEquals(before: VersionEvidence, after: VersionEvidence, names: SideNames): Change[] {
	const forth = diffVersions(before, after, names).filter((one) => one.change !== 'added')
	const old = new Set(before.states.map(behaviourKey))
	const isNew = ({ state }: Change) => !old.has(behaviourKey(state))
	const back = diffVersions(after, before, { ...names, before: names.after, after: names.before })
	return [
		...forth.filter((one) => !isNew(one)),
		...back.filter(isNew).map((one): Change => (one.change === 'gone' ? { ...one, change: 'added' } : one))
	]
}

function differenceOf(
	{ change, state, why }: Change,
	side: Difference['side'],
	rollout: Rollout | null
): Difference {
	const pods = change === 'unchanged' ? null : (rollout?.podsOf(state) ?? null)
	return {
		change,
		side,
		class: state.class,
		verb: state.verb,
		object: state.object,
		source: state.source,
		why,
		count: state.count,
		hourCount: state.hourCount,
		firstMs: state.firstMs,
		lastMs: state.lastMs,
		pods: state.pods,
		attribution: pods === null ? null : attribute(pods)
	}
}

function sideOf(part: Part): DiffSide {
	const watched = new Set([...visibleHours(part.exposure).hours, ...visibleHours(part.network).hours])
	return {
		watchedHours: watched.size,
		startCount: Math.max(part.exposure.starts.length, part.network.starts.length),
		behaviourCount: part.states.length
	}
}
