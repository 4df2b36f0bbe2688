import { useQuery } from '@tanstack/react-query'
import { behaviours } from '../../api/queries.js'
import type { Behaviour } from '../../api/shapes.js'
import { Answer } from '../../shell/Answer.js'
import { Empty } from '../../shell/Empty.js'
import { Code } from '../../show/Code.js'
import { ClassName, ResultMark } from '../../show/State.js'
import { CLASSES, classWord, isClass } from '../../show/state.js'
import { Time } from '../../show/Time.js'
import { count } from '../../show/text.js'
import type { Column } from '../../table/column.js'
import { type Facet, textCache } from '../../table/filter.js'
import { List } from '../../table/List.js'

/** Everything that one workload was seen doing. */
export function BehaviourList({ name }: { name: string }) {
	const query = useQuery(behaviours(name))
	return (
		<Answer query={query}>
			{(data) => (
				<List
					label="Behaviours"
					noun="behaviour"
					placeholder="Search behaviours"
					rows={data.items}
					more={data.more}
					keyOf={keyOf}
					textOf={textOf}
					facets={facets}
					columns={columns}
					empty={
						<Empty title="Nothing is on record.">
							This workload is known by name only; what it does appears here as it happens.
						</Empty>
					}
					nothingFits={<Empty title="No behaviour fits.">Take back a filter, or shorten the search.</Empty>}
				/>
			)}
		</Answer>
	)
}

const keyOf = (row: Behaviour) => `${row.verb}\n${row.object}\n${row.source}\n${row.result}`

const textOf = textCache((row: Behaviour) => [row.verb, row.object, row.source, row.detail, row.result])

const facets: readonly Facet<Behaviour>[] = [
	{
		key: 'class',
		label: 'Class',
		valuesOf: (row) => [row.class],
		labelOf: (value) => (isClass(value) ? classWord[value] : value),
		order: CLASSES
	},
	{ key: 'verb', label: 'Verb', valuesOf: (row) => [row.verb] },
	{ key: 'result', label: 'Result', valuesOf: (row) => [row.result], order: ['allowed', 'denied', 'failed'] },
	{ key: 'by', label: 'Program', valuesOf: (row) => [row.source], labelOf: (value) => value || 'unknown' },
	{
		key: 'nature',
		label: 'Nature',
		valuesOf: (row) => [
			...(row.required ? ['implied by exec'] : []),
			...(row.interactive ? ['interactive'] : []),
			...(row.required || row.interactive ? [] : ['ordinary'])
		]
	}
]

const columns: readonly Column<Behaviour>[] = [
	{
		id: 'class',
		header: 'Class',
		width: '104px',
		sortBy: (row) => CLASSES.indexOf(row.class),
		cell: (row) => <ClassName of={row.class} />
	},
	{ id: 'verb', header: 'Verb', width: '84px', sortBy: (row) => row.verb, cell: (row) => row.verb },
	{
		id: 'object',
		header: 'Object',
		width: 'minmax(200px, 2.2fr)',
		sortBy: (row) => row.object,
		cell: (row) => <Code text={row.object} />
	},
	{
		id: 'source',
		header: 'By program',
		width: 'minmax(130px, 1fr)',
		sortBy: (row) => row.source,
		cell: (row) => <Code text={row.source} tail={18} />
	},
	{
		id: 'result',
		header: 'Result',
		width: '88px',
		sortBy: (row) => row.result,
		cell: (row) => <ResultMark result={row.result} />
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
		id: 'hours',
		header: 'Hours',
		width: '60px',
		align: 'end',
		sortBy: (row) => row.hourCount,
		descendingFirst: true,
		cell: (row) => count(row.hourCount)
	},
	{
		id: 'last',
		header: 'Last seen',
		width: '92px',
		align: 'end',
		sortBy: (row) => row.lastMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.lastMs} />
	}
]
