import type { z } from 'zod'
import type { Reader, SqlValue } from '../../collector/store.js'
import { classOfVerb } from '../../collector/observation.js'
import { answerOf } from '../../enforcer/answer.js'
import { type Approval as ApprovalRow, approvalOf } from '../../enforcer/approval.js'
import { type Change as ChangeRow, changeOf } from '../../enforcer/change.js'
import { integer, text } from '../../enforcer/row.js'
import { cut, decodeCursor } from './cursor.js'
import { type Facts, policyName, readFacts, type WorkloadRow } from './facts.js'
import { answerShown } from './held.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { type Approval, type Change, type HistoryEntry, HistoryPage, ListHistory } from './shape.js'

export const listHistory = operation({
	name: 'listHistory',
	method: 'GET',
	path: '/history',
	summary:
		'Decisions, answers and changes, newest first: who did what, to which target, and what came of it.',
	input: ListHistory,
	output: HistoryPage,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const after = decodeCursor('history', input.continue, 3)
		const conditions = ['true']
		const params: SqlValue[] = []
		if (input.workload !== undefined) {
			const named = resolveWorkload([...facts.byId.values()], input.workload, input.class)
			// Of the container that holds the pod's network policy, only that policy is shared.
			conditions.push("(workload_id = ? OR (workload_id = ? AND class = 'network'))")
			params.push(named.id, facts.holderOf(named, 'network').id)
		}
		if (input.class !== undefined) {
			conditions.push('class = ?')
			params.push(input.class)
		}
		if (after) {
			conditions.push('(at_ms, kind, id) < (?, ?, ?)')
			params.push(...after)
		}
		const rows = reader.all(
			`SELECT * FROM (
					SELECT 'approval' AS kind, id, at_ms, workload_id, class FROM approvals
					UNION ALL SELECT 'change', id, at_ms, workload_id, class FROM changes
					UNION ALL SELECT 'answer', id, at_ms, workload_id, ${CLASS_OF_VERB} FROM decisions)
				WHERE ${conditions.join(' AND ')} ORDER BY at_ms DESC, kind DESC, id DESC LIMIT ?`,
			...params,
			input.limit + 1
		)
		const entries = rows.flatMap((row) => entryOf(reader, facts, row))
		return cut('history', entries, (one) => [one.atMs, one.kind, idOf(one)], input.limit)
	}
})

type Entry = z.output<typeof HistoryEntry>

function entryOf(reader: Reader, facts: Facts, row: Record<string, SqlValue>): Entry[] {
	const workload = facts.byId.get(integer(row.workload_id))
	const kind = text(row.kind)
	const table = kind === 'approval' ? 'approvals' : kind === 'answer' ? 'decisions' : 'changes'
	const found = reader.get(`SELECT * FROM ${table} WHERE id = ?`, integer(row.id))
	if (!workload || !found) return []
	const atMs = integer(row.at_ms)
	if (kind === 'answer') return [{ kind, atMs, answer: answerShown(answerOf(found), facts) }]
	return kind === 'approval'
		? [{ kind, atMs, approval: approvalShown(approvalOf(found), workload) }]
		: [{ kind: 'change', atMs, change: changeShown(changeOf(found), workload) }]
}

function idOf(entry: Entry): number {
	if (entry.kind === 'answer') return entry.answer.id
	return entry.kind === 'approval' ? entry.approval.id : entry.change.id
}

/** Answers are about a verb, and each verb is of one class. */
const CLASS_OF_VERB = `CASE verb ${Object.entries(classOfVerb)
	.map(([verb, class_]) => `WHEN '${verb}' THEN '${class_}'`)
	.join(' ')} END`

/** A decision with the name of what it is about. */
export function approvalShown(approval: ApprovalRow, workload: WorkloadRow): z.output<typeof Approval> {
	return { ...approval, workload: policyName(workload.displayName, workload, approval.class) }
}

/** A change with the name of what it is about. */
export function changeShown(change: ChangeRow, workload: WorkloadRow): z.output<typeof Change> {
	const { approvalId: _, ...shown } = change
	return { ...shown, workload: policyName(workload.displayName, workload, change.class) }
}
