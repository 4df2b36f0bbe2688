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

/** What one sighting did to the store. */
export interface Added {
	/** Two when it spans midnight. */
	rowCount: number
	/** It said more than how often: a new row, a new hour of the day, another pod, other flags. */
	isNews: boolean
}

/** Merges sightings into `observations`: every column by a rule that ignores order. */
export function prepareObservations(db: Database): {
	add(workloadId: number, versionId: number, objectId: number, sourceId: number, sighting: Sighting): Added
} {
	db.function('whittle_pods', { deterministic: true, directOnly: true }, (one: string, other: string) =>
		mergePods(one, other)
	)
	db.function('whittle_text', { deterministic: true, directOnly: true }, (one: string, other: string) =>
		smallerText(one, other)
	)
	// The common case by far: the row is there, and nothing but its count and its times change.
	const tally = db.prepare(
		`UPDATE observations SET
		   count = count + @count,
		   first_ms = min(first_ms, @firstMs),
		   last_ms = max(last_ms, @lastMs),
		   detail = CASE WHEN detail = @detail THEN detail ELSE whittle_text(detail, @detail) END
		 WHERE workload_id = @workloadId AND version_id = @versionId AND day = @day AND verb = @verb
		   AND object_id = @objectId AND source_id = @sourceId AND result = @result
		   AND hours | @hours = hours
		   AND (pods = @pods OR whittle_pods(pods, @pods) = pods)
		   AND flags = ${MERGED_FLAGS}`
	)
	const upsert = db.prepare(
		`INSERT INTO observations (workload_id, version_id, day, verb, object_id, source_id, result,
		   hours, pods, count, first_ms, last_ms, flags, detail)
		 VALUES (@workloadId, @versionId, @day, @verb, @objectId, @sourceId, @result,
		   @hours, @pods, @count, @firstMs, @lastMs, @flags, @detail)
		 ON CONFLICT DO UPDATE SET
		   hours = hours | @hours,
		   pods = CASE WHEN pods = excluded.pods THEN pods ELSE whittle_pods(pods, excluded.pods) END,
		   count = count + excluded.count,
		   first_ms = min(first_ms, excluded.first_ms),
		   last_ms = max(last_ms, excluded.last_ms),
		   flags = ${MERGED_FLAGS},
		   detail = CASE WHEN detail = excluded.detail THEN detail ELSE whittle_text(detail, excluded.detail) END`
	)
	/** Returns whether the row was news. */
	const merge = (row: ObservationRow): boolean => {
		if (tally.run(row).changes > 0) return false
		upsert.run(row)
		return true
	}
	return {
		add(workloadId, versionId, objectId, sourceId, sighting) {
			const { verb, result, count, firstMs, lastMs, detail = '' } = sighting
			const flags =
				(sighting.required === true ? FLAG_REQUIRED : 0) |
				(sighting.interactive === true ? FLAG_INTERACTIVE : 0)
			const pods = JSON.stringify([sighting.pod])
			const day = Math.floor(firstMs / DAY_MS)
			const lastDay = Math.floor(lastMs / DAY_MS)
			const hours = hourBit(firstMs) | hourBit(lastMs)
			const key = { workloadId, versionId, verb, objectId, sourceId, result, pods, flags, detail }
			if (day === lastDay)
				return { rowCount: 1, isNews: merge({ ...key, day, hours, count, firstMs, lastMs }) }
			// A sighting normally lies within one hour. A clock step during a drain can stretch it: then
			// only the hours of its two ends are known, and past midnight the last event counts for the last day.
			const start = { day, hours: hourBit(firstMs), count: count - 1, firstMs, lastMs: firstMs }
			const end = { day: lastDay, hours: hourBit(lastMs), count: 1, firstMs: lastMs, lastMs }
			const news = [start, end].map((part) => merge({ ...key, ...part }))
			return { rowCount: 2, isNews: news.includes(true) }
		}
	}
}

/** Required if any sighting was; interactive only while every sighting was. */
const MERGED_FLAGS = '(((flags | @flags) & 1) | (flags & @flags & 2))'

interface ObservationRow {
	workloadId: number
	versionId: number
	day: number
	verb: string
	objectId: number
	sourceId: number
	result: string
	hours: number
	pods: string
	count: number
	firstMs: number
	lastMs: number
	flags: number
	detail: string
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
