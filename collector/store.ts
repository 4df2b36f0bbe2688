import type { Batch } from './observation.js'

/** A value that SQLite takes or gives; Whittle stores no blobs. */
export type SqlValue = string | number | bigint | null

/** One write of a later stage. `expect` is how many rows must change, else the transaction is undone. */
export interface Statement {
	sql: string
	params: SqlValue[]
	expect?: number
}

/** What `applyBatch` did. */
export interface Applied {
	/** True when this delivery had been applied before, so nothing was done. */
	duplicate: boolean
	observationCount: number
}

/**
 * The one writer of a store. Everything that changes goes through it, each call in one
 * transaction. In `whittle up` it lives in a thread of its own; a command that works
 * without a live owner holds it in its own process, under the lock.
 */
export interface Writer {
	/** Applies one delivery: workloads, objects, observations, starts, gaps, inventory …, and the delivery itself. */
	applyBatch(batch: Batch): Promise<Applied>
	/**
	 * Runs the statements in one transaction and returns the number of rows that each changed.
	 * Rejects with a `StoreError` of code `conflict` (and undoes everything) when an `expect` fails.
	 */
	transact(statements: Statement[]): Promise<number[]>
	/** Called after each commit with the names of the tables that changed. */
	onCommit(listener: (tables: string[]) => void): () => void
	close(): Promise<void>
}

/** A read-only view of a store; synchronous, so it lives in a worker or in a command of its own. */
export interface Reader {
	all(sql: string, ...params: SqlValue[]): Record<string, SqlValue>[]
	get(sql: string, ...params: SqlValue[]): Record<string, SqlValue> | undefined
	/** Rows one by one, for lists that do not fit into memory. */
	each(sql: string, ...params: SqlValue[]): IterableIterator<Record<string, SqlValue>>
	/** The same as lists of values in the order of the columns: twice as fast, for a million of them. */
	tuples(sql: string, ...params: SqlValue[]): IterableIterator<SqlValue[]>
	close(): void
}
