import type { Change } from './change.js'
import type { Plan } from './plan.js'
import type { Held, Target } from './targets/target.js'

/**
 * The plan, which also lifts what is held of `change` anywhere else at the host: a workload that
 * came back in another cgroup was held there, too, and its old cgroup may still be.
 */
export async function withLifts(target: Target, plan: Plan, change: Change): Promise<Plan> {
	if (target.name !== 'host') return plan
	const planned = change.plan.actions
		.filter((action) => action.verb === 'hold')
		.map((action) => action.object)
	const held = (await target.observe()).filter((one) => isOf(one, change)).map((one) => one.object)
	const left = new Set(
		[...planned, ...held].filter((cgroup) => plan.actions.every((one) => one.object !== cgroup))
	)
	const lifts = [...left].toSorted().map((cgroup) => ({
		verb: 'lift' as const,
		object: cgroup,
		sentence: `Stop holding the network of ${cgroup}.`,
		content: ''
	}))
	return { ...plan, actions: [...plan.actions, ...lifts] }
}

function isOf(held: Held, change: Change): boolean {
	const policy: unknown = JSON.parse(held.content)
	return (
		typeof policy === 'object' && policy !== null && 'digest' in policy && policy.digest === change.digest
	)
}
