import { poissonTail } from './exact-tests.js'
import { visibleHours } from './exposed.js'
import type { Exposure } from './state.js'

/** No class is trusted to be quieter than one novel hour in thirty days. */
const RATE_MIN = 1 / 720
/** A burst this unlikely pauses promotion. */
const TAIL_MIN = 1e-3
/** The burst test looks at as many watched hours, and at all since maturity. */
const BURST_HOURS = 24
/** CUSUM looks for a rate five times the reference; 6.9 = ln 1000 keeps false alarms about as rare as the tail's. */
const CUSUM_FACTOR = 5
const CUSUM_ALARM = 6.9

export interface Drift {
	alarm: boolean
	/** `burst`: much that is new at once; `slow`: a little that is new, again and again. */
	kind: '' | 'burst' | 'slow'
	/** The hour in which the alarm was first due; null without one. */
	sinceHour: number | null
	/** Novel hours and watched hours since maturity, and how many novel ones were expected. */
	novelCount: number
	watchedCount: number
	expectedCount: number
	/** P(as many or more) in the worse of both windows. */
	tail: number
	cusum: number
	/** One sentence for people. */
	text: string
}

/**
 * Whether a workload that was mature in one class does new things again more often than it did when
 * its policy was made: a Poisson tail for bursts, a CUSUM for slow change.
 *
 * `novelHours` are hours since maturity with at least one behaviour that no rule covered, in any order.
 * `rate` is the novelty per hour at maturity. Novelty counts wherever it was seen; the silence of lossy
 * and censored hours does not.
 */
export function driftOf(
	novelHours: readonly number[],
	exposure: Exposure,
	mature: { sinceHour: number; rate: number }
): Drift {
	const rate = Math.max(mature.rate, RATE_MIN)
	const novel = new Set(novelHours.filter((hour) => hour > mature.sinceHour))
	const watched = new Set([
		...novel,
		...visibleHours(exposure).hours.filter((hour) => hour > mature.sinceHour)
	])
	const hours = [...watched].sort((a, b) => a - b)

	let cusum = 0
	let novelCount = 0
	let tail = 1
	let sinceHour: number | null = null
	let kind: Drift['kind'] = ''
	const recent: boolean[] = []
	let recentCount = 0
	hours.forEach((hour, index) => {
		const isNovel = novel.has(hour)
		novelCount += Number(isNovel)
		recent.push(isNovel)
		recentCount += Number(isNovel) - Number(recent[index - BURST_HOURS] === true)
		cusum = cusumStep(cusum, Number(isNovel), rate)
		if (!isNovel || kind !== '') return
		const window = Math.min(index + 1, BURST_HOURS)
		const least = Math.min(
			poissonTail(recentCount, rate * window),
			poissonTail(novelCount, rate * (index + 1))
		)
		tail = Math.min(tail, least)
		if (least >= TAIL_MIN && cusum <= CUSUM_ALARM) return
		kind = least < TAIL_MIN ? 'burst' : 'slow'
		sinceHour = hour
	})
	const expectedCount = rate * hours.length
	return {
		alarm: kind !== '',
		kind,
		sinceHour,
		novelCount,
		watchedCount: hours.length,
		expectedCount,
		tail,
		cusum,
		text: textOf(kind, novelCount, hours.length, expectedCount)
	}
}

/** One hour of a CUSUM for Poisson counts: S ← max(0, S + k·ln q − λ(q − 1)). */
export function cusumStep(sum: number, novelCount: number, rate: number): number {
	return Math.max(0, sum + novelCount * Math.log(CUSUM_FACTOR) - rate * (CUSUM_FACTOR - 1))
}

function textOf(
	kind: Drift['kind'],
	novelCount: number,
	watchedCount: number,
	expectedCount: number
): string {
	const seen = `something new in ${novelCount} of ${watchedCount} watched hours since it was ready, where ${expectedCount.toFixed(1)} were expected`
	if (kind === 'burst') return `It changed: ${seen}, and many of them close together; promotion is paused.`
	if (kind === 'slow') return `It is changing slowly: ${seen}; promotion is paused.`
	return `As it was: ${seen}.`
}
