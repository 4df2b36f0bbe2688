import type { Sighted } from '../learn/exact.js'
import type { Exposure } from '../learn/state.js'

/** A start of one pod or process in one version. */
export interface VersionStart {
	digest: string
	pod: string
	atMs: number
}

/** What belongs to one version of a workload. */
export interface VersionRows {
	rows: Sighted[]
	/** Hours in which something of this version was seen: it ran, and whoever watched it was awake. */
	hours: Set<number>
	pods: Set<string>
	starts: VersionStart[]
	/** Rows of sources that know no versions, told by pod and hour, of which another version may be as well. */
	sharedCount: number
}

const MS_PER_HOUR = 3_600_000
/** As many pods as a row keeps: then others may have done it too. */
const PODS_KEPT = 4

/**
 * Rows by version. What a source tells that knows no versions (a flow of a pod) is told by its pods and hours:
 * it belongs to every version that ran in one of these pods in one of these hours, only with those hours.
 */
export function splitByVersion(
	rows: readonly Sighted[],
	starts: readonly VersionStart[]
): Map<string, VersionRows> {
	const versions = new Map<string, VersionRows>()
	const of = (digest: string): VersionRows => {
		let version = versions.get(digest)
		if (!version) {
			version = { rows: [], hours: new Set(), pods: new Set(), starts: [], sharedCount: 0 }
			versions.set(digest, version)
		}
		return version
	}
	for (const start of starts) {
		if (start.digest === '') continue
		const version = of(start.digest)
		version.starts.push(start)
		version.hours.add(Math.floor(start.atMs / MS_PER_HOUR))
		version.pods.add(start.pod)
	}
	const untold: Sighted[] = []
	for (const row of rows) {
		if (row.version === '') {
			untold.push(row)
			continue
		}
		const version = of(row.version)
		version.rows.push(row)
		for (const hour of hoursOfRow(row)) version.hours.add(hour)
		for (const pod of row.pods) version.pods.add(pod)
	}
	for (const row of untold) {
		const found = [...versions].flatMap(([digest, version]) => {
			if (!mayHave(version, row)) return []
			const hours = maskOf(row, version.hours)
			return hours === 0 ? [] : [{ digest, version, hours }]
		})
		for (const { digest, version, hours } of found) {
			version.rows.push({ ...row, version: digest, hours })
			if (found.length > 1) version.sharedCount++
		}
	}
	return versions
}

/** The hours and starts of one version: of those in which the workload was watched, the ones that it lived. */
export function exposureOfVersion(all: Exposure, version: VersionRows): Exposure {
	const own = (hours: readonly number[]) => hours.filter((hour) => version.hours.has(hour))
	const starts = new Set(version.starts.map((start) => start.atMs))
	return {
		hours: own(all.hours),
		lossyHours: own(all.lossyHours),
		censoredHours: own(all.censoredHours),
		starts: all.starts.filter((atMs) => starts.has(atMs)),
		gaps: all.gaps
	}
}

/** ⌊UTC ms / 3 600 000⌋ of each hour in which the row was seen, ascending. */
export function hoursOfRow({ day, hours }: Pick<Sighted, 'day' | 'hours'>): number[] {
	const found: number[] = []
	for (let hour = 0; hour < 24; hour++) if ((hours & (1 << hour)) !== 0) found.push(day * 24 + hour)
	return found
}

function mayHave(version: VersionRows, row: Sighted): boolean {
	return (
		row.pods.length === 0 || row.pods.length >= PODS_KEPT || row.pods.some((pod) => version.pods.has(pod))
	)
}

function maskOf(row: Sighted, hours: ReadonlySet<number>): number {
	let mask = 0
	for (const hour of hoursOfRow(row)) if (hours.has(hour)) mask |= 1 << (hour - row.day * 24)
	return mask
}
