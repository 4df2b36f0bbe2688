import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { StoreError } from './errors.js'
import { unpackBatch } from './packing.js'
import { OPENING_ID, openWritable, type WriterAnswer, type WriterRequest } from './writer.js'

/** The thread that owns the store: one database, one queue of requests, one answer to each. */
function serve(): void {
	if (parentPort === null) throw new Error('writer-thread.ts runs in a worker only')
	const port = parentPort
	const { path } = z.object({ path: z.string() }).parse(workerData)
	const answer = (message: WriterAnswer): void => port.postMessage(message)
	let store: ReturnType<typeof openWritable>
	try {
		store = openWritable(path)
	} catch (error) {
		answer({ id: OPENING_ID, refused: described(error) })
		port.close()
		return
	}
	port.on('message', (request: WriterRequest) => {
		try {
			answer(handle(store, request))
		} catch (error) {
			answer({ id: request.id, refused: described(error) })
		}
		if (request.call === 'close') port.close()
	})
	answer({ id: OPENING_ID, counts: [], tables: [] })
}

function handle(store: ReturnType<typeof openWritable>, request: WriterRequest): WriterAnswer {
	const { id } = request
	switch (request.call) {
		case 'applyBatch':
			return { id, ...store.apply(unpackBatch(request.batch)) }
		case 'transact':
			return { id, ...store.transact(request.statements) }
		case 'close':
			store.close()
			return { id, closed: true }
	}
}

/** Errors cross threads as values; what is no StoreError is a bug and stops the thread. */
function described(error: unknown): { code: StoreError['code']; message: string; cause: string } {
	if (!(error instanceof StoreError)) throw error
	return {
		code: error.code,
		message: error.message,
		cause: error.cause instanceof Error ? error.cause.message : ''
	}
}

serve()
