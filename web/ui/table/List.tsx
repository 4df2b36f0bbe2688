import type { RowData } from '@tanstack/react-table'
import { type ReactNode, useCallback, useMemo } from 'react'
import { useAddress, useChosen } from '../shell/address.js'
import type { Column } from './column.js'
import { DataTable, type RowAction } from './DataTable.js'
import { type Facet, filterRows, joinValues } from './filter.js'
import { Toolbar } from './Toolbar.js'

/**
 * A searchable, narrowable, sortable table whose whole state is the address; so a page has one of them.
 */
export function List<Row extends RowData>({
	label,
	noun,
	plural = `${noun}s`,
	placeholder,
	rows,
	more,
	keyOf,
	textOf,
	facets,
	columns,
	order = '',
	onOpen,
	actions,
	selected,
	onSelected,
	onCursor,
	shown,
	empty,
	nothingFits,
	toolbar
}: {
	label: string
	/** One row, and several, beside their number. */
	noun: string
	plural?: string
	placeholder: string
	rows: readonly Row[]
	more?: boolean
	keyOf: (row: Row) => string
	textOf: (row: Row) => string
	facets: readonly Facet<Row>[]
	columns: readonly Column<Row>[]
	/** The sort when the address names none. */
	order?: string
	onOpen?: (row: Row) => void
	actions?: readonly RowAction<Row>[]
	selected?: ReadonlySet<string>
	onSelected?: (selected: ReadonlySet<string>) => void
	onCursor?: (row: Row) => void
	shown?: string
	/** Shown when there are no rows at all. */
	empty: ReactNode
	/** Shown when the filters leave none. */
	nothingFits: ReactNode
	toolbar?: ReactNode
}) {
	const [parameters, change] = useAddress()
	const keys = useMemo(() => facets.map((facet) => facet.key), [facets])
	const chosen = useChosen(parameters, keys)
	const search = parameters.q ?? ''
	const sort = parameters.sort ?? order
	const filtered = useMemo(
		() => filterRows(rows, facets, chosen, search, textOf),
		[rows, facets, chosen, search, textOf]
	)
	const onSearch = useCallback((text: string) => change({ q: text }), [change])
	const onChoose = useCallback(
		(key: string, values: string[]) => change({ [key]: joinValues(values) }),
		[change]
	)
	const onClear = useCallback(
		() => change({ q: '', ...Object.fromEntries(keys.map((key) => [key, ''])) }),
		[change, keys]
	)
	const onSort = useCallback((next: string) => change({ sort: next }), [change])

	return (
		<>
			<Toolbar
				search={search}
				onSearch={onSearch}
				placeholder={placeholder}
				facets={facets}
				options={filtered.options}
				onChoose={onChoose}
				onClear={onClear}
				shown={filtered.rows.length}
				total={rows.length}
				more={more ?? false}
				noun={filtered.rows.length === 1 && rows.length === 1 ? noun : plural}
			>
				{toolbar}
			</Toolbar>
			<DataTable
				label={label}
				rows={filtered.rows}
				keyOf={keyOf}
				columns={columns}
				sort={sort}
				onSort={onSort}
				view={`${search}\n${JSON.stringify(chosen)}`}
				empty={rows.length === 0 ? empty : nothingFits}
				{...(onOpen === undefined ? {} : { onOpen })}
				{...(actions === undefined ? {} : { actions })}
				{...(selected === undefined ? {} : { selected })}
				{...(onSelected === undefined ? {} : { onSelected })}
				{...(onCursor === undefined ? {} : { onCursor })}
				{...(shown === undefined ? {} : { shown })}
			/>
		</>
	)
}
