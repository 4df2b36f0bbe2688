import type { Reader, Statement } from '../collector/store.js'
import { type Change, type ChangeState, concludeChange, insertChange, readChanges } from './change.js'
import type { Enforcement } from './enforcement.js'
import { EnforcerError } from './error.js'
import type { Outcome } from './targets/target.js'

export type Intention = Pick<
	Change,
	'workloadId' | 'class' | 'target' | 'digest' | 'approvalId' | 'action' | 'plan' | 'revertsId'
>

/** Writes down what is about to be done, before anything is: a crash in between is seen. */
export async function intend(enforcement: Enforcement, intention: Intention): Promise<Change> {
	const { workloadId, class: class_, target, digest, approvalId, action, plan, revertsId } = intention
	await enforcement.writer.transact([
		insertChange({
			workloadId,
			class: class_,
			target,
			digest,
			approvalId,
			action,
			plan,
			revertsId,
			state: 'planned',
			actor: enforcement.actor,
			outcome: '',
			atMs: enforcement.nowMs()
		})
	])
	return latest(enforcement.reader, workloadId)
}

/** An error leaves the row `planned`, with the reason: nobody knows what is in force. */
export async function carryOut(
	enforcement: Enforcement,
	change: Change,
	work: () => Promise<Outcome>
): Promise<Outcome> {
	try {
		return await work()
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error)
		await enforcement.writer.transact([concludeChange(change.id, 'planned', why)])
		throw error
	}
}

/**
 * Writes down what came of it, together with what else that changes. Throws `failed` with the
 * target's sentence when it did not take it.
 */
export async function conclude(
	enforcement: Enforcement,
	change: Change,
	state: ChangeState,
	outcome: Outcome,
	together: Statement[] = []
): Promise<Change> {
	await enforcement.writer.transact([concludeChange(change.id, state, outcome.sentence), ...together])
	if (state === 'failed') throw new EnforcerError('failed', outcome.sentence)
	return { ...change, state, outcome: outcome.sentence }
}

function latest(reader: Reader, workloadId: number): Change {
	const change = readChanges(reader, workloadId).at(-1)
	if (!change) throw new EnforcerError('failed', 'The change was written and cannot be read back.')
	return change
}
