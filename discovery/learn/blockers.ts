import type { Class } from '../../collector/observation.js'
import type { HistoryPoint } from './history.js'
import { periodText, type UnseenPeriod } from './schedule.js'

/** Requirements besides the risk (learning: "Decision per dimension"). */
export const REQUIRED_STARTS = 3
export const REQUIRED_STREAK_HOURS = 24
/**
 * Hours watched since anything new, in rule space. No estimate beats it at its own price (docs/learning.md),
 * and it needs none to be believed: what an estimate adds is not to stop waiting too early.
 */
export const REQUIRED_QUIET_HOURS = 168
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
	/** Hours watched without anything new that are asked for; `REQUIRED_QUIET_HOURS` unless told. */
	quietHours?: number
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

/** What stands between a class and enforcement. */
export interface Blockers {
	/** Sentences; none when nothing does. */
	sentences: string[]
	/** Everything but the risk would let it pass: such hours are those at which a threshold can be tried. */
	onlyRisk: boolean
}

/** Everything that stands between a class and enforcement, as sentences; nothing when nothing does. */
export function blockersOf(standing: Standing, options: Requirements): Blockers {
	const { now, unseenPeriods, risk24, streak, openEnded, horizonHours } = standing
	const T = now.exposedHours
	const { capped, heldSensitiveCount: held, of, dropRate, tau, quietHours = REQUIRED_QUIET_HOURS } = options
	const sentences: string[] = []
	if (now.startCount < REQUIRED_STARTS) sentences.push(`${now.startCount} of ${REQUIRED_STARTS} starts seen.`)
	if (now.quietHours < quietHours)
		sentences.push(`Nothing new for ${now.quietHours} of ${hours(quietHours)}.`)
	for (const period of unseenPeriods) if (isAwaited(period)) sentences.push(unseenSentence(period))
	if (held > 0) {
		const waiting =
			held === 1 ? 'behaviour on a sensitive object waits' : 'behaviours on sensitive objects wait'
		sentences.push(`${held} held ${waiting} for an answer.`)
	}
	if (dropRate >= DROP_RATE_MAX)
		sentences.push(`${percent(dropRate)} of its events were lost; ${percent(DROP_RATE_MAX)} is the limit.`)
	if (capped) sentences.push(`Its set of ${SETS[of]} is open-ended: there are too many to keep them all.`)
	const onlyRisk = sentences.length === 0

	if (risk24 > tau) {
		const accepted = `at most ${percent(tau)} is accepted`
		sentences.push(`A new behaviour within ${hours(horizonHours)}: ${percent(risk24)}; ${accepted}.`)
		for (const period of unseenPeriods)
			if (!isAwaited(period) && period.risk >= 0.01) sentences.push(unseenSentence(period))
	} else if (streak < REQUIRED_STREAK_HOURS) {
		sentences.push(`The risk has been low enough for ${streak} of ${hours(REQUIRED_STREAK_HOURS)}.`)
	}
	if (openEnded && !capped && sentences.length > 0) {
		const novel = `of the last ${hours(Math.floor(T / 2))} watched, ${now.kHalf} brought something new`
		sentences.push(`Its set of ${SETS[of]} is open-ended: ${novel}.`)
	}
	return { sentences, onlyRisk }
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
