import type { Class } from '../../collector/observation.js'
import type { HistoryPoint } from './history.js'
import { periodText, type UnseenPeriod } from './schedule.js'

/** Requirements besides the risk (learning: "Decision per dimension"). */
export const REQUIRED_HOURS = 48
export const REQUIRED_STARTS = 3
export const REQUIRED_STREAK_HOURS = 24
export const DROP_RATE_MAX = 0.001

/** What a decision is held against. */
export interface Requirements {
	/** The class, for the sentences. */
	of: Class
	/** The risk at which it counts as ready. */
	tau: number
	/** Held behaviours on highly sensitive objects that wait for an answer. */
	heldSensitiveCount: number
	/** Share of events that were lost. */
	dropRate: number
	/** Some directory, port range or set of names held too many to keep them. */
	capped?: boolean
}

/** What is known of a class at the moment of the decision. */
export interface Standing {
	now: HistoryPoint
	unseenPeriods: readonly UnseenPeriod[]
	risk24: number
	/** For how many exposed hours, up to now, the risk was within the threshold; at most 24. */
	streak: number
	openEnded: boolean
	horizonHours: number
}

/** Everything that stands between a class and enforcement, as sentences; nothing when nothing does. */
export function blockersOf(standing: Standing, options: Requirements): string[] {
	const { now, unseenPeriods, risk24, streak, openEnded, horizonHours } = standing
	const T = now.exposedHours
	const tooRisky = risk24 > options.tau
	const blockers: string[] = []
	if (T < REQUIRED_HOURS) blockers.push(`${T} of ${hours(REQUIRED_HOURS)} watched.`)
	if (now.startCount < REQUIRED_STARTS) blockers.push(`${now.startCount} of ${REQUIRED_STARTS} starts seen.`)
	if (tooRisky) {
		blockers.push(
			`A new behaviour within ${hours(horizonHours)}: ${percent(risk24)}; at most ${percent(options.tau)} is accepted.`
		)
	} else if (streak < REQUIRED_STREAK_HOURS) {
		blockers.push(`The risk has been low enough for ${streak} of ${hours(REQUIRED_STREAK_HOURS)}.`)
	}
	for (const period of unseenPeriods) {
		if (isAwaited(period) || (tooRisky && period.risk >= 0.01)) blockers.push(unseenSentence(period))
	}
	if (options.heldSensitiveCount > 0) {
		const count = options.heldSensitiveCount
		blockers.push(
			`${count} held ${count === 1 ? 'behaviour' : 'behaviours'} on sensitive objects ${count === 1 ? 'waits' : 'wait'} for an answer.`
		)
	}
	if (options.dropRate >= DROP_RATE_MAX) {
		blockers.push(
			`${percent(options.dropRate)} of its events were lost; ${percent(DROP_RATE_MAX)} is the limit.`
		)
	}
	if (options.capped) {
		blockers.push(`Its set of ${SETS[options.of]} is open-ended: there are too many to keep them all.`)
	} else if (openEnded && blockers.length > 0) {
		blockers.push(
			`Its set of ${SETS[options.of]} is open-ended: of the last ${hours(Math.floor(T / 2))} watched, ${now.kHalf} brought something new.`
		)
	}
	return blockers
}

/** `weekly jobs not yet seen: 103 of 168 hours watched`; a declared period says who declares it. */
export function unseenSentence({ periodHours, declaredBy, watchedHours }: UnseenPeriod): string {
	const watched = `${watchedHours} of ${hours(periodHours)} watched`
	if (declaredBy === '') return `${capital(periodText(periodHours))} jobs not yet seen: ${watched}.`
	return `${declaredBy} runs ${periodText(periodHours)} and one whole period has not been watched: ${watched}.`
}

/** Open-ended is only said after a week, of what is still likely to bring something new, and often did. */
const OPEN_ENDED_HOURS_MIN = 168
const OPEN_ENDED_NOVEL_MIN = 8
const OPEN_ENDED_RISK_MIN = 0.5

/**
 * `half` is the point after half the hours. True when novelty does not dry up: as many hours with something new in the last half of the time watched
 * as in the quarter before. A set that is being exhausted brings fewer and fewer; one whose new members
 * come ever more slowly, but never end, brings as many in each doubling.
 */
export function isOpenEnded(half: HistoryPoint, now: HistoryPoint, risk24: number): boolean {
	if (now.exposedHours < OPEN_ENDED_HOURS_MIN || risk24 < OPEN_ENDED_RISK_MIN) return false
	return now.kHalf >= OPEN_ENDED_NOVEL_MIN && now.kHalf >= half.kHalf
}

/** A declared schedule of at most a month is waited for; a yearly one only adds to the risk. */
const AWAITED_HOURS_MAX = 768

function isAwaited({ declaredBy, periodHours }: UnseenPeriod): boolean {
	return declaredBy !== '' && periodHours <= AWAITED_HOURS_MAX
}

const SETS: Readonly<Record<Class, string>> = {
	process: 'programs',
	'file-read': 'files that it reads',
	'file-write': 'files that it writes',
	network: 'network peers',
	privilege: 'privileges'
}

function hours(count: number): string {
	return count === 1 ? '1 hour' : `${count} hours`
}

/** `3.2 %`, `12 %`, `less than 0.1 %`. */
export function percent(share: number): string {
	const hundredths = share * 100
	if (hundredths > 0 && hundredths < 0.1) return 'less than 0.1 %'
	return `${hundredths < 9.95 ? Number(hundredths.toFixed(1)) : Math.round(hundredths)} %`
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1)
}
