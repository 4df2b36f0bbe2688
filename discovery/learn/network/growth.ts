import type { BehaviourState } from '../state.js'

/**
 * When something was seen, as far as growth needs it: the two smallest distinct hours and starts
 * (Infinity where there are fewer). What lies wholly in start phases is counted in starts, because
 * forty libraries loaded at every start are no growth, whatever their hours are.
 */
export interface Units {
	hour1: number
	hour2: number
	start1: number
	start2: number
	startOnly: boolean
}

/** Weights of the objective that every generalisation minimises (Whittle's docs/learning.md). */
export interface Weights {
	/** Per entry of the policy. */
	mu: number
	/** Per weighted bit granted beyond what was seen. */
	lambda: number
	/** Per expected hour with a false block. */
	cfb: number
	/** Hours that a policy is expected to live. */
	hf: number
	/** Growth that is expected where none was seen. */
	a0: number
}

export const DEFAULT_WEIGHTS: Weights = { mu: 0.02, lambda: 0.18, cfb: 1, hf: 336, a0: 0.005 }

/** How long a workload was watched, and the weights. */
export interface Growth extends Weights {
	/** Hours of exposure. */
	exposedHours: number
}

/** Fewer members than this are never generalised: two addresses in one network are a coincidence. */
export const MEMBERS_MIN = 4
/** In so many distinct units new members must have come: what has stopped growing needs no room. */
export const UNITS_MIN = 3

/** The units of one behaviour. */
export function unitsOf(state: BehaviourState): Units {
	return {
		hour1: state.hours[0] ?? Infinity,
		hour2: state.hours[1] ?? Infinity,
		start1: state.starts[0] ?? Infinity,
		start2: state.starts[1] ?? Infinity,
		startOnly: state.startOnly && state.starts.length > 0
	}
}

/** The units of several behaviours together. */
export function unitsOfAll(states: readonly BehaviourState[]): Units {
	let units = NEVER
	for (const state of states) units = units === NEVER ? unitsOf(state) : mergeUnits(units, unitsOf(state))
	return units
}

const NEVER: Units = {
	hour1: Infinity,
	hour2: Infinity,
	start1: Infinity,
	start2: Infinity,
	startOnly: true
}

/** Union of two sets of units. */
export function mergeUnits(a: Units, b: Units): Units {
	const hour1 = Math.min(a.hour1, b.hour1)
	const start1 = Math.min(a.start1, b.start1)
	return {
		hour1,
		hour2: secondOf(hour1, a.hour1, a.hour2, b.hour1, b.hour2),
		start1,
		start2: secondOf(start1, a.start1, a.start2, b.start1, b.start2),
		startOnly: a.startOnly && b.startOnly
	}
}

/**
 * The one unit in which it was seen, or null when there were several. Starts are negative, so that
 * a start and an hour are never taken for the same unit.
 */
export function onlyUnit(units: Units): number | null {
	if (units.startOnly) return units.start2 === Infinity ? -units.start1 : null
	return units.hour2 === Infinity && units.hour1 !== Infinity ? units.hour1 : null
}

/**
 * Novelty per hour at a node at which `uniqueCount` branches appeared, each in a unit of its own and
 * seen in no other: what the next hour brings by the leave-one-out estimate (M1 + a0) / (T + 1).
 */
export function hazardOf(uniqueCount: number, growth: Growth): number {
	return (uniqueCount + growth.a0) / (Math.max(growth.exposedHours, EXPOSURE_MIN_HOURS) + 1)
}

/** Less exposure counts as this much: one busy hour says little about two weeks. */
const EXPOSURE_MIN_HOURS = 24

/** What novelty costs in the life of a policy. */
export function hazardCost(hazard: number, growth: Growth): number {
	return growth.cfb * growth.hf * hazard
}

/** What granting `unseenCount` things beyond the evidence costs; `weight` is their sensitivity. */
export function grantCost(unseenCount: number, weight: number, growth: Growth): number {
	return growth.lambda * weight * bitsOf(unseenCount)
}

/** Bits granted beyond the evidence. */
export function bitsOf(unseenCount: number): number {
	return Math.log2(1 + unseenCount)
}

/** The smallest distinct values of both, ascending, at most `UNITS_MIN`: enough to know that there are so many. */
export function fewUnits(a: readonly number[], b: readonly number[]): readonly number[] {
	if (a.length === 0) return b
	if (b.length === 0) return a
	return [...new Set([...a, ...b])].sort((x, y) => x - y).slice(0, UNITS_MIN)
}

function secondOf(first: number, a1: number, a2: number, b1: number, b2: number): number {
	let second = Infinity
	if (a1 > first && a1 < second) second = a1
	if (a2 > first && a2 < second) second = a2
	if (b1 > first && b1 < second) second = b1
	if (b2 > first && b2 < second) second = b2
	return second
}
