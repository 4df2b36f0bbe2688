import type { Reader, SqlValue } from '../../collector/store.js'
import { integer, text } from '../../enforcer/row.js'
import { cut, decodeCursor } from './cursor.js'
import { memberIds, readWorkloads, type WorkloadRow } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { BadInputPage, GapPage, ListBadInputs, ListGaps } from './shape.js'

export const listGaps = operation({
	name: 'listGaps',
	method: 'GET',
	path: '/gaps',
	summary: 'When a source was blind, for whom and why, newest first.',
	input: ListGaps,
	output: GapPage,
	run({ reader }, input) {
		const after = decodeCursor('gaps', input.continue, 2)
		const conditions = ['true']
		const params: SqlValue[] = []
		if (input.workload !== undefined) {
			const rows = readWorkloads(reader)
			const scopes = scopesOf(
				reader,
				new Map(rows.map((row) => [row.id, row])),
				resolveWorkload(rows, input.workload)
			)
			conditions.push(`scope IN (${scopes.map(() => '?').join()})`)
			params.push(...scopes)
		}
		if (input.scope !== undefined) {
			conditions.push('scope = ?')
			params.push(input.scope)
		}
		if (input.reason !== undefined) {
			conditions.push('reason = ?')
			params.push(input.reason)
		}
		if (after) {
			conditions.push('(to_ms, id) < (?, ?)')
			params.push(...after)
		}
		const rows = reader.all(
			`SELECT * FROM gaps WHERE ${conditions.join(' AND ')} ORDER BY to_ms DESC, id DESC LIMIT ?`,
			...params,
			input.limit + 1
		)
		const items = rows.map((row) => ({
			id: integer(row.id),
			producer: text(row.producer),
			scope: text(row.scope),
			fromMs: integer(row.from_ms),
			toMs: integer(row.to_ms),
			reason: text(row.reason),
			lostCount: integer(row.lost_count),
			detail: text(row.detail)
		}))
		return cut('gaps', items, (gap) => [gap.toMs, gap.id], input.limit)
	}
})

export const listBadInputs = operation({
	name: 'listBadInputs',
	method: 'GET',
	path: '/bad-inputs',
	summary: 'Lines that could not be used: file, line, reason and hash, never their content.',
	input: ListBadInputs,
	output: BadInputPage,
	run({ reader }, input) {
		const after = decodeCursor('bad-inputs', input.continue, 4)
		const rows = reader.all(
			`SELECT producer, file, line, reason, hash FROM bad_inputs
				WHERE ${after ? '(producer, file, line, reason) > (?, ?, ?, ?)' : 'true'}
				ORDER BY producer, file, line, reason LIMIT ?`,
			...(after ?? []),
			input.limit + 1
		)
		const items = rows.map((row) => ({
			producer: text(row.producer),
			file: text(row.file),
			line: integer(row.line),
			reason: text(row.reason),
			hash: text(row.hash)
		}))
		return cut('bad-inputs', items, (one) => [one.producer, one.file, one.line, one.reason], input.limit)
	}
})

/** The scopes whose gaps hide something of this workload: itself, its node, its pods. */
export function scopesOf(
	reader: Reader,
	byId: ReadonlyMap<number, WorkloadRow>,
	workload: WorkloadRow
): string[] {
	const ids = memberIds(byId, workload)
	const names = ids.map((id) => byId.get(id)?.name ?? workload.name)
	const scopes = names.map((name) => `workload:${name}`)
	if (workload.node !== '') scopes.push(`node:${workload.node}`)
	if (workload.form === 'container') {
		const pods = reader.all(
			`SELECT DISTINCT pod FROM starts WHERE workload_id IN (${ids.map(() => '?').join()}) ORDER BY pod LIMIT 1000`,
			...ids
		)
		scopes.push(...pods.map((row) => `pod:${workload.cluster}/${workload.namespace}/${text(row.pod)}`))
	}
	return scopes
}
