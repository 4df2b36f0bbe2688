import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Ban, Eye } from 'lucide-react'
import { violations } from '../api/queries.js'
import type { Violation } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'
import { Code } from './Code.js'
import { ClassName, Mark } from './State.js'
import { CLASSES, classWord, isClass } from './state.js'
import { Time } from './Time.js'
import { count, visible } from './text.js'
import { WorkloadName } from './WorkloadName.js'

/** What was blocked, or would have been: of one workload, or of all. */
export function ViolationList({ name }: { name?: string }) {
	const query = useQuery(violations(name))
	const navigate = useNavigate()
	return (
		<Answer query={query}>
			{(data) => (
				<List
					label="Violations"
					noun="violation"
					placeholder="Search violations"
					rows={data.items}
					more={data.more}
					keyOf={keyOf}
					textOf={textOf}
					facets={facets}
					columns={name === undefined ? columns : ofOneWorkload}
					order="-last"
					onOpen={(row) =>
						void navigate({
							to: '/policies/$workload/$class',
							params: { workload: row.workload, class: row.class }
						})
					}
					empty={
						<Empty title="Nothing was blocked, and nothing would have been.">
							Denials appear here as soon as a policy is in audit or enforced. Approve a suggestion and apply
							it to begin.
						</Empty>
					}
					nothingFits={<Empty title="No violation fits.">Take back a filter, or shorten the search.</Empty>}
				/>
			)}
		</Answer>
	)
}

const keyOf = (row: Violation) => String(row.id)

const textOf = textCache((row: Violation) => [
	row.workload,
	row.verb,
	row.object,
	row.source,
	row.rule,
	row.detail
])

const facets: readonly Facet<Violation>[] = [
	{
		key: 'action',
		label: 'Action',
		valuesOf: (row) => [row.action],
		labelOf: (value) => (value === 'would-block' ? 'would block' : value)
	},
	{
		key: 'class',
		label: 'Class',
		valuesOf: (row) => [row.class],
		labelOf: (value) => (isClass(value) ? classWord[value] : value),
		order: CLASSES
	},
	{ key: 'verb', label: 'Verb', valuesOf: (row) => [row.verb] },
	{ key: 'by', label: 'Program', valuesOf: (row) => [row.source], labelOf: (value) => value || 'unknown' },
	{ key: 'target', label: 'Target', valuesOf: (row) => [row.target] }
]

const ofOneWorkload: readonly Column<Violation>[] = [
	{
		id: 'action',
		header: 'Action',
		width: '108px',
		sortBy: (row) => row.action,
		cell: (row) =>
			row.action === 'blocked' ? (
				<Mark tone="red" icon={<Ban size={13} aria-hidden />}>
					blocked
				</Mark>
			) : (
				<Mark tone="amber" icon={<Eye size={13} aria-hidden />}>
					would block
				</Mark>
			)
	},
	{
		id: 'class',
		header: 'Class',
		width: '92px',
		sortBy: (row) => CLASSES.indexOf(row.class),
		cell: (row) => <ClassName of={row.class} />
	},
	{ id: 'verb', header: 'Verb', width: '64px', sortBy: (row) => row.verb, cell: (row) => row.verb },
	{
		id: 'object',
		header: 'Object',
		width: 'minmax(150px, 1.6fr)',
		sortBy: (row) => row.object,
		cell: (row) => <Code text={row.object} />
	},
	{
		id: 'source',
		header: 'By program',
		width: 'minmax(100px, 1fr)',
		sortBy: (row) => row.source,
		cell: (row) => <Code text={row.source} tail={18} />
	},
	{
		id: 'rule',
		header: 'Decided by',
		width: 'minmax(100px, 1.2fr)',
		sortBy: (row) => row.rule,
		cell: (row) => <span title={visible(row.rule)}>{visible(row.rule)}</span>
	},
	{
		id: 'count',
		header: 'Times',
		width: '54px',
		align: 'end',
		sortBy: (row) => row.count,
		descendingFirst: true,
		cell: (row) => count(row.count)
	},
	{
		id: 'last',
		header: 'Last',
		width: '76px',
		align: 'end',
		sortBy: (row) => row.lastMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.lastMs} />
	}
]

const columns: readonly Column<Violation>[] = [
	...ofOneWorkload.slice(0, 1),
	{
		id: 'workload',
		header: 'Workload',
		width: 'minmax(130px, 1.4fr)',
		sortBy: (row) => row.workload,
		cell: (row) => <WorkloadName name={row.workload} />
	},
	...ofOneWorkload.slice(1)
]
