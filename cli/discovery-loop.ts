import { Worker } from 'node:worker_threads'
import { StoreError, type StoreErrorCode } from '../collector/errors.js'
import type { Statement, Writer } from '../collector/store.js'
import type { Discovered } from '../discovery/discover.js'

/** What crosses to the discovery thread, and back. `id` pairs a write with its answer. */
export type DiscoveryRequest =
	| { ask: 'discover'; nowMs: number }
	| { ask: 'written'; id: number; counts: number[] }
	| { ask: 'not-written'; id: number; code: StoreErrorCode; message: string }

export type DiscoveryAnswer =
	| { say: 'transact'; id: number; statements: Statement[] }
	| { say: 'done'; discovered: Discovered }
	| { say: 'failed'; code: StoreErrorCode; message: string }

/**
 * Learning makes much that is thrown away at once. In a young generation of V8's usual 48 MB a sixth of the time
 * went to telling what is still in use; twice as much halves that (`npm run bench -- discovery`).
 */
export const DISCOVERY_MEMORY = { maxYoungGenerationSizeMb: 96 }

/** Discovery's own pace: it looks whether something changed, never in reaction to one event. */
const INTERVAL_MS = 2000
/** The tables that discovery reads. */
const INPUT = new Set([
	'workloads',
	'versions',
	'observations',
	'starts',
	'inventory',
	'exposure',
	'gaps',
	'image_files',
	// Written on its right: what people answer about what it holds back.
	'decisions'
])

export interface DiscoveryLoop {
	/** Waits until a pass has ended that began after this call. */
	pass(): Promise<void>
	/** Ends the running pass and the thread. */
	stop(): Promise<void>
}

/**
 * Keeps policies up to date with what was observed.
 *
 * @param failed told when a pass failed; the next one tries again
 * @param broken told when the thread itself died, which is a bug
 */
export function startDiscovery(
	path: string,
	writer: Writer,
	failed: (sentence: string) => void,
	broken: (error: Error) => void
): DiscoveryLoop {
	const worker = new Worker(new URL('./discovery-thread.js', import.meta.url), {
		workerData: { path },
		resourceLimits: DISCOVERY_MEMORY
	})
	let changed = true
	let stopping = false
	let running: Promise<void> | undefined
	let finish: (() => void) | undefined

	const forget = writer.onCommit((tables) => {
		if (tables.some((table) => INPUT.has(table))) changed = true
	})
	worker.on('message', async (answer: DiscoveryAnswer) => {
		if (answer.say === 'transact') worker.postMessage(await write(writer, answer))
		else {
			if (answer.say === 'failed') {
				changed = true
				failed(answer.message)
			}
			finish?.()
		}
	})
	worker.on('error', (error) => {
		finish?.()
		broken(error)
	})

	function start(): Promise<void> {
		changed = false
		running = new Promise<void>((resolve) => {
			finish = resolve
			const request: DiscoveryRequest = { ask: 'discover', nowMs: Date.now() }
			worker.postMessage(request)
		}).finally(() => {
			running = undefined
		})
		return running
	}
	const timer = setInterval(() => {
		if (changed && running === undefined && !stopping) void start()
	}, INTERVAL_MS)

	return {
		async pass() {
			while (running !== undefined) await running
			await start()
		},
		async stop() {
			stopping = true
			clearInterval(timer)
			forget()
			await running
			await worker.terminate()
		}
	}
}

async function write(
	writer: Writer,
	{ id, statements }: { id: number; statements: Statement[] }
): Promise<DiscoveryRequest> {
	try {
		return { ask: 'written', id, counts: await writer.transact(statements) }
	} catch (error) {
		if (!(error instanceof StoreError)) throw error
		return { ask: 'not-written', id, code: error.code, message: error.message }
	}
}
