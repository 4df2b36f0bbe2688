import type { Approval } from './approval.js'
import { short } from './approval.js'
import type { Change } from './change.js'
import { inForce } from './change.js'

export type State = 'none' | 'learning' | 'proposed' | 'audit' | 'applied' | 'enforced'
export type Decision = 'none' | 'approved' | 'rejected'

/** What the store says about one workload and class. */
export interface LifecycleFacts {
	/** Whether it was seen to do anything in this class. */
	hasBehaviours: boolean
	/** What discovery proposes now. */
	proposal: { digest: string; revision: number; sinceMs: number } | null
	/** Decisions about any digest of it, oldest first. */
	approvals: readonly Approval[]
	/** Changes at any target, oldest first. */
	changes: readonly Change[]
	/** Accesses that were blocked, or would have been, under what is in force. */
	violationCount: number
}

/** Where it is, and one or two sentences on what it waits for. */
export interface Lifecycle {
	state: State
	decision: Decision
	sentence: string
}

/**
 * The state of one workload and class. In this release a policy that exists is proposed;
 * only a person's approval moves it on, and only a proof makes it `enforced`.
 */
export function lifecycle(facts: LifecycleFacts): Lifecycle {
	const decision = decisionOn(facts.proposal, facts.approvals)
	const change = strongest(inForce(facts.changes))
	const last = facts.changes.at(-1)
	if (last?.state === 'planned') {
		return {
			state: change ? 'applied' : 'proposed',
			decision,
			sentence:
				`A change at the ${last.target} target was interrupted, so what is in force there is not known. Apply or roll back again. ${last.outcome}`.trim()
		}
	}
	if (change) return { ...whileInForce(change, facts), decision }
	return { ...beforeForce(facts, decision), decision }
}

/**
 * The latest decision about exactly the digest that is proposed. A decision made before the
 * digest was (again) proposed is void: what was rejected or approved then was another situation.
 */
export function decisionOn(proposal: LifecycleFacts['proposal'], approvals: readonly Approval[]): Decision {
	if (!proposal) return 'none'
	const last = approvals.findLast((one) => one.digest === proposal.digest && one.atMs >= proposal.sinceMs)
	return last ? last.decision : 'none'
}

/** Proof counts more than a claim, and a claim more than counting. */
function strongest(changes: Change[]): Change | undefined {
	const rank = { enforced: 3, applied: 2, audit: 1 } as Readonly<Record<string, number>>
	return changes.toSorted((a, b) => (rank[b.state] ?? 0) - (rank[a.state] ?? 0) || b.id - a.id)[0]
}

function whileInForce(change: Change, facts: LifecycleFacts): { state: State; sentence: string } {
	const where = `at the ${change.target} target`
	const newer =
		facts.proposal && facts.proposal.digest !== change.digest
			? ` Meanwhile revision ${facts.proposal.revision} (${short(facts.proposal.digest)}) is proposed and waits for a decision.`
			: ''
	const denied = facts.violationCount > 0 ? ` ${count(facts.violationCount, 'access', 'accesses')}` : ''
	switch (change.state) {
		case 'enforced':
			return {
				state: 'enforced',
				sentence: `${short(change.digest)} is enforced ${where}: a self-test saw it deny and allow.${denied && `${denied} were blocked so far.`}${newer}`
			}
		case 'audit':
			return {
				state: 'audit',
				sentence: `${short(change.digest)} is in audit ${where}: nothing is blocked.${denied && `${denied} would have been blocked so far.`} It waits to be applied in block mode.${newer}`
			}
		default:
			return {
				state: 'applied',
				sentence: `${short(change.digest)} is applied, unproven, ${where}: ${change.outcome || 'nothing has shown that it holds.'}${newer}`
			}
	}
}

function beforeForce(facts: LifecycleFacts, decision: Decision): { state: State; sentence: string } {
	const { proposal } = facts
	if (!proposal) {
		return facts.hasBehaviours
			? { state: 'learning', sentence: 'It was seen, and no policy is proposed yet: it waits for evidence.' }
			: { state: 'none', sentence: 'It was never seen to do anything of this class.' }
	}
	const last = facts.approvals.findLast((one) => one.digest === proposal.digest)
	const name = `Revision ${proposal.revision} (${short(proposal.digest)})`
	if (decision === 'approved') {
		return {
			state: 'proposed',
			sentence: `${name} was approved by ${last?.actor ?? 'somebody'} and waits to be applied.`
		}
	}
	if (decision === 'rejected') {
		return {
			state: 'learning',
			sentence: `${name} was rejected by ${last?.actor ?? 'somebody'}${last?.reason ? ` (“${last.reason}”)` : ''}; it waits until the evidence gives another one.`
		}
	}
	return {
		state: 'proposed',
		sentence: `${name} is proposed and waits for a person to approve or reject it.`
	}
}

function count(n: number, one: string, many: string): string {
	return `${n} ${n === 1 ? one : many}`
}
