import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { readiness } from '../api/queries.js'
import type { Class, Readiness } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Card, Fact } from '../show/Card.js'
import { ClassName, StandingMark } from '../show/State.js'
import { Time } from '../show/Time.js'
import { count, counted, percent, visible } from '../show/text.js'
import { Curve } from './Curve.js'

/** How likely each class of a workload, or one of them, is to do something new, and what that rests on. */
export function ReadinessView({ name, of }: { name: string; of?: Class }) {
	const query = useQuery(readiness(name, of))
	return (
		<Answer query={query} what="workload">
			{(data) =>
				data.items.length === 0 ? (
					<Empty title="Nothing is known of this yet.">
						As soon as the workload does something, Whittle says how likely it is to do something new.
					</Empty>
				) : (
					// biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
					<section className="readiness" tabIndex={0} aria-label="Readiness">
						{data.items.map((item) => (
							<ReadinessCard key={item.class} item={item} />
						))}
					</section>
				)
			}
		</Answer>
	)
}

function ReadinessCard({ item }: { item: Readiness }) {
	return (
		<Card
			title={<ClassName of={item.class} />}
			aside={
				<>
					<StandingMark standing={item.standing} /> <Time ms={item.computedMs} prefix="as of " />
				</>
			}
		>
			<p className="lead">{visible(item.sentence)}</p>
			{item.blockers.length > 0 && (
				<>
					<h3>What it waits for</h3>
					<ul className="missing">
						{item.blockers.map((blocker) => (
							<li key={blocker}>{visible(blocker)}</li>
						))}
					</ul>
				</>
			)}
			<div className="readiness-parts">
				<Curve readiness={item} />
				<div className="readiness-numbers">
					<Facts item={item} />
					{item.secondStage !== null && <SecondStage stage={item.secondStage} />}
				</div>
			</div>
		</Card>
	)
}

function Facts({ item }: { item: Readiness }) {
	return (
		<dl className="facts">
			<Fact label="New within 24 h">{percent(item.risk24)}</Fact>
			<Fact label="In the next hour">{percent(item.riskNextHour)}</Fact>
			<Fact label="Accepted">
				at most {percent(item.tau)}
				{!item.calibrated && (
					<span className="tone-text-amber" title="Too few decisions so far to prove this threshold">
						{' '}
						(not calibrated)
					</span>
				)}
			</Fact>
			<Fact label="By running, schedules, starts">
				<span title="The three parts of the closed form, before the fitted model corrects it">
					{percent(item.parts.steady)}, {percent(item.parts.schedule)}, {percent(item.parts.start)}
				</span>
			</Fact>
			<Fact label="Nothing new for">{counted(item.quietHours, 'watched hour')}</Fact>
			<Fact label="Behaviours known">{count(item.behaviourCount)}</Fact>
			<Fact label="Not seen yet">
				<span title="A lower bound (Chao2), and how many of them another week would show">
					≈ {item.unseenEstimate.toFixed(1)}, {item.newWithinWeek.toFixed(1)} within a week
				</span>
			</Fact>
			<Fact label="Coverage">≈ {percent(item.coverage)}</Fact>
			<Fact label="Held back">
				{item.heldCount === 0 ? (
					'nothing'
				) : (
					<Link to="/held" search={{ q: item.workload }}>
						{counted(item.heldCount, 'behaviour')}
					</Link>
				)}
			</Fact>
		</dl>
	)
}

/** The fitted model with what each of its features adds; the parts add up to its log-odds. */
function SecondStage({ stage }: { stage: NonNullable<Readiness['secondStage']> }) {
	const strongest = [...stage.contributions].sort((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds))
	return (
		<details className="curve-table">
			<summary>
				The fitted model says {percent(stage.risk)} (version {visible(stage.version)})
			</summary>
			<table className="figures-table">
				<thead>
					<tr>
						<th scope="col">Feature</th>
						<th scope="col">Value</th>
						<th scope="col">Adds to the log-odds</th>
					</tr>
				</thead>
				<tbody>
					{strongest.map((one) => (
						<tr key={one.feature}>
							<th scope="row">{visible(one.feature)}</th>
							<td>{one.value.toFixed(2)}</td>
							<td>
								{one.logOdds < 0 ? '−' : '+'}
								{Math.abs(one.logOdds).toFixed(2)}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</details>
	)
}
