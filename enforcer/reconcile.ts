import type { Reader } from '../collector/store.js'
import { short } from './approval.js'
import { type Change, type ChangeState, concludeChange, inForce, readChanges } from './change.js'
import { type Enforcement, modeOf, oneAtATime, planFor, sentencesOf } from './enforcement.js'
import { withLifts } from './lift.js'
import { isEmpty, type Plan } from './plan.js'
import { readSubject } from './policies.js'
import type { Target } from './targets/target.js'

/**
 * Holds again what is in force on paper and not at the host: after a restart of the sensor, or
 * when a workload came back in another cgroup. Returns the sentences for the log; called at the
 * start and every few seconds.
 */
export async function reconcile(enforcement: Enforcement): Promise<string[]> {
	return oneAtATime(async () => {
		const target = enforcement.targets.find((one) => one.name === 'host')
		if (!target) return []
		const said: string[] = []
		const changes = hostChangesInForce(enforcement.reader)
		if (changes.length === 0) return said
		const held = new Map((await target.observe()).map((one) => [one.object, one.content]))
		for (const change of changes) {
			// Planning reads every process, so it is for what is not held as it should be.
			const { cgroup } = readSubject(enforcement.reader, change.workloadId)
			if (held.get(cgroup) === JSON.stringify({ digest: change.digest, mode: modeOf(change) })) continue
			const request = { ...change, mode: modeOf(change) }
			const plan = await planFor(enforcement, target, request, change.digest)
			if (isEmpty(plan) && plan.refusals.length === 0) continue
			const outcome = await holdAgain(target, plan, change)
			const isKnown = outcome.state === change.state && outcome.sentence === change.outcome
			// What cannot be held is tried every few seconds, and told once.
			if (isKnown && !outcome.isHeld) continue
			await enforcement.writer.transact([concludeChange(change.id, outcome.state, outcome.sentence)])
			said.push(`Change ${change.id} (${short(change.digest)}): ${outcome.sentence}`)
		}
		return said
	})
}

/** The changes at the host target that hold now. */
function hostChangesInForce(reader: Reader): Change[] {
	const rows = reader.all(
		"SELECT DISTINCT workload_id AS id FROM changes WHERE target = 'host' ORDER BY workload_id"
	)
	return rows
		.flatMap((row) => inForce(readChanges(reader, Number(row.id))))
		.filter((change) => change.target === 'host')
}

/** What cannot be held again stays in force on paper, unproven, and is tried again next time. */
async function holdAgain(
	target: Target,
	plan: Plan,
	change: Change
): Promise<{ isHeld: boolean; state: ChangeState; sentence: string }> {
	const notHeld = (why: string) => ({
		isHeld: false,
		state: 'applied' as const,
		sentence: `It is not held: ${why}`
	})
	if (plan.refusals.length > 0) return notHeld(sentencesOf(plan))
	const outcome = await target.apply(await withLifts(target, plan, change))
	return outcome.state === 'failed' ? notHeld(outcome.sentence) : { isHeld: true, ...outcome }
}
