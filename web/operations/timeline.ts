import type { z } from 'zod'
import type { SqlValue } from '../../collector/store.js'
import { integer, text } from '../../enforcer/row.js'
import { cut, decodeCursor } from './cursor.js'
import { OperationError } from './error.js'
import { memberIds, readWorkloads } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { GetTimeline, TimelineEntry, TimelinePage } from './shape.js'

export const getTimeline = operation({
	name: 'getTimeline',
	method: 'GET',
	path: '/timeline',
	summary: 'What happened in a pod or workload during the last 24 hours, in order.',
	input: GetTimeline,
	output: TimelinePage,
	run({ reader }, input) {
		if (input.workload === undefined && input.pod === undefined) {
			throw new OperationError('invalid', 'Say whose timeline: name a pod or a workload.')
		}
		const rows = readWorkloads(reader)
		const byId = new Map(rows.map((row) => [row.id, row]))
		const after = decodeCursor('timeline', input.continue, 5)
		const conditions = ['true']
		const params: SqlValue[] = []
		if (input.workload !== undefined) {
			const ids = memberIds(byId, resolveWorkload(rows, input.workload))
			conditions.push(`workload_id IN (${ids.map(() => '?').join()})`)
			params.push(...ids)
		}
		if (input.pod !== undefined) {
			conditions.push('pod = ?')
			params.push(input.pod)
		}
		if (input.fromMs !== undefined) {
			conditions.push('at_ms >= ?')
			params.push(input.fromMs)
		}
		if (input.toMs !== undefined) {
			conditions.push('at_ms < ?')
			params.push(input.toMs)
		}
		if (after) {
			conditions.push('(at_ms, workload_id, pod, kind, text) > (?, ?, ?, ?, ?)')
			params.push(...after)
		}
		const found = reader.all(
			`SELECT * FROM timeline WHERE ${conditions.join(' AND ')}
				ORDER BY at_ms, workload_id, pod, kind, text LIMIT ?`,
			...params,
			input.limit + 1
		)
		const items = found.map((row) => ({
			workloadId: integer(row.workload_id),
			workload: byId.get(integer(row.workload_id))?.displayName ?? '',
			pod: text(row.pod),
			atMs: integer(row.at_ms),
			kind: kindShape.parse(row.kind),
			text: text(row.text),
			count: integer(row.count)
		}))
		return cut(
			'timeline',
			items,
			(one) => [one.atMs, one.workloadId, one.pod, one.kind, one.text],
			input.limit
		)
	}
})

const kindShape: z.ZodType<z.output<typeof TimelineEntry>['kind']> = TimelineEntry.shape.kind
