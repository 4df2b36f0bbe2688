import { type ColumnTable, table } from 'arquero'
import { z } from 'zod'
import type { Class } from '../../collector/observation.js'
import type { Reader, SqlValue } from '../../collector/store.js'
import { FEATURES, type HazardRow } from '../learn/hazard.js'
import { classOf, namedFeatures, numberAt } from './fleet.js'

/** One prediction with what it was made from and what came: a line of what the second stage learns from. */
export interface TrainingRow {
	workloadId: number
	class: Class
	/** ⌊UTC ms / 3 600 000⌋. */
	hour: number
	exposedHours: number
	risk: number
	tau: number
	/** Everything else that enforcement asks for held. */
	eligible: boolean
	/** Something new came within the horizon. */
	outcome: boolean
	features: Record<string, number>
}

export interface TrainingExtent {
	/** Workload, class and hour after which it begins. */
	after: readonly [number, string, number] | null
	limit: number
	class?: Class | undefined
	workloadIds?: readonly number[] | undefined
}

/**
 * Predictions that time has judged, as columns: one for each feature, beside workload, class, hour, risk and
 * outcome. By workload, class and hour. Predictions of another set of features are left out.
 */
export function readTraining(
	reader: Reader,
	extent: TrainingExtent
): { columns: ColumnTable; classes: Class[] } {
	const { where, params } = conditionOf(extent)
	const numbers: number[][] = NUMBERS.map(() => [])
	const features: number[][] = FEATURES.map(() => [])
	const classes: Class[] = []
	for (const [of, text, ...values] of reader.tuples(
		`SELECT class, features, ${NUMBERS.join()} FROM predictions WHERE ${where}
			ORDER BY workload_id, class, hour LIMIT ?`,
		...params,
		extent.limit
	)) {
		const parsed = z.array(z.number()).parse(JSON.parse(String(text)))
		classes.push(classOf(of))
		for (const [at, value] of parsed.entries()) features[at]?.push(value)
		for (const [at, value] of values.entries()) numbers[at]?.push(Number(value))
	}
	return {
		classes,
		columns: table([
			...NUMBERS.map((name, at): [string, Float64Array] => [name, Float64Array.from(numbers[at] ?? [])]),
			...FEATURES.map((name, at): [string, Float64Array] => [name, Float64Array.from(features[at] ?? [])])
		])
	}
}

const NUMBERS = ['workload_id', 'hour', 'exposed_hours', 'risk', 'tau', 'eligible', 'outcome'] as const

/** The rows that `fitHazard` takes. */
export function hazardRows({ columns }: ReturnType<typeof readTraining>): HazardRow[] {
	return Array.from({ length: columns.numRows() }, (_, row) => ({
		features: FEATURES.map((name) => numberAt(columns, name, row)),
		outcome: numberAt(columns, 'outcome', row) === 1
	}))
}

/** The table as lines that say everything by name. */
export function trainingRows({ columns, classes }: ReturnType<typeof readTraining>): TrainingRow[] {
	return classes.map((of, row) => {
		const at = (column: string) => numberAt(columns, column, row)
		return {
			workloadId: at('workload_id'),
			class: of,
			hour: at('hour'),
			exposedHours: at('exposed_hours'),
			risk: at('risk'),
			tau: at('tau'),
			eligible: at('eligible') === 1,
			outcome: at('outcome') === 1,
			features: namedFeatures(FEATURES.map(at))
		}
	})
}

function conditionOf({ after, class: of, workloadIds }: TrainingExtent): {
	where: string
	params: SqlValue[]
} {
	const parts = [
		'outcome IS NOT NULL',
		'json_array_length(features) = ?',
		'(workload_id, class, hour) > (?, ?, ?)'
	]
	const params: SqlValue[] = [FEATURES.length, ...(after ?? [-1, '', 0])]
	if (of !== undefined) {
		parts.push('class = ?')
		params.push(of)
	}
	if (workloadIds !== undefined) {
		parts.push(`workload_id IN (${workloadIds.map(() => '?').join()})`)
		params.push(...workloadIds)
	}
	return { where: parts.join(' AND '), params }
}
