import type { z } from 'zod'
import { applyChange as applyIt, planChange as planIt } from '../../enforcer/enforce.js'
import type { ChangeResult, Enforcement } from '../../enforcer/enforcement.js'
import { previewRollback, rollbackChange as rollBack } from '../../enforcer/rollback.js'
import { targetsFor } from '../../enforcer/targets/targets.js'
import { holderOf } from './approvals.js'
import { readFacts, type WorkloadRow } from './facts.js'
import { changeShown } from './history.js'
import { operation, type OperationContext } from './operation.js'
import { Changed, Plan, PlanChange, RollbackChange } from './shape.js'

export const planChange = operation({
	name: 'planChange',
	method: 'POST',
	path: '/policies/:workload/:class/plan',
	summary: 'A dry run: what applying would do, what would undo it, and what speaks against it.',
	input: PlanChange,
	output: Plan,
	runsIn: 'service',
	run: (context, input) => planIt(enforcementOf(context, input.callerPid), requestOf(context, input))
})

export const applyChange = operation({
	name: 'applyChange',
	method: 'POST',
	path: '/policies/:workload/:class/apply',
	summary: 'Put the approved policy in force at a target. Doing it again changes nothing.',
	input: PlanChange,
	output: Changed,
	runsIn: 'service',
	async run(context, input) {
		const workload = holderOf(context, input)
		const result = await applyIt(enforcementOf(context, input.callerPid), requestOf(context, input))
		return changed(context, workload, result)
	}
})

export const rollbackChange = operation({
	name: 'rollbackChange',
	method: 'POST',
	path: '/policies/:workload/:class/rollback',
	summary: 'Undo what is in force: what was applied before it holds again, or nothing.',
	input: RollbackChange,
	output: Changed,
	runsIn: 'service',
	async run(context, input) {
		const workload = holderOf(context, input)
		const request = {
			workloadId: workload.id,
			class: input.class,
			...(input.target === undefined ? {} : { target: input.target })
		}
		return changed(context, workload, await rollBack(enforcementOf(context), request))
	}
})

export const planRollback = operation({
	name: 'planRollback',
	method: 'POST',
	path: '/policies/:workload/:class/rollback/plan',
	summary: 'A dry run: what rolling back would do.',
	input: RollbackChange,
	output: Plan,
	runsIn: 'service',
	run(context, input) {
		const workload = holderOf(context, input)
		return previewRollback(enforcementOf(context), {
			workloadId: workload.id,
			class: input.class,
			...(input.target === undefined ? {} : { target: input.target })
		})
	}
})

/** What enforcing may touch, as this operation's caller. */
export function enforcementOf(context: OperationContext, callerPid?: number): Enforcement {
	return {
		reader: context.reader,
		writer: context.writer,
		targets: targetsFor(context.dataDir, context.sensor),
		actor: context.actor,
		callerPid: callerPid ?? null,
		nowMs: context.nowMs
	}
}

function requestOf(context: OperationContext, input: z.output<typeof PlanChange>) {
	return {
		workloadId: holderOf(context, input).id,
		class: input.class,
		target: input.target,
		mode: input.mode,
		...(input.digest === undefined ? {} : { digest: input.digest })
	}
}

function changed(
	context: OperationContext,
	workload: WorkloadRow,
	result: ChangeResult
): z.output<typeof Changed> {
	const { state, sentence } = readFacts(context.reader).stateOf(workload, result.change.class)
	return { change: changeShown(result.change, workload), changed: result.changed, state, sentence }
}
