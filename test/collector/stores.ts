import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Batch, Sighting } from '../../collector/observation.js'
import { openReader } from '../../collector/reader.js'

/** A folder of this test's own, removed when it ends. */
export function temporaryFolder(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-test-'))
	t.after(() => rmSync(folder, { recursive: true, force: true }))
	return folder
}

/** Asserts that `row` has these fields, whatever else it has. */
export function assertHas(row: unknown, fields: Record<string, unknown>): void {
	assert.ok(typeof row === 'object' && row !== null, 'there is no such row')
	const found = Object.fromEntries(Object.entries(row).filter(([name]) => name in fields))
	assert.deepEqual(found, fields)
}

export const HOUR_MS = 3_600_000
export const NOON_MS = Date.UTC(2026, 10, 23, 12)

/** An empty batch, with what a test wants in it. */
export function batchOf(sequence: number, parts: Partial<Batch> = {}, producer = 'kernel:n1'): Batch {
	return {
		delivery: { producer, epoch: 1, sequence },
		sightings: [],
		starts: [],
		gaps: [],
		inventory: [],
		timeline: [],
		bad: [],
		exposure: [],
		...parts
	}
}

export function sightingOf(parts: Partial<Sighting> = {}): Sighting {
	return {
		subject: { kind: 'container', cluster: 'default', namespace: 'shop', pod: 'api-1', container: 'api' },
		verb: 'read',
		object: '/etc/hosts',
		source: '/usr/bin/api',
		result: 'allowed',
		count: 1,
		firstMs: NOON_MS,
		lastMs: NOON_MS,
		pod: 'api-1',
		...parts
	}
}

/**
 * Everything that later stages read, with names instead of ids, sorted: two stores that hold
 * the same evidence give the same value, whatever order it came in.
 */
export function contentsOf(path: string): Record<string, unknown[]> {
	const reader = openReader(path)
	try {
		return Object.fromEntries(Object.entries(QUERIES).map(([table, sql]) => [table, reader.all(sql)]))
	} finally {
		reader.close()
	}
}

const QUERIES = {
	workloads: `SELECT w.name, w.form, w.cluster, w.namespace, w.kind, w.owner, w.container, w.node, w.cgroup,
		a.name AS alias, w.first_ms, w.last_ms FROM workloads w LEFT JOIN workloads a ON a.id = w.alias_of ORDER BY w.name`,
	versions: `SELECT w.name, v.digest, v.description, v.first_ms, v.last_ms FROM versions v
		JOIN workloads w ON w.id = v.workload_id ORDER BY w.name, v.digest`,
	observations: `SELECT w.name, v.digest, o.day, o.verb, t.text AS object, s.text AS source, o.result, o.hours, o.pods,
		o.count, o.first_ms, o.last_ms, o.flags, o.detail FROM observations o JOIN workloads w ON w.id = o.workload_id
		JOIN versions v ON v.id = o.version_id JOIN objects t ON t.id = o.object_id JOIN objects s ON s.id = o.source_id
		ORDER BY w.name, v.digest, o.day, o.verb, t.text, s.text, o.result`,
	starts: `SELECT w.name, v.digest, s.pod, s.at_ms FROM starts s JOIN workloads w ON w.id = s.workload_id
		JOIN versions v ON v.id = s.version_id ORDER BY 1, 2, 3, 4`,
	exposure: `SELECT w.name, e.hour, e.lossy FROM exposure e JOIN workloads w ON w.id = e.workload_id ORDER BY 1, 2`,
	gaps: `SELECT producer, scope, from_ms, to_ms, reason, lost_count, detail FROM gaps ORDER BY 1, 2, 3, 5`,
	inventory: `SELECT * FROM inventory ORDER BY cluster, kind, namespace, name, uid, from_ms`,
	timeline: `SELECT w.name, t.pod, t.at_ms, t.kind, t.text, t.count FROM timeline t
		JOIN workloads w ON w.id = t.workload_id ORDER BY 1, 2, 3, 4, 5`,
	bad: `SELECT * FROM bad_inputs ORDER BY producer, file, line, reason`
}
