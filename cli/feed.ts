import { StoreError } from '../collector/errors.js'
import type { BadInput, Source } from '../collector/observation.js'
import type { Writer } from '../collector/store.js'

/** What came of one source so far. */
export interface Fed {
	batchCount: number
	/** Deliveries that had been applied before, so nothing counted twice. */
	duplicateCount: number
	observationCount: number
	badCount: number
}

/** How often a store that cannot be written for now is tried again. */
const RETRY_MS = 5000
/** These pass: somebody makes space, or closes another program. Meanwhile the source waits. */
const PASSING = new Set(['full', 'busy', 'read-only'])

/**
 * Applies a source's batches, one transaction each, until it ends or is stopped. A batch counts
 * as applied when its transaction is; a store that takes nothing for now is waited for, and
 * the source with it.
 *
 * @param bad told each input that could not be used
 * @param waiting told why the store takes nothing, and `''` when it does again; without it, that is an error
 */
export async function feed(
	source: Source,
	writer: Writer,
	{ bad, waiting }: { bad?: (input: BadInput) => void; waiting?: (sentence: string) => void } = {}
): Promise<Fed> {
	const fed: Fed = { batchCount: 0, duplicateCount: 0, observationCount: 0, badCount: 0 }
	for await (const batch of source.batches()) {
		const applied = await patiently(() => writer.applyBatch(batch), waiting)
		fed.batchCount++
		if (applied.duplicate) fed.duplicateCount++
		fed.observationCount += applied.observationCount
		fed.badCount += batch.bad.length
		if (bad !== undefined) for (const input of batch.bad) bad(input)
	}
	return fed
}

async function patiently<T>(
	work: () => Promise<T>,
	waiting: ((sentence: string) => void) | undefined
): Promise<T> {
	for (let hasWaited = false; ; hasWaited = true) {
		try {
			const done = await work()
			if (hasWaited) waiting?.('')
			return done
		} catch (error) {
			if (waiting === undefined || !(error instanceof StoreError) || !PASSING.has(error.code)) throw error
			waiting(error.message)
			await new Promise((wake) => setTimeout(wake, RETRY_MS))
		}
	}
}
