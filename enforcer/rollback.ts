import type { Class } from '../collector/observation.js'
import { before, type Change, concludeChange, inForce, readChanges } from './change.js'
import {
	type ChangeResult,
	type Enforcement,
	modeOf,
	oneAtATime,
	planFor,
	refuseWith,
	targetOf
} from './enforcement.js'
import { EnforcerError } from './error.js'
import { carryOut, conclude, intend } from './execution.js'
import { withLifts } from './lift.js'
import type { Plan } from './plan.js'
import type { Target } from './targets/target.js'

/** Which class is to be rolled back; without a target: at that of the latest change in force. */
export interface RollbackRequest {
	workloadId: number
	class: Class
	target?: string
}

/**
 * Undoes what is in force for the class: what was applied before it holds again, or nothing.
 * Throws EnforcerError: `conflict` when nothing is in force, `refused`, `failed`.
 */
export async function rollbackChange(
	enforcement: Enforcement,
	request: RollbackRequest
): Promise<ChangeResult> {
	return oneAtATime(async () => {
		const { target, change, plan, previous } = await planRollback(enforcement, request)
		refuseWith(plan)
		const reverting = await intend(enforcement, {
			workloadId: change.workloadId,
			class: change.class,
			target: change.target,
			digest: change.digest,
			approvalId: change.approvalId,
			action: 'revert',
			plan,
			revertsId: change.id
		})
		const outcome = await carryOut(enforcement, reverting, () => target.apply(plan))
		if (outcome.state === 'failed') {
			return { change: await conclude(enforcement, reverting, 'failed', outcome), changed: true }
		}
		// What is held again was proven, or not, just now.
		const isHeldAgain = plan.actions.some((action) => action.verb === 'hold')
		const together = [
			concludeChange(change.id, 'reverted', `Rolled back by ${enforcement.actor}.`),
			...(previous && isHeldAgain ? [concludeChange(previous.id, outcome.state, outcome.sentence)] : [])
		]
		return { change: await conclude(enforcement, reverting, 'reverted', outcome, together), changed: true }
	})
}

/** What `rollbackChange` would do. Changes nothing. */
export async function previewRollback(enforcement: Enforcement, request: RollbackRequest): Promise<Plan> {
	return (await planRollback(enforcement, request)).plan
}

async function planRollback(
	enforcement: Enforcement,
	request: RollbackRequest
): Promise<{ target: Target; change: Change; plan: Plan; previous: Change | undefined }> {
	const changes = readChanges(enforcement.reader, request.workloadId)
	const ofClass = changes.filter(
		(change) => change.class === request.class && (request.target ?? change.target) === change.target
	)
	const change = interrupted(ofClass) ?? inForce(ofClass).toSorted((a, b) => b.id - a.id)[0]
	if (!change) {
		throw new EnforcerError(
			'conflict',
			`Nothing of the class ${request.class} is in force${request.target ? ` at the ${request.target} target` : ''}, so there is nothing to roll back.`
		)
	}
	const target = targetOf(enforcement, change.target)
	const previous = before(changes, change)
	const last = changes.findLast((one) => one.target === change.target && one.state !== 'failed')
	if (last === change) {
		// Nothing happened there since: what undoes it is on record, byte for byte.
		const undoing = { ...change.plan, actions: change.plan.undo, undo: change.plan.actions, refusals: [] }
		return { target, change, plan: await withLifts(target, undoing, change), previous }
	}
	const where = { ...change, mode: previous ? modeOf(previous) : 'block' } as const
	const planned = await planFor(enforcement, target, where, previous?.digest ?? null)
	const plan = await withLifts(target, planned, change)
	if (plan.refusals.length === 0 || !previous) return { target, change, plan, previous }
	// What held before may not be held any more; that never keeps anybody from lifting.
	const lifting = await withLifts(target, await planFor(enforcement, target, where, null), change)
	return {
		target,
		change,
		plan: { ...lifting, notes: [...lifting.notes, ...plan.refusals] },
		previous: undefined
	}
}

/** The last apply, when it was begun and never concluded. */
function interrupted(changes: Change[]): Change | undefined {
	const last = changes.at(-1)
	return last?.state === 'planned' && last.action === 'apply' ? last : undefined
}
