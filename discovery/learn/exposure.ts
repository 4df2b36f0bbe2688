import type { Exposure } from './state.js'

/** What the tables `exposure`, `starts` and `gaps` say; rows of other workloads do no harm. */
export interface WatchRows {
	/** Rows of `exposure` of this workload: ⌊UTC ms / 3 600 000⌋, and whether more than 0.1 % was lost. */
	hours: readonly { hour: number; lossy: boolean }[]
	/** Rows of `starts` of this workload. */
	startsMs: readonly number[]
	gaps: readonly { scope: string; fromMs: number; toMs: number; reason: string }[]
	/** When what enforced it hid what it permits; an interval still open ends at Infinity. */
	censored: readonly { fromMs: number; toMs: number }[]
}

/** Whom gaps must concern: canonical workload names, pods as `CLUSTER/NAMESPACE/NAME`, node names. */
export interface WatchedSubject {
	workloads: readonly string[]
	pods: readonly string[]
	nodes: readonly string[]
}

const MS_PER_HOUR = 3_600_000
/** 2020: no telemetry is older; a machine whose clock was never set says 1970 or 2000. */
const FIRST_HOUR = Date.UTC(2020, 0, 1) / MS_PER_HOUR

/**
 * When a workload was watched, and how well.
 *
 * - An hour counts once, however often it was delivered; also the one that a clock which stepped back lived twice.
 * - The hour in progress at `nowMs` does not count yet, and no later one: a clock that ran ahead gives no exposure.
 * - An hour that a gap of the workload, of one of its pods or nodes touches does not count. Collectors report
 *   losses within the budget as no gap at all.
 * - Hours before 2020 do not count, and starts outside the plausible time are left out.
 */
export function exposureOf(rows: WatchRows, subject: WatchedSubject, nowMs: number): Exposure {
	const endHour = Math.floor(nowMs / MS_PER_HOUR)
	const scopes = scopesOf(subject)
	const gaps = mergeGaps(rows.gaps.filter((gap) => scopes.has(gap.scope)))
	const blind = createIntervals(gaps)
	const censored = createIntervals(rows.censored)

	const lossyAt = new Map<number, boolean>()
	for (const { hour, lossy } of rows.hours) {
		if (!Number.isInteger(hour) || hour < FIRST_HOUR || hour >= endHour) continue
		lossyAt.set(hour, lossy || lossyAt.get(hour) === true)
	}
	const exposure: Exposure = { hours: [], lossyHours: [], censoredHours: [], starts: [], gaps }
	for (const hour of [...lossyAt.keys()].sort((a, b) => a - b)) {
		if (blind.touches(hour)) continue
		if (censored.touches(hour)) exposure.censoredHours.push(hour)
		else if (lossyAt.get(hour)) exposure.lossyHours.push(hour)
		else exposure.hours.push(hour)
	}
	exposure.starts = [...new Set(rows.startsMs)]
		.filter((atMs) => atMs >= FIRST_HOUR * MS_PER_HOUR && atMs <= nowMs)
		.sort((a, b) => a - b)
	return exposure
}

/**
 * Says of each clock hour whether its silence means anything: false for hours with too much loss, inside a
 * gap, or censored. An hour in which the workload did not run is not blind: nothing could have happened.
 */
export function blindHours(exposure: Exposure): (hour: number) => boolean {
	const noisy = new Set([...exposure.lossyHours, ...exposure.censoredHours])
	const gaps = createIntervals(exposure.gaps)
	return (hour) => noisy.has(hour) || gaps.touches(hour)
}

function scopesOf(subject: WatchedSubject): Set<string> {
	return new Set([
		...subject.workloads.map((name) => `workload:${name}`),
		...subject.pods.map((pod) => `pod:${pod}`),
		...subject.nodes.map((node) => `node:${node}`)
	])
}

/** One gap per reason where rows overlap or touch: a blind source reports every drain interval. */
function mergeGaps(rows: readonly { fromMs: number; toMs: number; reason: string }[]): Exposure['gaps'] {
	const merged: Exposure['gaps'] = []
	const latest = new Map<string, Exposure['gaps'][number]>()
	const sorted = rows
		.map(({ fromMs, toMs, reason }) => ({
			fromMs: Math.min(fromMs, toMs),
			toMs: Math.max(fromMs, toMs),
			reason
		}))
		.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs || (a.reason < b.reason ? -1 : 1))
	for (const gap of sorted) {
		const before = latest.get(gap.reason)
		if (before && gap.fromMs <= before.toMs) before.toMs = Math.max(before.toMs, gap.toMs)
		else {
			merged.push(gap)
			latest.set(gap.reason, gap)
		}
	}
	return merged
}

/** Intervals as disjoint runs of hours, for one binary search per hour whatever their number. */
function createIntervals(intervals: readonly { fromMs: number; toMs: number }[]): {
	touches(hour: number): boolean
} {
	const runs: { from: number; to: number }[] = []
	const sorted = intervals
		.map(({ fromMs, toMs }) => ({
			from: Math.floor(fromMs / MS_PER_HOUR),
			// An interval that ends exactly on the hour does not touch the next one.
			to: toMs > fromMs ? Math.ceil(toMs / MS_PER_HOUR) - 1 : Math.floor(toMs / MS_PER_HOUR)
		}))
		.sort((a, b) => a.from - b.from)
	for (const { from, to } of sorted) {
		const last = runs.at(-1)
		if (last && from <= last.to + 1) last.to = Math.max(last.to, to)
		else runs.push({ from, to })
	}
	return {
		touches(hour) {
			let low = 0
			let high = runs.length
			while (low < high) {
				const middle = (low + high) >> 1
				if ((runs[middle]?.from ?? 0) <= hour) low = middle + 1
				else high = middle
			}
			const run = runs[low - 1]
			return run !== undefined && hour <= run.to
		}
	}
}
