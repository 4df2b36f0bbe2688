import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, CircleCheck, CircleX, Clock } from 'lucide-react'
import { status, undecided, violations } from '../api/queries.js'
import type { State, Status } from '../api/shapes.js'
import { Empty } from '../shell/Empty.js'
import { Failure } from '../shell/Failure.js'
import { Page } from '../shell/Page.js'
import { Card, Waiting } from '../show/Card.js'
import { Code } from '../show/Code.js'
import { CopyText } from '../show/Copy.js'
import { ClassName, StateIcon } from '../show/State.js'
import { STATES, stateWord } from '../show/state.js'
import { Time } from '../show/Time.js'
import { bytes, count, counted, visible } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'

export function Overview() {
	const { data, error, refetch } = useQuery(status())
	if (data === undefined) {
		return (
			<Page title="Overview">
				{error === null ? <Waiting /> : <Failure error={error} onRetry={() => void refetch()} />}
			</Page>
		)
	}
	return (
		<Page
			title="Overview"
			aside={
				<span className="faint">
					{counted(data.workloadCount, 'workload')} on record
					{data.lastSeenMs !== null && (
						<>
							, last activity <Time ms={data.lastSeenMs} />
						</>
					)}
				</span>
			}
		>
			<div className="overview">
				<NextSteps status={data} />
				<States status={data} />
				<ViolationsCard status={data} />
				<Loss status={data} />
				<Undecided />
				<Sources status={data} />
			</div>
		</Page>
	)
}

function NextSteps({ status }: { status: Status }) {
	return (
		<Card title="Next" className="wide card-accent">
			{status.next.length === 0 ? (
				<p className="card-text">
					Nothing waits for you. New workloads and proposals will appear here by themselves.
				</p>
			) : (
				<ol className="next">
					{status.next.map((step) => (
						<li key={step.command + step.sentence}>
							<span>{visible(step.sentence)}</span>
							<StepLink command={step.command} />
							{step.command !== '' && <CopyText text={step.command} />}
						</li>
					))}
				</ol>
			)}
		</Card>
	)
}

/** The place in this page where the same can be done. */
function StepLink({ command }: { command: string }) {
	if (command.startsWith('whittle approve')) {
		return (
			<Link to="/policies" search={{ state: 'proposed', decision: 'none' }}>
				Review them
			</Link>
		)
	}
	if (command.startsWith('whittle apply')) {
		return (
			<Link to="/policies" search={{ state: 'proposed', decision: 'approved' }}>
				Open them
			</Link>
		)
	}
	if (command.startsWith('whittle get held')) return <Link to="/held">Answer</Link>
	if (command.startsWith('whittle get violations')) return <Link to="/violations">Look at them</Link>
	return <span />
}

/** Workload × class by state: a bar for the proportion, words and numbers for everything else. */
function States({ status }: { status: Status }) {
	const shown = STATES.filter((state) => state !== 'none')
	const total = shown.reduce((sum, state) => sum + status.states[state], 0)
	return (
		<Card
			title="Where each class of each workload stands"
			className="wide"
			aside={<Link to="/policies">All suggestions</Link>}
		>
			{total === 0 ? (
				<Empty title="Nothing has been seen yet.">
					Run something on this machine, or read a recording: <CopyText text="whittle replay FILE…" />
				</Empty>
			) : (
				<>
					<div className="bar" aria-hidden>
						{shown.map((state) =>
							status.states[state] === 0 ? null : (
								<span
									key={state}
									className={`bar-part bar-${stateWord[state].tone} bar-${state}`}
									style={{ flexGrow: status.states[state] }}
								/>
							)
						)}
					</div>
					<ul className="states">
						{shown.map((state) => (
							<StateCount key={state} state={state} value={status.states[state]} />
						))}
					</ul>
				</>
			)}
		</Card>
	)
}

function StateCount({ state, value }: { state: State; value: number }) {
	return (
		<li>
			<Link to="/policies" search={{ state }} className="state-count" title={stateWord[state].meaning}>
				<span className="figure">{count(value)}</span>
				<span className={`state-count-label tone-text-${stateWord[state].tone}`}>
					<StateIcon state={state} /> {stateWord[state].label}
				</span>
			</Link>
		</li>
	)
}

function ViolationsCard({ status }: { status: Status }) {
	const { data } = useQuery(violations())
	const latest = (data?.items ?? []).slice(0, 4)
	return (
		<Card title="Violations" aside={<Link to="/violations">All {count(status.violationCount)}</Link>}>
			<div className="figures">
				<Figure
					value={count(status.violationsToday)}
					label="today (UTC)"
					tone={status.violationsToday > 0 ? 'red' : 'ink'}
				/>
				<Figure value={count(status.violationsYesterday)} label="yesterday" />
			</div>
			{latest.length === 0 ? (
				<p className="card-text faint">Nothing was blocked, and nothing would have been.</p>
			) : (
				<ul className="rows">
					{latest.map((violation) => (
						<li key={violation.id}>
							<span className="rows-main">
								<Code text={violation.object} />
							</span>
							<Time ms={violation.lastMs} />
						</li>
					))}
				</ul>
			)}
		</Card>
	)
}

function Loss({ status }: { status: Status }) {
	return (
		<Card title="Loss and gaps" aside={<Link to="/health">Details</Link>}>
			<div className="figures">
				<Figure value={count(status.gapCount)} label="gaps" tone={status.gapCount > 0 ? 'amber' : 'ink'} />
				<Figure
					value={count(status.lostCount)}
					label="events lost"
					tone={status.lostCount > 0 ? 'amber' : 'ink'}
				/>
				<Figure
					value={count(status.badInputCount)}
					label="bad inputs"
					tone={status.badInputCount > 0 ? 'amber' : 'ink'}
				/>
			</div>
			<p className="card-text faint">
				{status.gapCount === 0
					? 'No source has been blind: what was not seen did not happen while Whittle watched.'
					: 'Absence of evidence inside a gap is not evidence of absence.'}{' '}
				The store holds {bytes(status.storeBytes)}.
			</p>
		</Card>
	)
}

function Undecided() {
	const { data } = useQuery(undecided())
	return (
		<Card
			title="Waiting for a decision"
			aside={
				<Link to="/policies" search={{ state: 'proposed', decision: 'none' }}>
					{data === undefined ? 'All' : `All ${count(data.total)}`}
				</Link>
			}
		>
			{data !== undefined && data.items.length === 0 && (
				<p className="card-text faint">No proposal is undecided.</p>
			)}
			<ul className="rows">
				{(data?.items ?? []).map((policy) => (
					<li key={policy.key}>
						<span className="rows-main">
							<Link
								to="/policies/$workload/$class"
								params={{ workload: policy.displayName, class: policy.class }}
								className="row-link"
							>
								<WorkloadName name={policy.displayName} cluster={policy.cluster} linked={false} />
							</Link>
						</span>
						<span className="rows-side">
							<ClassName of={policy.class} />
						</span>
						<ArrowRight size={14} aria-hidden className="faint" />
					</li>
				))}
			</ul>
		</Card>
	)
}

function Sources({ status }: { status: Status }) {
	return (
		<Card title="Sources" aside={<Link to="/probe">What this machine allows</Link>}>
			{status.sources.length === 0 && <p className="card-text faint">No source is connected.</p>}
			<ul className="rows">
				{status.sources.map((source) => (
					<li key={source.name} className="rows-tall">
						<SourceIcon state={source.state} />
						<span className="rows-main">
							<strong>{visible(source.name)}</strong> <span className="faint">{visible(source.state)}</span>
							<br />
							<span className="soft">{visible(source.sentence)}</span>
						</span>
					</li>
				))}
			</ul>
		</Card>
	)
}

function SourceIcon({ state }: { state: string }) {
	if (/fail|error|missing|off|lost|stopped/i.test(state))
		return <CircleX size={15} aria-hidden className="tone-text-red" />
	if (/wait|start|connect|pending/i.test(state))
		return <Clock size={15} aria-hidden className="tone-text-amber" />
	return <CircleCheck size={15} aria-hidden className="tone-text-green" />
}

function Figure({
	value,
	label,
	tone = 'ink'
}: {
	value: string
	label: string
	tone?: 'ink' | 'amber' | 'red'
}) {
	return (
		<div className="figure-box">
			<span className={tone === 'ink' ? 'figure' : `figure tone-text-${tone}`}>{value}</span>
			<span className="faint">{label}</span>
		</div>
	)
}
