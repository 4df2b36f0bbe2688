import { compareText } from '../behaviour.js'
import { binomialCdf } from './binomial.js'

/** A prediction whose horizon has passed. */
export interface Scored {
	/** What was predicted. */
	risk: number
	/** Whether anything new came within the horizon. */
	outcome: boolean
}

export interface Reliability {
	count: number
	/** Mean squared error of the predictions. */
	brier: number
	/** Mean distance between predicted and observed, over bins of predicted risk, weighted by their counts. */
	ece: number
	/** Observed ÷ predicted over all; null when nothing was predicted to happen. */
	observedOverPredicted: number | null
	/** Bins of predicted risk with anything in them, ascending. */
	table: { from: number; to: number; count: number; meanRisk: number; observedShare: number }[]
}

/** How well predictions came true. */
export function scorePredictions(log: readonly Scored[], binCount = 10): Reliability {
	const bins = Array.from({ length: binCount }, () => ({ count: 0, risk: 0, happened: 0 }))
	let squares = 0
	for (const { risk, outcome } of log) {
		const bin = bins[Math.min(binCount - 1, Math.max(0, Math.floor(risk * binCount)))]
		if (!bin) continue
		bin.count++
		bin.risk += risk
		bin.happened += outcome ? 1 : 0
		squares += (risk - (outcome ? 1 : 0)) ** 2
	}
	const distance = bins.reduce((sum, { risk, happened }) => sum + Math.abs(risk - happened), 0)
	const predicted = bins.reduce((sum, { risk }) => sum + risk, 0)
	const happened = bins.reduce((sum, bin) => sum + bin.happened, 0)
	return {
		count: log.length,
		brier: log.length === 0 ? 0 : squares / log.length,
		ece: log.length === 0 ? 0 : distance / log.length,
		observedOverPredicted: predicted === 0 ? null : happened / predicted,
		table: bins.flatMap(({ count, risk, happened: times }, i) =>
			count === 0
				? []
				: [
						{
							from: i / binCount,
							to: (i + 1) / binCount,
							count,
							meanRisk: risk / count,
							observedShare: times / count
						}
					]
		)
	}
}

/** The prediction record of one class of one workload, for calibration. */
export interface CalibrationCase {
	/** Workloads of one image are alike, not independent: only one of them counts. */
	image: string
	workload: string
	/** One per exposed hour, ascending; `outcome` is null while its horizon has not passed. */
	predictions: readonly CasePrediction[]
}

export interface CasePrediction {
	risk: number
	/** Everything else that maturity asks for held at that hour: hours, starts, loss, nothing held. */
	eligible: boolean
	outcome: boolean | null
}

export interface Threshold {
	tau: number
	/** False: there were too few cases, or none of the thresholds held. */
	calibrated: boolean
	/** One sentence: where the threshold comes from. */
	why: string
	alpha: number
	delta: number
	/** One per image. */
	caseCount: number
	/** The walk from strict to loose, up to the first threshold that failed. */
	steps: { tau: number; enforcedCount: number; failureCount: number; pValue: number }[]
}

export const UNCALIBRATED_TAU = 0.1
const DELTA = 0.1
/** With fewer decisions not even a flawless record proves anything at alpha .05 and delta .1. */
const CASES_MIN = 45
const STREAK_HOURS = 24

/** Strict to loose, in steps of a quarter: .005 … .6. */
export const TAUS: readonly number[] = Array.from({ length: 22 }, (_, i) =>
	Number((0.005 * 1.25 ** i).toFixed(4))
)

/**
 * Learn-then-Test (Angelopoulos and others, 2021): the loosest threshold at which, with confidence
 * 1 − delta, at most a share alpha of the workloads enforced by it meets something new within the horizon.
 * Each threshold is judged where it would have stopped: at the first hour at which the risk had been within
 * it for 24 hours, because the first crossing is a biased moment.
 *
 * Thresholds that too few workloads reach to prove anything are passed over; that choice sees who crosses,
 * never what happened to them. The walk ends at the first one that fails.
 */
export function thresholdFor(
	cases: readonly CalibrationCase[],
	alpha: number,
	delta: number = DELTA
): Threshold {
	const clustered = onePerImage(cases)
	const stops = clustered.map((one) => stopsOf(one.predictions))
	const needed = Math.max(CASES_MIN, casesNeeded(alpha, delta))
	const result = { alpha, delta, caseCount: clustered.length, steps: [] as Threshold['steps'] }
	let best: number | undefined
	let mostDecided = 0
	for (const tau of TAUS) {
		const outcomes = stops.flatMap((stop) => stop(tau) ?? [])
		mostDecided = Math.max(mostDecided, outcomes.length)
		if (outcomes.length < needed) continue
		const failureCount = outcomes.filter(Boolean).length
		const pValue = binomialCdf(failureCount, outcomes.length, alpha)
		result.steps.push({ tau, enforcedCount: outcomes.length, failureCount, pValue })
		if (pValue > delta) break
		best = tau
	}
	if (best !== undefined) {
		return { ...result, tau: best, calibrated: true, why: `Calibrated on ${clustered.length} images.` }
	}
	return { ...result, calibrated: false, ...fallback(result.steps[0]?.tau, mostDecided, needed, alpha) }
}

/** The threshold where none could be proven: never looser than .10, and stricter where more is known. */
function fallback(
	failedTau: number | undefined,
	decidedCount: number,
	needed: number,
	alpha: number
): { tau: number; why: string } {
	if (alpha <= 0) return { tau: 0, why: 'The error budget is spent: nothing more is enforced.' }
	if (failedTau !== undefined) {
		const why =
			'Uncalibrated: even at the strictest threshold that could be tested, too many met something new.'
		return { tau: Math.min(UNCALIBRATED_TAU, failedTau), why }
	}
	const why = `Uncalibrated: ${needed} decisions on different images are needed, and there are ${decidedCount}.`
	// Enough decisions for any usual alpha, but not for this one: the prediction is taken at its word.
	const tau =
		decidedCount < CASES_MIN ? UNCALIBRATED_TAU : Math.min(UNCALIBRATED_TAU, Math.max(TAUS[0] ?? 0, alpha))
	return { tau, why }
}

/** The cases without which even a record of no failure proves nothing: ln(delta) ÷ ln(1 − alpha). */
export function casesNeeded(alpha: number, delta: number): number {
	return alpha <= 0 ? Infinity : alpha >= 1 ? 1 : Math.ceil(Math.log(delta) / Math.log(1 - alpha))
}

export interface Budget {
	/** False blocks that all enforced workloads together may have in a week; design: one. */
	falseBlocksPerWeek: number
	/** The current risk within 24 hours of everything enforced. */
	enforcedRisks: readonly number[]
	/** False blocks that people confirmed within the last week. */
	spentThisWeek: number
	/** How many are about to be decided, at least one. */
	candidateCount: number
}

const ALPHA_MAX = 0.2
const DAYS_PER_WEEK = 7

/**
 * What the fleet's error budget leaves for those about to be enforced: what is neither spent nor expected
 * of those enforced already, shared among the candidates, as a probability within 24 hours. When nothing is
 * left, promotions pause.
 */
export function alphaFor(budget: Budget): { alpha: number; paused: boolean; why: string } {
	const expected = budget.enforcedRisks.reduce((sum, risk) => sum + risk, 0) * DAYS_PER_WEEK
	const left = budget.falseBlocksPerWeek - Math.max(budget.spentThisWeek, expected)
	const alpha = Math.min(ALPHA_MAX, Math.max(0, left) / (DAYS_PER_WEEK * Math.max(1, budget.candidateCount)))
	const whole = `${round(budget.falseBlocksPerWeek)} a week`
	if (alpha > 0) {
		return {
			alpha,
			paused: false,
			why: `Of ${whole}, ${round(Math.max(budget.spentThisWeek, expected))} are spent or expected.`
		}
	}
	const spent = budget.spentThisWeek >= budget.falseBlocksPerWeek
	return {
		alpha: 0,
		paused: true,
		why: spent
			? `Promotions pause: ${round(budget.spentThisWeek)} false blocks within a week, and ${whole} are accepted.`
			: `Promotions pause: ${round(expected)} false blocks a week are expected of what is enforced, and ${whole} are accepted.`
	}
}

/** One workload per image, the first by name: a choice that does not look at what happened. */
function onePerImage(cases: readonly CalibrationCase[]): CalibrationCase[] {
	const first = new Map<string, CalibrationCase>()
	for (const one of cases) {
		const before = first.get(one.image)
		if (!before || compareText(one.workload, before.workload) < 0) first.set(one.image, one)
	}
	return [...first.values()].sort((a, b) => compareText(a.image, b.image))
}

/**
 * Answers for a threshold: what happened after the hour at which it would have enforced; undefined when it
 * never would have, or when that is not known yet.
 */
function stopsOf(predictions: readonly CasePrediction[]): (tau: number) => boolean | undefined {
	// Only hours at which a lower threshold than ever before is met can be a first crossing.
	const records: { worst: number; outcome: boolean | null }[] = []
	for (let i = STREAK_HOURS - 1; i < predictions.length; i++) {
		const now = predictions[i]
		if (!now?.eligible) continue
		let worst = 0
		for (let j = i - STREAK_HOURS + 1; j <= i; j++) worst = Math.max(worst, predictions[j]?.risk ?? 1)
		if (worst < (records.at(-1)?.worst ?? Infinity)) records.push({ worst, outcome: now.outcome })
	}
	return (tau) => records.find(({ worst }) => worst <= tau)?.outcome ?? undefined
}

function round(count: number): string {
	return String(Number(count.toFixed(2)))
}
