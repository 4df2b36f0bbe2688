import type { Sighted } from './exact.js'

/** The start phase lasts ten minutes at most (learning by phases: booting and running differ). */
export const START_PHASE_MS = 600_000

/** Sources tell the time of a start and of a sighting apart by at most this much. */
const SLACK_MS = 5_000
const MS_PER_HOUR = 3_600_000

/** What one day row says about starts. */
export interface PhaseOfRow {
	/** Starts (UTC ms) in whose phase it was seen; of more than two, the smallest. */
	starts: readonly number[]
	/** Nothing in the row speaks for a sighting outside a start phase. */
	only: boolean
}

export interface StartPhases {
	of(row: Pick<Sighted, 'day' | 'firstMs' | 'lastMs'>, mask: number): PhaseOfRow
}

const OUTSIDE: PhaseOfRow = { starts: [], only: false }

/**
 * Attributes day rows to starts. A row knows its first and last time and its hours, no more: it counts as
 * seen only in start phases when its first and its last time lie in one, and every hour between holds one.
 * A time belongs to the latest start before it, so that overlapping starts of replicas do not make one
 * sighting look like two.
 */
export function createStartPhases(startsMs: readonly number[], phaseMs: number): StartPhases {
	const starts = [...new Set(startsMs)].sort((a, b) => a - b)
	const startOf = (atMs: number): number | undefined => {
		const start = starts[countUpTo(starts, atMs + SLACK_MS) - 1]
		return start !== undefined && atMs <= start + phaseMs ? start : undefined
	}
	return {
		of({ day, firstMs, lastMs }, mask) {
			const first = startOf(firstMs)
			const last = startOf(lastMs)
			if (first === undefined && last === undefined) return OUTSIDE
			const ends =
				first === undefined || last === undefined || first === last ? [first ?? last ?? 0] : [first, last]
			if (first === undefined || last === undefined) return { starts: ends, only: false }
			const between = hoursBetween(mask)
			if (between === 0) return { starts: ends, only: true }
			const more = startsDuring(starts, day, between, phaseMs)
			return more ? { starts: [...ends, ...more], only: true } : { starts: ends, only: false }
		}
	}
}

/**
 * How long the start phase of one start lasted: until its rate of first sights has halved twice, ten
 * minutes at most. Rates are taken in half minutes, from the first one that saw anything new.
 */
export function startPhaseMs(startMs: number, firstSightsMs: readonly number[]): number {
	const counts = new Array<number>(START_PHASE_MS / STEP_MS).fill(0)
	for (const atMs of firstSightsMs) {
		const step = Math.floor((atMs - startMs) / STEP_MS)
		if (step >= 0 && step < counts.length) counts[step] = (counts[step] ?? 0) + 1
	}
	let peak = 0
	for (const [step, count] of counts.entries()) {
		peak = Math.max(peak, count)
		if (peak > 0 && count * 4 <= peak) return step * STEP_MS
	}
	return START_PHASE_MS
}

const STEP_MS = 30_000

/** The mask without its first and its last hour. */
function hoursBetween(mask: number): number {
	return mask & (mask - 1) & ~(1 << (31 - Math.clz32(mask)))
}

/** The first two starts whose phases reach into these hours; null when some hour has none. */
function startsDuring(
	starts: readonly number[],
	day: number,
	mask: number,
	phaseMs: number
): number[] | null {
	const found: number[] = []
	for (let rest = mask; rest !== 0; rest &= rest - 1) {
		const fromMs = (day * 24 + 31 - Math.clz32(rest & -rest)) * MS_PER_HOUR
		const index = countUpTo(starts, fromMs - phaseMs - 1)
		const start = starts[index]
		if (start === undefined || start >= fromMs + MS_PER_HOUR) return null
		if (found.length < 2 && found.at(-1) !== start) found.push(start)
	}
	return found
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
	let low = 0
	let high = numbers.length
	while (low < high) {
		const middle = (low + high) >> 1
		if ((numbers[middle] ?? 0) <= limit) low = middle + 1
		else high = middle
	}
	return low
}
