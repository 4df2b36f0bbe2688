import { useQuery } from '@tanstack/react-query'
import { predictions } from '../api/queries.js'
import type { Predictions } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Card, Fact } from '../show/Card.js'
import { ClassName } from '../show/State.js'
import { count, percent, visible } from '../show/text.js'

/** Whether what is said of readiness can be believed: what was predicted, against what came. */
export function PredictionsView() {
	const query = useQuery(predictions())
	return (
		<Answer query={query}>
			{(data) => (
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
				<section className="readiness" tabIndex={0} aria-label="Predictions">
					<p className="lead">{visible(data.sentence)}</p>
					{data.all.count > 0 && (
						<>
							<Reliability title="All predictions" of={data.all} />
							{data.atDecision.count > 0 && (
								<Reliability title="Where the class could have been enforced" of={data.atDecision} />
							)}
							<Classes rows={data.classes} />
						</>
					)}
				</section>
			)}
		</Answer>
	)
}

function Reliability({ title, of }: { title: string; of: Predictions['all'] }) {
	return (
		<Card title={title}>
			<dl className="facts">
				<Fact label="Predictions">{count(of.count)}</Fact>
				<Fact label="Observed ÷ predicted">{ratioText(of.observedOverPredicted)}</Fact>
				<Fact label="Brier score">{of.brier.toFixed(3)}</Fact>
				<Fact label="Error of calibration">{of.ece.toFixed(3)}</Fact>
			</dl>
			<table className="figures-table">
				<thead>
					<tr>
						<th scope="col">Predicted</th>
						<th scope="col">Predictions</th>
						<th scope="col">Mean</th>
						<th scope="col">Observed</th>
					</tr>
				</thead>
				<tbody>
					{of.table.map((bin) => (
						<tr key={bin.from}>
							<th scope="row">
								{Math.round(bin.from * 100)} to {Math.round(bin.to * 100)} %
							</th>
							<td>{count(bin.count)}</td>
							<td>{percent(bin.meanRisk)}</td>
							<td>{percent(bin.observedShare)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</Card>
	)
}

function Classes({ rows }: { rows: Predictions['classes'] }) {
	return (
		<Card title="By class">
			<table className="figures-table">
				<thead>
					<tr>
						<th scope="col">Class</th>
						<th scope="col">Predictions</th>
						<th scope="col">Observed ÷ predicted</th>
						<th scope="col">Brier score</th>
						<th scope="col">Error of calibration</th>
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<tr key={row.class}>
							<th scope="row">
								<ClassName of={row.class} />
							</th>
							<td>{count(row.count)}</td>
							<td>{ratioText(row.observedOverPredicted)}</td>
							<td>{row.brier.toFixed(3)}</td>
							<td>{row.ece.toFixed(3)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</Card>
	)
}

function ratioText(ratio: number | null): string {
	return ratio === null ? '—' : ratio.toFixed(2)
}
