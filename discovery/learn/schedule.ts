import { compareText } from '../behaviour.js'
import { cronPeriodHours, spanHours, timerPeriodHours } from './calendar.js'
import { blindHours } from './exposure.js'
import type { Exposure } from './state.js'

/** How often a workload may act without having been seen to: the input of the schedule risk. */
export interface ScheduleFacts {
	/** Sorted by period, each period once. */
	periods: SchedulePeriod[]
}

export interface SchedulePeriod {
	periodHours: number
	/** Probability that a job of this period exists; 1 when something declares it. */
	probability: number
	/** What declares it, as a person would say it; '' when only the fleet's experience speaks for it. */
	declaredBy: string
}

/** What declares schedules: a CronJob's `spec.schedule`, a timer's settings, programs seen to be executed. */
export interface Declarations {
	crons: readonly { schedule: string; by: string }[]
	timers: readonly { onCalendar?: readonly string[]; onUnitActiveSec?: string; by: string }[]
	/** Paths of executed programs. */
	execs: Iterable<string>
}

/** Start values of the fleet's experience (learning: daily .6, weekly .3, monthly .15). */
export const PERIOD_PRIORS: ReadonlyMap<number, number> = new Map([
	[24, 0.6],
	[168, 0.3],
	[720, 0.15]
])

/**
 * Programs that run others by a schedule of their own. Where that schedule is not known, the periods of
 * their stock configuration: Debian's crontab and anacrontab run daily and weekly jobs, logrotate and
 * certbot run daily.
 */
const SCHEDULERS = new Map<string, readonly number[]>([
	['cron', [24, 168]],
	['crond', [24, 168]],
	['fcron', [24, 168]],
	['anacron', [24, 168]],
	['supercronic', [24]],
	['logrotate', [24]],
	['certbot', [24]]
])

/** The facts, and a sentence for every declaration that could not be read. */
export function scheduleFacts(
	declarations: Declarations,
	priors: ReadonlyMap<number, number> = PERIOD_PRIORS
): { facts: ScheduleFacts; problems: string[] } {
	const declared = new Map<number, string>()
	const problems: string[] = []
	const declare = (periodHours: number | null, by: string, text: string) => {
		if (periodHours === null) problems.push(`${by}: the schedule ${JSON.stringify(text)} cannot be read.`)
		else if (compareText(by, declared.get(periodHours) ?? '\uffff') < 0) declared.set(periodHours, by)
	}
	for (const { schedule, by } of declarations.crons) declare(cronPeriodHours(schedule), by, schedule)
	for (const { onCalendar = [], onUnitActiveSec, by } of declarations.timers) {
		for (const text of onCalendar) declare(timerPeriodHours(text), by, text)
		if (onUnitActiveSec !== undefined) declare(spanHours(onUnitActiveSec), by, onUnitActiveSec)
	}
	for (const program of new Set(declarations.execs)) {
		const name = program.slice(program.lastIndexOf('/') + 1)
		for (const periodHours of SCHEDULERS.get(name) ?? []) declare(periodHours, name, '')
	}
	const periods = [...new Set([...priors.keys(), ...declared.keys()])].sort((a, b) => a - b)
	return {
		facts: {
			periods: periods.map((periodHours) => ({
				periodHours,
				probability: declared.has(periodHours) ? 1 : (priors.get(periodHours) ?? 0),
				declaredBy: declared.get(periodHours) ?? ''
			}))
		},
		problems: problems.sort(compareText)
	}
}

/**
 * The fleet's experience: of the workloads that were watched for long enough, the share in which a job of
 * the period was first seen after half of it. The start value weighs as much as twenty workloads.
 */
export function priorsOf(
	finished: readonly { watchedHours: number; late: readonly number[] }[]
): Map<number, number> {
	const priors = new Map<number, number>()
	for (const [period, start] of PERIOD_PRIORS) {
		const long = finished.filter(({ watchedHours }) => watchedHours >= 2 * period)
		const late = long.filter((workload) => workload.late.includes(period)).length
		priors.set(period, (late + PRIOR_WEIGHT * start) / (long.length + PRIOR_WEIGHT))
	}
	return priors
}

const PRIOR_WEIGHT = 20

/**
 * The period of a behaviour seen in these hours: at least three, and every gap within a tenth of 1, 6, 12,
 * 24 or 168 hours; the smallest that fits, null when none does. It explains a behaviour; the schedule risk
 * needs nothing from it, because whoever was seen three times with period p was watched for two of them.
 */
export function periodOf(hours: readonly number[]): number | null {
	if (hours.length < 3) return null
	const gaps = hours.slice(1).map((hour, i) => hour - (hours[i] ?? hour))
	return PERIODS.find((period) => gaps.every((gap) => Math.abs(gap - period) <= 0.1 * period)) ?? null
}

const PERIODS = [1, 6, 12, 24, 168]

/** A period of which not every phase has been watched yet. */
export interface UnseenPeriod extends SchedulePeriod {
	/** Of `periodHours`, how many phases were watched. */
	watchedHours: number
	/** Probability that an unseen job of this period acts within the horizon. */
	risk: number
}

/** Must be asked in ascending order of exposed hours. */
export interface ScheduleRisk {
	/** R_sch: that some unseen job acts within the horizon. */
	after(exposedHours: number, horizonHours: number): number
	/** The periods that it is made of, sorted. */
	unseenAfter(exposedHours: number, horizonHours: number): UnseenPeriod[]
}

/**
 * A job of period p, at a phase that may be any, would have been seen if it falls into a watched phase. By
 * Bayes, x_p = π·(phases of the next hours not watched)/p ÷ (π·(1 − watched/p) + 1 − π). Watched without
 * interruption these are min(H, p − T) and T. Calendar hours count from the first exposed one: when the
 * workload did not run, no job of it ran; blind hours leave their phase open.
 */
export function createScheduleRisk(exposure: Exposure, facts: ScheduleFacts): ScheduleRisk {
	const isBlind = blindHours(exposure)
	let open = facts.periods.map((period) => ({
		period,
		watched: new Uint8Array(period.periodHours),
		watchedCount: 0
	}))
	let next = exposure.hours[0] ?? 0
	let now = next - 1
	const watchUntil = (exposedHours: number) => {
		now = exposure.hours[exposedHours - 1] ?? now
		for (; next <= now && open.length > 0; next++) {
			if (isBlind(next)) continue
			for (const phase of open) {
				const at = next % phase.period.periodHours
				phase.watchedCount += 1 - (phase.watched[at] ?? 1)
				phase.watched[at] = 1
			}
			if (open.some(isWhole)) open = open.filter((phase) => !isWhole(phase))
		}
	}
	const isWhole = ({ period, watchedCount }: (typeof open)[number]) => watchedCount === period.periodHours
	const riskOf = ({ period, watched, watchedCount }: (typeof open)[number], horizonHours: number) => {
		const { periodHours, probability } = period
		let due = 0
		const ahead = Math.min(horizonHours, periodHours)
		for (let hour = 1; hour <= ahead; hour++) due += 1 - (watched[(now + hour) % periodHours] ?? 1)
		const unwatched = 1 - watchedCount / periodHours
		// Rounding may carry the certain case past one.
		return Math.min(1, (probability * (due / periodHours)) / (probability * unwatched + 1 - probability))
	}
	return {
		after(exposedHours, horizonHours) {
			watchUntil(exposedHours)
			let none = 1
			for (const phase of open) none *= 1 - riskOf(phase, horizonHours)
			return 1 - none
		},
		unseenAfter(exposedHours, horizonHours) {
			watchUntil(exposedHours)
			return open.map((phase) => ({
				...phase.period,
				watchedHours: phase.watchedCount,
				risk: riskOf(phase, horizonHours)
			}))
		}
	}
}

/** A period in words: `hourly`, `daily`, `weekly`, `monthly`, else `every 3 days` or `every 5 hours`. */
export function periodText(periodHours: number): string {
	const named = NAMED_PERIODS.get(periodHours)
	if (named) return named
	return periodHours % 24 === 0 ? `every ${periodHours / 24} days` : `every ${periodHours} hours`
}

const NAMED_PERIODS = new Map([
	[1, 'hourly'],
	[24, 'daily'],
	[168, 'weekly'],
	[720, 'monthly'],
	[744, 'monthly']
])
