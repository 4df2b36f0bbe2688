import type { Class } from '../collector/observation.js'
import type { Reader, SqlValue, Writer } from '../collector/store.js'
import { EnforcerError } from './error.js'
import { integer, text } from './row.js'

/** A decision bound to exactly one digest of one workload and class. */
export interface Approval {
	id: number
	workloadId: number
	class: Class
	digest: string
	decision: 'approved' | 'rejected'
	actor: string
	reason: string
	atMs: number
}

/** What somebody wants to decide; `digest` is what they read. */
export interface DecisionRequest {
	workloadId: number
	class: Class
	digest: string
	actor: string
	reason: string
	atMs: number
}

/**
 * Approves exactly the digest that is proposed now. Any other digest, even one approved
 * before, is refused, so that nobody approves what they have not read.
 * Throws `not-found` (nothing like it is known) or `conflict` (something else is proposed).
 */
export async function approve(reader: Reader, writer: Writer, request: DecisionRequest): Promise<Approval> {
	return decide(reader, writer, request, 'approved')
}

/** Rejects exactly the digest that is proposed now; the class goes on learning. Errors as `approve`. */
export async function reject(reader: Reader, writer: Writer, request: DecisionRequest): Promise<Approval> {
	return decide(reader, writer, request, 'rejected')
}

/** The decisions about one workload (all classes, or one), oldest first. */
export function readApprovals(reader: Reader, workloadId: number, class_?: Class): Approval[] {
	const rows = reader.all(
		`SELECT * FROM approvals WHERE workload_id = ? AND class = coalesce(?, class) ORDER BY id`,
		workloadId,
		class_ ?? null
	)
	return rows.map(approvalOf)
}

/** A row of `approvals`. */
export function approvalOf(row: Record<string, SqlValue>): Approval {
	return {
		id: integer(row.id),
		workloadId: integer(row.workload_id),
		class: text(row.class) as Class,
		digest: text(row.digest),
		decision: text(row.decision) === 'approved' ? 'approved' : 'rejected',
		actor: text(row.actor),
		reason: text(row.reason),
		atMs: integer(row.at_ms)
	}
}

async function decide(
	reader: Reader,
	writer: Writer,
	request: DecisionRequest,
	decision: 'approved' | 'rejected'
): Promise<Approval> {
	refuseOtherThanProposed(reader, request)
	// The proposal may change between the check above and the write: the insert asks again,
	// in the writer's transaction, and is undone when it finds another proposal.
	const [inserted] = await writer.transact([
		{
			sql: `INSERT INTO approvals (workload_id, class, digest, decision, actor, reason, at_ms)
				SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (
					SELECT 1 FROM proposals JOIN policies ON policies.id = proposals.policy_id
					WHERE proposals.workload_id = ? AND proposals.class = ? AND policies.digest = ?)`,
			params: [
				request.workloadId,
				request.class,
				request.digest,
				decision,
				request.actor,
				request.reason,
				request.atMs,
				request.workloadId,
				request.class,
				request.digest
			]
		}
	])
	if (inserted !== 1) {
		throw new EnforcerError(
			'conflict',
			`Another revision was proposed while ${short(request.digest)} was being decided: read it and decide again.`
		)
	}
	const made = readApprovals(reader, request.workloadId, request.class).at(-1)
	if (!made) throw new EnforcerError('failed', 'The decision was written and cannot be read back.')
	return made
}

function refuseOtherThanProposed(reader: Reader, request: DecisionRequest): void {
	const proposed = reader.get(
		`SELECT digest FROM proposals JOIN policies ON policies.id = proposals.policy_id
			WHERE proposals.workload_id = ? AND proposals.class = ?`,
		request.workloadId,
		request.class
	)
	if (proposed && text(proposed.digest) === request.digest) return
	const known = reader.get(
		'SELECT revision FROM policies WHERE workload_id = ? AND class = ? AND digest = ?',
		request.workloadId,
		request.class,
		request.digest
	)
	if (!known) {
		throw new EnforcerError(
			'not-found',
			`No policy of this workload's class ${request.class} has the digest ${short(request.digest)}.`
		)
	}
	throw new EnforcerError(
		'conflict',
		proposed
			? `${short(request.digest)} is revision ${integer(known.revision)}; what is proposed now is ${short(text(proposed.digest))}. Read that one and decide again.`
			: `${short(request.digest)} is not proposed any more.`
	)
}

/** A digest as people say it: `sha256:` and twelve digits. */
export function short(digest: string): string {
	return digest.slice(0, 'sha256:'.length + 12)
}
