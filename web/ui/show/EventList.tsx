import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck, CircleX, Hand, OctagonX, ShieldCheck, ShieldQuestionMark, Undo2 } from 'lucide-react'
import { history } from '../api/queries.js'
import type { Change, Class, HistoryEntry } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Card } from './Card.js'
import { Code } from './Code.js'
import { Digest } from './Copy.js'
import { classWord } from './state.js'
import { Time } from './Time.js'
import { visible } from './text.js'

/** Decisions and changes, newest first: of one class, of one workload, or all. */
export function EventList({ name, of }: { name?: string; of?: Class }) {
	const query = useQuery(history(name, of))
	return (
		<Answer query={query}>
			{(data) =>
				data.items.length === 0 ? (
					<Empty title="Nothing has been decided or changed yet.">
						Approvals, rejections, answers about what is held back, what was applied and what was rolled back
						will be listed here, with who did it.
					</Empty>
				) : (
					<Card title={data.more ? 'The latest 1,000' : 'Newest first'}>
						<ol className="events">
							{data.items.map((entry) => (
								<li key={`${entry.kind} ${subjectOf(entry).id}`}>
									<Entry entry={entry} withName={name === undefined} withClass={of === undefined} />
								</li>
							))}
						</ol>
					</Card>
				)
			}
		</Answer>
	)
}

function Entry({
	entry,
	withName,
	withClass
}: {
	entry: HistoryEntry
	withName: boolean
	withClass: boolean
}) {
	const it = subjectOf(entry)
	return (
		<>
			<EntryIcon entry={entry} />
			<div>
				<strong>{verbOf(entry)}</strong> {withClass && <>{classWord[it.class]} </>}
				{withName && (
					<>
						of{' '}
						<Link to="/policies/$workload/$class" params={{ workload: it.workload, class: it.class }}>
							{visible(it.workload)}
						</Link>{' '}
					</>
				)}
				<span className="faint">by {visible(it.actor)}</span>{' '}
				{entry.kind === 'answer' ? (
					<Code text={`${entry.answer.verb} ${entry.answer.object}`} />
				) : (
					<Digest digest={digestOf(entry)} />
				)}
				{sentenceOf(entry) !== '' && <p>{visible(sentenceOf(entry))}</p>}
			</div>
			<Time ms={entry.atMs} />
		</>
	)
}

function subjectOf(entry: HistoryEntry): { id: number; workload: string; class: Class; actor: string } {
	if (entry.kind === 'answer') return entry.answer
	return entry.kind === 'approval' ? entry.approval : entry.change
}

function digestOf(entry: Exclude<HistoryEntry, { kind: 'answer' }>): string {
	return entry.kind === 'approval' ? entry.approval.digest : entry.change.digest
}

function verbOf(entry: HistoryEntry): string {
	if (entry.kind === 'answer')
		return entry.answer.decision === 'needed' ? 'Answered “needed”' : 'Answered “malicious”'
	if (entry.kind === 'approval') return entry.approval.decision === 'approved' ? 'Approved' : 'Rejected'
	const { action, target, state } = entry.change
	if (state === 'failed') return `Failed to ${action === 'apply' ? 'apply to' : 'roll back at'} ${target}:`
	if (action === 'revert') return `Rolled back at ${target}:`
	return `Applied to ${target} (${state === 'applied' ? 'unproven' : state}):`
}

function sentenceOf(entry: HistoryEntry): string {
	if (entry.kind === 'answer') return entry.answer.reason
	return entry.kind === 'approval' ? entry.approval.reason : entry.change.outcome
}

function EntryIcon({ entry }: { entry: HistoryEntry }) {
	if (entry.kind === 'answer') {
		const tone = entry.answer.decision === 'needed' ? 'green' : 'red'
		return <Hand size={16} aria-hidden className={`tone-text-${tone}`} />
	}
	if (entry.kind === 'approval') {
		return entry.approval.decision === 'approved' ? (
			<CircleCheck size={16} aria-hidden className="tone-text-green" />
		) : (
			<CircleX size={16} aria-hidden className="tone-text-red" />
		)
	}
	return <ChangeIcon change={entry.change} />
}

function ChangeIcon({ change }: { change: Change }) {
	if (change.state === 'failed') return <OctagonX size={16} aria-hidden className="tone-text-red" />
	if (change.action === 'revert') return <Undo2 size={16} aria-hidden className="tone-text-quiet" />
	if (change.state === 'enforced') return <ShieldCheck size={16} aria-hidden className="tone-text-green" />
	return <ShieldQuestionMark size={16} aria-hidden className="tone-text-amber" />
}
