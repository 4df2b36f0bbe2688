// biome-ignore-all lint/a11y/useSemanticElements: rows are positioned one by one, which a table element does not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the table scrolls and has the focus; j and k move it to rows
import type { RowData } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react'
import { type ReactNode, useMemo, useRef, useState } from 'react'
import { useShortcuts } from '../shell/shortcuts.js'
import { count } from '../show/text.js'
import type { Column } from './column.js'
import { useSettled, useSorted } from './rows.js'
import { type RowHandlers, TableRow } from './TableRow.js'

export interface RowAction<Row extends RowData> {
	keys: string
	label: string
	run(row: Row): void
}

export interface DataTableProps<Row extends RowData> {
	/** Names the table for assistive technology. */
	label: string
	/** Filtered, in the order that holds when nothing is sorted. */
	rows: readonly Row[]
	keyOf: (row: Row) => string
	columns: readonly Column<Row>[]
	/** `name` or `-last`; '' is the order of `rows`. */
	sort: string
	onSort: (sort: string) => void
	/** Changes when the reader asked for something else, so that nothing needs to be held still. */
	view: string
	onOpen?: (row: Row) => void
	actions?: readonly RowAction<Row>[]
	selected?: ReadonlySet<string>
	onSelected?: (selected: ReadonlySet<string>) => void
	/** The row whose details are beside the table. */
	shown?: string
	/** The row that j and k moved to. */
	onCursor?: (row: Row) => void
	/** Shown instead of rows when there are none. */
	empty: ReactNode
}

// The same sizes as in style/table.css.
const ROW_HEIGHT_PX = 36
const ROW_PADDING_PX = 14
const COLUMN_GAP_PX = 12
const CHECK_WIDTH_PX = 24

/**
 * A virtualised table that sorts, selects and moves by keyboard, and that never moves a row under the
 * pointer: while the reader points at it, has scrolled, or has rows selected, new rows wait behind a pill.
 */
export function DataTable<Row extends RowData>(props: DataTableProps<Row>) {
	const { label, keyOf, columns, sort, onSort, view, onOpen, selected, onSelected, empty } = props
	const [isPointedAt, setPointedAt] = useState(false)
	const [isScrolled, setScrolled] = useState(false)
	const [cursorKey, setCursorKey] = useState<string | null>(null)
	const scroller = useRef<HTMLDivElement>(null)

	const sorted = useSorted(props.rows, keyOf, columns, sort)
	const isHolding = isPointedAt || isScrolled || cursorKey !== null || (selected?.size ?? 0) > 0
	const settled = useSettled(sorted, keyOf, `${view} ${sort}`, isHolding)
	const rows = settled.rows

	const virtualizer = useVirtualizer({
		count: rows.length,
		getScrollElement: () => scroller.current,
		estimateSize: () => ROW_HEIGHT_PX,
		// The sticky header covers the first row's height of the viewport.
		scrollPaddingStart: ROW_HEIGHT_PX,
		overscan: 12
	})
	const cursorIndex = cursorKey === null ? -1 : rows.findIndex((row) => keyOf(row) === cursorKey)

	function moveTo(index: number): void {
		const bounded = Math.max(0, Math.min(rows.length - 1, index))
		const row = rows[bounded]
		if (row === undefined) return
		const key = keyOf(row)
		setCursorKey(key)
		props.onCursor?.(row)
		virtualizer.scrollToIndex(bounded, { align: 'auto' })
		const focused = document.activeElement
		// The row may only exist after the scroll has been painted.
		requestAnimationFrame(() => {
			requestAnimationFrame(() => {
				const table = scroller.current
				const now = document.activeElement
				// Whoever types fast has opened a dialog by now, and its focus is not the table's to take.
				if (now !== focused && now !== document.body && table?.contains(now) !== true) return
				table?.querySelector<HTMLElement>(`[data-index="${bounded}"]`)?.focus({ preventScroll: true })
			})
		})
	}

	function toggle(key: string): void {
		if (selected === undefined || onSelected === undefined) return
		const next = new Set(selected)
		if (!next.delete(key)) next.add(key)
		onSelected(next)
	}

	const cursorRow = rows[cursorIndex]
	// Rows are drawn again only when something of theirs changes, so what they call must stay the same.
	const latest = useRef({ onOpen, toggle })
	latest.current = { onOpen, toggle }
	const handlers = useMemo(
		(): RowHandlers<Row> => ({
			open(row, key) {
				setCursorKey(key)
				latest.current.onOpen?.(row)
			},
			toggle: (key) => latest.current.toggle(key),
			leave: () => setCursorKey(null)
		}),
		[]
	)
	useShortcuts([
		{ keys: 'j', label: 'Next row', group: 'Table', run: () => moveTo(cursorIndex + 1) },
		{
			keys: 'k',
			label: 'Previous row',
			group: 'Table',
			run: () => moveTo(cursorIndex < 0 ? 0 : cursorIndex - 1)
		},
		...(onSelected === undefined
			? []
			: [
					{
						keys: 'x',
						label: 'Select the row',
						group: 'Table',
						run: () => cursorRow !== undefined && toggle(keyOf(cursorRow))
					}
				]),
		...(onOpen === undefined
			? []
			: [
					{
						keys: 'o',
						label: 'Open the row (also Enter)',
						group: 'Table',
						run: () => cursorRow !== undefined && onOpen(cursorRow)
					}
				]),
		...(props.actions ?? []).map((action) => ({
			keys: action.keys,
			label: action.label,
			group: 'Table',
			run: () => {
				if (cursorRow !== undefined) action.run(cursorRow)
			}
		}))
	])

	const minWidth = minWidthOf(columns, onSelected !== undefined)
	const template = [
		...(onSelected === undefined ? [] : [`${CHECK_WIDTH_PX}px`]),
		...columns.map((column) => column.width)
	].join(' ')
	const allSelected =
		selected !== undefined && rows.length > 0 && rows.every((row) => selected.has(keyOf(row)))

	return (
		// The frame and not the table: on its way to the pill the pointer must not make it go away.
		<div
			className="table-frame"
			onPointerEnter={() => setPointedAt(true)}
			onPointerLeave={() => setPointedAt(false)}
		>
			{(settled.newCount > 0 || settled.moved) && (
				<button type="button" className="pill" onClick={settled.accept}>
					{settled.newCount > 0 ? `${count(settled.newCount)} new` : 'New order'}{' '}
					<ArrowUp size={13} aria-hidden />
				</button>
			)}
			<div
				ref={scroller}
				className="table"
				role="table"
				aria-label={label}
				aria-rowcount={rows.length + 1}
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
				tabIndex={0}
				onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 0)}
			>
				<div role="rowgroup" className="table-head" style={{ minWidth }}>
					<div role="row" aria-rowindex={1} className="table-row" style={{ gridTemplateColumns: template }}>
						{onSelected !== undefined && (
							<div role="columnheader" className="cell cell-check">
								<input
									type="checkbox"
									className="check"
									aria-label="Select all rows that are shown"
									checked={allSelected}
									ref={(input) => {
										if (input !== null) input.indeterminate = !allSelected && (selected?.size ?? 0) > 0
									}}
									onChange={() => onSelected(allSelected ? new Set() : new Set(rows.map(keyOf)))}
								/>
							</div>
						)}
						{columns.map((column) => (
							<HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
						))}
					</div>
				</div>
				<div role="rowgroup" className="table-body" style={{ height: virtualizer.getTotalSize(), minWidth }}>
					{virtualizer.getVirtualItems().map((item) => {
						const row = rows[item.index]
						if (row === undefined) return null
						const key = keyOf(row)
						return (
							<TableRow
								key={key}
								row={row}
								id={key}
								index={item.index}
								startPx={item.start}
								columns={columns}
								template={template}
								isCurrent={key === cursorKey || key === props.shown}
								isSelected={selected === undefined ? null : selected.has(key)}
								opens={onOpen !== undefined}
								handlers={handlers}
							/>
						)
					})}
				</div>
				{rows.length === 0 && <div className="table-empty">{empty}</div>}
			</div>
		</div>
	)
}

/** Head and rows must be as wide as each other, so the width below which they scroll is counted, not left to their content. */
function minWidthOf<Row extends RowData>(columns: readonly Column<Row>[], isSelectable: boolean): number {
	const widths = columns.map((column) => Number(/\d+(?=px)/.exec(column.width)?.[0] ?? 0))
	const all = isSelectable ? [CHECK_WIDTH_PX, ...widths] : widths
	return all.reduce((sum, width) => sum + width, 2 * ROW_PADDING_PX + (all.length - 1) * COLUMN_GAP_PX)
}

function HeaderCell<Row extends RowData>({
	column,
	sort,
	onSort
}: {
	column: Column<Row>
	sort: string
	onSort: (sort: string) => void
}) {
	const className = column.align === 'end' ? 'cell cell-end' : 'cell'
	if (column.sortBy === undefined) {
		return (
			<div role="columnheader" className={className}>
				{column.header}
			</div>
		)
	}
	const isAscending = sort === column.id
	const isDescending = sort === `-${column.id}`
	const first = column.descendingFirst === true ? `-${column.id}` : column.id
	const second = column.descendingFirst === true ? column.id : `-${column.id}`
	const next = sort === first ? second : sort === second ? '' : first
	const Icon = isAscending ? ArrowUp : isDescending ? ArrowDown : ChevronsUpDown
	return (
		<div
			role="columnheader"
			className={className}
			aria-sort={isAscending ? 'ascending' : isDescending ? 'descending' : 'none'}
		>
			<button type="button" className="sort" onClick={() => onSort(next)}>
				{column.header}
				<Icon size={12} aria-hidden className={isAscending || isDescending ? 'sort-on' : 'sort-off'} />
			</button>
		</div>
	)
}
