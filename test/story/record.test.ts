import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { compare, readRecording, record, writeRecording } from '../../fixtures/record.js'
import { fixture } from '../stories/inputs.js'
import { inFolder } from '../stories/outcome.js'

/**
 * Records stories again with real programs and a real kernel. Nothing is normalised but what
 * `rebase` says (the node's name and the times): class and verb, object, source and the
 * result `allowed` have to be the committed ones exactly.
 */
for (const story of ['nginx', 'batch-job']) {
	test(`${story}, recorded again, does what it did when it was committed`, async () => {
		await inFolder(async (folder) => {
			const path = join(folder, 'kernel.jsonl.gz')
			writeRecording(path, await record(story))
			const committed = readRecording(fixture(story, 'kernel.jsonl.gz'))
			assert.ok(committed.length > 0, `fixtures/${story}/kernel.jsonl.gz holds no sightings`)
			assert.deepEqual(compare(committed, readRecording(path)), { missing: [], unexpected: [] })
		})
	})
}
