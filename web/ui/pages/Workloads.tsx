import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { workloads } from '../api/queries.js'
import type { Class, State, Workload } from '../api/shapes.js'
import { Empty } from '../shell/Empty.js'
import { Failure } from '../shell/Failure.js'
import { Page } from '../shell/Page.js'
import { Waiting } from '../show/Card.js'
import { ClassStateCell } from '../show/State.js'
import { CLASSES, classWord, isState, STATES, stateWord } from '../show/state.js'
import { Time } from '../show/Time.js'
import { count } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'

export function Workloads() {
	const { data, error, refetch } = useQuery(workloads())
	const navigate = useNavigate()
	const facets = useMemo(() => facetsOf(data?.items ?? []), [data])
	return (
		<Page title="Workloads" fills>
			{data === undefined ? (
				error === null ? (
					<Waiting lines={10} />
				) : (
					<Failure error={error} onRetry={() => void refetch()} />
				)
			) : (
				<List
					label="Workloads"
					noun="workload"
					placeholder="Search workloads"
					rows={data.items}
					more={data.more}
					keyOf={keyOf}
					textOf={textOf}
					facets={facets}
					columns={columns}
					order="name"
					onOpen={(row) =>
						void navigate({ to: '/workloads/$workload', params: { workload: row.displayName } })
					}
					empty={
						<Empty title="No workload has been seen yet.">
							What runs on this machine appears here within seconds of doing something. To learn one command
							at once: <code>whittle learn -- COMMAND</code>
						</Empty>
					}
					nothingFits={<Empty title="No workload fits.">Take back a filter, or shorten the search.</Empty>}
				/>
			)}
		</Page>
	)
}

const keyOf = (row: Workload) => String(row.id)

const textOf = textCache((row: Workload) => [row.name, row.cgroup])

const columns: readonly Column<Workload>[] = [
	{
		id: 'name',
		header: 'Workload',
		width: 'minmax(210px, 2.4fr)',
		sortBy: (row) => row.displayName,
		cell: (row) => <WorkloadName name={row.displayName} cluster={row.cluster} />
	},
	...CLASSES.map(
		(of): Column<Workload> => ({
			id: of,
			header: classWord[of].replace(/^./, (first) => first.toUpperCase()),
			width: 'minmax(86px, 0.7fr)',
			sortBy: (row) => STATES.indexOf(stateOf(row, of)),
			descendingFirst: true,
			cell: (row) => <ClassStateCell of={of} it={row.classes.find((each) => each.class === of)} />
		})
	),
	{
		id: 'violations',
		header: 'Violations',
		width: '80px',
		align: 'end',
		sortBy: (row) => row.violationCount,
		descendingFirst: true,
		cell: (row) =>
			row.violationCount === 0 ? (
				<span className="faint">0</span>
			) : (
				<span className="tone-text-red">{count(row.violationCount)}</span>
			)
	},
	{
		id: 'starts',
		header: 'Starts',
		width: '58px',
		align: 'end',
		sortBy: (row) => row.startCount,
		descendingFirst: true,
		cell: (row) => count(row.startCount)
	},
	{
		id: 'last',
		header: 'Last seen',
		width: '82px',
		align: 'end',
		sortBy: (row) => row.lastMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.lastMs} />
	}
]

function stateOf(row: Workload, of: Class): State {
	return row.classes.find((each) => each.class === of)?.state ?? 'none'
}

/** A facet that cannot narrow anything is not offered. */
function facetsOf(rows: readonly Workload[]): Facet<Workload>[] {
	const facets: Facet<Workload>[] = [
		{ key: 'cluster', label: 'Cluster', valuesOf: (row) => [row.cluster] },
		{ key: 'ns', label: 'Namespace', valuesOf: (row) => [row.namespace] },
		{ key: 'node', label: 'Node', valuesOf: (row) => [row.node] },
		{ key: 'kind', label: 'Kind', valuesOf: (row) => [row.kind === '' ? row.form : row.kind] }
	]
	const useful = facets.filter((facet) => new Set(rows.flatMap((row) => facet.valuesOf(row))).size > 1)
	return [
		...useful,
		{
			key: 'state',
			label: 'State',
			valuesOf: (row) => [...new Set(CLASSES.map((of) => stateOf(row, of)))],
			labelOf: (value) => (isState(value) ? stateWord[value].label : value),
			order: STATES
		},
		{
			key: 'trouble',
			label: 'Violations',
			valuesOf: (row) => [row.violationCount > 0 ? 'some' : 'no violations']
		}
	]
}
