import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { openReader } from '../collector/reader.js'
import type { Writer } from '../collector/store.js'
import { answerTo, type ReadAnswer, type ReadRequest } from './reading.js'

/** A thread with a connection of its own: a big query keeps it busy, and nobody else. */
function serve(): void {
	if (parentPort === null) throw new Error('reader-thread.ts runs in a worker only')
	const port = parentPort
	const { path } = z.object({ path: z.string() }).parse(workerData)
	const reader = openReader(path)
	port.on('message', async (request: ReadRequest) => {
		const answer: ReadAnswer = await answerTo(request, { reader, writer: noWriter() })
		port.postMessage(answer)
	})
	port.postMessage({ id: 0, json: '', version: null } satisfies ReadAnswer)
}

/** A reading operation that writes is a bug, and says so. */
function noWriter(): Writer {
	const refuse = () => Promise.reject(new Error('a reader thread cannot write: the operation lacks runsIn'))
	return {
		applyBatch: refuse,
		transact: refuse,
		onCommit: () => () => undefined,
		close: async () => undefined
	}
}

serve()
