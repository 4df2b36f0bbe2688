import type { Exposure } from '../learn/state.js'

/** Why a history says nothing about an interval. */
export type Blindness = 'gap' | 'lossy' | 'censored' | 'unwatched'

export interface Blind {
	fromMs: number
	toMs: number
	kind: Blindness
	/** The gap's reason; '' for the others. */
	reason: string
}

/** What of a span of time the history of one workload can speak for. */
export interface Sight {
	/** Whole clock hours in which it ran, was watched, and little was lost. */
	watchedHours: number
	lossyHours: number
	censoredHours: number
	/** Neither watched nor in a gap: it did not run, or nobody looked. */
	unwatchedHours: number
	/** By start. */
	blind: Blind[]
}

const HOUR_MS = 3_600_000

/** The blind intervals between two times, and the hours of each kind; an hour in a gap is of no other kind. */
export function sightOf(exposure: Exposure, fromMs: number, toMs: number): Sight {
	const fromHour = Math.floor(fromMs / HOUR_MS)
	const toHour = Math.ceil(toMs / HOUR_MS)
	const within = (hour: number) => hour >= fromHour && hour < toHour
	const watched = exposure.hours.filter(within)
	const lossy = exposure.lossyHours.filter(within)
	const censored = exposure.censoredHours.filter(within)
	const gaps = exposure.gaps.filter((gap) => gap.toMs > fromMs && gap.fromMs < toMs)
	const known = new Set([...watched, ...lossy, ...censored, ...hoursIn(gaps, fromHour, toHour)])
	const unwatched: number[] = []
	for (let hour = fromHour; hour < toHour; hour++) if (!known.has(hour)) unwatched.push(hour)
	const blind = [
		...gaps.map((gap) => ({
			fromMs: Math.max(gap.fromMs, fromMs),
			toMs: Math.min(gap.toMs, toMs),
			kind: 'gap' as const,
			reason: gap.reason
		})),
		...runsOf(lossy, 'lossy'),
		...runsOf(censored, 'censored'),
		...runsOf(unwatched, 'unwatched')
	]
	return {
		watchedHours: watched.length,
		lossyHours: lossy.length,
		censoredHours: censored.length,
		unwatchedHours: unwatched.length,
		blind: blind.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs || (a.kind < b.kind ? -1 : 1))
	}
}

function hoursIn(
	gaps: readonly { fromMs: number; toMs: number }[],
	fromHour: number,
	toHour: number
): Set<number> {
	const hours = new Set<number>()
	for (const gap of gaps) {
		const last = Math.min(toHour - 1, Math.floor(gap.toMs / HOUR_MS))
		for (let hour = Math.max(fromHour, Math.floor(gap.fromMs / HOUR_MS)); hour <= last; hour++)
			hours.add(hour)
	}
	return hours
}

function runsOf(hours: readonly number[], kind: Blindness): Blind[] {
	const runs: Blind[] = []
	for (const hour of hours) {
		const last = runs.at(-1)
		const fromMs = hour * HOUR_MS
		if (last && last.toMs === fromMs) last.toMs += HOUR_MS
		else runs.push({ fromMs, toMs: fromMs + HOUR_MS, kind, reason: '' })
	}
	return runs
}
