import { createScheduleRisk, type ScheduleFacts, type UnseenPeriod } from './schedule.js'
import type { BehaviourState, Exposure } from './state.js'

/** A behaviour in rule space: what one rule covers, or one behaviour that no wider rule covers. */
export interface Item {
	/** The smallest three distinct hours in which anything it covers was seen, ascending. */
	hours: readonly number[]
	/** The smallest two starts (UTC ms) in whose start phase it was seen, ascending. */
	starts: readonly number[]
	/** Everything it covers was seen only in start phases: its unit is the start, not the hour. */
	startOnly: boolean
	/** In how many hours it was seen, or a lower bound of that; for the coverage alone. */
	hourCount?: number
}

/** The item of a rule that covers these behaviours. */
export function itemOf(covers: readonly BehaviourState[]): Item {
	const first = covers[0]
	if (first && covers.length === 1) {
		const { hours, starts, startOnly, hourCount } = first
		return { hours, starts, startOnly, hourCount }
	}
	return {
		hours: smallest(covers, (state) => state.hours, 3),
		starts: smallest(covers, (state) => state.starts, 2),
		startOnly: covers.every((state) => state.startOnly),
		hourCount: covers.reduce((most, state) => Math.max(most, state.hourCount), 0)
	}
}

/** What was known after the first `exposedHours` hours of the exposure. */
export interface HistoryPoint {
	/** T. */
	exposedHours: number
	/** Hours that carry an item seen in that hour only. Items of start phases are left out here and below. */
	M1: number
	/** Items seen in one hour, in two. */
	Q1: number
	Q2: number
	/** All items, those of start phases too. */
	S: number
	/** Hours in which an item was first seen, among the last half, 24 and 72 exposed hours. */
	kHalf: number
	k24: number
	k72: number
	/** Exposed hours since the last of these; all of them when there was none. */
	quietHours: number
	/** Starts seen, and starts that carry an item seen in no other start. */
	startCount: number
	M1s: number
	/** R_sch within the horizon. */
	scheduleRisk: number
}

/** That a start within the horizon brings something new; expected are as many starts as there were so far. */
export function startRisk({ M1s, startCount, exposedHours }: HistoryPoint, horizonHours: number): number {
	const expected = (startCount / Math.max(1, exposedHours)) * horizonHours
	return 1 - (1 - (M1s + 0.5) / (startCount + 1)) ** expected
}

export interface History {
	/** One for each time asked for. */
	points: HistoryPoint[]
	/** After all hours of the exposure. */
	now: HistoryPoint
	/** R_sch within the hour after now, and what periods the risk within the horizon is made of. */
	scheduleRiskNextHour: number
	unseenPeriods: UnseenPeriod[]
}

/**
 * Replays what was known hour by hour, from the smallest two or three hours of each item alone: at any
 * time an item had been seen never, once, twice or more often, and these say when that changed.
 * A sighting in an hour that does not count as exposed is known from the next exposed hour on.
 * `askedHours` are numbers of exposed hours, ascending.
 */
export function historyOf(
	items: readonly Item[],
	exposure: Exposure,
	facts: ScheduleFacts,
	horizonHours: number,
	askedHours: readonly number[] = []
): History {
	const hours = exposure.hours
	const length = hours.length
	const positionOf = (hour: number) => Math.min(length, countBelow(hours, hour) + 1)
	const positionOfStart = (atMs: number) => positionOf(Math.floor(atMs / MS_PER_HOUR))

	const steady = items.filter((item) => !item.startOnly && item.hours.length > 0)
	const seenOnce = createTally(length)
	const seenTwice = createTally(length)
	for (const { hours: seen } of steady) {
		const [first, second, third] = [seen[0], seen[1], seen[2]].map((hour) =>
			hour === undefined ? length + 1 : positionOf(hour)
		)
		seenOnce.add(first ?? 0, second ?? 0)
		seenTwice.add(second ?? 0, third ?? 0)
	}
	const unique = createTally(length)
	const novel = createTally(length)
	const isNovelAt = new Uint8Array(length + 1)
	for (const [hour, until] of uniqueSpans(steady, (item) => item.hours)) {
		const at = positionOf(hour)
		unique.add(at, until === undefined ? length + 1 : positionOf(until))
		novel.add(at, length + 1)
		isNovelAt[at] = 1
	}
	const uniqueStarts = createTally(length)
	const ofStarts = items.filter((item) => item.startOnly && item.starts.length > 0)
	for (const [start, until] of uniqueSpans(ofStarts, (item) => item.starts)) {
		uniqueStarts.add(positionOfStart(start), until === undefined ? length + 1 : positionOfStart(until))
	}
	const starts = createTally(length)
	for (const start of exposure.starts) starts.add(positionOfStart(start), length + 1)
	const known = createTally(length)
	for (const { hours: seen, starts: startedAt } of items) {
		const at = seen[0] !== undefined ? positionOf(seen[0]) : positionOfStart(startedAt[0] ?? 0)
		known.add(at, length + 1)
	}

	const [M1, Q1, Q2, S] = [unique.sums(), seenOnce.sums(), seenTwice.sums(), known.sums()]
	const [N, startCount, M1s] = [novel.sums(), starts.sums(), uniqueStarts.sums()]
	const lastNovel = new Int32Array(length + 1)
	for (let t = 1; t <= length; t++) lastNovel[t] = isNovelAt[t] ? t : (lastNovel[t - 1] ?? 0)

	const schedule = createScheduleRisk(exposure, facts)
	const pointAt = (t: number): HistoryPoint => {
		const novelSince = (window: number) => (N[t] ?? 0) - (N[Math.max(0, t - window)] ?? 0)
		return {
			exposedHours: t,
			M1: M1[t] ?? 0,
			Q1: Q1[t] ?? 0,
			Q2: Q2[t] ?? 0,
			S: S[t] ?? 0,
			kHalf: novelSince(Math.floor(t / 2)),
			k24: novelSince(24),
			k72: novelSince(72),
			quietHours: t - (lastNovel[t] ?? 0),
			startCount: startCount[t] ?? 0,
			M1s: Math.min(M1s[t] ?? 0, startCount[t] ?? 0),
			scheduleRisk: schedule.after(t, horizonHours)
		}
	}
	const points = askedHours.map(pointAt)
	return {
		points,
		now: pointAt(length),
		scheduleRiskNextHour: schedule.after(length, 1),
		unseenPeriods: schedule.unseenAfter(length, horizonHours)
	}
}

const MS_PER_HOUR = 3_600_000

/** For each unit in which some item was first seen: until which unit one of these was seen nowhere else. */
function uniqueSpans(
	items: readonly Item[],
	units: (item: Item) => readonly number[]
): Map<number, number | undefined> {
	const spans = new Map<number, number | undefined>()
	for (const item of items) {
		const [first, second] = units(item)
		if (first === undefined) continue
		const until = spans.get(first)
		if (!spans.has(first)) spans.set(first, second)
		else if (until !== undefined) spans.set(first, second === undefined ? undefined : Math.max(until, second))
	}
	return spans
}

/** Counts how many intervals [from, to) hold each t of 0…length. */
function createTally(length: number): { add(from: number, to: number): void; sums(): Int32Array } {
	const steps = new Int32Array(length + 2)
	return {
		add(from, to) {
			if (to <= from) return
			steps[from] = (steps[from] ?? 0) + 1
			steps[to] = (steps[to] ?? 0) - 1
		},
		sums() {
			for (let t = 1; t < steps.length; t++) steps[t] = (steps[t] ?? 0) + (steps[t - 1] ?? 0)
			return steps
		}
	}
}

function smallest(
	covers: readonly BehaviourState[],
	units: (state: BehaviourState) => readonly number[],
	max: number
): number[] {
	const all: number[] = []
	for (const state of covers) for (const unit of units(state)) all.push(unit)
	return [...new Set(all)].sort((a, b) => a - b).slice(0, max)
}

/** How many of the ascending numbers are smaller. */
function countBelow(numbers: readonly number[], limit: number): number {
	let low = 0
	let high = numbers.length
	while (low < high) {
		const middle = (low + high) >> 1
		if ((numbers[middle] ?? 0) < limit) low = middle + 1
		else high = middle
	}
	return low
}
