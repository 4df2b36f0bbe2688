import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { corruptStore, foreignStore, StoreError, storeErrorFrom } from './errors.js'
import { loadMigrations, type Migration } from './migrations.js'

/** `WHIT`: marks the file as ours, so that a wrong --data never damages somebody else's database. */
export const APPLICATION_ID = 0x57484954

/** `<data>/<tenant>/whittle.db`. Throws a StoreError `name` for a tenant that cannot be a folder name. */
export function storePath(dataDir: string, tenant = 'default'): string {
	if (!/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/.test(tenant)) {
		throw new StoreError(
			'name',
			`${JSON.stringify(tenant)} cannot be a tenant: use 1 to 63 lower-case letters, digits, - and _.`
		)
	}
	return join(dataDir, tenant, 'whittle.db')
}

/**
 * Opens the store at `path` for writing; creates folder (0700), file (0600) and tables when
 * there are none, and migrates an older one after a backup beside it
 * (`whittle.db.before-NNNN`). Throws a StoreError that says in one sentence why not.
 */
export function openDatabase(path: string, migrations: Migration[] = loadMigrations()): Database.Database {
	let db: Database.Database | undefined
	try {
		createFile(path)
		db = new Database(path, { timeout: 5000 })
		const version = checkOwnership(db, path, migrations)
		configure(db)
		checkPages(db, path)
		migrate(db, path, version, migrations)
		return db
	} catch (error) {
		db?.close()
		throw storeFailure(error, path)
	}
}

/** Opens the store for reading only. Throws a StoreError `missing` when there is none yet. */
export function openReadOnly(path: string, migrations: Migration[] = loadMigrations()): Database.Database {
	if (!existsSync(path)) {
		throw new StoreError(
			'missing',
			`There is no store at ${path} yet: fill it with \`whittle up\` or \`whittle replay FILE\`, or name another folder with --data.`
		)
	}
	let db: Database.Database | undefined
	try {
		db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5000 })
		const version = checkOwnership(db, path, migrations)
		if (version === 0) throw foreignStore(path)
		if (version < migrations.length) {
			throw new StoreError(
				'older',
				`The store ${path} was written by an older Whittle: start \`whittle up\` once, which brings it up to date after a backup.`
			)
		}
		db.pragma('query_only = ON')
		db.pragma('trusted_schema = OFF')
		db.pragma('cell_size_check = ON')
		return db
	} catch (error) {
		db?.close()
		throw storeFailure(error, path)
	}
}

/** What to throw for an error of the store at `path`: a StoreError, unless it is a bug of ours. */
export function storeFailure(error: unknown, path: string): unknown {
	return storeErrorFrom(fullInDisguise(error, path), path)
}

/** SQLite creates files with 0644 under most umasks; its -wal and -shm copy the mode of the main file. */
function createFile(path: string): void {
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
	closeSync(openSync(path, 'a', 0o600))
	if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}

/** The store's user_version; 0 for a file that is still empty. Nothing has been written when this throws. */
function checkOwnership(db: Database.Database, path: string, migrations: Migration[]): number {
	const applicationId = numberPragma(db, 'application_id')
	const version = numberPragma(db, 'user_version')
	if (applicationId === 0 && version === 0 && numberOf(db, 'SELECT count(*) FROM sqlite_schema') === 0)
		return 0
	if (applicationId !== APPLICATION_ID) throw foreignStore(path)
	if (version > migrations.length) {
		throw new StoreError(
			'newer',
			`The store ${path} was written by a newer Whittle (its version is ${version}, this one knows ${migrations.length}): update this Whittle, or choose another folder with --data.`
		)
	}
	return version
}

function configure(db: Database.Database): void {
	db.pragma('journal_mode = WAL')
	// What was acknowledged survives a power loss; NORMAL would lose the last commits.
	db.pragma('synchronous = FULL')
	db.pragma('foreign_keys = ON')
	db.pragma('trusted_schema = OFF')
	db.pragma('cell_size_check = ON')
	// Checkpoints copy every page that changed: fewer of them when a replay changes the same pages again and again.
	db.pragma('wal_autocheckpoint = 8192')
	db.pragma('journal_size_limit = 67108864')
	// 16 MB, and the system's own cache behind it.
	db.pragma('cache_size = -16384')
}

function checkPages(db: Database.Database, path: string): void {
	const verdict = db.pragma('quick_check(1)', { simple: true })
	if (verdict !== 'ok') throw corruptStore(path, new Error(String(verdict)))
}

function migrate(db: Database.Database, path: string, version: number, migrations: Migration[]): void {
	for (const migration of migrations.slice(version)) {
		if (migration.number > 1) backUp(db, `${path}.before-${String(migration.number).padStart(4, '0')}`)
		db.transaction(() => {
			db.exec(migration.sql)
			db.pragma(`user_version = ${migration.number}`)
			db.pragma(`application_id = ${APPLICATION_ID}`)
		}).immediate()
	}
}

/** A copy from before the step; one left by an attempt that failed is of the same version, so it is replaced. */
function backUp(db: Database.Database, copy: string): void {
	rmSync(copy, { force: true })
	closeSync(openSync(copy, 'a', 0o600))
	db.prepare('VACUUM INTO ?').run(copy)
}

/** On a full disk WAL set-up reports SQLITE_IOERR_* rather than SQLITE_FULL; the file system knows better. */
function fullInDisguise(error: unknown, path: string): unknown {
	const code = error instanceof Database.SqliteError ? error.code : ''
	if (!code.startsWith('SQLITE_IOERR') && code !== 'SQLITE_CANTOPEN') return error
	const folder = dirname(path)
	if (!existsSync(folder)) return error
	const space = statfsSync(folder)
	if (space.blocks === 0 || space.bavail * space.bsize >= 128 * 1024) return error
	return new Database.SqliteError(error instanceof Error ? error.message : code, 'SQLITE_FULL')
}

function numberPragma(db: Database.Database, name: string): number {
	return Number(db.pragma(name, { simple: true }))
}

function numberOf(db: Database.Database, sql: string): number {
	return Number(db.prepare<[], number>(sql).pluck().get())
}
