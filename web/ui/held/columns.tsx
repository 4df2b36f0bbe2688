import type { HeldItem } from '../api/shapes.js'
import { SensitivityMark } from '../policy/Reckoning.js'
import { Code } from '../show/Code.js'
import { ClassName, Mark } from '../show/State.js'
import { CLASSES, classWord, isClass } from '../show/state.js'
import { Time } from '../show/Time.js'
import { count, visible } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'

export const keyOf = (row: HeldItem) => row.key

export const textOf = textCache((row: HeldItem) => [
	row.displayName,
	row.verb,
	row.object,
	row.source,
	row.reason,
	...row.pods
])

const causeWord: Record<HeldItem['cause'], string> = {
	rejected: 'judged malicious',
	interactive: 'interactive session',
	'not-in-image': 'not in the image',
	sensitive: 'sensitive',
	support: 'seen too little',
	bundle: 'together with another'
}

const sensitivityText = ['ordinary', 'guarded', 'sensitive']

export const facets: readonly Facet<HeldItem>[] = [
	{ key: 'ns', label: 'Namespace', valuesOf: (row) => [row.namespace] },
	{
		key: 'class',
		label: 'Class',
		valuesOf: (row) => [row.class],
		labelOf: (value) => (isClass(value) ? classWord[value] : value),
		order: CLASSES
	},
	{
		key: 'cause',
		label: 'Cause',
		valuesOf: (row) => [causeWord[row.cause]],
		order: Object.values(causeWord)
	},
	{
		key: 'sensitivity',
		label: 'Sensitivity',
		valuesOf: (row) => [sensitivityText[row.sensitivity] ?? ''],
		order: sensitivityText.toReversed()
	},
	{
		key: 'answer',
		label: 'Answer',
		valuesOf: (row) => [row.answer?.decision ?? 'waiting'],
		order: ['waiting', 'needed', 'malicious']
	}
]

const workloadColumn: Column<HeldItem> = {
	id: 'workload',
	header: 'Workload',
	width: 'minmax(140px, 1.2fr)',
	sortBy: (row) => row.displayName,
	cell: (row) => <WorkloadName name={row.displayName} cluster={row.cluster} linked={false} />
}

export const narrowColumns: readonly Column<HeldItem>[] = [
	{
		id: 'score',
		header: 'Strange',
		width: '72px',
		align: 'end',
		sortBy: (row) => row.bundleScore,
		descendingFirst: true,
		cell: (row) => (
			<span title={`${row.bundleScore.toFixed(1)} weighted bits, ${row.score.toFixed(1)} of them its own`}>
				{row.bundleScore.toFixed(1)}
			</span>
		)
	},
	{
		id: 'together',
		header: 'With',
		width: '54px',
		align: 'end',
		sortBy: (row) => row.bundleCount,
		descendingFirst: true,
		cell: (row) =>
			row.bundleCount > 1 ? (
				<span title="Behaviours that are to be judged together">{count(row.bundleCount)}</span>
			) : (
				<span className="faint">—</span>
			)
	},
	{ id: 'verb', header: 'Verb', width: '70px', sortBy: (row) => row.verb, cell: (row) => row.verb },
	{
		id: 'object',
		header: 'Object',
		width: 'minmax(160px, 1.5fr)',
		sortBy: (row) => row.object,
		cell: (row) => <Code text={row.object} />
	},
	{
		id: 'sensitivity',
		header: 'Sensitivity',
		width: '92px',
		sortBy: (row) => row.sensitivity,
		descendingFirst: true,
		cell: (row) => <SensitivityMark level={row.sensitivity} />
	}
]

export const ofOneWorkload: readonly Column<HeldItem>[] = [
	...narrowColumns,
	{
		id: 'class',
		header: 'Class',
		width: '96px',
		sortBy: (row) => CLASSES.indexOf(row.class),
		cell: (row) => <ClassName of={row.class} />
	},
	{
		id: 'why',
		header: 'Why',
		width: 'minmax(160px, 1.8fr)',
		sortBy: (row) => row.cause,
		cell: (row) =>
			row.answer?.decision === 'needed' ? (
				<Mark tone="green" title="It becomes part of the next revision.">
					answered: needed
				</Mark>
			) : (
				<span title={visible(row.reason)}>{visible(row.reason)}</span>
			)
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

export const columns: readonly Column<HeldItem>[] = [
	...ofOneWorkload.slice(0, 2),
	workloadColumn,
	...ofOneWorkload.slice(2)
]
