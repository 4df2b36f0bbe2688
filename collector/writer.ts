import { Worker } from 'node:worker_threads'
import { prepareApply } from './apply.js'
import { openDatabase, storeFailure } from './database.js'
import { StoreError, type StoreErrorCode } from './errors.js'
import type { Batch } from './observation.js'
import { type PackedBatch, packBatch, transferOf } from './packing.js'
import type { Applied, Statement, Writer } from './store.js'
import { prepareTransact } from './transact.js'

/** What crosses to the writer's thread, and back. `id` pairs an answer with its question. */
export type WriterRequest =
	| { id: number; call: 'applyBatch'; batch: PackedBatch }
	| { id: number; call: 'transact'; statements: Statement[] }
	| { id: number; call: 'close' }

export type WriterAnswer =
	| { id: number; applied: Applied; tables: string[] }
	| { id: number; counts: number[]; tables: string[] }
	| { id: number; closed: true }
	| { id: number; refused: { code: StoreErrorCode; message: string; cause: string } }

/** The id of the thread's first word: whether the store could be opened. */
export const OPENING_ID = 0

/** Deliveries in the thread's inbox; more wait with their sender, so memory stays bounded by the senders. */
const IN_FLIGHT_MAX = 4

/**
 * Opens the store at `path` and returns its one writer: in a thread of its own (`thread`),
 * or in this one. Rejects with a StoreError that says in one sentence why it cannot.
 */
export async function openWriter({ path, thread }: { path: string; thread: boolean }): Promise<Writer> {
	return thread ? openThreadWriter(path) : directWriter(path)
}

/** What both kinds of writer do, synchronously, where the database is open. */
export function openWritable(path: string): {
	apply(batch: Batch): { applied: Applied; tables: string[] }
	transact(statements: Statement[]): { counts: number[]; tables: string[] }
	close(): void
} {
	const db = openDatabase(path)
	const applier = prepareApply(db)
	const transact = prepareTransact(db)
	function guarded<Value>(work: () => Value): Value {
		try {
			return work()
		} catch (error) {
			throw storeFailure(error, path)
		}
	}
	return {
		apply: (batch) => guarded(() => applier.apply(batch)),
		transact: (statements) =>
			guarded(() => {
				const done = transact(statements)
				if (
					done.tables.some((table) => table === 'workloads' || table === 'versions' || table === 'objects')
				) {
					applier.forgetRows()
				}
				return done
			}),
		close: () => {
			if (db.open) db.close()
		}
	}
}

function directWriter(path: string): Writer {
	const store = openWritable(path)
	const commits = new Commits()
	let open = true
	function check(): void {
		if (!open) throw closedError(path)
	}
	return {
		async applyBatch(batch) {
			check()
			const { applied, tables } = store.apply(batch)
			commits.tell(tables)
			return applied
		},
		async transact(statements) {
			check()
			const { counts, tables } = store.transact(statements)
			commits.tell(tables)
			return counts
		},
		onCommit: (listener) => commits.add(listener),
		async close() {
			open = false
			store.close()
		}
	}
}

async function openThreadWriter(path: string): Promise<Writer> {
	const worker = startWorker(path)
	const commits = new Commits()
	const waiting = new Map<number, (answer: WriterAnswer | Error) => void>()
	const queue: (() => void)[] = []
	let inFlight = 0
	let nextId = OPENING_ID
	let open = true

	worker.on('message', (answer: WriterAnswer) => {
		const settle = waiting.get(answer.id)
		waiting.delete(answer.id)
		if ('tables' in answer) commits.tell(answer.tables)
		settle?.(answer)
	})
	function fail(error: Error): void {
		open = false
		for (const settle of waiting.values()) settle(error)
		waiting.clear()
		for (const post of queue.splice(0)) post()
	}
	// A bug in the thread; SQLite's errors do not cross as instances of Error.
	worker.on('error', (error) =>
		fail(new Error(`the writer's thread stopped: ${error.message}`, { cause: error }))
	)
	worker.on('exit', () => fail(closedError(path)))

	function answerTo(id: number): Promise<WriterAnswer> {
		return new Promise((resolve, reject) => {
			waiting.set(id, (answer) => {
				if (answer instanceof Error) reject(answer)
				else if ('refused' in answer) reject(revive(answer.refused))
				else resolve(answer)
			})
		})
	}
	async function ask(request: (id: number) => WriterRequest): Promise<WriterAnswer> {
		// Whoever finishes hands its place to the next in line, so that nobody overtakes: a producer's
		// sequences have to arrive in order.
		if (inFlight >= IN_FLIGHT_MAX) await new Promise<void>((resolve) => queue.push(resolve))
		else inFlight++
		try {
			if (!open) throw closedError(path)
			nextId++
			const answer = answerTo(nextId)
			const question = request(nextId)
			worker.postMessage(question, question.call === 'applyBatch' ? transferOf(question.batch) : [])
			return await answer
		} finally {
			const next = queue.shift()
			if (next === undefined) inFlight--
			else next()
		}
	}

	await answerTo(OPENING_ID)
	return {
		async applyBatch(batch) {
			const answer = await ask((id) => ({ id, call: 'applyBatch', batch: packBatch(batch) }))
			if (!('applied' in answer)) throw new Error('the writer answered a batch with something else')
			return answer.applied
		},
		async transact(statements) {
			const answer = await ask((id) => ({ id, call: 'transact', statements }))
			if (!('counts' in answer)) throw new Error('the writer answered a transaction with something else')
			return answer.counts
		},
		onCommit: (listener) => commits.add(listener),
		async close() {
			if (!open) return
			await ask((id) => ({ id, call: 'close' }))
			open = false
			await worker.terminate()
		}
	}
}

/** Compiled, the thread is the file beside this one. From sources (tests), a worker knows no TypeScript until tsx is in it. */
function startWorker(path: string): Worker {
	// Batches are short-lived here too; a smaller nursery costs little and keeps the process below its bound.
	const resourceLimits = { maxYoungGenerationSizeMb: 16 }
	if (!import.meta.url.endsWith('.ts')) {
		return new Worker(new URL('./writer-thread.js', import.meta.url), {
			workerData: { path },
			resourceLimits
		})
	}
	const tsx = import.meta.resolve('tsx/esm/api')
	const file = new URL('./writer-thread.ts', import.meta.url).href
	const start = `import(${JSON.stringify(tsx)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(file)}) })`
	return new Worker(start, { eval: true, workerData: { path }, resourceLimits })
}

/** Who wants to know about commits. */
class Commits {
	#listeners = new Set<(tables: string[]) => void>()

	add(listener: (tables: string[]) => void): () => void {
		this.#listeners.add(listener)
		return () => this.#listeners.delete(listener)
	}

	tell(tables: string[]): void {
		if (tables.length > 0) for (const listener of this.#listeners) listener(tables)
	}
}

function revive({
	code,
	message,
	cause
}: {
	code: StoreErrorCode
	message: string
	cause: string
}): StoreError {
	return new StoreError(code, message, cause === '' ? undefined : new Error(cause))
}

function closedError(path: string): StoreError {
	return new StoreError('closed', `The writer of ${path} was closed: start Whittle again.`)
}
