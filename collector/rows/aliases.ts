import Sqlite, { type Database } from 'better-sqlite3'
import { canonicalKind, identifyContainer, OWNED_KINDS } from '../identity.js'
import type { InventoryItem } from '../observation.js'

/** How far owner references are followed: Pod → ReplicaSet → Deployment → what an operator made of it. */
const OWNERS_MAX = 5

/** Kinds that own pods without being workloads: a static pod's owner is its node. */
const NOT_WORKLOADS: readonly string[] = ['Node']

/**
 * Joins pods, ReplicaSets and Jobs to the workload that owns them, through the inventory as
 * it was when they were first seen. Run after every change of either, so that telemetry that
 * came before its inventory ends up where it would have been.
 */
export function prepareAliases(db: Database): {
	/** Settles these workloads, and all in the namespaces of these items. Returns true when a row changed. */
	settle(ids: Iterable<number>, items: InventoryItem[]): boolean
} {
	const marks = OWNED_KINDS.map(() => '?').join(', ')
	const columns = 'id, cluster, namespace, kind, owner, container, first_ms, last_ms, alias_of'
	const byId = db.prepare<[number], Candidate>(
		`SELECT ${columns} FROM workloads WHERE id = ? AND form = 'container'`
	)
	const byNamespace = db.prepare<string[], Candidate>(
		`SELECT ${columns} FROM workloads WHERE cluster = ? AND namespace = ? AND kind IN (${marks}) AND form = 'container'`
	)
	const described = db.prepare<string[], Description>(
		'SELECT uid, from_ms, to_ms, item FROM inventory WHERE cluster = ? AND kind = ? AND namespace = ? AND name = ?'
	)
	const findByName = db.prepare<[string], number>('SELECT id FROM workloads WHERE name = ?').pluck()
	const insert = db.prepare(
		`INSERT INTO workloads (name, form, cluster, namespace, kind, owner, container, node, first_ms, last_ms)
		 VALUES (?, 'container', ?, ?, ?, ?, ?, '', ?, ?)`
	)
	const setAlias = db.prepare('UPDATE workloads SET alias_of = ? WHERE id = ?')
	// A row's own times are those of its versions and exposed hours; the rest it has from its aliases.
	const retime = db.prepare(
		`UPDATE workloads SET first_ms = t.first_ms, last_ms = t.last_ms FROM (
		   SELECT min(first_ms) AS first_ms, max(last_ms) AS last_ms FROM (
		     SELECT first_ms, last_ms FROM versions WHERE workload_id = @id
		     UNION ALL SELECT hour * 3600000 + 3599999, hour * 3600000 FROM exposure WHERE workload_id = @id
		     UNION ALL SELECT min(at_ms), max(at_ms) FROM timeline WHERE workload_id = @id
		     UNION ALL SELECT first_ms, last_ms FROM workloads WHERE alias_of = @id)) AS t
		 WHERE id = @id AND t.first_ms IS NOT NULL`
	)
	const remove = db.prepare('DELETE FROM workloads WHERE id = ?')

	function ownerOf({ cluster, namespace, kind, owner, first_ms }: Candidate): { kind: string; name: string } {
		let current = { kind, name: owner }
		for (let step = 0; step < OWNERS_MAX; step++) {
			const rows = described.all(cluster, current.kind, namespace, current.name)
			const next = ownerReference(validAt(rows, first_ms))
			if (next === null || NOT_WORKLOADS.includes(next.kind)) break
			current = next
		}
		return current
	}

	function targetOf(row: Candidate): number | null {
		const { kind, name } = ownerOf(row)
		if (kind === row.kind && name === row.owner) return null
		const target = identifyContainer(row.cluster, row.namespace, kind, name, row.container)
		const existing = findByName.get(target.name)
		if (existing !== undefined) return existing === row.id ? null : existing
		const { cluster, namespace, owner, container } = target
		const values = [target.name, cluster, namespace, target.kind, owner, container, row.first_ms, row.last_ms]
		return Number(insert.run(...values).lastInsertRowid)
	}

	/**
	 * A target that nothing points to any more and that has nothing of its own was a mistake of
	 * too little inventory. Foreign keys know whether it has.
	 */
	function removed(id: number): boolean {
		try {
			return remove.run(id).changes === 1
		} catch (error) {
			if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return false
			throw error
		}
	}

	return {
		settle(ids, items) {
			const candidates = new Map<number, Candidate>()
			for (const id of ids) {
				const row = byId.get(id)
				if (row !== undefined) candidates.set(id, row)
			}
			// What a name stood for says nothing about who owns whom.
			const owning = items.filter(({ kind }) => kind !== 'DnsAnswer')
			const namespaces = new Map(owning.map((item) => [`${item.cluster}\n${item.namespace}`, item]))
			for (const { cluster, namespace } of namespaces.values()) {
				for (const row of byNamespace.all(cluster, namespace, ...OWNED_KINDS)) candidates.set(row.id, row)
			}
			let changed = false
			const gained = new Set<number>()
			const lost = new Set<number>()
			for (const row of candidates.values()) {
				const target = targetOf(row)
				if (target === row.alias_of) continue
				setAlias.run(target, row.id)
				changed = true
				if (row.alias_of !== null) lost.add(row.alias_of)
				if (target !== null) gained.add(target)
			}
			for (const id of lost) if (!gained.has(id) && removed(id)) lost.delete(id)
			for (const id of new Set([...gained, ...lost])) retime.run({ id })
			return changed
		}
	}
}

interface Candidate {
	id: number
	cluster: string
	namespace: string
	kind: string
	owner: string
	container: string
	first_ms: number
	last_ms: number
	alias_of: number | null
}

interface Description {
	uid: string
	from_ms: number
	to_ms: number | null
	item: string
}

/** The row valid at `atMs` (of several the youngest), else the nearest in time. */
function validAt(rows: Description[], atMs: number): Description | undefined {
	let best: Description | undefined
	for (const row of rows) {
		if (best === undefined || isBetter(row, best, atMs)) best = row
	}
	return best
}

function isBetter(row: Description, best: Description, atMs: number): boolean {
	const nearer = distance(row, atMs) - distance(best, atMs)
	if (nearer !== 0) return nearer < 0
	if (row.from_ms !== best.from_ms) return row.from_ms > best.from_ms
	return row.uid > best.uid
}

/** 0 while valid in [from, to), else ms to the nearer end. */
function distance({ from_ms, to_ms }: Description, atMs: number): number {
	if (atMs < from_ms) return from_ms - atMs
	return to_ms === null || atMs < to_ms ? 0 : atMs - to_ms + 1
}

function ownerReference(row: Description | undefined): { kind: string; name: string } | null {
	if (row === undefined) return null
	const item: unknown = JSON.parse(row.item)
	if (typeof item !== 'object' || item === null || !('owner' in item)) return null
	const { owner } = item
	if (typeof owner !== 'object' || owner === null || !('kind' in owner) || !('name' in owner)) return null
	if (typeof owner.kind !== 'string' || typeof owner.name !== 'string') return null
	return { kind: canonicalKind(owner.kind), name: owner.name }
}
