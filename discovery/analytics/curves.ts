import { op, table } from 'arquero'
import { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { classOf, numberAt } from './fleet.js'

/** One class over all workloads. */
export interface ClassCurve {
	class: Class
	workloadCount: number
	readyCount: number
	openEndedCount: number
	/** Sum over workloads. */
	exposedHours: number
	medianRisk: number
	/** Share of the activity that the known behaviours make up: the middle workload, and the lowest tenth. */
	medianCoverage: number
	lowCoverage: number
	/** By hours watched; workloads that were watched for less are not in a point. */
	curve: CurvePoint[]
}

export interface CurvePoint {
	hour: number
	workloadCount: number
	/** Of something new within 24 hours, as it was then. */
	medianRisk: number
	highRisk: number
	/** Mean share of what is known now that was known by then. */
	knownShare: number
}

/** Hours watched at which workloads are compared: finer where curves bend, up to ninety days. */
export const CURVE_HOURS: readonly number[] = [
	1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 240, 336, 504, 720, 1440, 2160
]

/** How quickly novelty ebbs and coverage grows over the fleet, for each class that anything is known of. */
export function readCurves(reader: Reader): ClassCurve[] {
	const workloads = createColumns(['class', 'hours', 'risk', 'coverage', 'ready', 'open'])
	const points = createColumns(['class', 'hour', 'risk', 'known'])
	for (const [of, text] of reader.tuples('SELECT class, data FROM maturity ORDER BY workload_id, class')) {
		const at = CLASSES.indexOf(classOf(of))
		const { curve, ...one } = maturityShape.parse(JSON.parse(String(text)))
		workloads.add([at, one.exposedHours, one.risk24, one.coverage, one.mature ? 1 : 0, one.openEnded ? 1 : 0])
		for (const point of resampled(curve, one.exposedHours)) points.add([at, ...point])
	}
	const summary = table(workloads.arrays())
		.groupby('class')
		.rollup({
			count: op.count(),
			hours: op.sum('hours'),
			risk: op.median('risk'),
			coverage: op.median('coverage'),
			low: op.quantile('coverage', 0.1),
			ready: op.sum('ready'),
			open: op.sum('open')
		})
		.orderby('class')
		.reify()
	const curves = table(points.arrays())
		.groupby('class', 'hour')
		.rollup({
			count: op.count(),
			risk: op.median('risk'),
			high: op.quantile('risk', 0.9),
			known: op.mean('known')
		})
		.orderby('class', 'hour')
		.reify()
	const byClass = new Map<number, CurvePoint[]>()
	for (let row = 0; row < curves.numRows(); row++) {
		const of = (column: string) => numberAt(curves, column, row)
		const curve = byClass.get(of('class')) ?? []
		byClass.set(of('class'), curve)
		curve.push({
			hour: of('hour'),
			workloadCount: of('count'),
			medianRisk: of('risk'),
			highRisk: of('high'),
			knownShare: of('known')
		})
	}
	return Array.from({ length: summary.numRows() }, (_, row) => {
		const of = (column: string) => numberAt(summary, column, row)
		return {
			class: CLASSES[of('class')] ?? 'process',
			workloadCount: of('count'),
			readyCount: of('ready'),
			openEndedCount: of('open'),
			exposedHours: of('hours'),
			medianRisk: of('risk'),
			medianCoverage: of('coverage'),
			lowCoverage: of('low'),
			curve: byClass.get(of('class')) ?? []
		}
	})
}

const maturityShape = z.object({
	exposedHours: z.number(),
	risk24: z.number(),
	coverage: z.number(),
	mature: z.boolean(),
	openEnded: z.boolean(),
	curve: z.array(z.object({ hour: z.number(), novelCount: z.number(), risk: z.number() }))
})

/** Hour, risk and share known, at each hour of `CURVE_HOURS` that was reached: what held since the point before. */
function* resampled(
	curve: z.output<typeof maturityShape>['curve'],
	exposedHours: number
): Generator<[number, number, number]> {
	const all = curve.at(-1)?.novelCount ?? 0
	let at = 0
	for (const hour of CURVE_HOURS) {
		if (hour > exposedHours) return
		while ((curve[at + 1]?.hour ?? Number.POSITIVE_INFINITY) <= hour) at++
		const point = curve[at]
		if (point === undefined || point.hour > hour) continue
		yield [hour, point.risk, all === 0 ? 1 : point.novelCount / all]
	}
}

/** Rows of numbers that become typed arrays at the end. */
function createColumns(names: readonly string[]): {
	add(row: readonly number[]): void
	arrays(): [string, Float64Array][]
} {
	const columns = names.map((name) => ({ name, values: [] as number[] }))
	return {
		add(row) {
			for (const [at, value] of row.entries()) columns[at]?.values.push(value)
		},
		arrays: () => columns.map(({ name, values }) => [name, Float64Array.from(values)])
	}
}
