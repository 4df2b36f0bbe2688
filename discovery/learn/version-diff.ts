import { compareText } from '../behaviour.js'
import { hoursOfDaily } from './daily.js'
import { fisherExact, type Table } from './exact-tests.js'
import { type VisibleHours, visibleHours } from './exposed.js'
import { behaviourKey } from './pool.js'
import type { BehaviourState, Exposure } from './state.js'

/** What one version did, and when it was watched. */
export interface VersionEvidence {
	states: readonly BehaviourState[]
	/** Of the hours and starts of this version only. */
	exposure: Exposure
}

export interface Change {
	change: 'added' | 'gone' | 'unchanged' | 'undecided'
	/** As the version before did it, or as the one after does. */
	state: BehaviourState
	/** One sentence for people. */
	why: string
}

/** What the two sides are called in sentences. */
export interface SideNames {
	/** Behind "in so many watched hours of". */
	before: string
	after: string
	both: string
}

const VERSION_NAMES: SideNames = {
	before: 'the version before',
	after: 'the new version',
	both: 'both versions'
}

/** A behaviour that would have been seen three times over is gone: e⁻³ < 5 %. */
const EXPECTED_MIN = 3
const HOURS_MIN = 24
const STARTS_MIN = 3

/**
 * What changed between two versions, by behaviour, sorted. What is there was seen. What is gone needs
 * hours in which it would have been seen: watched, with little loss, nothing hidden; until there are
 * enough of them it is undecided.
 */
export function diffVersions(
	before: VersionEvidence,
	after: VersionEvidence,
	names: SideNames = VERSION_NAMES
): Change[] {
	const watchedBefore = visibleHours(before.exposure)
	const watchedAfter = visibleHours(after.exposure)
	const old = new Map(before.states.map((state) => [behaviourKey(state), state]))
	const now = new Map(after.states.map((state) => [behaviourKey(state), state]))
	const changes: Change[] = []
	for (const [key, state] of old) {
		if (now.has(key)) changes.push({ change: 'unchanged', state, why: sentence(`${names.both} did it.`) })
		else changes.push(lost(state, watchedBefore, watchedAfter, after.exposure, names))
	}
	for (const [key, state] of now) {
		if (!old.has(key)) changes.push(gained(state, watchedBefore, before.states, names))
	}
	return changes.sort((a, b) => compareText(behaviourKey(a.state), behaviourKey(b.state)))
}

/** Whether a difference comes from the version or from something around it. */
export interface Attribution {
	to: 'version' | 'environment' | 'undecided'
	p: number
	why: string
}

/** Below this chance the version is blamed. */
const VERSION_P = 0.01

/**
 * Who is to blame for a behaviour during a rollout: pods of both versions in the same hours, by whether
 * they showed it (first: the old version). With so few pods that no outcome could have told, nobody.
 */
export function attribute(pods: Table): Attribution {
	const { p, least } = fisherExact(pods)
	const first = `${pods.firstSeen} of ${pods.firstSeen + pods.firstNot} pods of the old version`
	const second = `${pods.secondSeen} of ${pods.secondSeen + pods.secondNot} of the new one`
	const seen = `${first} and ${second} did it in the same hours`
	if (p < VERSION_P) return { to: 'version', p, why: `${seen}: the version makes the difference.` }
	if (least >= VERSION_P) return { to: 'undecided', p, why: `${seen}: too few pods to tell why.` }
	return { to: 'environment', p, why: `${seen}: what changed is around them, such as configuration or load.` }
}

function lost(
	state: BehaviourState,
	before: VisibleHours,
	after: VisibleHours,
	{ starts }: Exposure,
	names: SideNames
): Change {
	const undecided = (why: string): Change => ({ change: 'undecided', state, why })
	if (state.startOnly) {
		const seen = new Set(after.hours)
		const startCount = starts.filter((atMs) => seen.has(Math.floor(atMs / 3_600_000))).length
		const text = `${startCount} ${startCount === 1 ? 'start' : 'starts'} of ${names.after} ${startCount === 1 ? 'was' : 'were'} watched`
		if (startCount < STARTS_MIN) return undecided(`It belongs to starts, and only ${text}.`)
		return { change: 'gone', state, why: `It belongs to starts; ${text} without it.` }
	}
	const hours = after.hours.length
	const expected = (state.hourCount / Math.max(1, before.hours.length, state.hourCount)) * hours
	const pause = longestPause(state)
	if (hours >= Math.max(HOURS_MIN, pause) && expected >= EXPECTED_MIN) {
		return {
			change: 'gone',
			state,
			why: `Not seen in ${hours} watched hours, where ${Math.round(expected)} sightings were expected.`
		}
	}
	if (hours === 0) return undecided(`No hour of ${names.after} was watched in which it would have been seen.`)
	return undecided(`Not seen in ${hours} watched hours, which are too few for something this rare.`)
}

function gained(
	state: BehaviourState,
	before: VisibleHours,
	old: readonly BehaviourState[],
	names: SideNames
): Change {
	if (before.hours.length === 0) {
		return {
			change: 'undecided',
			state,
			why: sentence(`${names.before} was never watched in a way that would have shown it.`)
		}
	}
	const elsewhere = old.find((one) => one.verb === state.verb && one.object === state.object)
	const why = elsewhere
		? sentence(
				`${names.before} did it too, but ${elsewhere.source || 'an unknown program'} did, not ${state.source || 'an unknown one'}.`
			)
		: `Not seen in ${before.hours.length} watched ${before.hours.length === 1 ? 'hour' : 'hours'} of ${names.before}.`
	return { change: 'added', state, why }
}

function longestPause(state: BehaviourState): number {
	const hours = hoursOfDaily(state.daily)
	let longest = 0
	for (let i = 1; i < hours.length; i++) longest = Math.max(longest, (hours[i] ?? 0) - (hours[i - 1] ?? 0))
	return longest
}

/** Names of workloads keep their case. */
function sentence(text: string): string {
	return text.startsWith('the ') || text.startsWith('both ')
		? text.charAt(0).toUpperCase() + text.slice(1)
		: text
}
