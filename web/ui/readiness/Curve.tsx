import type { Readiness } from '../api/shapes.js'
import { count, counted, percent } from '../show/text.js'

type Point = Readiness['curve'][number]

/** What one chart draws of the points. */
interface Series {
	title: string
	amountOf(point: Point): number
	textOf(value: number): string
	/** Top of the scale. */
	max: number
	/** What is known stays known until something is added; a risk moves between its points. */
	isStepped: boolean
	/** A level to compare with. */
	level?: { value: number; label: string }
}

/** How the risk fell and the known behaviours grew with the hours watched: two charts, and both as a table. */
export function Curve({ readiness }: { readiness: Readiness }) {
	const { curve, tau } = readiness
	const last = curve.at(-1)
	if (last === undefined) return <p className="soft">No hour has been watched yet, so there is no curve.</p>
	const risk: Series = {
		title: 'Risk of something new within 24 h',
		amountOf: (point) => point.risk,
		textOf: percent,
		max: 1,
		isStepped: false,
		level: { value: tau, label: `at most ${percent(tau)}` }
	}
	const known: Series = {
		title: 'Behaviours known',
		amountOf: (point) => point.novelCount,
		textOf: count,
		max: Math.max(2, ...curve.map((point) => point.novelCount)),
		isStepped: true
	}
	return (
		<div className="curves">
			{[risk, known].map((series) => (
				<figure key={series.title} className="curve">
					<figcaption>{series.title}</figcaption>
					<Chart points={curve} series={series} lastHour={last.hour} />
				</figure>
			))}
			<details className="curve-table">
				<summary>The same as a table</summary>
				<table className="figures-table">
					<thead>
						<tr>
							<th scope="col">Hours watched</th>
							<th scope="col">Behaviours known</th>
							<th scope="col">Risk within 24 h</th>
						</tr>
					</thead>
					<tbody>
						{curve.map((point) => (
							<tr key={point.hour}>
								<th scope="row">{count(point.hour)}</th>
								<td>{count(point.novelCount)}</td>
								<td>{percent(point.risk)}</td>
							</tr>
						))}
					</tbody>
				</table>
			</details>
		</div>
	)
}

const WIDTH = 520
const HEIGHT = 150
const LEFT = 46
const RIGHT = 12
const TOP = 10
const BOTTOM = 24

function Chart({ points, series, lastHour }: { points: readonly Point[]; series: Series; lastHour: number }) {
	const { amountOf, textOf, max, level } = series
	const x = (hour: number) => LEFT + (hour / Math.max(1, lastHour)) * (WIDTH - LEFT - RIGHT)
	const y = (value: number) => HEIGHT - BOTTOM - (value / max) * (HEIGHT - TOP - BOTTOM)
	const first = points[0]
	const last = points.at(-1)
	const sentence =
		first === undefined || last === undefined
			? series.title
			: `${series.title}: ${textOf(amountOf(first))} after ${counted(first.hour, 'hour')}, ${textOf(amountOf(last))} after ${counted(last.hour, 'hour')}.`
	return (
		<svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={sentence} className="chart">
			{[0, 0.5, 1].map((share) => (
				<g key={share}>
					<line className="chart-grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(share * max)} y2={y(share * max)} />
					<text className="chart-text" x={LEFT - 6} y={y(share * max) + 4} textAnchor="end">
						{textOf(max === 1 ? share : Math.round(share * max))}
					</text>
				</g>
			))}
			{level !== undefined && (
				<>
					<line
						className="chart-level"
						x1={LEFT}
						x2={WIDTH - RIGHT}
						y1={y(level.value)}
						y2={y(level.value)}
					/>
					<text className="chart-text" x={WIDTH - RIGHT} y={y(level.value) - 5} textAnchor="end">
						{level.label}
					</text>
				</>
			)}
			<path className="chart-line" d={pathOf(points, series, x, y)} />
			{last !== undefined && <circle className="chart-dot" cx={x(last.hour)} cy={y(amountOf(last))} r={3} />}
			<text className="chart-text" x={LEFT} y={HEIGHT - 6}>
				0 h
			</text>
			<text className="chart-text" x={WIDTH - RIGHT} y={HEIGHT - 6} textAnchor="end">
				{count(lastHour)} h watched
			</text>
		</svg>
	)
}

function pathOf(
	points: readonly Point[],
	{ amountOf, isStepped }: Series,
	x: (hour: number) => number,
	y: (value: number) => number
): string {
	return points
		.map((point, index) => {
			const [atX, atY] = [x(point.hour).toFixed(1), y(amountOf(point)).toFixed(1)]
			if (index === 0) return `M${atX} ${atY}`
			return isStepped ? `H${atX}V${atY}` : `L${atX} ${atY}`
		})
		.join('')
}
