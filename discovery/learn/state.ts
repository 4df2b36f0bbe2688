import assert from 'node:assert/strict'
import { type Behaviour, compareText } from '../behaviour.js'
import type { Sighted } from './exact.js'
import { hourBit, hourCountOf, mergeDaily, noteDay } from './daily.js'
import { createStartPhases, type StartPhases, START_PHASE_MS } from './start-phase.js'

/**
 * Everything that the learner keeps of one behaviour of one workload: sets that merge by union
 * (bottom-k), so that order, batching, duplication and which node told it never matter. Counts are
 * shown, and never decide.
 */
export interface BehaviourState extends Behaviour {
	/** The object as it was seen; differs from `object` where a network peer has been resolved. */
	raw: string
	/** Digests of the versions in which it was seen, sorted. */
	versions: string[]
	/** The three smallest distinct clock hours (⌊UTC ms / 3 600 000⌋), ascending. */
	hours: number[]
	/** The latest hour. */
	lastHour: number
	/**
	 * The latest 90 UTC days on which it was seen, ascending, three numbers each: the day, its mask of
	 * 24 hours, its count. This is what makes `hourCount`, `dayCount` and `count` exact under any merge:
	 * days merge by union, masks by OR, counts of a day by maximum.
	 */
	daily: number[]
	/** Distinct hours and UTC days in `daily`: beyond 90 days a lower bound. */
	hourCount: number
	dayCount: number
	/** The four smallest distinct UTC days, ascending. */
	days: number[]
	/** The four smallest pod names, sorted. */
	pods: string[]
	/** The two smallest starts (UTC ms) in whose start phase it was seen, ascending. */
	starts: number[]
	/** Every sighting lies in the start phase of some start. */
	startOnly: boolean
	count: number
	firstMs: number
	lastMs: number
	/** Implied by exec itself. */
	required: boolean
	/** Every sighting came from an interactive session. */
	interactive: boolean
	/** At most three redacted examples, sorted. */
	samples: string[]
}

/** When a workload was watched, and how well. Hours are ⌊UTC ms / 3 600 000⌋, sorted and distinct. */
export interface Exposure {
	/** Hours in which it ran, was watched, and less than 0.1 % of its events were lost. */
	hours: number[]
	/** Watched, but with more loss than that: its sightings count, its silence does not. */
	lossyHours: number[]
	/** Enforced by something that hides what it permits (KubeArmor's Allow): silence says nothing. */
	censoredHours: number[]
	/** Starts of pods or processes (UTC ms), sorted. */
	starts: number[]
	/** Intervals of blindness that concern this workload, by start. */
	gaps: { fromMs: number; toMs: number; reason: string }[]
}

/** The files that an image or a host carries by its packages or layers. */
export interface FileList {
	/** Where the list comes from, as a person would say it: `dpkg of node-a`, `layers of sha256:…`. */
	origin: string
	/**
	 * Only what packages brought is listed (dpkg, apk, rpm): a program that was copied into the image or
	 * installed by hand is missing without having come later. Absent: every file is listed (image layers).
	 */
	partial?: boolean
	has(path: string): boolean
	/** How many listed files lie below the directory (given without a trailing slash); direct ones only if asked. */
	countBelow(directory: string, direct: boolean): number
	/** Listed files below the directory, sorted. */
	below(directory: string): Iterable<string>
}

/** How many of each set are kept. Deciding needs the smallest two; the third tells a pair from more. */
const HOURS_MAX = 3
const DAYS_MAX = 4
const PODS_MAX = 4
const STARTS_MAX = 2
const SAMPLES_MAX = 3

/**
 * The state of every behaviour of one workload, sorted by object, verb, source and raw object. Rows that
 * were denied or failed are no behaviour. Any order, split or duplication of the rows gives the same states,
 * and merging the states of parts gives the state of the whole.
 *
 * `startsMs` are all known starts of the workload; a sighting in the start phase (by default the ten
 * minutes) after one of them is attributed to it.
 */
export function stateOf(
	rows: readonly Sighted[],
	startsMs: readonly number[],
	startPhaseMs: number = START_PHASE_MS
): BehaviourState[] {
	const phases = createStartPhases(startsMs, startPhaseMs)
	const states = new Map<string, BehaviourState>()
	for (const row of rows) {
		if (row.result !== 'allowed') continue
		const key = `${row.verb}\0${row.object}\0${row.source}${row.raw === row.object ? '' : `\0${row.raw}`}`
		let state = states.get(key)
		if (!state) {
			state = emptyState(row)
			states.set(key, state)
		}
		addRow(state, row, phases)
	}
	const sorted = [...states.values()]
	for (const state of sorted) countDays(state)
	return sorted.sort(compareStates)
}

/**
 * The union of what two parts know of one behaviour: associative, commutative and idempotent. Nothing is
 * added up, so a delivery that arrives twice changes nothing.
 */
export function mergeState(a: BehaviourState, b: BehaviourState): BehaviourState {
	assert(compareStates(a, b) === 0, 'only states of the same behaviour can be merged')
	const merged: BehaviourState = {
		class: a.class,
		verb: a.verb,
		object: a.object,
		source: a.source,
		raw: a.raw,
		versions: unionTexts(a.versions, b.versions, Infinity),
		hours: unionNumbers(a.hours, b.hours, HOURS_MAX),
		lastHour: Math.max(a.lastHour, b.lastHour),
		daily: mergeDaily(a.daily, b.daily),
		hourCount: 0,
		dayCount: 0,
		days: unionNumbers(a.days, b.days, DAYS_MAX),
		pods: unionTexts(a.pods, b.pods, PODS_MAX),
		starts: unionNumbers(a.starts, b.starts, STARTS_MAX),
		startOnly: a.startOnly && b.startOnly,
		count: 0,
		firstMs: Math.min(a.firstMs, b.firstMs),
		lastMs: Math.max(a.lastMs, b.lastMs),
		required: a.required || b.required,
		interactive: a.interactive && b.interactive,
		samples: unionTexts(a.samples, b.samples, SAMPLES_MAX)
	}
	countDays(merged)
	return merged
}

/** Two lists of states, each sorted as `stateOf` sorts them, as one. */
export function mergeStates(a: readonly BehaviourState[], b: readonly BehaviourState[]): BehaviourState[] {
	const merged: BehaviourState[] = []
	let i = 0
	let j = 0
	for (;;) {
		const left = a[i]
		const right = b[j]
		if (!left || !right) return [...merged, ...a.slice(i), ...b.slice(j)]
		const order = compareStates(left, right)
		merged.push(order === 0 ? mergeState(left, right) : order < 0 ? left : right)
		if (order <= 0) i++
		if (order >= 0) j++
	}
}

/** The order of states: by object, verb, source and raw object. */
export function compareStates(a: BehaviourState, b: BehaviourState): number {
	return (
		compareText(a.object, b.object) ||
		compareText(a.verb, b.verb) ||
		compareText(a.source, b.source) ||
		compareText(a.raw, b.raw)
	)
}

function emptyState(row: Sighted): BehaviourState {
	return {
		class: row.class,
		verb: row.verb,
		object: row.object,
		source: row.source,
		raw: row.raw,
		versions: [],
		hours: [],
		lastHour: -Infinity,
		daily: [],
		hourCount: 0,
		dayCount: 0,
		days: [],
		pods: [],
		starts: [],
		startOnly: true,
		count: 0,
		firstMs: Infinity,
		lastMs: -Infinity,
		required: false,
		interactive: true,
		samples: []
	}
}

function addRow(state: BehaviourState, row: Sighted, phases: StartPhases): void {
	// A mask without hours cannot come from the collector; its sighting still happened, at its first time.
	const mask = row.hours & 0xffffff || hourBit(row.day, row.firstMs)
	let rest = mask
	for (let kept = 0; rest !== 0 && kept < HOURS_MAX; kept++) {
		const lowest = rest & -rest
		keepNumber(state.hours, row.day * 24 + 31 - Math.clz32(lowest), HOURS_MAX)
		rest ^= lowest
	}
	state.lastHour = Math.max(state.lastHour, row.day * 24 + 31 - Math.clz32(mask))
	noteDay(state.daily, row.day, mask, row.count)
	keepNumber(state.days, row.day, DAYS_MAX)
	keepText(state.versions, row.version, Infinity)
	for (const pod of row.pods) if (pod !== '') keepText(state.pods, pod, PODS_MAX)
	if (row.detail !== '') keepText(state.samples, row.detail, SAMPLES_MAX)

	const phase = phases.of(row, mask)
	for (const start of phase.starts) keepNumber(state.starts, start, STARTS_MAX)
	state.startOnly &&= phase.only

	state.firstMs = Math.min(state.firstMs, row.firstMs)
	state.lastMs = Math.max(state.lastMs, row.lastMs)
	state.required ||= row.required
	state.interactive &&= row.interactive
}

function countDays(state: BehaviourState): void {
	let count = 0
	for (let i = 2; i < state.daily.length; i += 3) count += state.daily[i] ?? 0
	state.count = count
	state.dayCount = state.daily.length / 3
	state.hourCount = hourCountOf(state.daily)
}

/** Inserts into an ascending list of distinct numbers that keeps its `max` smallest. */
function keepNumber(list: number[], value: number, max: number): void {
	let at = list.length
	while (at > 0 && (list[at - 1] ?? value) > value) at--
	if (list[at - 1] === value || at >= max) return
	list.splice(at, 0, value)
	if (list.length > max) list.pop()
}

function keepText(list: string[], value: string, max: number): void {
	let at = list.length
	while (at > 0 && compareText(list[at - 1] ?? value, value) > 0) at--
	if (list[at - 1] === value || at >= max) return
	list.splice(at, 0, value)
	if (list.length > max) list.pop()
}

function unionNumbers(a: readonly number[], b: readonly number[], max: number): number[] {
	const union = a.slice(0, max)
	for (const value of b) keepNumber(union, value, max)
	return union
}

function unionTexts(a: readonly string[], b: readonly string[], max: number): string[] {
	const union = a.slice(0, max)
	for (const value of b) keepText(union, value, max)
	return union
}
