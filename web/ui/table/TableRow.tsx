// biome-ignore-all lint/a11y/useSemanticElements: rows are positioned one by one, which a table element does not allow
import type { RowData } from '@tanstack/react-table'
import { type KeyboardEvent, type MouseEvent, memo } from 'react'
import type { Column } from './column.js'

/** What a row can ask for; the object stays the same while the table lives. */
export interface RowHandlers<Row extends RowData> {
	open(row: Row, key: string): void
	toggle(key: string): void
	/** Takes the keyboard's mark off the rows. */
	leave(): void
}

interface Props<Row extends RowData> {
	row: Row
	id: string
	index: number
	startPx: number
	columns: readonly Column<Row>[]
	template: string
	isCurrent: boolean
	/** Null where rows cannot be selected. */
	isSelected: boolean | null
	opens: boolean
	handlers: RowHandlers<Row>
}

/** Memoised: a scrolling table draws only the rows that come into sight. */
// `memo` forgets type parameters; the component is the same one.
export const TableRow = memo(PlainRow) as typeof PlainRow

function PlainRow<Row extends RowData>(props: Props<Row>) {
	const { row, id, index, isSelected, handlers } = props
	return (
		<div
			role="row"
			data-index={index}
			data-key={id}
			aria-rowindex={index + 2}
			aria-current={props.isCurrent ? 'true' : undefined}
			data-selected={isSelected === true ? '' : undefined}
			tabIndex={-1}
			className={props.opens ? 'table-row opens' : 'table-row'}
			style={{ gridTemplateColumns: props.template, transform: `translateY(${props.startPx}px)` }}
			onClick={(event) => onClick(event, props)}
			onKeyDown={(event) => onKeyDown(event, props)}
		>
			{isSelected !== null && (
				<div role="cell" className="cell cell-check">
					<input
						type="checkbox"
						className="check"
						aria-label={`Select row ${index + 1}`}
						checked={isSelected}
						onChange={() => handlers.toggle(id)}
					/>
				</div>
			)}
			{props.columns.map((column) => (
				<div role="cell" key={column.id} className={column.align === 'end' ? 'cell cell-end' : 'cell'}>
					{column.cell(row)}
				</div>
			))}
		</div>
	)
}

/** A click anywhere on the row opens it, unless it was meant for something in it or selected text. */
function onClick<Row extends RowData>(
	event: MouseEvent<HTMLElement>,
	{ row, id, opens, handlers }: Props<Row>
): void {
	if (!opens) return
	if (event.target instanceof Element && event.target.closest('a, button, input, label') !== null) return
	if ((window.getSelection()?.toString() ?? '') !== '') return
	handlers.open(row, id)
}

function onKeyDown<Row extends RowData>(
	event: KeyboardEvent<HTMLElement>,
	{ row, id, opens, handlers }: Props<Row>
): void {
	if (event.key === 'Enter' && opens && event.target === event.currentTarget) handlers.open(row, id)
	if (event.key === 'Escape') handlers.leave()
}
