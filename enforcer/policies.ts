import { z } from 'zod'
import type { Class, InventoryItem, Verb } from '../collector/observation.js'
import { classOfVerb } from '../collector/observation.js'
import type { Reader } from '../collector/store.js'
import { readRenderContext } from '../discovery/discover.js'
import type { Policy } from '../discovery/policy.js'
import { EnforcerError } from './error.js'
import type { Neighbour, Subject } from './refusal.js'
import { integer, text } from './row.js'

/** What discovery proposes now for one workload and class. */
export interface Proposal {
	digest: string
	revision: number
	sinceMs: number
}

const verbShape = z.custom<Verb>((value) => typeof value === 'string' && Object.hasOwn(classOfVerb, value))
const bodyShape = z.object({
	workload: z.string(),
	class: z.enum(['process', 'file-read', 'file-write', 'network', 'privilege']),
	rules: z.array(
		z.object({
			effect: z.enum(['allow', 'deny']),
			object: z.string(),
			access: z.array(verbShape),
			sources: z.array(z.string())
		})
	)
})

/** A policy as `policies.body` holds it. Throws when the row was not written by Whittle. */
export function parsePolicy(digest: string, body: string): Policy {
	return { ...bodyShape.parse(JSON.parse(body)), digest }
}

/** What is proposed now; null when nothing is. */
export function readProposal(reader: Reader, workloadId: number, class_: Class): Proposal | null {
	const row = reader.get(
		`SELECT digest, revision, since_ms FROM proposals JOIN policies ON policies.id = proposals.policy_id
			WHERE proposals.workload_id = ? AND proposals.class = ?`,
		workloadId,
		class_
	)
	if (!row) return null
	return { digest: text(row.digest), revision: integer(row.revision), sinceMs: integer(row.since_ms) }
}

/** One revision; null when the workload's class never had this digest. */
export function findRevision(
	reader: Reader,
	workloadId: number,
	class_: Class,
	digest: string
): Policy | null {
	const row = reader.get(
		'SELECT body FROM policies WHERE workload_id = ? AND class = ? AND digest = ?',
		workloadId,
		class_,
		digest
	)
	return row ? parsePolicy(digest, text(row.body)) : null
}

/** One revision. Throws `not-found` when the workload's class never had this digest. */
export function readPolicy(reader: Reader, workloadId: number, class_: Class, digest: string): Policy {
	const policy = findRevision(reader, workloadId, class_, digest)
	if (policy) return policy
	throw new EnforcerError('not-found', `This workload's class ${class_} has no policy ${digest}.`)
}

/** A workload as something to enforce on. Throws `not-found`. */
export function readSubject(reader: Reader, workloadId: number): Subject {
	const row = reader.get('SELECT * FROM workloads WHERE id = ?', workloadId)
	if (!row) throw new EnforcerError('not-found', `There is no workload ${workloadId}.`)
	return {
		workloadId,
		name: text(row.name),
		form: text(row.form) === 'host' ? 'host' : 'container',
		namespace: text(row.namespace),
		kind: text(row.kind),
		owner: text(row.owner),
		container: text(row.container),
		node: text(row.node),
		cgroup: text(row.cgroup)
	}
}

/** The other workloads that have a cgroup, on the same node, by name. */
export function readNeighbours(reader: Reader, subject: Subject): Neighbour[] {
	const rows = reader.all(
		`SELECT name, cgroup FROM workloads
			WHERE cgroup <> '' AND id <> ? AND coalesce(alias_of, 0) <> ? AND node = ? ORDER BY name`,
		subject.workloadId,
		subject.workloadId,
		subject.node
	)
	return rows.map((row) => ({ name: text(row.name), cgroup: text(row.cgroup) }))
}

/** What rendering may look at, at `nowMs`: a CronJob between two runs still has its last pod's labels. */
export function readInventory(reader: Reader, nowMs: number): InventoryItem[] {
	return readRenderContext(reader, nowMs).inventory
}

/** The workloads whose policies these digests are. Digests that are not known are left out. */
export function readOwners(reader: Reader, digests: readonly string[]): Map<string, number> {
	const rows = reader.all(
		`SELECT digest, workload_id FROM policies WHERE digest IN (${digests.map(() => '?').join()}) ORDER BY id`,
		...digests
	)
	return new Map(rows.map((row) => [text(row.digest), integer(row.workload_id)]))
}
