import {
	type ColumnDef,
	createSortedRowModel,
	type RowData,
	rowSortingFeature,
	type SortingState,
	sortFn_basic,
	tableFeatures,
	useTable
} from '@tanstack/react-table'
import { useMemo, useState } from 'react'
import type { Column } from './column.js'
import { holdRows, settle } from './settle.js'

const features = tableFeatures({
	rowSortingFeature,
	sortedRowModel: createSortedRowModel(),
	sortFns: { basic: sortFn_basic }
})

/** The rows in the order that the address asks for; equal ones keep the order in which they came. */
export function useSorted<Row extends RowData>(
	rows: readonly Row[],
	keyOf: (row: Row) => string,
	columns: readonly Column<Row>[],
	sort: string
): Row[] {
	const definitions = useMemo(
		() =>
			columns.map(
				(column): ColumnDef<typeof features, Row> => ({
					id: column.id,
					accessorFn: (row) => column.sortBy?.(row) ?? '',
					sortFn: 'basic'
				})
			),
		[columns]
	)
	const sorting = useMemo((): SortingState => {
		const id = sort.replace(/^-/, '')
		return columns.some((column) => column.id === id && column.sortBy !== undefined)
			? [{ id, desc: sort.startsWith('-') }]
			: []
	}, [sort, columns])
	const data = useMemo(() => [...rows], [rows])
	const table = useTable({ features, columns: definitions, data, state: { sorting }, getRowId: keyOf })
	const model = table.getRowModel()
	return useMemo(() => model.rows.map((row) => row.original), [model])
}

/** Holds the order while `isHolding`; `accept` shows everything as it is now. */
export function useSettled<Row extends RowData>(
	latest: readonly Row[],
	keyOf: (row: Row) => string,
	view: string,
	isHolding: boolean
) {
	const [held, setHeld] = useState<{ view: string; rows: ReadonlyMap<string, Row> } | null>(null)
	// State follows the properties while rendering rather than in an effect, so that no frame shows rows that
	// have moved (React: "Storing information from previous renders").
	const isFresh = held === null || held.view !== view || held.rows.size === 0
	if (!isHolding && held !== null) setHeld(null)
	if (isHolding && isFresh && (held?.view !== view || latest.length > 0)) {
		setHeld({ view, rows: holdRows(latest, keyOf) })
	}
	const settled = useMemo(
		() =>
			isHolding && held !== null && !isFresh
				? settle(latest, keyOf, held.rows)
				: { rows: [...latest], newCount: 0, moved: false },
		[latest, keyOf, held, isHolding, isFresh]
	)
	return { ...settled, accept: () => setHeld({ view, rows: holdRows(latest, keyOf) }) }
}
