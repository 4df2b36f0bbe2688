import type { Database } from 'better-sqlite3'
import type { TimelineEntry } from '../observation.js'

const KEPT_MS = 86_400_000
/** A pod that does something new every second for a day fills no more than this. */
const ENTRIES_MAX = 4096

/** The ring of the last 24 h per pod, counted back from that pod's own newest entry. */
export function prepareTimeline(db: Database): {
	add(workloadId: number, entry: TimelineEntry): void
	/** Drops what is too old in every ring that was added to. */
	trim(): void
	forget(): void
} {
	const upsert = db.prepare(
		`INSERT INTO timeline (workload_id, pod, at_ms, kind, text, count) VALUES (?, ?, ?, ?, ?, ?)
		 ON CONFLICT DO UPDATE SET count = count + excluded.count`
	)
	const dropOld = db.prepare(
		`DELETE FROM timeline WHERE workload_id = @workloadId AND pod = @pod AND at_ms <
		   (SELECT max(at_ms) FROM timeline WHERE workload_id = @workloadId AND pod = @pod) - ${KEPT_MS}`
	)
	// The newest stay, whatever order they came in: a total order over the key decides.
	const dropMany = db.prepare(
		`DELETE FROM timeline WHERE workload_id = @workloadId AND pod = @pod AND (at_ms, kind, text) <
		   (SELECT at_ms, kind, text FROM timeline WHERE workload_id = @workloadId AND pod = @pod
		    ORDER BY at_ms DESC, kind DESC, text DESC LIMIT 1 OFFSET ${ENTRIES_MAX - 1})`
	)
	let touched = new Map<number, Set<string>>()
	return {
		add(workloadId, { pod, atMs, kind, text, count }) {
			upsert.run(workloadId, pod, atMs, kind, text, count)
			const pods = touched.get(workloadId)
			if (pods === undefined) touched.set(workloadId, new Set([pod]))
			else pods.add(pod)
		},
		trim() {
			for (const [workloadId, pods] of touched) {
				for (const pod of pods) {
					dropOld.run({ workloadId, pod })
					dropMany.run({ workloadId, pod })
				}
			}
			touched = new Map()
		},
		forget() {
			touched = new Map()
		}
	}
}
