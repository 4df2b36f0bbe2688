import type { Rule } from '../policy.js'
import { hoursOfDaily } from './daily.js'
import { visibleHours } from './exposed.js'
import { periodOf } from './schedule.js'
import type { BehaviourState, Exposure } from './state.js'

/** A rule in force, with what it covers of what was seen. */
export interface RuleUse {
	rule: Rule
	covers: readonly BehaviourState[]
	/** The latest UTC day on which any other workload of the image used it; -1 when none ever did. */
	peersLastDay: number
}

/** A proposal to a person; nothing is ever removed by itself. */
export interface Removal {
	rule: Rule
	lastHour: number
	/** Hours since in which a use would have been seen, and how many of them it takes. */
	unusedHours: number
	neededHours: number
	/** One sentence for people. */
	reason: string
}

/** Thirty days. */
const UNUSED_HOURS = 720
const GAPS = 3
/** What was seen on fewer days than this cannot be told from a monthly job: two firings must stay out. */
const TELLING_DAYS = 3
const MONTHLY_HOURS = 62 * 24
/** What happens only at starts had its chance only at starts. */
const STARTS = 3
const MS_PER_HOUR = 3_600_000

/**
 * Rules that were not used for thirty days and three times their own longest pause, counted in hours
 * in which a use would have been seen: watched, with little loss, and with nothing in between that hides
 * what it permits. Under KubeArmor alone there are no such hours, and nothing is ever proposed.
 *
 * Never proposed: what comes once a week or once a month, by its own rhythm or a declared schedule;
 * what peers of the image still use; what exec itself implies; denials.
 */
export function proposeRemovals(
	uses: readonly RuleUse[],
	exposure: Exposure,
	{ nowHour, declaredPeriods = [] }: { nowHour: number; declaredPeriods?: readonly number[] }
): Removal[] {
	const visible = visibleHours(exposure)
	const rare = declaredPeriods.filter((period) => period >= WEEKLY_HOURS)
	return uses.flatMap(({ rule, covers, peersLastDay }) => {
		if (rule.effect !== 'allow' || covers.length === 0 || covers.some((state) => state.required)) return []
		const lastHour = Math.max(...covers.map((state) => state.lastHour))
		const unusedHours = visible.countAfter(lastHour)
		if (unusedHours < UNUSED_HOURS) return []
		const firings = firingsOf(covers)
		const neededHours = neededOf(covers, firings)
		if (unusedHours < neededHours) return []
		if (isRare(firings) || isDeclared(firings, rare)) return []
		if (peersLastDay >= 0 && (peersLastDay + 1) * 24 > nowHour - neededHours) return []
		if (covers.every((state) => state.startOnly) && startsAfter(exposure, visible.hours, lastHour) < STARTS)
			return []
		const days = Math.floor(unusedHours / 24)
		const reason = `Not used in ${days} watched days (${unusedHours} hours), longer than it ever paused; whoever knows what it was for should say whether it can go.`
		return [{ rule, lastHour, unusedHours, neededHours, reason }]
	})
}

const WEEKLY_HOURS = 168

/** First hours of its runs of neighbouring hours: a job that takes three hours fires once. */
function firingsOf(covers: readonly BehaviourState[]): number[] {
	const hours = [...new Set(covers.flatMap((state) => [...hoursOfDaily(state.daily), ...state.hours]))]
	hours.sort((a, b) => a - b)
	return hours.filter((hour, index) => index === 0 || hour - (hours[index - 1] ?? hour) > 2)
}

function neededOf(covers: readonly BehaviourState[], firings: readonly number[]): number {
	const days = new Set(covers.flatMap((state) => state.days)).size
	let largestGap = 0
	for (let i = 1; i < firings.length; i++) {
		largestGap = Math.max(largestGap, (firings[i] ?? 0) - (firings[i - 1] ?? 0))
	}
	return Math.max(days < TELLING_DAYS ? MONTHLY_HOURS : UNUSED_HOURS, GAPS * largestGap)
}

/** Weekly, or about monthly: three firings or more, each pause within a tenth. */
function isRare(firings: readonly number[]): boolean {
	if (firings.length < 3) return false
	const period = periodOf(firings)
	if (period !== null) return period >= WEEKLY_HOURS
	return firings.slice(1).every((hour, index) => {
		const pause = hour - (firings[index] ?? hour)
		return pause >= 0.9 * 720 && pause <= 1.1 * 744
	})
}

/** Fits a declared schedule that fires once a week or less: every pause is about a multiple of it. */
function isDeclared(firings: readonly number[], periods: readonly number[]): boolean {
	return periods.some((period) =>
		firings.slice(1).every((hour, index) => {
			const turns = (hour - (firings[index] ?? hour)) / period
			return Math.round(turns) >= 1 && Math.abs(turns - Math.round(turns)) <= 0.1
		})
	)
}

function startsAfter({ starts }: Exposure, visible: readonly number[], hour: number): number {
	const seen = new Set(visible)
	return starts.filter((atMs) => {
		const at = Math.floor(atMs / MS_PER_HOUR)
		return at > hour && seen.has(at)
	}).length
}
