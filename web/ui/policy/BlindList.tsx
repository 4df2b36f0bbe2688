import { useMemo } from 'react'
import type { Blind, Simulation } from '../api/shapes.js'
import { Empty } from '../shell/Empty.js'
import { Code } from '../show/Code.js'
import { gapWord } from '../show/gap.js'
import { Time } from '../show/Time.js'
import { duration } from '../show/text.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'

interface Row extends Blind {
	workload: string
}

/** Intervals for which the history cannot speak: nothing that is missing there was proven to be absent. */
export function BlindList({ workloads }: { workloads: Simulation['workloads'] }) {
	const rows = useMemo(
		() => workloads.flatMap((one) => one.blind.map((blind): Row => ({ ...blind, workload: one.name }))),
		[workloads]
	)
	return (
		<List
			label="Cannot speak for"
			noun="interval"
			placeholder="Search intervals"
			rows={rows}
			keyOf={keyOf}
			textOf={textOf}
			facets={facets}
			columns={columns}
			order="-from"
			empty={
				<Empty title="The history speaks for all of its hours.">
					From the first to the last sight it was watched without noticeable loss.
				</Empty>
			}
			nothingFits={<Empty title="No interval fits.">Take back a filter, or shorten the search.</Empty>}
		/>
	)
}

const word: Record<Blind['kind'], string> = {
	gap: 'a source was blind',
	lossy: 'too much was lost',
	censored: 'the enforcer hid what it allows',
	unwatched: 'not watched, or not running'
}

const keyOf = (row: Row) => `${row.workload}\n${row.kind}\n${row.reason}\n${row.fromMs}\n${row.toMs}`

const textOf = textCache((row: Row) => [word[row.kind], gapWord(row.reason), row.workload])

const facets: readonly Facet<Row>[] = [
	{
		key: 'kind',
		label: 'Why',
		valuesOf: (row) => [row.kind],
		labelOf: (value) => Object.entries(word).find(([kind]) => kind === value)?.[1] ?? value
	}
]

const columns: readonly Column<Row>[] = [
	{
		id: 'from',
		header: 'From',
		width: '110px',
		sortBy: (row) => row.fromMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.fromMs} />
	},
	{
		id: 'length',
		header: 'Length',
		width: '90px',
		align: 'end',
		sortBy: (row) => row.toMs - row.fromMs,
		descendingFirst: true,
		cell: (row) => duration(row.toMs - row.fromMs)
	},
	{
		id: 'why',
		header: 'Why',
		width: 'minmax(220px, 1.4fr)',
		sortBy: (row) => word[row.kind],
		cell: (row) => (
			<span>
				{word[row.kind]}
				{row.reason !== '' && <span className="faint"> ({gapWord(row.reason)})</span>}
			</span>
		)
	},
	{
		id: 'workload',
		header: 'Workload',
		width: 'minmax(180px, 1.4fr)',
		sortBy: (row) => row.workload,
		cell: (row) => <Code text={row.workload} />
	}
]
