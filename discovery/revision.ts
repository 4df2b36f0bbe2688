import { createHash } from 'node:crypto'
import type { SqlValue, Statement } from '../collector/store.js'
import { canonicalBody } from './digest.js'
import type { Note, Policy, RuleEvidence } from './policy.js'

/** What discovery proposes for one workload and class. */
export interface Proposal {
	policy: Policy
	evidence: RuleEvidence[]
	notes: Note[]
}

/** The same for the same policy, evidence and notes; starts with the policy's digest. */
export function fingerprintOf(digest: string, evidence: unknown, notes: unknown): string {
	return `${digest} ${createHash('sha256')
		.update(JSON.stringify([evidence, notes]))
		.digest('hex')}`
}

/**
 * What stores a proposal: its revision, unless one with this digest is there; that it is proposed
 * now; and its evidence. Nothing changes in rows that hold it already.
 */
export function statementsFor(workloadId: number, proposal: Proposal, nowMs: number): Statement[] {
	const { policy, evidence, notes } = proposal
	const key: SqlValue[] = [workloadId, policy.class, policy.digest]
	return [
		{
			sql:
				'INSERT INTO policies (workload_id, class, digest, revision, body, notes, created_ms)' +
				' SELECT ?, ?, ?, COALESCE(MAX(revision), 0) + 1, ?, ?, ? FROM policies WHERE workload_id = ? AND class = ?' +
				' ON CONFLICT (workload_id, class, digest) DO UPDATE SET notes = excluded.notes',
			params: [...key, canonicalBody(policy), JSON.stringify(notes), nowMs, workloadId, policy.class]
		},
		{
			sql:
				'INSERT INTO proposals (workload_id, class, policy_id, since_ms) SELECT ?, ?, id, ? FROM policies' +
				' WHERE workload_id = ? AND class = ? AND digest = ?' +
				' ON CONFLICT (workload_id, class) DO UPDATE SET policy_id = excluded.policy_id, since_ms = excluded.since_ms' +
				' WHERE policy_id <> excluded.policy_id',
			params: [workloadId, policy.class, nowMs, ...key]
		},
		...evidence.map((data, rule) => ({
			sql:
				'INSERT INTO evidence (policy_id, rule, data) SELECT id, ?, ? FROM policies' +
				' WHERE workload_id = ? AND class = ? AND digest = ?' +
				' ON CONFLICT (policy_id, rule) DO UPDATE SET data = excluded.data WHERE data <> excluded.data',
			params: [rule, JSON.stringify(data), ...key]
		}))
	]
}
