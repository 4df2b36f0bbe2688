import assert from 'node:assert/strict'
import type { SqlValue } from '../collector/store.js'

/**
 * What a column must be. STRICT tables hold what their migration says, so anything else is a
 * bug of ours and stops the program here instead of travelling on as `undefined`.
 */
export function text(value: SqlValue | undefined): string {
	assert(typeof value === 'string', `a text column holds ${describe(value)}`)
	return value
}

export function integer(value: SqlValue | undefined): number {
	const number = typeof value === 'bigint' ? Number(value) : value
	assert(
		typeof number === 'number' && Number.isSafeInteger(number),
		`an integer column holds ${describe(value)}`
	)
	return number
}

export function integerOrNull(value: SqlValue | undefined): number | null {
	return value === null ? null : integer(value)
}

function describe(value: SqlValue | undefined): string {
	return value === null ? 'NULL' : `a ${typeof value}`
}
