import type { Simulation } from '../api/shapes.js'
import { Empty } from '../shell/Empty.js'
import { Code } from '../show/Code.js'
import { Time } from '../show/Time.js'
import { count, visible } from '../show/text.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'

type Surprise = NonNullable<Simulation['daily']>['surprises'][number]

/** What would have been blocked on some day by the policy of the days before it. */
export function SurpriseList({ rows, isTested }: { rows: readonly Surprise[]; isTested: boolean }) {
	return (
		<List
			label="Would have surprised"
			noun="surprise"
			placeholder="Search surprises"
			rows={rows}
			keyOf={keyOf}
			textOf={textOf}
			facets={facets}
			columns={columns}
			order="-first"
			empty={
				isTested ? (
					<Empty title="No past day would have been surprised.">
						Each day that could be tried brought nothing that the policy of the days before it would have
						blocked.
					</Empty>
				) : (
					<Empty title="No past day could be tried yet.">
						It takes a watched day with evidence from the days before it: come back tomorrow.
					</Empty>
				)
			}
			nothingFits={<Empty title="No surprise fits.">Take back a filter, or shorten the search.</Empty>}
		/>
	)
}

const keyOf = (row: Surprise) => `${row.verb}\n${row.object}\n${row.source}`

const textOf = textCache((row: Surprise) => [row.verb, row.object, row.source, row.rule, ...row.pods])

const facets: readonly Facet<Surprise>[] = [{ key: 'verb', label: 'Verb', valuesOf: (row) => [row.verb] }]

const columns: readonly Column<Surprise>[] = [
	{
		id: 'first',
		header: 'First',
		width: '96px',
		sortBy: (row) => row.firstMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.firstMs} />
	},
	{ id: 'verb', header: 'Verb', width: '80px', sortBy: (row) => row.verb, cell: (row) => row.verb },
	{
		id: 'object',
		header: 'Object',
		width: 'minmax(200px, 2fr)',
		sortBy: (row) => row.object,
		cell: (row) => <Code text={row.object} />
	},
	{
		id: 'source',
		header: 'By program',
		width: 'minmax(120px, 1fr)',
		sortBy: (row) => row.source,
		cell: (row) => <Code text={row.source} tail={18} />
	},
	{
		id: 'rule',
		header: 'Rule that decided',
		width: 'minmax(140px, 1.4fr)',
		cell: (row) => <span title={`${row.language}: ${visible(row.rule)}`}>{visible(row.rule)}</span>
	},
	{
		id: 'count',
		header: 'Times',
		width: '76px',
		align: 'end',
		sortBy: (row) => row.count,
		descendingFirst: true,
		cell: (row) => count(row.count)
	},
	{
		id: 'days',
		header: 'Days',
		width: '60px',
		align: 'end',
		sortBy: (row) => row.days.length,
		descendingFirst: true,
		cell: (row) => count(row.days.length)
	}
]
