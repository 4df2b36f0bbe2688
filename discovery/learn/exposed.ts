import type { Exposure } from './state.js'

/**
 * Hours whose silence says something: it ran, it was watched, little was lost, and no enforcer hid what
 * it permits (KubeArmor tells nothing of what an Allow policy lets pass: design.md §2, Censored).
 */
export interface VisibleHours {
	/** Ascending and distinct. */
	readonly hours: readonly number[]
	/** How many lie after `hour`. */
	countAfter(hour: number): number
	/** How many lie after `from` and before `to`. */
	countBetween(from: number, to: number): number
}

export function visibleHours({ hours, lossyHours, censoredHours }: Exposure): VisibleHours {
	const silent = new Set([...lossyHours, ...censoredHours])
	const visible = [...new Set(hours)].filter((hour) => !silent.has(hour)).sort((a, b) => a - b)
	const countAfter = (hour: number) => visible.length - firstAfter(visible, hour)
	return {
		hours: visible,
		countAfter,
		countBetween: (from, to) => (to <= from ? 0 : Math.max(0, countAfter(from) - countAfter(to - 1)))
	}
}

/** Index of the first element greater than `hour`. */
function firstAfter(sorted: readonly number[], hour: number): number {
	let low = 0
	let high = sorted.length
	while (low < high) {
		const middle = (low + high) >>> 1
		if ((sorted[middle] ?? 0) <= hour) low = middle + 1
		else high = middle
	}
	return low
}
