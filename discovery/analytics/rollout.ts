import { type Behaviour, compareText } from '../behaviour.js'
import type { Sighted } from '../learn/exact.js'
import type { Table } from '../learn/exact-tests.js'
import { behaviourKey } from '../learn/pool.js'
import { hoursOfRow, type VersionRows } from './version-rows.js'

/** Who did what while two versions ran side by side. */
export interface Rollout {
	/** Hours in which something of both was seen. */
	hours: ReadonlySet<number>
	/** Pods of both by whether they showed it; null when none did, or they never ran side by side. */
	podsOf(behaviour: Behaviour): Table | null
}

/** As many pods as a row keeps, the smallest names. */
const PODS_KEPT = 4

export function rolloutOf(before: VersionRows, after: VersionRows): Rollout {
	const hours = new Set([...before.hours].filter((hour) => after.hours.has(hour)))
	const first = sideOf(before, hours)
	const second = sideOf(after, hours)
	return {
		hours,
		podsOf(behaviour) {
			if (first.pods.length === 0 || second.pods.length === 0) return null
			const key = behaviourKey(behaviour)
			const [old, now] = [countsOf(first, key), countsOf(second, key)]
			if (old.seen + now.seen === 0) return null
			return { firstSeen: old.seen, firstNot: old.not, secondSeen: now.seen, secondNot: now.not }
		}
	}
}

interface Side {
	/** Everybody who was there in these hours, sorted. */
	pods: string[]
	rowsOf: Map<string, Sighted[]>
}

function sideOf(version: VersionRows, hours: ReadonlySet<number>): Side {
	const pods = new Set<string>()
	const rowsOf = new Map<string, Sighted[]>()
	for (const start of version.starts) {
		if (hours.has(Math.floor(start.atMs / 3_600_000))) pods.add(start.pod)
	}
	for (const row of version.rows) {
		if (row.result !== 'allowed' || !hoursOfRow(row).some((hour) => hours.has(hour))) continue
		for (const pod of row.pods) if (version.pods.has(pod)) pods.add(pod)
		const key = behaviourKey(row)
		const rows = rowsOf.get(key)
		if (rows) rows.push(row)
		else rowsOf.set(key, [row])
	}
	return { pods: [...pods].filter((pod) => pod !== '').sort(compareText), rowsOf }
}

/**
 * Of each row the four smallest pods are known. Whoever comes after the fourth may have done it or not, and
 * is left out; whoever comes before it and is not named did not.
 */
function countsOf({ pods, rowsOf }: Side, key: string): { seen: number; not: number } {
	const doers = new Set<string>()
	let last: string | null = null
	for (const row of rowsOf.get(key) ?? []) {
		for (const pod of row.pods) doers.add(pod)
		const fourth = row.pods[PODS_KEPT - 1]
		if (fourth !== undefined && (last === null || compareText(fourth, last) < 0)) last = fourth
	}
	let seen = 0
	let not = 0
	for (const pod of pods) {
		if (last !== null && compareText(pod, last) > 0) continue
		if (doers.has(pod)) seen++
		else not++
	}
	return { seen, not }
}
