import type { Database } from 'better-sqlite3'
import { smallerText } from '../aggregate.js'
import { identify, OWNED_KINDS, type WorkloadIdentity } from '../identity.js'
import type { Subject } from '../observation.js'
import { sealText } from '../path.js'

/** A workload row as it is held during a transaction. Times are in ms. */
export interface WorkloadRow {
	id: number
	firstMs: number
	lastMs: number
	cgroup: string
	kind: string
	aliasOf: number | null
	changed: boolean
}

interface VersionRow {
	id: number
	description: string
	firstMs: number
	lastMs: number
	changed: boolean
}

const CACHED_ROWS_MAX = 16_384

/** The rows of `workloads` and `versions` that a batch touches, read once and written once. */
export type WorkloadRows = ReturnType<typeof prepareWorkloads>

/** Prepares the statements; the rows live until `write` (kept for the next batch) or `forget`. */
export function prepareWorkloads(db: Database) {
	const findWorkload = db.prepare<[string], StoredWorkload>(
		'SELECT id, first_ms, last_ms, cgroup, kind, alias_of FROM workloads WHERE name = ?'
	)
	const insertWorkload = db.prepare(
		`INSERT INTO workloads (name, form, cluster, namespace, kind, owner, container, node, cgroup, first_ms, last_ms)
		 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	)
	const updateWorkload = db.prepare(
		`UPDATE workloads SET first_ms = min(first_ms, @firstMs), last_ms = max(last_ms, @lastMs),
		 cgroup = CASE WHEN @lastMs > last_ms OR (@lastMs = last_ms AND @cgroup > cgroup) THEN @cgroup ELSE cgroup END
		 WHERE id = @id`
	)
	const growTarget = db.prepare(
		'UPDATE workloads SET first_ms = min(first_ms, ?), last_ms = max(last_ms, ?) WHERE id = ?'
	)
	const findVersion = db.prepare<[number, string], StoredVersion>(
		'SELECT id, description, first_ms, last_ms FROM versions WHERE workload_id = ? AND digest = ?'
	)
	const insertVersion = db.prepare(
		'INSERT INTO versions (workload_id, digest, description, first_ms, last_ms) VALUES (?, ?, ?, ?, ?)'
	)
	const updateVersion = db.prepare(
		'UPDATE versions SET description = ?, first_ms = ?, last_ms = ? WHERE id = ?'
	)

	let workloads = new Map<string, WorkloadRow>()
	let versions = new Map<string, VersionRow>()
	let bySubject = new Map<Subject, WorkloadRow>()
	/** Rows that may belong to another workload and are new or known from an earlier time. */
	let unsettled = new Set<number>()

	function load(identity: WorkloadIdentity, firstMs: number, lastMs: number): WorkloadRow {
		const stored = findWorkload.get(identity.name)
		if (stored !== undefined) {
			const { id, first_ms, last_ms, cgroup, kind, alias_of } = stored
			return { id, firstMs: first_ms, lastMs: last_ms, cgroup, kind, aliasOf: alias_of, changed: false }
		}
		const { name, form, cluster, namespace, kind, owner, container, node, cgroup } = identity
		const columns = [name, form, cluster, namespace, kind, owner, container, node, cgroup, firstMs, lastMs]
		const id = Number(insertWorkload.run(...columns).lastInsertRowid)
		if (OWNED_KINDS.includes(kind)) unsettled.add(id)
		return { id, firstMs, lastMs, cgroup, kind, aliasOf: null, changed: false }
	}

	return {
		/** The row of a subject, grown to [firstMs, lastMs]. The newest cgroup wins; of two at the same time the greater. */
		touch(subject: Subject, firstMs: number, lastMs: number): WorkloadRow {
			let row = bySubject.get(subject)
			if (row === undefined) {
				const identity = identify(subject)
				row = workloads.get(identity.name)
				if (row === undefined) {
					row = load(identity, firstMs, lastMs)
					workloads.set(identity.name, row)
				}
				bySubject.set(subject, row)
			}
			const cgroup = subject.kind === 'host' ? sealText(subject.cgroup ?? '') : ''
			if (lastMs > row.lastMs || (lastMs === row.lastMs && cgroup > row.cgroup)) {
				row.lastMs = lastMs
				row.cgroup = cgroup
				row.changed = true
			}
			if (firstMs < row.firstMs) {
				row.firstMs = firstMs
				row.changed = true
				if (OWNED_KINDS.includes(row.kind)) unsettled.add(row.id)
			}
			return row
		},

		/** The id of a workload's version, grown to [firstMs, lastMs]; digest '' while nobody knows it. */
		touchVersion(
			workloadId: number,
			version: { digest: string; description: string } | undefined,
			firstMs: number,
			lastMs: number
		): number {
			const digest = version?.digest ?? ''
			const description = version?.description ?? ''
			const key = `${workloadId}|${digest}`
			let row = versions.get(key)
			if (row === undefined) {
				const stored = findVersion.get(workloadId, digest)
				if (stored === undefined) {
					const id = Number(
						insertVersion.run(workloadId, digest, description, firstMs, lastMs).lastInsertRowid
					)
					row = { id, description, firstMs, lastMs, changed: false }
				} else {
					const { id, first_ms, last_ms } = stored
					row = { id, description: stored.description, firstMs: first_ms, lastMs: last_ms, changed: false }
				}
				versions.set(key, row)
			}
			const chosen = smallerText(row.description, description)
			if (firstMs < row.firstMs || lastMs > row.lastMs || chosen !== row.description) {
				row.firstMs = Math.min(row.firstMs, firstMs)
				row.lastMs = Math.max(row.lastMs, lastMs)
				row.description = chosen
				row.changed = true
			}
			return row.id
		},

		/** Writes what grew, and returns the ids whose owner has to be looked up (again). */
		write(): Set<number> {
			for (const row of workloads.values()) {
				if (!row.changed) continue
				updateWorkload.run({ id: row.id, firstMs: row.firstMs, lastMs: row.lastMs, cgroup: row.cgroup })
				if (row.aliasOf !== null) growTarget.run(row.firstMs, row.lastMs, row.aliasOf)
				row.changed = false
			}
			for (const row of versions.values()) {
				if (!row.changed) continue
				updateVersion.run(row.description, row.firstMs, row.lastMs, row.id)
				row.changed = false
			}
			const asked = unsettled
			unsettled = new Set()
			bySubject = new Map()
			if (workloads.size > CACHED_ROWS_MAX) workloads = new Map()
			if (versions.size > CACHED_ROWS_MAX) versions = new Map()
			return asked
		},

		/** After a transaction was undone, or somebody else changed the rows. */
		forget(): void {
			workloads = new Map()
			versions = new Map()
			bySubject = new Map()
			unsettled = new Set()
		}
	}
}

interface StoredWorkload {
	id: number
	first_ms: number
	last_ms: number
	cgroup: string
	kind: string
	alias_of: number | null
}

interface StoredVersion {
	id: number
	description: string
	first_ms: number
	last_ms: number
}
