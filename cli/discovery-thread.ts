import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { StoreError } from '../collector/errors.js'
import { openReader } from '../collector/reader.js'
import type { Statement, Writer } from '../collector/store.js'
import { createDiscoverer } from '../discovery/discover.js'
import type { DiscoveryAnswer, DiscoveryRequest } from './discovery-loop.js'

/**
 * The thread in which discovery runs, so that a pass over a big store keeps no request waiting.
 * It reads by itself; what it writes goes to the one writer, through the thread that started it.
 */
function serve(): void {
	if (parentPort === null) throw new Error('discovery-thread.ts runs in a worker only')
	const port = parentPort
	const { path } = z.object({ path: z.string() }).parse(workerData)
	const waiting = new Map<number, { resolve: (counts: number[]) => void; reject: (error: Error) => void }>()
	const tell = (answer: DiscoveryAnswer): void => port.postMessage(answer)
	let nextId = 0

	const writer: Writer = {
		transact(statements: Statement[]) {
			nextId++
			const id = nextId
			return new Promise((resolve, reject) => {
				waiting.set(id, { resolve, reject })
				tell({ say: 'transact', id, statements })
			})
		},
		applyBatch: () => Promise.reject(new Error('discovery writes no deliveries')),
		onCommit: () => () => {},
		close: () => Promise.resolve()
	}
	const discoverer = createDiscoverer(openReader(path), writer)

	port.on('message', async (request: DiscoveryRequest) => {
		if (request.ask === 'discover') {
			try {
				tell({ say: 'done', discovered: await discoverer.discover(request.nowMs) })
			} catch (error) {
				// The store failing is told and tried again; anything else is a bug and stops the thread.
				if (!(error instanceof StoreError)) throw error
				tell({ say: 'failed', code: error.code, message: error.message })
			}
			return
		}
		const asked = waiting.get(request.id)
		waiting.delete(request.id)
		if (request.ask === 'written') asked?.resolve(request.counts)
		else asked?.reject(new StoreError(request.code, request.message))
	})
}

serve()
