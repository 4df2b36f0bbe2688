import { openReadOnly, storeFailure } from './database.js'
import type { Reader, SqlValue } from './store.js'

type Row = Record<string, SqlValue>

/** Opens a store for reading. Throws a StoreError `missing`, `foreign`, `newer` … when it cannot. */
export function openReader(path: string): Reader {
	const db = openReadOnly(path)
	const prepare = (sql: string) => db.prepare<SqlValue[], Row>(sql)
	function guarded<Value>(work: () => Value): Value {
		try {
			return work()
		} catch (error) {
			throw storeFailure(error, path)
		}
	}
	return {
		all: (sql, ...params) => guarded(() => prepare(sql).all(...params)),
		get: (sql, ...params) => guarded(() => prepare(sql).get(...params)),
		each: (sql, ...params) => guarded(() => prepare(sql).iterate(...params)),
		tuples: (sql, ...params) =>
			guarded(() =>
				db
					.prepare<SqlValue[], SqlValue[]>(sql)
					.raw()
					.iterate(...params)
			),
		close: () => db.close()
	}
}
