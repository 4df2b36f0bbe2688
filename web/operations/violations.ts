import type { Class } from '../../collector/observation.js'
import type { SqlValue } from '../../collector/store.js'
import { integer, text } from '../../enforcer/row.js'
import { cut, decodeCursor } from './cursor.js'
import { policyName, readFacts } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { ListViolations, ViolationPage } from './shape.js'

export const listViolations = operation({
	name: 'listViolations',
	method: 'GET',
	path: '/violations',
	summary: 'Accesses that were blocked, or would have been, newest first.',
	input: ListViolations,
	output: ViolationPage,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const after = decodeCursor('violations', input.continue, 2)
		const conditions = ['true']
		const params: SqlValue[] = []
		if (input.workload !== undefined) {
			conditions.push('workload_id = ?')
			params.push(resolveWorkload([...facts.byId.values()], input.workload, input.class).id)
		}
		if (input.class !== undefined) {
			conditions.push('class = ?')
			params.push(input.class)
		}
		if (input.action !== undefined) {
			conditions.push('action = ?')
			params.push(input.action)
		}
		if (input.sinceMs !== undefined) {
			conditions.push('last_ms >= ?')
			params.push(input.sinceMs)
		}
		if (after) {
			conditions.push('(last_ms, id) < (?, ?)')
			params.push(...after)
		}
		const rows = reader.all(
			`SELECT * FROM violations WHERE ${conditions.join(' AND ')} ORDER BY last_ms DESC, id DESC LIMIT ?`,
			...params,
			input.limit + 1
		)
		const items = rows.map((row) => {
			const workload = facts.byId.get(integer(row.workload_id))
			const class_ = text(row.class) as Class
			return {
				id: integer(row.id),
				workloadId: integer(row.workload_id),
				workload: workload ? policyName(workload.displayName, workload, class_) : '',
				class: class_,
				digest: text(row.digest),
				verb: text(row.verb),
				object: text(row.object),
				source: text(row.source),
				action: text(row.action) === 'blocked' ? ('blocked' as const) : ('would-block' as const),
				rule: text(row.rule),
				target: text(row.target),
				detail: text(row.detail),
				count: integer(row.count),
				firstMs: integer(row.first_ms),
				lastMs: integer(row.last_ms)
			}
		})
		return cut('violations', items, (one) => [one.lastMs, one.id], input.limit)
	}
})
