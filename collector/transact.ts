import type { Database, Statement as Prepared } from 'better-sqlite3'
import { StoreError } from './errors.js'
import type { Statement } from './store.js'

const PREPARED_MAX = 256

/** Runs the statements of a later stage in one transaction, each as given and none alone. */
export function prepareTransact(
	db: Database
): (statements: Statement[]) => { counts: number[]; tables: string[] } {
	const prepared = new Map<string, Prepared>()

	function prepare(sql: string): Prepared {
		const known = prepared.get(sql)
		if (known !== undefined) return known
		if (prepared.size >= PREPARED_MAX) prepared.clear()
		const statement = db.prepare(sql)
		prepared.set(sql, statement)
		return statement
	}

	const runAll = db.transaction((statements: Statement[]): number[] =>
		statements.map(({ sql, params, expect }) => {
			const statement = prepare(sql)
			// A statement with RETURNING gives its rows; they are as many as it changed.
			const count = statement.reader ? statement.all(...params).length : statement.run(...params).changes
			if (expect !== undefined && count !== expect) {
				throw new StoreError(
					'conflict',
					`Somebody changed the same ${tableOf(sql) ?? 'rows'} meanwhile (${count} rows matched instead of ${expect}): look again and repeat.`
				)
			}
			return count
		})
	).immediate

	return (statements) => {
		const counts = runAll(statements)
		const tables = statements.map(({ sql }, index) => ((counts[index] ?? 0) > 0 ? tableOf(sql) : undefined))
		return { counts, tables: [...new Set(tables.filter((table) => table !== undefined))].sort() }
	}
}

/** The table that a statement writes to. */
function tableOf(sql: string): string | undefined {
	return /\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+"?(\w+)/i
		.exec(sql)?.[1]
		?.toLowerCase()
}
