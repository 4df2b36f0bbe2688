import type { Class } from '../../collector/observation.js'
import { UNCALIBRATED_TAU } from '../../discovery/learn/calibrate.js'
import { historyOf } from '../../discovery/learn/history.js'
import type { HazardModel } from '../../discovery/learn/hazard.js'
import { BASELINES } from './baselines.js'
import { contender, eachClass } from './experiment.js'
import { ours } from './ours.js'
import { MATURITY, QUIET_SWEEP, STOP_RULES } from './stops.js'
import type { Contender } from './trial.js'

export const OURS = 'Whittle'

/** Everything of the factorial: each generaliser with each stopping rule. */
export function factorial(hazard: HazardModel): Contender[] {
	return [
		...BASELINES.map((generaliser) => contender(generaliser, STOP_RULES, hazard)),
		contender(ours(OURS), [...STOP_RULES, ...QUIET_SWEEP], hazard)
	]
}

/** The name of ours with thresholds that were tested on other images. */
export const CALIBRATED = 'Whittle, calibrated'

/** Ours with a threshold per class by Learn-then-Test; where too few images prove one, it stays at the default. */
export function calibrated(
	hazard: HazardModel,
	thresholds: Record<Class, { tau: number; calibrated: boolean }>
): Contender {
	const taus = eachClass((of) => (thresholds[of].calibrated ? thresholds[of].tau : UNCALIBRATED_TAU))
	return contender(ours(CALIBRATED), [MATURITY], hazard, { taus, calibrated: true })
}

/** Ours, only watched: what it predicts at every checkpoint, and what came. */
export function watched(hazard: HazardModel): Contender {
	return contender(ours(OURS), [{ name: 'never', stops: () => false }], hazard, { calibrated: true })
}

/** Ours without one of its parts, each at its own moment of maturity. */
export function ablations(hazard: HazardModel): Contender[] {
	const stops = [MATURITY]
	return [
		contender(ours('no wall', { walls: false }), stops, hazard),
		contender(ours('no typed tokens', { tokens: false }), stops, hazard),
		contender(ours('no second stage'), stops, undefined),
		contender(ours('no quiet period'), stops, hazard, { quietHours: 0 }),
		contender(ours('no threshold, only the quiet period'), stops, hazard, { taus: eachClass(() => 1) }),
		contender(ours('no schedule term'), stops, hazard, { schedule: () => ({ periods: [] }) }),
		contender(ours('Q1 instead of M1'), stops, undefined, { mature: byQ1 })
	]
}

/** Good and Turing's count of singletons, where ours counts the hours that carry one. */
const byQ1: NonNullable<Contender['mature']> = (items, exposure, tau) => {
	const T = exposure.hours.length
	const riskAt = (hours: number) => {
		const [point] = historyOf(items, exposure, { periods: [] }, 24, [hours]).points
		return point ? 1 - Math.exp((-24 * (point.Q1 + 0.5)) / (hours + 1)) : 1
	}
	const risk24 = riskAt(T)
	const mature = T >= 48 && exposure.starts.length >= 3 && risk24 <= tau && riskAt(T - 24) <= tau
	return { mature, risk24 }
}
