import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Batch, InventoryItem, Sighting } from '../../collector/observation.js'
import { openReader } from '../../collector/reader.js'
import type { Reader, Writer } from '../../collector/store.js'
import { openWriter } from '../../collector/writer.js'

export interface Store {
	reader: Reader
	writer: Writer
	/** Delivers a batch; `again` delivers the last one a second time. */
	feed(
		sightings: Sighting[],
		inventory?: InventoryItem[],
		again?: boolean,
		more?: Partial<Batch>
	): Promise<void>
}

/** Work in a store of its own, which is gone afterwards. */
export async function inStore(work: (store: Store) => Promise<void>): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-discover-test-'))
	const path = join(folder, 'default', 'whittle.db')
	const writer = await openWriter({ path, thread: false })
	const reader = openReader(path)
	let sequence = 0
	try {
		await work({
			reader,
			writer,
			async feed(sightings, inventory = [], again = false, more = {}) {
				if (!again) sequence++
				await writer.applyBatch({ ...batch(sequence, sightings, inventory), ...more })
			}
		})
	} finally {
		reader.close()
		await writer.close()
		rmSync(folder, { recursive: true, force: true })
	}
}

function batch(sequence: number, sightings: Sighting[], inventory: InventoryItem[]): Batch {
	return {
		delivery: { producer: 'kernel:n1', epoch: 1, sequence },
		sightings,
		starts: [],
		gaps: [],
		inventory,
		timeline: [],
		bad: [],
		exposure: []
	}
}
