import { z } from 'zod'
import type { Note } from '../discovery/policy.js'

/** One step at a target: data that is shown, stored and executed, always the same. */
export interface PlanAction {
	verb: 'write' | 'delete' | 'hold' | 'lift'
	/** File below the target's folder, or path of a cgroup. */
	object: string
	/** One sentence for people. */
	sentence: string
	/** What will be there: the file's text, or the sensor's policy as JSON; '' when nothing will be. */
	content: string
}

/** What would be done, and what undoes it. With any refusal nothing is done. */
export interface Plan {
	target: string
	actions: PlanAction[]
	undo: PlanAction[]
	notes: Note[]
	refusals: Note[]
}

const noteShape = z.object({
	code: z.string(),
	severity: z.enum(['info', 'warning', 'refusal']),
	text: z.string(),
	rule: z.number().exactOptional()
})
const actionShape = z.object({
	verb: z.enum(['write', 'delete', 'hold', 'lift']),
	object: z.string(),
	sentence: z.string(),
	content: z.string()
})
const planShape = z.object({
	target: z.string(),
	actions: z.array(actionShape),
	undo: z.array(actionShape),
	notes: z.array(noteShape),
	refusals: z.array(noteShape)
})

/** A plan as `changes.plan` holds it. Throws when the row was not written by Whittle. */
export function parsePlan(json: string): Plan {
	return planShape.parse(JSON.parse(json))
}

/** True when carrying it out would change nothing: the target holds this already. */
export function isEmpty(plan: Plan): boolean {
	return plan.actions.length === 0
}
