/** Times (UTC ms) at which an item was seen; the first and last of each hour are enough. */
export type ItemTimes = readonly number[]

export interface UnitRisk {
	unitMs: number
	/** Units watched, and units that carry an item seen in that unit only. */
	T: number
	M1: number
	/** Probability of a unit with something new within the horizon. */
	risk: number
}

const MS_PER_MINUTE = 60_000
/** Half an hour, an hour, two hours, a day. */
export const UNIT_SIZES_MS: readonly number[] = [30, 60, 120, 1440].map((minutes) => minutes * MS_PER_MINUTE)
const DAY_MS = 1440 * MS_PER_MINUTE

/**
 * The same estimate with units of other sizes: were the hour a bad unit, the answers would differ (reachability
 * estimators of fuzzing are known to be unstable there). Only whole units of the watched time count.
 *
 * The risk is 1 − (1 − p)^(H/unit) with the leave-one-out p, which for hours is the rate form of maturity.
 */
export function riskByUnitSize(
	items: readonly ItemTimes[],
	watched: { fromMs: number; toMs: number },
	unitsMs: readonly number[] = UNIT_SIZES_MS,
	horizonMs: number = DAY_MS
): UnitRisk[] {
	return unitsMs.map((unitMs) => {
		const T = Math.floor((watched.toMs - watched.fromMs) / unitMs)
		const once = new Set<number>()
		for (const times of items) {
			const units = new Set<number>()
			for (const atMs of times) {
				const unit = Math.floor((atMs - watched.fromMs) / unitMs)
				if (unit >= 0 && unit < T) units.add(unit)
			}
			if (units.size === 1) for (const unit of units) once.add(unit)
		}
		const p = (once.size + 0.5) / (T + 1)
		return { unitMs, T, M1: once.size, risk: 1 - (1 - Math.min(1, p)) ** (horizonMs / unitMs) }
	})
}
