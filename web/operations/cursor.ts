import { z } from 'zod'
import { OperationError } from './error.js'

/** What a page ended with: the values that its list is sorted by, the last of them unique. */
export type Position = readonly (string | number)[]

const cursorShape = z.tuple([z.string()], z.union([z.string(), z.number()]))

/**
 * An opaque text for a position in one list. Keyset cursors stay where they are when rows come
 * in before them, which page numbers do not.
 */
export function encodeCursor(list: string, position: Position): string {
	return Buffer.from(JSON.stringify([list, ...position])).toString('base64url')
}

/** The position; null for the start. Throws `cursor-expired` for a cursor of another list or shape. */
export function decodeCursor(list: string, cursor: string | undefined, length: number): Position | null {
	if (cursor === undefined) return null
	const parsed = cursorShape.safeParse(jsonOf(cursor))
	if (parsed.success) {
		const [of, ...position] = parsed.data
		if (of === list && position.length === length) return position
	}
	throw new OperationError(
		'cursor-expired',
		'This "continue" does not belong to this list: it is of another list, other sorting or an older release. Start again without it.'
	)
}

/** Compares positions value by value; numbers by size, texts by code unit. */
export function comparePositions(a: Position, b: Position): number {
	for (const [i, left] of a.entries()) {
		const right = b[i]
		if (right === undefined || left === right) continue
		if (typeof left === typeof right) return left < right ? -1 : 1
		return typeof left < typeof right ? -1 : 1
	}
	return 0
}

/**
 * One page of a list that is held in memory. `positionOf` must be unique per item; `order`
 * applies to the whole position.
 */
export function pageOf<T>(
	list: string,
	items: readonly T[],
	positionOf: (item: T) => Position,
	options: { order: 'asc' | 'desc'; limit: number; continue?: string | undefined }
): { items: T[]; continue: string | null } {
	const sign = options.order === 'asc' ? 1 : -1
	const placed = items.map((item) => ({ item, position: positionOf(item) }))
	placed.sort((a, b) => sign * comparePositions(a.position, b.position))
	const name = `${list} ${options.order}`
	const after = decodeCursor(name, options.continue, placed[0]?.position.length ?? 0)
	const rest = after ? placed.filter((one) => sign * comparePositions(one.position, after) > 0) : placed
	return cut(
		name,
		rest.map((one) => one.item),
		positionOf,
		options.limit
	)
}

/** The first `limit` of items that were read one further than that, and the cursor after them. */
export function cut<T>(
	list: string,
	items: T[],
	positionOf: (item: T) => Position,
	limit: number
): { items: T[]; continue: string | null } {
	const page = items.slice(0, limit)
	const last = page.at(-1)
	const hasMore = items.length > limit && last !== undefined
	return { items: page, continue: hasMore ? encodeCursor(list, positionOf(last)) : null }
}

function jsonOf(cursor: string): unknown {
	try {
		return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
	} catch (error) {
		// Whoever made this up gets the same answer as for any other cursor that is not ours.
		if (error instanceof SyntaxError) return null
		throw error
	}
}
