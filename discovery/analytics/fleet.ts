import { type ColumnTable, op, table } from 'arquero'
import { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { Reader, SqlValue } from '../../collector/store.js'
import { FEATURES } from '../learn/hazard.js'

/** How far one class of one workload has come, and how well it was foretold. Flat, but for its features. */
export interface FleetRow {
	workloadId: number
	class: Class
	/** What runs the same is alike: digest of the version that was seen last; '' where no source told one. */
	image: string
	/** Workloads of the same image, this one too; 1 where none is known. */
	imageCount: number
	versionCount: number
	exposedHours: number
	startCount: number
	/** Behaviours in rule space; hours and behaviours that were seen once, and twice. */
	itemCount: number
	M1: number
	Q1: number
	Q2: number
	quietHours: number
	noveltyPerHour: number
	coverage: number
	unseenEstimate: number
	risk24: number
	tau: number
	mature: boolean
	openEnded: boolean
	/** Predictions whose time has passed, how many of them came true, and what they said on average. */
	judgedCount: number
	cameCount: number
	meanRisk: number
	/** By the names of `FEATURES`. */
	features: Record<string, number>
}

/** Where a page of rows begins, and which rows are wanted. */
export interface Extent {
	/** Workload and class after which it begins, in the order of the rows. */
	after: readonly [number, string] | null
	limit: number
	class?: Class | undefined
	/** Only these rows of `workloads`. */
	workloadIds?: readonly number[] | undefined
}

/** A page of the fleet, by workload id and class. */
export function readFleet(reader: Reader, extent: Extent): FleetRow[] {
	const { where, params } = conditionOf(extent)
	const rows = reader.all(
		`SELECT workload_id, class, data FROM maturity WHERE ${where} ORDER BY workload_id, class LIMIT ?`,
		...params,
		extent.limit
	)
	const record = recordOf(reader, rows)
	const images = readImages(reader)
	return rows.map((row, at) => {
		const workloadId = Number(row.workload_id)
		const { S, features, ...maturity } = maturityShape.parse(JSON.parse(String(row.data)))
		const { image, versionCount } = images.of(workloadId)
		return {
			workloadId,
			class: classOf(row.class),
			image,
			imageCount: images.countOf(image),
			versionCount,
			itemCount: S,
			...maturity,
			...record(at),
			features: namedFeatures(features)
		}
	})
}

/** The features of a history with their names. */
export function namedFeatures(values: readonly number[]): Record<string, number> {
	return Object.fromEntries(FEATURES.map((name, at) => [name, values[at] ?? 0]))
}

/** What of `Maturity` the rows show. */
const maturityShape = z.object({
	exposedHours: z.number(),
	startCount: z.number(),
	S: z.number(),
	M1: z.number(),
	Q1: z.number(),
	Q2: z.number(),
	quietHours: z.number(),
	noveltyPerHour: z.number(),
	coverage: z.number(),
	unseenEstimate: z.number(),
	risk24: z.number(),
	tau: z.number(),
	mature: z.boolean(),
	openEnded: z.boolean(),
	features: z.array(z.number())
})

type Recorded = Pick<FleetRow, 'judgedCount' | 'cameCount' | 'meanRisk'>

/** What came of the predictions of each row: three columns, grouped once. */
function recordOf(reader: Reader, rows: readonly Record<string, SqlValue>[]): (row: number) => Recorded {
	const at = new Map(rows.map((row, index) => [`${row.workload_id} ${row.class}`, index]))
	const ids = [...new Set(rows.map((row) => Number(row.workload_id)))]
	const slot: number[] = []
	const risk: number[] = []
	const came: number[] = []
	for (const [id, of, said, outcome] of reader.tuples(
		`SELECT workload_id, class, risk, outcome FROM predictions
			WHERE workload_id BETWEEN ? AND ? AND outcome IS NOT NULL`,
		ids.reduce((least, one) => Math.min(least, one), ids[0] ?? 0),
		ids.reduce((most, one) => Math.max(most, one), 0)
	)) {
		const row = at.get(`${id} ${of}`)
		if (row === undefined) continue
		slot.push(row)
		risk.push(Number(said))
		came.push(Number(outcome))
	}
	const columns = { slot: Int32Array.from(slot), risk: Float64Array.from(risk), came: Uint8Array.from(came) }
	const grouped = table(columns)
		.groupby('slot')
		.rollup({ judgedCount: op.count(), cameCount: op.sum('came'), meanRisk: op.mean('risk') })
	const records = new Map<number, Recorded>()
	for (let row = 0; row < grouped.numRows(); row++) {
		const of = (column: string) => numberAt(grouped, column, row)
		records.set(of('slot'), {
			judgedCount: of('judgedCount'),
			cameCount: of('cameCount'),
			meanRisk: of('meanRisk')
		})
	}
	return (row) => records.get(row) ?? { judgedCount: 0, cameCount: 0, meanRisk: 0 }
}

/** A number of a table; a column that holds none is a bug. */
export function numberAt(of: ColumnTable, column: string, row: number): number {
	return z.number().parse(of.get(column, row))
}

/** Which workloads run the same. */
function readImages(reader: Reader): {
	of(workloadId: number): { image: string; versionCount: number }
	countOf(image: string): number
} {
	const images = new Map<number, { image: string; versionCount: number }>()
	for (const [id, digest] of reader.tuples(
		"SELECT workload_id, digest FROM versions WHERE digest <> '' ORDER BY last_ms, id"
	)) {
		const versionCount = (images.get(Number(id))?.versionCount ?? 0) + 1
		images.set(Number(id), { image: String(digest), versionCount })
	}
	const counts = new Map<string, number>()
	for (const { image } of images.values()) counts.set(image, (counts.get(image) ?? 0) + 1)
	return {
		of: (workloadId) => images.get(workloadId) ?? { image: '', versionCount: 0 },
		countOf: (image) => counts.get(image) ?? 1
	}
}

function conditionOf({ after, class: of, workloadIds }: Extent): { where: string; params: SqlValue[] } {
	const parts = ['(workload_id, class) > (?, ?)']
	const params: SqlValue[] = after === null ? [-1, ''] : [...after]
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

export function classOf(value: SqlValue | undefined): Class {
	const found = CLASSES.find((one) => one === value)
	if (found === undefined) throw new Error(`the store holds an unknown class ${String(value)}`)
	return found
}
