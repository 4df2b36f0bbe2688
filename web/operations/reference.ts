import type { Class } from '../../collector/observation.js'
import { OperationError } from './error.js'
import { policyName, withoutWholePods, type WorkloadRow } from './facts.js'

/**
 * The workload that somebody means: by id, by its whole name, by its name without the cluster
 * when there is only one, or by an ending of it that only one has (`nginx`, `shop/Deployment/web`).
 * Kinds compare without case; a pod's name stands for its only container. With `class_` network,
 * which is per pod, any container of the pod will do. Throws `not-found` or `ambiguous`, with
 * the names that it could have been.
 */
export function resolveWorkload(
	rows: readonly WorkloadRow[],
	reference: string,
	class_?: Class
): WorkloadRow {
	const named = rows.filter((row) => row.aliasOf === null)
	const alive = class_ === 'network' ? named : withoutWholePods(named)
	if (/^[0-9]{1,15}$/.test(reference)) {
		const row = rows.find((one) => one.id === Number(reference))
		if (row) return followAlias(rows, row)
	}
	const alias = rows.find((row) => row.aliasOf !== null && row.name === reference)
	if (alias) return followAlias(rows, alias)
	const wanted = lower(reference)
	const exact = alive.filter((row) => namesOf(row, class_).includes(wanted))
	if (exact.length > 0) return theOne(exact, reference, class_)
	const ending = alive.filter((row) => namesOf(row, class_).some((name) => name.endsWith(`/${wanted}`)))
	if (ending.length > 0) return theOne(ending, reference, class_)
	// `nginx` for `nginx.service`: people leave out what systemd adds.
	const unit = alive.filter((row) => row.form === 'host' && lower(row.name).endsWith(`/${wanted}.service`))
	if (unit.length > 0) return theOne(unit, reference, class_)
	throw new OperationError(
		'not-found',
		`No workload is called ${JSON.stringify(reference)}: "whittle get workloads" lists them, and any unambiguous ending of a name will do.`
	)
}

function theOne(found: WorkloadRow[], reference: string, class_: Class | undefined): WorkloadRow {
	const [first, ...others] = found
	if (!first) throw new OperationError('not-found', `No workload is called ${JSON.stringify(reference)}.`)
	const isOnePod = found.every(
		(row) => policyName(row.name, row, 'network') === policyName(first.name, first, 'network')
	)
	if (others.length === 0 || (class_ === 'network' && isOnePod)) return first
	const names = found.map((row) => row.displayName)
	const more = names.length > 5 ? ` and ${names.length - 5} more` : ''
	throw new OperationError(
		'ambiguous',
		`${JSON.stringify(reference)} could be ${names.slice(0, 5).join(', ')}${more}: write more of the name.`
	)
}

/** The names under which a workload is found, in lower case. */
function namesOf(row: WorkloadRow, class_: Class | undefined): string[] {
	const names = [row.name, row.displayName]
	const isPod =
		row.form === 'container' && (class_ === undefined || class_ === 'network' || row.container !== '')
	if (isPod) names.push(policyName(row.name, row, 'network'), policyName(row.displayName, row, 'network'))
	return names.map(lower)
}

function followAlias(rows: readonly WorkloadRow[], row: WorkloadRow): WorkloadRow {
	let at = row
	for (let depth = 0; at.aliasOf !== null && depth < 8; depth++) {
		const next = rows.find((one) => one.id === at.aliasOf)
		if (!next) break
		at = next
	}
	return at
}

function lower(name: string): string {
	return name.toLowerCase()
}
