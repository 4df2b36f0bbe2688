import { type Class, classOfVerb } from '../../collector/observation.js'
import type { SqlValue } from '../../collector/store.js'
import { integer, text } from '../../enforcer/row.js'
import { cut, decodeCursor } from './cursor.js'
import { memberIds, readWorkloads } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { BehaviourPage, ListBehaviours } from './shape.js'

export const listBehaviours = operation({
	name: 'listBehaviours',
	method: 'GET',
	path: '/workloads/:workload/behaviours',
	summary: 'What a workload was seen to do, each kind of act once, with how often and when.',
	input: ListBehaviours,
	output: BehaviourPage,
	run({ reader }, input) {
		const rows = readWorkloads(reader)
		const workload = resolveWorkload(rows, input.workload)
		const ids = memberIds(new Map(rows.map((row) => [row.id, row])), workload)
		const after = decodeCursor('behaviours', input.continue, 4)
		const conditions = [`o.workload_id IN (${ids.map(() => '?').join()})`]
		const params: SqlValue[] = [...ids]
		const verbs = verbsOf(input.class)
		if (verbs) {
			conditions.push(`o.verb IN (${verbs.map(() => '?').join()})`)
			params.push(...verbs)
		}
		if (input.result) {
			conditions.push('o.result = ?')
			params.push(input.result)
		}
		if (input.search) {
			// instr, not LIKE: a search for "100%" means just that.
			conditions.push('(instr(lower(object.text), lower(?)) > 0 OR instr(lower(source.text), lower(?)) > 0)')
			params.push(input.search, input.search)
		}
		if (after) {
			conditions.push('(o.verb, object.text, source.text, o.result) > (?, ?, ?, ?)')
			params.push(...after)
		}
		const found = reader.all(
			`SELECT o.verb, object.text AS object, source.text AS source, o.result, sum(o.count) AS count,
					min(o.first_ms) AS first_ms, max(o.last_ms) AS last_ms, min(o.flags & 1) AS required,
					min(o.flags & 2) AS interactive, max(o.detail) AS detail,
					json_group_array(json_array(o.day, o.hours)) AS hours, json_group_array(json(o.pods)) AS pods
				FROM observations o JOIN objects object ON object.id = o.object_id
					JOIN objects source ON source.id = o.source_id
				WHERE ${conditions.join(' AND ')}
				GROUP BY o.verb, object.text, source.text, o.result
				ORDER BY o.verb, object.text, source.text, o.result LIMIT ?`,
			...params,
			input.limit + 1
		)
		const items = found.map(behaviourOf)
		return cut('behaviours', items, (one) => [one.verb, one.object, one.source, one.result], input.limit)
	}
})

function verbsOf(class_: Class | undefined): string[] | null {
	if (class_ === undefined) return null
	return Object.entries(classOfVerb)
		.filter(([, of]) => of === class_)
		.map(([verb]) => verb)
}

function behaviourOf(row: Record<string, SqlValue>) {
	const verb = text(row.verb)
	const classes: Readonly<Record<string, Class>> = classOfVerb
	const hours: [number, number][] = JSON.parse(text(row.hours))
	const pods: string[][] = JSON.parse(text(row.pods))
	return {
		class: classes[verb] ?? 'process',
		verb,
		object: text(row.object),
		source: text(row.source),
		result: resultOf(text(row.result)),
		count: integer(row.count),
		firstMs: integer(row.first_ms),
		lastMs: integer(row.last_ms),
		hourCount: hourCountOf(hours),
		dayCount: new Set(hours.map(([day]) => day)).size,
		pods: [...new Set(pods.flat())].toSorted().slice(0, 4),
		required: integer(row.required) !== 0,
		interactive: integer(row.interactive) !== 0,
		detail: text(row.detail)
	}
}

/** Masks of the same day overlap between versions, so they are joined before bits are counted. */
function hourCountOf(hours: readonly [day: number, mask: number][]): number {
	const masks = new Map<number, number>()
	for (const [day, mask] of hours) masks.set(day, (masks.get(day) ?? 0) | mask)
	let count = 0
	for (const mask of masks.values()) for (let rest = mask; rest !== 0; rest &= rest - 1) count++
	return count
}

function resultOf(result: string): 'allowed' | 'denied' | 'failed' {
	return result === 'allowed' || result === 'denied' ? result : 'failed'
}
