import { useCallback } from 'react'
import type { PolicyDetail, RuleRow } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Empty } from '../shell/Empty.js'
import { useShortcuts } from '../shell/shortcuts.js'
import { Code } from '../show/Code.js'
import { Mark } from '../show/State.js'
import { Time } from '../show/Time.js'
import { count, visible } from '../show/text.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'
import { Evidence } from './Evidence.js'

/** One row per rule; its evidence is one press away, beside the table, so that both can be read. */
export function Rules({ policy }: { policy: PolicyDetail }) {
	const [parameters, change] = useAddress()
	const shown = ruleOf(parameters.rule, policy)
	const show = useCallback((rule: RuleRow) => change({ rule: String(rule.index) }), [change])
	const close = useCallback(() => change({ rule: '' }), [change])

	useShortcuts([{ keys: 'Escape', label: 'Close the evidence', group: 'Table', run: close }])

	return (
		<div className={shown === undefined ? 'split' : 'split split-open'}>
			<div className="split-main">
				<List
					label="Rules"
					noun="rule"
					placeholder="Search rules"
					rows={policy.rules}
					keyOf={keyOf}
					textOf={textOf}
					facets={facets}
					columns={shown === undefined ? columns : narrowColumns}
					onOpen={show}
					onCursor={(rule) => {
						if (shown !== undefined) show(rule)
					}}
					actions={[{ keys: 'e', label: 'Evidence of the rule', run: show }]}
					{...(shown === undefined ? {} : { shown: keyOf(shown) })}
					empty={
						<Empty title="This policy has no rules.">
							The workload was watched and did nothing of this class: it needs nothing.
						</Empty>
					}
					nothingFits={<Empty title="No rule fits.">Take back a filter, or shorten the search.</Empty>}
				/>
			</div>
			{shown !== undefined && (
				<Evidence
					policy={policy}
					rule={shown}
					onShow={(index) => change({ rule: String(index) })}
					onClose={close}
				/>
			)}
		</div>
	)
}

function ruleOf(parameter: string | undefined, policy: PolicyDetail): RuleRow | undefined {
	if (parameter === undefined || !/^\d+$/.test(parameter)) return undefined
	return policy.rules.find((rule) => rule.index === Number(parameter))
}

const keyOf = (row: RuleRow) => String(row.index)

const textOf = textCache((row: RuleRow) => [row.object, ...row.access, ...row.sources, row.why, row.beyond])

const facets: readonly Facet<RuleRow>[] = [
	{ key: 'access', label: 'Access', valuesOf: (row) => row.access },
	{
		key: 'by',
		label: 'Program',
		valuesOf: (row) => (row.sources.length === 0 ? [''] : row.sources),
		labelOf: (value) => value || 'any'
	},
	{
		key: 'nature',
		label: 'Nature',
		valuesOf: (row) => [
			...(row.beyond === '' ? ['exactly what was seen'] : ['grants more than was seen']),
			...(row.required ? ['implied by exec'] : []),
			...(row.interactive ? ['interactive only'] : [])
		]
	}
]

const objectColumns: readonly Column<RuleRow>[] = [
	{
		id: 'index',
		header: '#',
		width: '34px',
		align: 'end',
		sortBy: (row) => row.index,
		cell: (row) => <span className="faint">{row.index + 1}</span>
	},
	{
		id: 'object',
		header: 'Object',
		width: 'minmax(200px, 2.4fr)',
		sortBy: (row) => row.object,
		cell: (row) => (
			<>
				<Code text={row.object} />
				{row.effect === 'deny' && <Mark tone="red">deny</Mark>}
				{row.beyond !== '' && (
					<Mark tone="amber" title={visible(row.beyond)}>
						wider
					</Mark>
				)}
				{row.interactive && (
					<Mark tone="amber" title="Seen only with a terminal, or from an exec into the container.">
						interactive
					</Mark>
				)}
			</>
		)
	},
	{
		id: 'access',
		header: 'Access',
		width: 'minmax(80px, 0.7fr)',
		sortBy: (row) => row.access.join(', '),
		cell: (row) => <span title={row.access.join(', ')}>{row.access.join(', ')}</span>
	}
]

const narrowColumns: readonly Column<RuleRow>[] = [
	...objectColumns,
	{
		id: 'count',
		header: 'Seen',
		width: '70px',
		align: 'end',
		sortBy: (row) => row.count,
		descendingFirst: true,
		cell: (row) => count(row.count)
	}
]

const columns: readonly Column<RuleRow>[] = [
	...objectColumns,
	{
		id: 'sources',
		header: 'By program',
		width: 'minmax(130px, 1.2fr)',
		sortBy: (row) => row.sources.join(', '),
		cell: (row) =>
			row.sources.length === 0 ? (
				<span className="faint">any</span>
			) : (
				<>
					<Code text={row.sources[0] ?? ''} tail={20} />
					{row.sources.length > 1 && (
						<span className="faint" title={visible(row.sources.join('\n'))}>
							+{row.sources.length - 1}
						</span>
					)}
				</>
			)
	},
	...narrowColumns.slice(-1),
	{
		id: 'hours',
		header: 'Hours',
		width: '62px',
		align: 'end',
		sortBy: (row) => row.hourCount,
		descendingFirst: true,
		cell: (row) => count(row.hourCount)
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
		id: 'last',
		header: 'Last seen',
		width: '92px',
		align: 'end',
		sortBy: (row) => row.lastMs,
		descendingFirst: true,
		cell: (row) => (row.count === 0 ? <span className="faint">—</span> : <Time ms={row.lastMs} />)
	}
]
