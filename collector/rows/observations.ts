import type { Database } from 'better-sqlite3'
import { smallerText } from '../aggregate.js'
import type { Sighting } from '../observation.js'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** How many pods an observation names: the smallest, so that the choice merges by union. */
const PODS_KEPT = 4

/** Bits of `observations.flags`. */
export const FLAG_REQUIRED = 1
export const FLAG_INTERACTIVE = 2

/** Merges sightings into `observations`: every column by a rule that ignores order. */
export function prepareObservations(db: Database): {
	add(workloadId: number, versionId: number, objectId: number, sourceId: number, sighting: Sighting): number
} {
	db.function('whittle_pods', { deterministic: true, directOnly: true }, (one: string, other: string) =>
		mergePods(one, other)
	)
	db.function('whittle_text', { deterministic: true, directOnly: true }, (one: string, other: string) =>
		smallerText(one, other)
	)
	const upsert = db.prepare(
		`INSERT INTO observations (workload_id, version_id, day, verb, object_id, source_id, result,
		   hours, pods, count, first_ms, last_ms, flags, detail)
		 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		 ON CONFLICT DO UPDATE SET
		   hours = hours | excluded.hours,
		   pods = CASE WHEN pods = excluded.pods THEN pods ELSE whittle_pods(pods, excluded.pods) END,
		   count = count + excluded.count,
		   first_ms = min(first_ms, excluded.first_ms),
		   last_ms = max(last_ms, excluded.last_ms),
		   -- required if any sighting was; interactive only while every sighting was
		   flags = ((flags | excluded.flags) & 1) | (flags & excluded.flags & 2),
		   detail = CASE WHEN detail = excluded.detail THEN detail ELSE whittle_text(detail, excluded.detail) END`
	)
	return {
		/** Returns how many rows the sighting touched: two when it spans midnight. */
		add(workloadId, versionId, objectId, sourceId, sighting) {
			const { verb, result, count, firstMs, lastMs, detail = '' } = sighting
			const flags =
				(sighting.required === true ? FLAG_REQUIRED : 0) |
				(sighting.interactive === true ? FLAG_INTERACTIVE : 0)
			const pods = JSON.stringify([sighting.pod])
			const day = Math.floor(firstMs / DAY_MS)
			const lastDay = Math.floor(lastMs / DAY_MS)
			// A sighting normally lies within one hour. A clock step during a drain can stretch it: then
			// only the hours of its two ends are known, and past midnight the last event counts for the last day.
			const isSplit = day !== lastDay
			const hours = isSplit ? hourBit(firstMs) : hourBit(firstMs) | hourBit(lastMs)
			const untilMs = isSplit ? firstMs : lastMs
			const dayCount = isSplit ? count - 1 : count
			upsert.run(
				workloadId,
				versionId,
				day,
				verb,
				objectId,
				sourceId,
				result,
				hours,
				pods,
				dayCount,
				firstMs,
				untilMs,
				flags,
				detail
			)
			if (!isSplit) return 1
			upsert.run(
				workloadId,
				versionId,
				lastDay,
				verb,
				objectId,
				sourceId,
				result,
				hourBit(lastMs),
				pods,
				1,
				lastMs,
				lastMs,
				flags,
				detail
			)
			return 2
		}
	}
}

function hourBit(ms: number): number {
	return 1 << (Math.floor(ms / HOUR_MS) % 24)
}

function mergePods(one: string, other: string): string {
	const names = new Set([...parsePods(one), ...parsePods(other)])
	return JSON.stringify([...names].sort().slice(0, PODS_KEPT))
}

/** The column is ours; anything but an array of strings there is a bug. */
function parsePods(text: string): string[] {
	const pods: unknown = JSON.parse(text)
	if (!Array.isArray(pods) || !pods.every((pod) => typeof pod === 'string')) {
		throw new Error(`observations.pods holds ${text}`)
	}
	return pods
}
