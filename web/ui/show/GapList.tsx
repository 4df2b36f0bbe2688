import { useQuery } from '@tanstack/react-query'
import { gaps } from '../api/queries.js'
import type { Gap } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'
import { Code } from './Code.js'
import { gapWord } from './gap.js'
import { Time } from './Time.js'
import { count, duration, visible } from './text.js'

/** Intervals in which a source was blind: for one workload, or all. */
export function GapList({ name }: { name?: string }) {
	const query = useQuery(gaps(name))
	return (
		<Answer query={query}>
			{(data) => (
				<List
					label="Gaps"
					noun="gap"
					placeholder="Search gaps"
					rows={data.items}
					more={data.more}
					keyOf={keyOf}
					textOf={textOf}
					facets={facets}
					columns={columns}
					order="-from"
					empty={
						<Empty title="No source has been blind.">
							What was not seen did not happen, for as long as Whittle has watched.
						</Empty>
					}
					nothingFits={<Empty title="No gap fits.">Take back a filter, or shorten the search.</Empty>}
				/>
			)}
		</Answer>
	)
}

const keyOf = (row: Gap) => String(row.id)

const textOf = textCache((row: Gap) => [row.scope, row.reason, row.detail, row.producer])

const facets: readonly Facet<Gap>[] = [
	{ key: 'reason', label: 'Reason', valuesOf: (row) => [row.reason], labelOf: gapWord },
	{ key: 'scope', label: 'Scope', valuesOf: (row) => [row.scope.split(':')[0] ?? row.scope] },
	{ key: 'producer', label: 'Source', valuesOf: (row) => [row.producer.split(':')[0] ?? row.producer] },
	{ key: 'loss', label: 'Loss', valuesOf: (row) => [row.lostCount > 0 ? 'known' : 'unknown amount'] }
]

const columns: readonly Column<Gap>[] = [
	{
		id: 'from',
		header: 'From',
		width: '96px',
		sortBy: (row) => row.fromMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.fromMs} />
	},
	{
		id: 'length',
		header: 'Length',
		width: '72px',
		align: 'end',
		sortBy: (row) => row.toMs - row.fromMs,
		descendingFirst: true,
		cell: (row) => duration(row.toMs - row.fromMs)
	},
	{
		id: 'reason',
		header: 'Reason',
		width: 'minmax(150px, 0.8fr)',
		sortBy: (row) => row.reason,
		cell: (row) => <span title={row.reason}>{gapWord(row.reason)}</span>
	},
	{
		id: 'scope',
		header: 'Where',
		width: 'minmax(170px, 1.1fr)',
		sortBy: (row) => row.scope,
		cell: (row) => <Code text={row.scope} />
	},
	{
		id: 'lost',
		header: 'Lost',
		width: '76px',
		align: 'end',
		sortBy: (row) => row.lostCount,
		descendingFirst: true,
		cell: (row) =>
			row.lostCount === 0 ? (
				<span className="faint" title="Nobody can say how much was lost.">
					unknown
				</span>
			) : (
				count(row.lostCount)
			)
	},
	{
		id: 'detail',
		header: 'Detail',
		width: 'minmax(180px, 2fr)',
		cell: (row) => <span title={visible(row.detail)}>{visible(row.detail)}</span>
	}
]
