import type { RowData } from '@tanstack/react-table'
import type { ReactNode } from 'react'

export interface Column<Row extends RowData> {
	id: string
	header: string
	/** A grid track: `minmax(220px, 2fr)`, `96px`. */
	width: string
	align?: 'end'
	/** Without it the column does not sort. */
	sortBy?: (row: Row) => string | number
	/** Numbers and times start with the largest. */
	descendingFirst?: boolean
	cell: (row: Row) => ReactNode
}
