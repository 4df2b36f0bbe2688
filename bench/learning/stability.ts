import { type BehaviourState, mergeStates, stateOf } from '../../discovery/learn/state.js'
import type { Generaliser } from './baselines.js'
import type { Workload } from './generator.js'
import { createRandom } from './random.js'

const SHUFFLES = 20
const DAYS = 7

/**
 * How many different policies one workload's first week gives under 20 orders of its rows and three
 * orders of merging its days: one, when nothing but the evidence counts.
 */
export function countOutputs(workload: Workload, generaliser: Generaliser): number {
	const days = workload.rows.slice(0, DAYS).map((rows) => rows.filter((row) => !row.interactive))
	const startsMs = workload.startsMs.filter((atMs) => atMs < (workload.firstDay + DAYS) * 86_400_000)
	const random = createRandom(`shuffles of ${workload.name}`)
	const rows = days.flat()
	const parts = days.map((day) => stateOf(day, startsMs))
	const empty: BehaviourState[] = []
	const states = [
		...Array.from({ length: SHUFFLES }, () => stateOf(random.sample(rows, rows.length), startsMs)),
		parts.reduce(mergeStates, empty),
		[...parts].reverse().reduce(mergeStates, empty),
		mergeInPairs(parts)
	]
	const facts = { exposedHours: DAYS * 24, startCount: startsMs.length, image: workload.family.image }
	return new Set(states.map((one) => JSON.stringify(generaliser.generalise(one, facts)))).size
}

function mergeInPairs(parts: readonly BehaviourState[][]): BehaviourState[] {
	if (parts.length <= 1) return parts[0] ?? []
	const pairs: BehaviourState[][] = []
	for (let at = 0; at < parts.length; at += 2) pairs.push(mergeStates(parts[at] ?? [], parts[at + 1] ?? []))
	return mergeInPairs(pairs)
}
