/** What a table shows while it holds still, and what waits for the reader. */
export interface Settled<Row> {
	/** The rows in the order in which the reader first saw them, each with its latest content. */
	rows: Row[]
	/** Rows that are not shown yet. */
	newCount: number
	/** True when rows went away or would stand elsewhere. */
	moved: boolean
}

/**
 * Keeps the order of rows under the pointer: rows that were `held` stay where they are with new content (or
 * their last content when they are gone), new rows wait. Without `held`, everything is shown as it comes.
 */
export function settle<Row>(
	latest: readonly Row[],
	keyOf: (row: Row) => string,
	held: ReadonlyMap<string, Row>
): Settled<Row> {
	const byKey = new Map<string, Row>()
	for (const row of latest) byKey.set(keyOf(row), row)
	const rows: Row[] = []
	let goneCount = 0
	for (const [key, last] of held) {
		const now = byKey.get(key)
		if (now === undefined) goneCount += 1
		rows.push(now ?? last)
	}
	const stayCount = held.size - goneCount
	return { rows, newCount: byKey.size - stayCount, moved: goneCount > 0 || !sameOrder(latest, keyOf, held) }
}

/** True when the held rows that are still there come in the order in which they are held. */
function sameOrder<Row>(
	latest: readonly Row[],
	keyOf: (row: Row) => string,
	held: ReadonlyMap<string, Row>
): boolean {
	const place = new Map([...held.keys()].map((key, index) => [key, index]))
	let before = -1
	for (const row of latest) {
		const index = place.get(keyOf(row))
		if (index === undefined) continue
		if (index < before) return false
		before = index
	}
	return true
}

/** Rows by key, in order; what the next `settle` holds. */
export function holdRows<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row> {
	return new Map(rows.map((row) => [keyOf(row), row]))
}
