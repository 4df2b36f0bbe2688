import type { Class } from '../collector/observation.js'
import type { Reader, SqlValue, Statement } from '../collector/store.js'
import { parsePlan, type Plan } from './plan.js'
import { integer, integerOrNull, text } from './row.js'

/**
 * What became of a change. `planned`: written before anything was done, so a row that stays
 * so was interrupted. `applied`: there, and nothing has shown that it holds.
 */
export type ChangeState = 'planned' | 'applied' | 'enforced' | 'audit' | 'failed' | 'reverted'

/** What was done to a target for one class of one workload, and how to undo it. */
export interface Change {
	id: number
	workloadId: number
	class: Class
	digest: string
	approvalId: number | null
	action: 'apply' | 'revert'
	target: string
	state: ChangeState
	actor: string
	plan: Plan
	/** A sentence: why it failed, or what the self-test showed. */
	outcome: string
	revertsId: number | null
	atMs: number
}

/** The changes of one workload, oldest first. */
export function readChanges(reader: Reader, workloadId: number, class_?: Class): Change[] {
	const rows = reader.all(
		'SELECT * FROM changes WHERE workload_id = ? AND class = coalesce(?, class) ORDER BY id',
		workloadId,
		class_ ?? null
	)
	return rows.map(changeOf)
}

/** A row of `changes`. */
export function changeOf(row: Record<string, SqlValue>): Change {
	return {
		id: integer(row.id),
		workloadId: integer(row.workload_id),
		class: text(row.class) as Class,
		digest: text(row.digest),
		approvalId: integerOrNull(row.approval_id),
		action: text(row.action) === 'apply' ? 'apply' : 'revert',
		target: text(row.target),
		state: text(row.state) as ChangeState,
		actor: text(row.actor),
		plan: parsePlan(text(row.plan)),
		outcome: text(row.outcome),
		revertsId: integerOrNull(row.reverts_id),
		atMs: integer(row.at_ms)
	}
}

/**
 * The change that holds now, for each class and target: the latest apply that neither failed
 * nor was reverted. After a revert that is the apply before it, if there was one.
 */
export function inForce(changes: readonly Change[]): Change[] {
	const held = new Map<string, Change>()
	for (const change of changes) {
		if (!isStanding(change)) continue
		held.set(`${change.class} ${change.target}`, change)
	}
	return [...held.values()]
}

/** The apply that would hold again if `change` were reverted; undefined when there was none. */
export function before(changes: readonly Change[], change: Change): Change | undefined {
	return changes.findLast(
		(one) =>
			one.id < change.id && one.class === change.class && one.target === change.target && isStanding(one)
	)
}

/** The statement that writes down an intention, before anything is done about it. */
export function insertChange(change: Omit<Change, 'id'>): Statement {
	return {
		sql: `INSERT INTO changes
			(workload_id, class, digest, approval_id, action, target, state, actor, plan, outcome, reverts_id, at_ms)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		params: [
			change.workloadId,
			change.class,
			change.digest,
			change.approvalId,
			change.action,
			change.target,
			change.state,
			change.actor,
			JSON.stringify(change.plan),
			change.outcome,
			change.revertsId,
			change.atMs
		],
		expect: 1
	}
}

/** The statement that writes down what became of it. */
export function concludeChange(id: number, state: ChangeState, outcome: string): Statement {
	return {
		sql: 'UPDATE changes SET state = ?, outcome = ? WHERE id = ?',
		params: [state, outcome, id],
		expect: 1
	}
}

function isStanding(change: Change): boolean {
	return (
		change.action === 'apply' &&
		(change.state === 'enforced' || change.state === 'applied' || change.state === 'audit')
	)
}
