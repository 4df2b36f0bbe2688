import type { Class, InventoryItem } from '../../collector/observation.js'
import type { Policy } from '../../discovery/policy.js'
import type { Plan } from '../plan.js'
import type { Neighbour, Standing, Subject } from '../refusal.js'

/** Everything that a plan may look at. */
export interface TargetContext {
	subject: Subject
	/** `audit` counts what would be denied; `block` denies it. */
	mode: 'audit' | 'block'
	/** Inventory items that are valid now, sorted. */
	inventory: InventoryItem[]
	/** Other workloads and where they were seen. */
	neighbours: Neighbour[]
	standing: Standing
	/** An older policy of this workload; null when there never was one with this digest. */
	policyAt(class_: Class, digest: string): Policy | null
}

/** What came of carrying out a plan. `failed`: the target is as it was before. */
export interface Outcome {
	state: 'applied' | 'enforced' | 'audit' | 'failed'
	/** One sentence: what is in force now and how that is known, or why not. */
	sentence: string
}

/** Something of Whittle's that the target holds now. */
export interface Held {
	/** File below the target's folder, or path of a cgroup. */
	object: string
	/** The file's text, or digest and mode as JSON. */
	content: string
}

/**
 * Where policies are put so that they hold. Adding one is adding a folder; all pass
 * `test/enforcer/target.contract.test.ts`.
 */
export interface Target {
	name: string
	/** Classes that it can hold. */
	classes: readonly Class[]
	/**
	 * What would make the target hold exactly these policies of one workload, and nothing
	 * else of that workload; no policies means lifting. Changes nothing. Planning what is
	 * held already gives no actions.
	 */
	plan(policies: Policy[], context: TargetContext): Promise<Plan>
	/** Carries out the plan's actions: all of them, or none. */
	apply(plan: Plan): Promise<Outcome>
	/** Carries out the plan's undo: what was there before is there again. */
	revert(plan: Plan): Promise<Outcome>
	/** What it holds of Whittle's now, sorted by object. */
	observe(): Promise<Held[]>
}
