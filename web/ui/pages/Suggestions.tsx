import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Check, TriangleAlert, X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { policies } from '../api/queries.js'
import type { Suggestion } from '../api/shapes.js'
import { type Asked, DecideDialog } from '../policy/DecideDialog.js'
import type { Choice } from '../policy/decide.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Page } from '../shell/Page.js'
import { ClassName, DecisionMark, Risk, StateMark } from '../show/State.js'
import {
	CLASSES,
	classWord,
	decisionWord,
	isClass,
	isStanding,
	isState,
	STANDINGS,
	STATES,
	standingWord,
	stateWord
} from '../show/state.js'
import { Time } from '../show/Time.js'
import { count, counted } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'

/** What is proposed now: one row per workload and class. */
export function Suggestions() {
	const query = useQuery(policies())
	const navigate = useNavigate()
	const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
	const [asked, setAsked] = useState<Asked | null>(null)
	const items = query.data?.items
	const facets = useMemo(() => facetsOf(items ?? []), [items])

	function ask(choice: Choice, rows: readonly Suggestion[]): void {
		if (rows.length > 0) setAsked({ choice, items: rows })
	}

	/** What is selected, or else the row that the keyboard is on. */
	function askAbout(choice: Choice, row: Suggestion): void {
		const chosen = (items ?? []).filter((each) => selected.has(each.key))
		ask(choice, chosen.length > 0 ? chosen : [row])
	}

	function open(row: Suggestion): void {
		void navigate({
			to: '/policies/$workload/$class',
			params: { workload: row.displayName, class: row.class }
		})
	}

	return (
		<Page
			title="Suggestions"
			aside={<span className="faint">What each workload needs, one policy per class</span>}
			fills
		>
			<Answer query={query}>
				{(data) => (
					<>
						{selected.size > 0 && (
							<section className="selection" aria-label="Selection">
								<strong>{counted(selected.size, 'policy', 'policies')} selected</strong>
								<Button
									size="xs"
									leftSection={<Check size={14} aria-hidden />}
									onClick={() =>
										ask(
											'approve',
											data.items.filter((row) => selected.has(row.key))
										)
									}
								>
									Approve…
								</Button>
								<Button
									size="xs"
									variant="outline"
									color="red"
									leftSection={<X size={14} aria-hidden />}
									onClick={() =>
										ask(
											'reject',
											data.items.filter((row) => selected.has(row.key))
										)
									}
								>
									Reject…
								</Button>
								<Button size="xs" variant="subtle" onClick={() => setSelected(new Set())}>
									Clear
								</Button>
							</section>
						)}
						<List
							label="Suggested policies"
							noun="suggestion"
							placeholder="Search suggestions"
							rows={data.items}
							more={data.more}
							keyOf={keyOf}
							textOf={textOf}
							facets={facets}
							columns={columns}
							order="name"
							onOpen={open}
							actions={[
								{ keys: 'a', label: 'Approve', run: (row) => askAbout('approve', row) },
								{ keys: 'd', label: 'Reject', run: (row) => askAbout('reject', row) },
								{
									keys: 'e',
									label: 'Open its evidence',
									run: (row) =>
										void navigate({
											to: '/policies/$workload/$class',
											params: { workload: row.displayName, class: row.class },
											search: { rule: '0' }
										})
								}
							]}
							selected={selected}
							onSelected={setSelected}
							empty={
								<Empty title="Nothing is suggested yet.">
									Whittle proposes a policy when it has watched a workload for a while. Let it run, or read a
									recording: <code>whittle replay FILE…</code>
								</Empty>
							}
							nothingFits={
								<Empty title="No suggestion fits.">Take back a filter, or shorten the search.</Empty>
							}
						/>
					</>
				)}
			</Answer>
			<DecideDialog
				asked={asked}
				onClose={(isDecided) => {
					setAsked(null)
					if (isDecided) setSelected(new Set())
				}}
			/>
		</Page>
	)
}

const keyOf = (row: Suggestion) => row.key

const textOf = textCache((row: Suggestion) => [row.workload, row.class, classWord[row.class], row.sentence])

const columns: readonly Column<Suggestion>[] = [
	{
		id: 'name',
		header: 'Workload',
		width: 'minmax(200px, 2.4fr)',
		sortBy: (row) => row.displayName,
		cell: (row) => <WorkloadName name={row.displayName} cluster={row.cluster} linked={false} />
	},
	{
		id: 'class',
		header: 'Class',
		width: '104px',
		sortBy: (row) => CLASSES.indexOf(row.class),
		cell: (row) => <ClassName of={row.class} />
	},
	{
		id: 'state',
		header: 'State',
		width: '142px',
		sortBy: (row) => STATES.indexOf(row.state),
		descendingFirst: true,
		cell: (row) => <StateMark state={row.state} title={row.sentence} />
	},
	{
		id: 'decision',
		header: 'Decision',
		width: '104px',
		sortBy: (row) => row.decision,
		cell: (row) => <DecisionMark decision={row.decision} />
	},
	{
		id: 'rules',
		header: 'Rules',
		width: '58px',
		align: 'end',
		sortBy: (row) => row.ruleCount,
		descendingFirst: true,
		cell: (row) => count(row.ruleCount)
	},
	{
		id: 'notes',
		header: 'Notes',
		width: '64px',
		align: 'end',
		sortBy: (row) => row.warningCount * 1000 + row.noteCount,
		descendingFirst: true,
		cell: (row) =>
			row.warningCount > 0 ? (
				<span className="class-state tone-text-amber" title={counted(row.warningCount, 'warning')}>
					<TriangleAlert size={13} aria-label="warnings" /> {count(row.noteCount)}
				</span>
			) : (
				<span className="faint">{count(row.noteCount)}</span>
			)
	},
	{
		id: 'hours',
		header: 'Seen in',
		width: '86px',
		align: 'end',
		sortBy: (row) => row.hourCount,
		descendingFirst: true,
		cell: (row) => (
			<span
				className="soft"
				title={`${counted(row.hourCount, 'hour')} on ${counted(row.dayCount, 'day')}, ${counted(row.podCount, 'pod')}, ${counted(row.startCount, 'start')}, ${counted(row.count, 'event')}`}
			>
				{count(row.hourCount)} h, {count(row.dayCount)} d
			</span>
		)
	},
	{
		id: 'risk',
		header: 'Risk 24 h',
		width: '86px',
		align: 'end',
		// What nothing is known of stands after everything else.
		sortBy: (row) => row.readiness?.risk24 ?? 2,
		cell: (row) =>
			row.readiness === null ? (
				<span className="faint">—</span>
			) : (
				<Risk risk24={row.readiness.risk24} standing={row.readiness.standing} />
			)
	},
	{
		id: 'since',
		header: 'Proposed',
		width: '90px',
		align: 'end',
		sortBy: (row) => row.sinceMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.sinceMs} />
	}
]

/** A facet that cannot narrow anything is not offered. */
function facetsOf(rows: readonly Suggestion[]): Facet<Suggestion>[] {
	const facets: Facet<Suggestion>[] = [
		{ key: 'cluster', label: 'Cluster', valuesOf: (row) => [row.cluster] },
		{ key: 'ns', label: 'Namespace', valuesOf: (row) => [row.namespace] },
		{ key: 'kind', label: 'Kind', valuesOf: (row) => [row.kind] }
	]
	const useful = facets.filter((facet) => new Set(rows.flatMap((row) => facet.valuesOf(row))).size > 1)
	return [
		...useful,
		{
			key: 'class',
			label: 'Class',
			valuesOf: (row) => [row.class],
			labelOf: (value) => (isClass(value) ? classWord[value] : value),
			order: CLASSES
		},
		{
			key: 'state',
			label: 'State',
			valuesOf: (row) => [row.state],
			labelOf: (value) => (isState(value) ? stateWord[value].label : value),
			order: STATES
		},
		{
			key: 'decision',
			label: 'Decision',
			valuesOf: (row) => [row.decision],
			labelOf: (value) => (value === 'none' ? decisionWord.none : value),
			order: ['none', 'approved', 'rejected']
		},
		{
			key: 'ready',
			label: 'Readiness',
			valuesOf: (row) => [row.readiness?.standing ?? 'unknown'],
			labelOf: (value) => (isStanding(value) ? standingWord[value].label : value),
			order: STANDINGS
		},
		{
			key: 'notes',
			label: 'Notes',
			valuesOf: (row) => [
				row.warningCount > 0 ? 'warnings' : row.noteCount > 0 ? 'only remarks' : 'no notes'
			],
			order: ['warnings', 'only remarks', 'no notes']
		}
	]
}
