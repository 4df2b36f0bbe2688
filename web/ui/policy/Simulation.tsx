import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { simulation } from '../api/queries.js'
import type { PolicyDetail, Rate, Simulation } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Fact } from '../show/Card.js'
import { Choices } from '../show/Choices.js'
import { Notes } from '../show/State.js'
import { classWord } from '../show/state.js'
import { count, counted } from '../show/text.js'
import { BlindList } from './BlindList.js'
import { DayStrip } from './DayStrip.js'
import { FindingList } from './FindingList.js'
import { SurpriseList } from './SurpriseList.js'

/** What this revision would have done to everything on record, and what enforcing it earlier would have met. */
export function SimulationView({ policy }: { policy: PolicyDetail }) {
	const query = useQuery(simulation(policy.workload, policy.class, policy.digest))
	return (
		<Answer query={query} what="policy">
			{(data) =>
				data.manifests.length === 0 ? (
					<>
						<Notes notes={data.notes} />
						<Empty title={`No language can carry the class ${classWord[policy.class]}.`}>
							There is nothing to try on the history.
						</Empty>
					</>
				) : (
					<Report data={data} onAgain={() => void query.refetch()} isBusy={query.isFetching} />
				)
			}
		</Answer>
	)
}

type Part = 'findings' | 'surprises' | 'blind'

function Report({ data, onAgain, isBusy }: { data: Simulation; onAgain: () => void; isBusy: boolean }) {
	const [parameters, change] = useAddress()
	const { daily } = data
	const blindCount = data.workloads.reduce((sum, one) => sum + one.blindCount, 0)
	const parts: { value: Part; label: string }[] = [
		{ value: 'findings', label: `Would be blocked ${count(data.totals.block)}` },
		{ value: 'surprises', label: `Would have surprised ${count(daily?.surpriseCount ?? 0)}` },
		{ value: 'blind', label: `Cannot speak for ${count(blindCount)}` }
	]
	const part = parts.find((one) => one.value === parameters.part)?.value ?? 'findings'
	return (
		<div className="simulation">
			<Summary data={data} />
			{daily !== null && daily.days.length > 0 && <DayStrip days={daily.days} />}
			{data.notes.length > 0 && <Notes notes={data.notes.slice(0, 5)} />}
			<div className="simulation-bar">
				<Choices
					label="Part of the simulation"
					choices={parts}
					value={part}
					// What one list was narrowed to means nothing in another.
					onChange={(next) =>
						change({ part: next === 'findings' ? '' : next, q: '', sort: '', kind: '', verb: '' })
					}
				/>
				<span className="spacer" />
				<Button
					size="xs"
					variant="default"
					loading={isBusy}
					leftSection={<RotateCw size={13} aria-hidden />}
					onClick={onAgain}
				>
					Run again
				</Button>
			</div>
			{part === 'findings' && <FindingList rows={data.findings} />}
			{part === 'surprises' && (
				<SurpriseList rows={daily?.surprises ?? []} isTested={(daily?.total.testedDays ?? 0) > 0} />
			)}
			{part === 'blind' && <BlindList workloads={data.workloads} />}
			<details className="simulation-limits">
				<summary>What a replay cannot know: {data.limits[0]}</summary>
				<ul>
					{data.limits.slice(1).map((sentence) => (
						<li key={sentence}>{sentence}</li>
					))}
				</ul>
			</details>
		</div>
	)
}

function Summary({ data }: { data: Simulation }) {
	const { daily, totals } = data
	const seen = data.classes.reduce((sum, one) => sum + one.behaviourCount, 0)
	const watched = data.workloads.reduce((sum, one) => sum + one.watchedHours, 0)
	return (
		<dl className="facts">
			<Fact label="Tried on">
				{counted(seen, 'behaviour')} in {counted(watched, 'watched hour')}
			</Fact>
			<Fact label="Would have been blocked">
				<strong className={totals.block > 0 ? 'tone-text-red' : 'tone-text-green'}>
					{totals.block === 0 ? 'nothing' : counted(totals.block, 'behaviour')}
				</strong>
				{totals.unsure > 0 && ` and perhaps ${count(totals.unsure)} more`}
			</Fact>
			<Fact label="Denied already">
				{totals.denied === 0 ? 'nothing' : counted(totals.denied, 'attempt')}
			</Fact>
			<Fact label="Hours with a block per 100 days">
				<RateText
					rate={daily?.total.perHundredDays ?? null}
					digits={1}
					title="Each past day tried with the policy of the days before it. A Poisson rate, with Garwood’s interval."
				/>
			</Fact>
			<Fact label="Days with a block, %">
				<RateText
					rate={daily?.total.daysWithBlock ?? null}
					digits={0}
					title="Of the days that could be tried. With Wilson’s interval."
				/>
			</Fact>
		</dl>
	)
}

function RateText({ rate, digits, title }: { rate: Rate | null; digits: number; title: string }) {
	if (rate === null) return <span className="faint">no day could be tried yet</span>
	return (
		<span title={title}>
			{rate.value.toFixed(digits)}{' '}
			<span className="faint">
				(95 %: {rate.low.toFixed(digits)} to {rate.high.toFixed(digits)})
			</span>
		</span>
	)
}
