import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { serverNowMs } from '../../api/clock.js'
import { timeline } from '../../api/queries.js'
import type { TimelineEntry } from '../../api/shapes.js'
import { useAddress } from '../../shell/address.js'
import { Answer } from '../../shell/Answer.js'
import { Empty } from '../../shell/Empty.js'
import { Choices } from '../../show/Choices.js'
import { Code } from '../../show/Code.js'
import { count, exactTime, isoTime } from '../../show/text.js'
import type { Column } from '../../table/column.js'
import { type Facet, textCache } from '../../table/filter.js'
import { List } from '../../table/List.js'

const ranges = [
	{ value: '15m', label: '15 min', ms: 15 * 60_000 },
	{ value: '1h', label: '1 h', ms: 3_600_000 },
	{ value: '6h', label: '6 h', ms: 6 * 3_600_000 },
	{ value: '24h', label: '24 h', ms: 24 * 3_600_000 }
] as const

/** First sights, execs and connections in order; the store keeps them for 24 h. */
export function TimelineList({ name }: { name: string }) {
	const [parameters, change] = useAddress()
	const range = ranges.find((each) => each.value === parameters.range) ?? ranges[3]
	const fromMs = useMemo(() => serverNowMs() - range.ms, [range])
	const query = useQuery(timeline(name, fromMs))
	return (
		<Answer query={query}>
			{(data) => (
				<List
					label="Timeline"
					noun="entry"
					plural={data.more ? 'entries: choose a shorter range to see the latest' : 'entries'}
					placeholder="Search the timeline"
					rows={data.items}
					more={data.more}
					keyOf={keyOf}
					textOf={textOf}
					facets={facets}
					columns={columns}
					order="-at"
					empty={
						<Empty title="Nothing in this time.">
							The timeline keeps the last 24 hours; recordings that are older leave it empty.
						</Empty>
					}
					nothingFits={<Empty title="No entry fits.">Take back a filter, or shorten the search.</Empty>}
					toolbar={
						<Choices
							label="How far back"
							choices={ranges}
							value={range.value}
							onChange={(value) => change({ range: value === '24h' ? '' : value })}
						/>
					}
				/>
			)}
		</Answer>
	)
}

const keyOf = (row: TimelineEntry) => `${row.atMs}\n${row.pod}\n${row.kind}\n${row.text}`

const textOf = textCache((row: TimelineEntry) => [row.kind, row.pod, row.text])

const facets: readonly Facet<TimelineEntry>[] = [
	{ key: 'kind', label: 'Kind', valuesOf: (row) => [row.kind] },
	{ key: 'pod', label: 'Pod', valuesOf: (row) => [row.pod] }
]

const columns: readonly Column<TimelineEntry>[] = [
	{
		id: 'at',
		header: 'At (UTC)',
		width: '170px',
		sortBy: (row) => row.atMs,
		descendingFirst: true,
		cell: (row) => (
			<time dateTime={isoTime(row.atMs)} title={exactTime(row.atMs)} className="time">
				{isoTime(row.atMs).slice(5, 23).replace('T', ' ')}
			</time>
		)
	},
	{ id: 'kind', header: 'Kind', width: '90px', sortBy: (row) => row.kind, cell: (row) => row.kind },
	{
		id: 'text',
		header: 'What',
		width: 'minmax(240px, 3fr)',
		sortBy: (row) => row.text,
		cell: (row) => <Code text={row.text} tail={48} />
	},
	{
		id: 'pod',
		header: 'Pod or instance',
		width: 'minmax(120px, 1fr)',
		sortBy: (row) => row.pod,
		cell: (row) => <Code text={row.pod} tail={16} />
	},
	{
		id: 'count',
		header: 'Times',
		width: '70px',
		align: 'end',
		sortBy: (row) => row.count,
		descendingFirst: true,
		cell: (row) => count(row.count)
	}
]
