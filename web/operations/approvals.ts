import type { z } from 'zod'
import {
	approve as approveDigest,
	type DecisionRequest,
	reject as rejectDigest
} from '../../enforcer/approval.js'
import { readFacts, type WorkloadRow } from './facts.js'
import { approvalShown } from './history.js'
import { operation, type OperationContext } from './operation.js'
import { resolveWorkload } from './reference.js'
import { Approve, Decided, Reject } from './shape.js'

export const approve = operation({
	name: 'approve',
	method: 'POST',
	path: '/policies/:workload/:class/approve',
	summary: 'Approve exactly this digest. Refused with a conflict when something else is proposed by now.',
	input: Approve,
	output: Decided,
	runsIn: 'service',
	run: (context, input) => decide(context, input, approveDigest)
})

export const reject = operation({
	name: 'reject',
	method: 'POST',
	path: '/policies/:workload/:class/reject',
	summary: 'Reject exactly this digest, with a reason. The class goes on learning.',
	input: Reject,
	output: Decided,
	runsIn: 'service',
	run: (context, input) => decide(context, input, rejectDigest)
})

async function decide(
	context: OperationContext,
	input: z.output<typeof Approve>,
	decision: typeof approveDigest
): Promise<z.output<typeof Decided>> {
	const { reader, writer } = context
	const workload = holderOf(context, input)
	const request: DecisionRequest = {
		workloadId: workload.id,
		class: input.class,
		digest: input.digest,
		actor: context.actor,
		reason: input.reason,
		atMs: context.nowMs()
	}
	const approval = await decision(reader, writer, request)
	const { state, sentence } = readFacts(reader).stateOf(workload, input.class)
	return { approval: approvalShown(approval, workload), state, sentence }
}

/** The workload that the class's policy is kept at. */
export function holderOf(
	context: OperationContext,
	input: { workload: string; class: z.output<typeof Approve>['class'] }
): WorkloadRow {
	const facts = readFacts(context.reader)
	return facts.holderOf(resolveWorkload([...facts.byId.values()], input.workload, input.class), input.class)
}
