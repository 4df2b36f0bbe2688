import { z } from 'zod'
import type { Class } from '../collector/observation.js'
import type { Reader, SqlValue, Statement, Writer } from '../collector/store.js'
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
 * Throws `not-found` (nothing like it is known), `conflict` (something else is proposed) or `refused` (the
 * learner itself says that its rules do not hold what the workload does).
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

/**
 * Decides about all of them in one transaction: those that are still proposed are decided together, and
 * each of the others comes back as the error that `approve` would throw. In the order of `requests`.
 */
export async function decideAll(
	reader: Reader,
	writer: Writer,
	requests: readonly DecisionRequest[],
	decision: Approval['decision']
): Promise<(Approval | EnforcerError)[]> {
	const refusals = requests.map((request) => refusalOf(reader, request, decision))
	const open = requests.filter((_, index) => refusals[index] === null)
	// A proposal may change between the check above and the write: each insert asks again, in the
	// writer's transaction, and inserts nothing when it finds another proposal.
	const inserted = open.length === 0 ? [] : await writer.transact(open.map((one) => insertOf(one, decision)))
	const isInserted = new Map(open.map((request, index) => [request, inserted[index] === 1]))
	return requests.map((request, index) => {
		const refusal = refusals[index]
		if (refusal) return refusal
		if (isInserted.get(request)) return latestOf(reader, request)
		return refusalOf(reader, request, decision) ?? changedMeanwhile(request)
	})
}

async function decide(
	reader: Reader,
	writer: Writer,
	request: DecisionRequest,
	decision: Approval['decision']
): Promise<Approval> {
	const [made] = await decideAll(reader, writer, [request], decision)
	if (made === undefined || made instanceof EnforcerError) throw made
	return made
}

function insertOf(request: DecisionRequest, decision: Approval['decision']): Statement {
	const { workloadId, class: class_, digest, actor, reason, atMs } = request
	return {
		sql: `INSERT INTO approvals (workload_id, class, digest, decision, actor, reason, at_ms)
			SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (
				SELECT 1 FROM proposals JOIN policies ON policies.id = proposals.policy_id
				WHERE proposals.workload_id = ? AND proposals.class = ? AND policies.digest = ?
					AND (? = 'rejected' OR NOT EXISTS (SELECT 1 FROM json_each(policies.notes) AS note
						WHERE json_extract(note.value, '$.severity') = 'refusal')))`,
		params: [workloadId, class_, digest, decision, actor, reason, atMs, workloadId, class_, digest, decision]
	}
}

function latestOf(reader: Reader, { workloadId, class: class_ }: DecisionRequest): Approval {
	const made = readApprovals(reader, workloadId, class_).at(-1)
	if (!made) throw new EnforcerError('failed', 'The decision was written and cannot be read back.')
	return made
}

function changedMeanwhile({ digest }: DecisionRequest): EnforcerError {
	return new EnforcerError(
		'conflict',
		`Another revision was proposed while ${short(digest)} was being decided: read it and decide again.`
	)
}

/**
 * Why a digest cannot be decided about; null when it is what is proposed now and, to be approved, nothing
 * in it is refused.
 */
function refusalOf(
	reader: Reader,
	request: DecisionRequest,
	decision: Approval['decision']
): EnforcerError | null {
	const proposed = reader.get(
		`SELECT digest, notes FROM proposals JOIN policies ON policies.id = proposals.policy_id
			WHERE proposals.workload_id = ? AND proposals.class = ?`,
		request.workloadId,
		request.class
	)
	if (proposed && text(proposed.digest) === request.digest) {
		return decision === 'rejected' ? null : ownRefusal(request, text(proposed.notes))
	}
	const known = reader.get(
		'SELECT revision FROM policies WHERE workload_id = ? AND class = ? AND digest = ?',
		request.workloadId,
		request.class,
		request.digest
	)
	if (!known) {
		return new EnforcerError(
			'not-found',
			`No policy of this workload's class ${request.class} has the digest ${short(request.digest)}.`
		)
	}
	return new EnforcerError(
		'conflict',
		proposed
			? `${short(request.digest)} is revision ${integer(known.revision)}; what is proposed now is ${short(text(proposed.digest))}. Read that one and decide again.`
			: `${short(request.digest)} is not proposed any more.`
	)
}

/** Its rules leave out something that the workload does, so holding to them would break it. */
function ownRefusal({ digest }: DecisionRequest, notes: string): EnforcerError | null {
	const refusals = notesShape.parse(JSON.parse(notes)).filter((note) => note.severity === 'refusal')
	const [first] = refusals
	if (!first) return null
	const more = refusals.length > 1 ? ` And ${refusals.length - 1} more like it, among its notes.` : ''
	return new EnforcerError('refused', `${short(digest)} cannot be approved. ${first.text}${more}`)
}

const notesShape = z.array(z.object({ severity: z.string(), text: z.string() }))

/** A digest as people say it: `sha256:` and twelve digits. */
export function short(digest: string): string {
	return digest.slice(0, 'sha256:'.length + 12)
}
