/**
 * What can go wrong between Whittle and its store. `message` is one sentence for people:
 * what happened, where, and what to do about it.
 */
export type StoreErrorCode =
	/** There is no store at that path. */
	| 'missing'
	/** Written by a newer Whittle. */
	| 'newer'
	/** Written by an older Whittle and not yet brought up to date, which takes a writer. */
	| 'older'
	/** A file, but not a Whittle store. */
	| 'foreign'
	/** SQLite found damage. */
	| 'corrupt'
	/** The folder or file system takes no writes. */
	| 'read-only'
	/** No space left. */
	| 'full'
	/** Another live Whittle holds the same data. */
	| 'owned'
	/** Somebody else holds a lock for longer than we wait. */
	| 'busy'
	/** An `expect` of a transaction failed: somebody changed the rows meanwhile. */
	| 'conflict'
	/** A tenant name that cannot be a folder name. */
	| 'name'
	/** The writer was closed. */
	| 'closed'
	/** Anything else that SQLite or the file system said. */
	| 'failed'

/** The world failing at the store: a code for programs, a sentence for people, and the cause. */
export class StoreError extends Error {
	readonly code: StoreErrorCode

	constructor(code: StoreErrorCode, message: string, cause?: unknown) {
		super(message, cause === undefined ? undefined : { cause })
		this.name = 'StoreError'
		this.code = code
	}
}

/**
 * The StoreError that says in one sentence what SQLite or the file system reported about
 * `path`. Anything that is not the world failing (a wrong statement, a broken constraint, a
 * TypeError) is a bug and comes back as it is.
 */
export function storeErrorFrom(error: unknown, path: string): unknown {
	const code = codeOf(error)
	if (
		error instanceof StoreError ||
		code === '' ||
		/^(?:SQLITE_(?:ERROR|CONSTRAINT|MISUSE|RANGE)|ERR_)/.test(code)
	) {
		return error
	}
	if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
		return new StoreError(
			'full',
			`No space is left for the store ${path}: free some space there (nothing that was stored is damaged), or choose another folder with --data or WHITTLE_DATA.`,
			error
		)
	}
	if (/^SQLITE_(READONLY|PERM|AUTH)|^SQLITE_CANTOPEN/.test(code) || READ_ONLY_CODES.has(code)) {
		return new StoreError(
			'read-only',
			`The store ${path} cannot be written: give this user write access to its folder, or choose another folder with --data or WHITTLE_DATA.`,
			error
		)
	}
	if (code === 'SQLITE_NOTADB') return foreignStore(path, error)
	if (code.startsWith('SQLITE_CORRUPT')) return corruptStore(path, error)
	if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
		return new StoreError(
			'busy',
			`The store ${path} is locked by another program: close that program and try again.`,
			error
		)
	}
	const reason = error instanceof Error ? error.message : String(error)
	return new StoreError(
		'failed',
		`The store ${path} failed (${reason}): look at that disk and at its log.`,
		error
	)
}

/** A file that is not ours is never touched. */
export function foreignStore(path: string, cause?: unknown): StoreError {
	return new StoreError(
		'foreign',
		`${path} is not a Whittle store, so it was left untouched: choose another folder with --data or WHITTLE_DATA.`,
		cause
	)
}

/** Damage is reported, never repaired in place: the file may still be of use to a person. */
export function corruptStore(path: string, cause?: unknown): StoreError {
	return new StoreError(
		'corrupt',
		`The store ${path} is damaged: move it away and restore a backup, or start with an empty folder through --data.`,
		cause
	)
}

const READ_ONLY_CODES = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'])

function codeOf(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
