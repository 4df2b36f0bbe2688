import type { Class } from '../../collector/observation.js'
import { blockersOf, isOpenEnded, REQUIRED_STREAK_HOURS, type Requirements } from './blockers.js'
import { featuresOf, type HazardModel, type HazardPrediction, hazardRisk, predictHazard } from './hazard.js'
import { type History, type HistoryPoint, historyOf, type Item, startRisk } from './history.js'
import type { ScheduleFacts, UnseenPeriod } from './schedule.js'
import type { Exposure } from './state.js'

/** How ready one class of one workload is to be held to its policy. */
export interface Maturity {
	/** T: hours that count as watched. */
	exposedHours: number
	/** Hours watched of older versions, which do not count for the present one. */
	setAsideHours: number
	startCount: number
	/** Leave-one-out rate of hours that bring something new. */
	noveltyPerHour: number
	/** Probability of a new behaviour within the horizon (24 hours), and within the next hour. */
	risk24: number
	riskNextHour: number
	/** What the closed form of `risk24` is made of: running, unseen scheduled jobs, starts. */
	parts: { steady: number; schedule: number; start: number }
	/** What the fitted second stage says of all three together, when there is one. */
	secondStage: (HazardPrediction & { version: string }) | null
	/** What the second stage looks at, in the order of `FEATURES`: logged with each prediction, to learn from. */
	features: number[]
	mature: boolean
	/** Why it is not mature, one sentence each; empty when it is. */
	blockers: string[]
	/** Everything but the risk would let it pass. */
	onlyRisk: boolean
	/** Periods of which not every phase was watched yet, whether they block or not. */
	unseenPeriods: UnseenPeriod[]
	M1: number
	Q1: number
	Q2: number
	/** All items. */
	S: number
	/** Share of the activity that the known items make up; a lower bound, and never decides. */
	coverage: number
	/** Items that probably exist and were not seen yet; a lower bound (Chao2). */
	unseenEstimate: number
	/** How many of these another week would show. */
	newWithinWeek: number
	/** At most sixty points over the hours watched: items known by then, and the risk as it was. */
	curve: { hour: number; novelCount: number; risk: number }[]
	/** Exposed hours since something new. */
	quietHours: number
	/** It keeps bringing new behaviours at an undiminished rate, or too many to keep them all. */
	openEnded: boolean
	/** The threshold was calibrated on enough decisions. */
	calibrated: boolean
	tau: number
}

export interface MaturityOptions extends Requirements {
	/** Calibration found the threshold on enough decisions. */
	calibrated: boolean
	/** Default 24. */
	horizonHours?: number
	/** Hours of older versions that the exposure leaves out; said, and no more. */
	setAsideHours?: number
	/** The fitted second stage, used where its horizon is this one; without it the closed form stands alone. */
	hazard?: HazardModel
}

const HORIZON_HOURS = 24
const CURVE_POINTS_MAX = 60
const WEEK_HOURS = 168

/**
 * How ready one class of a workload is. Pure: all that was known at any earlier hour follows from the
 * smallest units of each item, so that the risk over the last 24 exposed hours, and the curve, need no record.
 */
export function maturityOf(
	items: readonly Item[],
	exposure: Exposure,
	schedule: ScheduleFacts,
	options: MaturityOptions
): Maturity {
	const horizonHours = options.horizonHours ?? HORIZON_HOURS
	const hazard = options.hazard?.horizonHours === horizonHours ? options.hazard : undefined
	const T = exposure.hours.length
	const half = Math.floor(T / 2)
	const curveHours = curveHoursOf(T)
	const streakHours: number[] = []
	for (let t = Math.max(1, T - REQUIRED_STREAK_HOURS + 1); t <= T; t++) streakHours.push(t)
	const asked = [...new Set([...curveHours, ...streakHours, half])].sort((a, b) => a - b)
	const history = historyOf(items, exposure, schedule, horizonHours, asked)
	const { now, unseenPeriods } = history
	const points = new Map(history.points.map((point) => [point.exposedHours, point]))

	const riskAt = (point: HistoryPoint) =>
		combinedRisk(point, options.of, horizonHours, options.calibrated, hazard)
	let streak = 0
	for (const t of streakHours) {
		const point = points.get(t)
		streak = point && riskAt(point) <= options.tau ? streak + 1 : 0
	}
	const risk24 = riskAt(now)
	const openEnded = options.capped === true || isOpenEnded(points.get(half) ?? now, now, risk24)
	const blockers = blockersOf({ now, unseenPeriods, risk24, streak, openEnded, horizonHours }, options)
	const unseenEstimate = chao2(now)
	const features = featuresOf(now, options.of, horizonHours)
	const secondStage = hazard ? { ...predictHazard(hazard, features), version: hazard.version } : null
	return {
		exposedHours: T,
		setAsideHours: options.setAsideHours ?? 0,
		startCount: now.startCount,
		noveltyPerHour: steadyRate(now, options.calibrated),
		risk24,
		riskNextHour: nextHourRisk(history, horizonHours, risk24, options.calibrated),
		parts: closedForm(now, horizonHours, options.calibrated),
		secondStage,
		features,
		mature: blockers.sentences.length === 0,
		blockers: blockers.sentences,
		onlyRisk: blockers.onlyRisk,
		unseenPeriods,
		M1: now.M1,
		Q1: now.Q1,
		Q2: now.Q2,
		S: now.S,
		coverage: coverageOf(items, now),
		unseenEstimate,
		newWithinWeek: expectedNew(now, WEEK_HOURS),
		curve: curveHours.flatMap((t) => {
			const point = points.get(t)
			return point ? [{ hour: t, novelCount: point.S, risk: riskAt(point) }] : []
		}),
		quietHours: now.quietHours,
		openEnded,
		calibrated: options.calibrated,
		tau: options.tau
	}
}

/**
 * Hours that bring something new, per hour: the leave-one-out estimate (M1 + ½)/(T + 1). While nothing is
 * calibrated, Laplace's (M1 + 1)/(T + 2), which is more cautious.
 */
export function steadyRate(point: HistoryPoint, calibrated: boolean): number {
	const { M1, exposedHours: T } = point
	return calibrated ? (M1 + 0.5) / (T + 1) : (M1 + 1) / (T + 2)
}

/** R_np, R_sch and R_start of the closed form. */
export function closedForm(
	point: HistoryPoint,
	horizonHours: number,
	calibrated: boolean
): Maturity['parts'] {
	return {
		steady: 1 - Math.exp(-steadyRate(point, calibrated) * horizonHours),
		schedule: point.scheduleRisk,
		start: startRisk(point, horizonHours)
	}
}

/** RISK_H of the first stage. */
export function closedFormRisk(point: HistoryPoint, horizonHours: number, calibrated: boolean): number {
	const { steady, schedule, start } = closedForm(point, horizonHours, calibrated)
	return 1 - (1 - steady) * (1 - schedule) * (1 - start)
}

/** Chao2: a lower bound for the number of items not seen yet. */
export function chao2({ Q1, Q2, exposedHours: T }: HistoryPoint): number {
	return T === 0 || Q1 < 2 ? 0 : (((T - 1) / T) * (Q1 * (Q1 - 1))) / (2 * (Q2 + 1))
}

/** How many new items so many more hours would show (Colwell and others, 2012). */
export function expectedNew(point: HistoryPoint, hours: number): number {
	const f0 = chao2(point)
	if (f0 === 0) return 0
	return f0 * (1 - (1 - point.Q1 / (point.exposedHours * f0 + point.Q1)) ** hours)
}

/**
 * The rate of hours with something new by an honest split: rules from the first half of the hours, counted
 * against the second half.
 */
export function honestSplitRate(uncoveredHourCount: number, exposedHours: number): number {
	return (uncoveredHourCount + 0.5) / (exposedHours / 2 + 1)
}

/**
 * RISK_H: what the second stage says where there is one. It is an estimate and not a bound, so that it can
 * be held against what came; what makes a decision careful is the quiet period. Of a history younger than
 * any that it was fitted on it knows nothing, and the closed form is the least that is said.
 */
export function combinedRisk(
	point: HistoryPoint,
	of: Class,
	horizonHours: number,
	calibrated: boolean,
	hazard?: HazardModel
): number {
	if (!hazard) return closedFormRisk(point, horizonHours, calibrated)
	const fitted = hazardRisk(hazard, featuresOf(point, of, horizonHours))
	if (point.exposedHours >= hazard.agedHours) return fitted
	return Math.max(fitted, closedFormRisk(point, horizonHours, calibrated))
}

/**
 * The closed form for one hour. Where a second stage corrects the risk of the horizon, that of the next
 * hour is corrected in the same proportion of hazards.
 */
function nextHourRisk(
	{ now: point, scheduleRiskNextHour }: History,
	horizonHours: number,
	risk24: number,
	calibrated: boolean
): number {
	const hour = closedFormRisk({ ...point, scheduleRisk: scheduleRiskNextHour }, 1, calibrated)
	const first = closedFormRisk(point, horizonHours, calibrated)
	if (first === risk24 || first === 0 || first >= 1 || risk24 >= 1) return Math.min(hour, risk24)
	return Math.min(risk24, 1 - (1 - hour) ** (Math.log(1 - risk24) / Math.log(1 - first)))
}

/** Coverage of incidences (Chao and Jost 2012); incidences beyond those that the items keep only raise it. */
function coverageOf(items: readonly Item[], { Q1, Q2, exposedHours: T }: HistoryPoint): number {
	let incidences = 0
	for (const item of items) {
		if (!item.startOnly) incidences += Math.max(item.hours.length, item.hourCount ?? 0)
	}
	if (T < 2 || incidences === 0) return 0
	if (Q1 === 0) return 1
	return 1 - (Q1 / incidences) * (((T - 1) * Q1) / ((T - 1) * Q1 + 2 * Q2))
}

/** Hours at which the curve has a point: dense at first, where most happens, and always the last. */
function curveHoursOf(T: number): number[] {
	const hours = new Set<number>()
	for (let i = 0; i < CURVE_POINTS_MAX; i++) {
		const t = Math.round(T ** (i / (CURVE_POINTS_MAX - 1)))
		if (t >= 1 && t <= T) hours.add(t)
	}
	return [...hours]
}
