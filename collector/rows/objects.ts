import type { Database } from 'better-sqlite3'

/** 32,768 texts of some 100 bytes are a few megabytes; hostile ones are longer, so their length counts too. */
const CACHED_TEXTS_MAX = 32_768
const CACHED_LENGTH_MAX = 8_388_608

/** Interns texts in `objects`, inside the transaction of whoever calls. */
export function prepareObjects(db: Database): { idOf(text: string): number; forget(): void } {
	const insert = db.prepare<[string]>('INSERT INTO objects (text) VALUES (?) ON CONFLICT (text) DO NOTHING')
	const find = db.prepare<[string], number>('SELECT id FROM objects WHERE text = ?').pluck()
	const ids = new Map<string, number>()
	let cachedLength = 0
	function forget(): void {
		ids.clear()
		cachedLength = 0
	}
	return {
		idOf(text) {
			const known = ids.get(text)
			if (known !== undefined) return known
			const inserted = insert.run(text)
			const id = inserted.changes === 1 ? Number(inserted.lastInsertRowid) : find.get(text)
			if (id === undefined) throw new Error('a text was neither inserted nor found in objects')
			if (ids.size >= CACHED_TEXTS_MAX || cachedLength >= CACHED_LENGTH_MAX) forget()
			ids.set(text, id)
			cachedLength += text.length
			return id
		},
		/** After a transaction was undone: the ids it handed out were never stored. */
		forget
	}
}
