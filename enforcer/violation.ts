import type { Statement } from '../collector/store.js'
import type { NetworkDenial } from '../native/messages.js'

/** Rows for the store, and denials of policies that no workload is known to have. */
export interface ViolationBatch {
	statements: Statement[]
	unknownCount: number
}

/** More distinct objects than this from one workload in one drain are counted together. */
const DISTINCT_PER_DRAIN = 200
/** A violation that goes on is one row per hour, so that a loop does not fill the store. */
const MERGE_MS = 3_600_000

/**
 * Denials of one drain as rows of `violations`: one per workload, digest, verb, object,
 * source and action, merged with the row of the same in the hour before. `owners` says whose
 * policy a digest is: it covers the workload's name, so it has one owner wherever it is held.
 */
export function violationsOf(
	denials: readonly NetworkDenial[],
	owners: ReadonlyMap<string, number>
): ViolationBatch {
	const merged = new Map<string, { workloadId: number; denial: NetworkDenial }>()
	const distinct = new Map<number, number>()
	let unknownCount = 0
	for (const denial of denials) {
		const workloadId = owners.get(denial.digest)
		if (workloadId === undefined) {
			unknownCount += denial.count
			continue
		}
		const key = keyOf(workloadId, denial)
		const seen = merged.get(key)
		if (seen) {
			merge(seen.denial, denial)
			continue
		}
		const rank = (distinct.get(workloadId) ?? 0) + 1
		distinct.set(workloadId, rank)
		const kept = rank <= DISTINCT_PER_DRAIN ? denial : { ...denial, object: OTHER, source: '', pid: 0 }
		const keptKey = keyOf(workloadId, kept)
		const other = merged.get(keptKey)
		if (other) merge(other.denial, kept)
		else merged.set(keptKey, { workloadId, denial: { ...kept } })
	}
	const statements = [...merged.entries()]
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([, { workloadId, denial }]) => insertOf(workloadId, denial))
	return { statements, unknownCount }
}

/** Object text of what was too varied to keep apart. */
const OTHER = '<other>'

function keyOf(workloadId: number, denial: NetworkDenial): string {
	return JSON.stringify([workloadId, denial.digest, denial.verb, denial.object, denial.source, denial.mode])
}

function merge(into: NetworkDenial, from: NetworkDenial): void {
	into.count += from.count
	into.firstMs = Math.min(into.firstMs, from.firstMs)
	into.lastMs = Math.max(into.lastMs, from.lastMs)
}

function insertOf(workloadId: number, denial: NetworkDenial): Statement {
	const action = denial.mode === 'block' ? 'blocked' : 'would-block'
	const rule =
		denial.mode === 'block'
			? 'No rule of the network policy in force allows it.'
			: 'No rule of the network policy in audit allows it.'
	// The key comes in once: the row of the hour before, if there is one, lends its first time.
	return {
		sql: `INSERT INTO violations
			(workload_id, class, digest, verb, object, source, action, rule, target, detail, count, first_ms, last_ms)
			WITH new (workload_id, digest, verb, object, source, action, first_ms, last_ms)
				AS (VALUES (?, ?, ?, ?, ?, ?, ?, ?))
			SELECT new.workload_id, 'network', new.digest, new.verb, new.object, new.source, new.action, ?, 'host', ?, ?,
				coalesce((SELECT max(old.first_ms) FROM violations AS old
					WHERE old.workload_id = new.workload_id AND old.digest = new.digest AND old.verb = new.verb
						AND old.object = new.object AND old.source = new.source AND old.action = new.action
						AND old.first_ms BETWEEN new.first_ms - ${MERGE_MS} AND new.first_ms), new.first_ms),
				new.last_ms
			FROM new WHERE true
			ON CONFLICT (workload_id, digest, verb, object, source, action, first_ms) DO UPDATE SET
				count = count + excluded.count, last_ms = max(last_ms, excluded.last_ms)`,
		params: [
			workloadId,
			denial.digest,
			denial.verb,
			denial.object,
			denial.source,
			action,
			denial.firstMs,
			denial.lastMs,
			rule,
			`${denial.cgroup}${denial.pid > 0 ? `, process ${denial.pid}` : ''}`,
			denial.count
		]
	}
}
