import { z } from 'zod'
import type { Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { integer, text } from '../../enforcer/row.js'
import { OperationError } from './error.js'
import type { Facts, ProposalRow, WorkloadRow } from './facts.js'
import { resolveWorkload } from './reference.js'
import { Note } from './shape.js'

/**
 * The workload that holds the policy, and the revision that is meant: the given digest, or what
 * is proposed now. Throws `not-found`.
 */
export function findPolicy(
	reader: Reader,
	facts: Facts,
	input: { workload: string; class: Class; digest?: string | undefined }
): { workload: WorkloadRow; proposal: ProposalRow } {
	const named = resolveWorkload([...facts.byId.values()], input.workload, input.class)
	const workload = facts.holderOf(named, input.class)
	const current = facts.proposalOf(workload, input.class)
	if (current && (input.digest === undefined || input.digest === current.digest)) {
		return { workload, proposal: current }
	}
	const row =
		input.digest === undefined
			? undefined
			: reader.get(
					'SELECT id, digest, revision, created_ms, notes FROM policies WHERE workload_id = ? AND class = ? AND digest = ?',
					workload.id,
					input.class,
					input.digest
				)
	if (!row) {
		throw new OperationError(
			'not-found',
			input.digest === undefined
				? `${workload.displayName} has no policy of the class ${input.class} yet. ${facts.stateOf(workload, input.class).sentence}`
				: `${workload.displayName} never had a policy of the class ${input.class} with the digest ${input.digest}.`
		)
	}
	return {
		workload,
		proposal: {
			policyId: integer(row.id),
			workloadId: workload.id,
			class: input.class,
			digest: text(row.digest),
			revision: integer(row.revision),
			sinceMs: integer(row.created_ms),
			createdMs: integer(row.created_ms),
			notes: text(row.notes)
		}
	}
}

/** The notes of a revision. */
export function notesOf(proposal: ProposalRow): z.output<typeof Note>[] {
	return z.array(Note).parse(JSON.parse(proposal.notes))
}
