import assert from 'node:assert/strict'
import type { z } from 'zod'
import {
	type Approval,
	approve as approveDigest,
	type DecisionRequest,
	decideAll,
	reject as rejectDigest
} from '../../enforcer/approval.js'
import { kindOf, problem } from '../problem.js'
import { type Facts, readFacts, type WorkloadRow } from './facts.js'
import { approvalShown } from './history.js'
import { operation, type OperationContext } from './operation.js'
import { resolveWorkload } from './reference.js'
import { Approve, ApproveMany, Decided, DecidedMany, Reject, RejectMany } from './shape.js'

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

export const approveMany = operation({
	name: 'approveMany',
	method: 'POST',
	path: '/policies/approve',
	summary:
		'Approve each of these digests. One that is refused stops no other: each item says what became of it.',
	input: ApproveMany,
	output: DecidedMany,
	runsIn: 'service',
	run: (context, input) => decideMany(context, input, 'approved')
})

export const rejectMany = operation({
	name: 'rejectMany',
	method: 'POST',
	path: '/policies/reject',
	summary: 'Reject each of these digests, for one reason. Each item says what became of it.',
	input: RejectMany,
	output: DecidedMany,
	runsIn: 'service',
	run: (context, input) => decideMany(context, input, 'rejected')
})

async function decide(
	context: OperationContext,
	input: z.output<typeof Approve>,
	decision: typeof approveDigest
): Promise<z.output<typeof Decided>> {
	const { reader, writer } = context
	const workload = holderOf(context, input)
	const approval = await decision(reader, writer, requestOf(context, workload, input, input.reason))
	return decidedOf(readFacts(reader), approval, workload)
}

type Item = z.output<typeof ApproveMany>['items'][number]

async function decideMany(
	context: OperationContext,
	input: z.output<typeof ApproveMany>,
	decision: Approval['decision']
): Promise<z.output<typeof DecidedMany>> {
	const { reader, writer } = context
	const facts = readFacts(reader)
	const found = input.items.map((item) => workloadOrError(facts, item))
	const requests = found.flatMap((workload, index) => {
		const item = input.items[index]
		if (workload instanceof Error || item === undefined) return []
		return [requestOf(context, workload, item, input.reason)]
	})
	const made = (await decideAll(reader, writer, requests, decision)).values()
	const results = found.map((workload) => {
		if (workload instanceof Error) return { error: workload }
		const next = made.next()
		assert(!next.done, 'every request has a result')
		return next.value instanceof Error ? { error: next.value } : { approval: next.value, workload }
	})
	const factsNow = readFacts(reader)
	const items = input.items.map((item, index) => {
		const result = results[index]
		assert(result, 'every item has a result')
		return 'error' in result
			? { ...item, ...problemOf(result.error, item) }
			: {
					...item,
					status: 200,
					decided: decidedOf(factsNow, result.approval, result.workload),
					problem: null
				}
	})
	const decidedCount = items.filter((item) => item.decided !== null).length
	return { items, decidedCount, failedCount: items.length - decidedCount }
}

/** The workload that the class's policy is kept at. */
export function holderOf(
	context: OperationContext,
	input: { workload: string; class: z.output<typeof Approve>['class'] }
): WorkloadRow {
	return holderIn(readFacts(context.reader), input)
}

function holderIn(facts: Facts, input: Pick<Item, 'workload' | 'class'>): WorkloadRow {
	return facts.holderOf(resolveWorkload([...facts.byId.values()], input.workload, input.class), input.class)
}

function workloadOrError(facts: Facts, item: Item): WorkloadRow | Error {
	try {
		return holderIn(facts, item)
	} catch (error) {
		if (error instanceof Error && kindOf(error).kind !== 'internal') return error
		throw error
	}
}

function requestOf(
	context: OperationContext,
	workload: WorkloadRow,
	item: Pick<Item, 'class' | 'digest'>,
	reason: string
): DecisionRequest {
	return {
		workloadId: workload.id,
		class: item.class,
		digest: item.digest,
		actor: context.actor,
		reason,
		atMs: context.nowMs()
	}
}

function decidedOf(facts: Facts, approval: Approval, workload: WorkloadRow): z.output<typeof Decided> {
	const { state, sentence } = facts.stateOf(workload, approval.class)
	return { approval: approvalShown(approval, workload), state, sentence }
}

function problemOf(error: Error, { workload, class: class_ }: Item) {
	const { kind, detail } = kindOf(error)
	const about = problem(kind, detail, `/api/v1/policies/${encodeURIComponent(workload)}/${class_}`)
	return { status: about.status, decided: null, problem: about }
}
