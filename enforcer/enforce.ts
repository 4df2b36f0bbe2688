import type { Reader } from '../collector/store.js'
import { readApprovals, short } from './approval.js'
import {
	type ChangeRequest,
	type ChangeResult,
	type Enforcement,
	oneAtATime,
	planFor,
	refuseWith,
	standingOf,
	targetOf
} from './enforcement.js'
import { EnforcerError } from './error.js'
import { carryOut, conclude, intend } from './execution.js'
import { decisionOn } from './lifecycle.js'
import { isEmpty, type Plan } from './plan.js'
import { readProposal } from './policies.js'

/** What `applyChange` would do. Changes nothing, needs no approval. Throws EnforcerError. */
export async function planChange(enforcement: Enforcement, request: ChangeRequest): Promise<Plan> {
	const target = targetOf(enforcement, request.target)
	const digest = request.digest ?? proposedDigest(enforcement.reader, request)
	return planFor(enforcement, target, request, digest)
}

/**
 * Puts the approved digest in force at the target. The intention is stored before anything is
 * done, and what came of it afterwards, so a crash between them is seen. Throws EnforcerError:
 * `conflict` unless what is proposed now is approved, `refused` with the plan's refusals,
 * `failed` when the target did not take it.
 */
export async function applyChange(enforcement: Enforcement, request: ChangeRequest): Promise<ChangeResult> {
	return oneAtATime(async () => {
		const target = targetOf(enforcement, request.target)
		const { digest } = approvedDigest(enforcement.reader, request)
		const plan = await planFor(enforcement, target, request, digest)
		refuseWith(plan)
		// Planning took its time: somebody may have rejected it meanwhile.
		const { approvalId } = approvedDigest(enforcement.reader, { ...request, digest })
		const standing = standingOf(enforcement.reader, request).find((change) => change.class === request.class)
		if (standing && standing.digest === digest && isEmpty(plan)) return { change: standing, changed: false }
		const change = await intend(enforcement, {
			...request,
			digest,
			approvalId,
			action: 'apply',
			plan,
			revertsId: null
		})
		const outcome = await carryOut(enforcement, change, () => target.apply(plan))
		return { change: await conclude(enforcement, change, outcome.state, outcome), changed: true }
	})
}

function proposedDigest(reader: Reader, request: ChangeRequest): string {
	const proposal = readProposal(reader, request.workloadId, request.class)
	if (proposal) return proposal.digest
	throw new EnforcerError(
		'not-found',
		`No policy of the class ${request.class} is proposed for this workload yet.`
	)
}

function approvedDigest(reader: Reader, request: ChangeRequest): { digest: string; approvalId: number } {
	const proposal = readProposal(reader, request.workloadId, request.class)
	if (!proposal) {
		throw new EnforcerError(
			'not-found',
			`No policy of the class ${request.class} is proposed for this workload yet.`
		)
	}
	if (request.digest !== undefined && request.digest !== proposal.digest) {
		throw new EnforcerError(
			'conflict',
			`${short(request.digest)} is not what is proposed now (${short(proposal.digest)}): read and approve that one first.`
		)
	}
	const approvals = readApprovals(reader, request.workloadId, request.class)
	const approval = approvals.findLast((one) => one.digest === proposal.digest)
	if (!approval || decisionOn(proposal, approvals) !== 'approved') {
		throw new EnforcerError(
			'conflict',
			`${short(proposal.digest)} is not approved: approve it, then apply it.`
		)
	}
	return { digest: proposal.digest, approvalId: approval.id }
}
