import { Ban, CircleMinus, CircleQuestionMark, Eye, OctagonX } from 'lucide-react'
import type { Finding } from '../api/shapes.js'
import { Empty } from '../shell/Empty.js'
import { Code } from '../show/Code.js'
import { Mark } from '../show/State.js'
import type { Tone } from '../show/state.js'
import { Time } from '../show/Time.js'
import { count, visible } from '../show/text.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'

/** What the policies would not have let pass, and what had been denied already. */
export function FindingList({ rows }: { rows: readonly Finding[] }) {
	return (
		<List
			label="Would have been blocked"
			noun="finding"
			placeholder="Search findings"
			rows={rows}
			keyOf={keyOf}
			textOf={textOf}
			facets={facets}
			columns={columns}
			empty={
				<Empty title="Nothing that is on record would have been blocked.">
					What has not been seen yet may be: the days below the summary say how often that happened.
				</Empty>
			}
			nothingFits={<Empty title="No finding fits.">Take back a filter, or shorten the search.</Empty>}
		/>
	)
}

const kindWord: Record<Finding['kind'], { label: string; tone: Tone; icon: typeof Ban; meaning: string }> = {
	block: { label: 'blocked', tone: 'red', icon: Ban, meaning: 'It would have been blocked.' },
	audit: {
		label: 'audited',
		tone: 'amber',
		icon: Eye,
		meaning: 'It would have been let through and reported.'
	},
	unsure: {
		label: 'uncertain',
		tone: 'amber',
		icon: CircleQuestionMark,
		meaning: 'Nobody can say whether it would have been blocked.'
	},
	'set-aside': {
		label: 'set aside',
		tone: 'quiet',
		icon: CircleMinus,
		meaning: 'It would have been blocked, and is no need of the workload.'
	},
	denied: {
		label: 'denied already',
		tone: 'quiet',
		icon: OctagonX,
		meaning: 'It was denied when it happened, so blocking it breaks nothing.'
	}
}

function Verdict({ row }: { row: Finding }) {
	const { label, tone, icon: Icon, meaning } = kindWord[row.kind]
	return (
		<Mark
			tone={tone}
			icon={<Icon size={13} aria-hidden />}
			title={`${meaning} ${visible(row.reason)}`.trim()}
		>
			{label}
		</Mark>
	)
}

const keyOf = (row: Finding) => `${row.kind}\n${row.workloadId}\n${row.verb}\n${row.object}\n${row.source}`

const textOf = textCache((row: Finding) => [
	row.verb,
	row.object,
	row.source,
	row.rule,
	row.workload,
	...row.pods
])

const facets: readonly Facet<Finding>[] = [
	{
		key: 'kind',
		label: 'Verdict',
		valuesOf: (row) => [row.kind],
		labelOf: (value) => Object.entries(kindWord).find(([kind]) => kind === value)?.[1].label ?? value,
		order: Object.keys(kindWord)
	},
	{ key: 'verb', label: 'Verb', valuesOf: (row) => [row.verb] }
]

const columns: readonly Column<Finding>[] = [
	{
		id: 'kind',
		header: 'Verdict',
		width: '128px',
		sortBy: (row) => Object.keys(kindWord).indexOf(row.kind),
		cell: (row) => <Verdict row={row} />
	},
	{ id: 'verb', header: 'Verb', width: '72px', sortBy: (row) => row.verb, cell: (row) => row.verb },
	{
		id: 'object',
		header: 'Object',
		width: 'minmax(150px, 1.8fr)',
		sortBy: (row) => row.object,
		cell: (row) => <Code text={row.object} />
	},
	{
		id: 'rule',
		header: 'Rule that decided',
		width: 'minmax(130px, 1.6fr)',
		sortBy: (row) => row.rule,
		cell: (row) =>
			row.rule === '' ? (
				<span className="faint">allowed by all</span>
			) : (
				<span title={`${row.language}: ${visible(row.rule)}`}>{visible(row.rule)}</span>
			)
	},
	{
		id: 'count',
		header: 'Times',
		width: '70px',
		align: 'end',
		sortBy: (row) => row.count,
		descendingFirst: true,
		cell: (row) => count(row.count)
	},
	{
		id: 'days',
		header: 'Days',
		width: '54px',
		align: 'end',
		sortBy: (row) => row.dayCount,
		descendingFirst: true,
		cell: (row) => count(row.dayCount)
	},
	{
		id: 'pods',
		header: 'Pods',
		width: 'minmax(80px, 0.7fr)',
		sortBy: (row) => row.pods.length,
		descendingFirst: true,
		cell: (row) => (
			<>
				<Code text={row.pods[0] ?? ''} tail={14} />
				{row.pods.length > 1 && (
					<span className="faint" title={visible(row.pods.join('\n'))}>
						+{row.pods.length - 1}
					</span>
				)}
			</>
		)
	},
	{
		id: 'first',
		header: 'First',
		width: '84px',
		align: 'end',
		sortBy: (row) => row.firstMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.firstMs} />
	},
	{
		id: 'last',
		header: 'Last',
		width: '84px',
		align: 'end',
		sortBy: (row) => row.lastMs,
		descendingFirst: true,
		cell: (row) => <Time ms={row.lastMs} />
	}
]
