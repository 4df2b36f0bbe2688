import assert from 'node:assert/strict'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { storePath } from '../../collector/database.js'
import { StoreError } from '../../collector/errors.js'
import { acquireOwner } from '../../collector/owner.js'
import { openReader } from '../../collector/reader.js'
import { openWriter } from '../../collector/writer.js'
import { batchOf, sightingOf } from './stores.js'

/** Run by store.test.ts on a file system of two megabytes: argument 1 is where it is mounted. */
const folder = process.argv[2] ?? ''
const path = storePath(join(folder, 'data'))
const filler = join(folder, 'filler')

function isFull(error: unknown): true {
	assert.ok(error instanceof StoreError, String(error))
	assert.equal(error.code, 'full', error.message)
	assert.match(error.message, /^No space is left .*free some space/)
	return true
}

function fill(): void {
	const file = openSync(filler, 'w')
	try {
		for (;;) writeSync(file, Buffer.alloc(4096))
	} catch (error) {
		assert.match(String(error), /ENOSPC/)
	} finally {
		closeSync(file)
	}
}

for (const thread of [false, true]) {
	const writer = await openWriter({ path, thread })
	const before = thread ? 10 : 0
	await writer.applyBatch(batchOf(before + 1, { sightings: [sightingOf()] }))
	fill()
	const sightings = Array.from({ length: 400 }, (_, index) =>
		sightingOf({ object: `/srv/${thread}/${index}/${'x'.repeat(60)}` })
	)
	await assert.rejects(writer.applyBatch(batchOf(before + 2, { sightings })), isFull)
	rmSync(filler)
	// The same writer goes on as soon as there is space again, and nothing was half written.
	assert.deepEqual(await writer.applyBatch(batchOf(before + 2, { sightings })), {
		duplicate: false,
		observationCount: 400
	})
	await writer.close()
}
const reader = openReader(path)
assert.deepEqual(reader.get('SELECT count(*) AS n, sum(count) AS total FROM observations'), {
	n: 801,
	total: 802
})
assert.deepEqual(reader.get('PRAGMA integrity_check'), { integrity_check: 'ok' })
reader.close()

fill()
await assert.rejects(openWriter({ path: storePath(join(folder, 'new')), thread: false }), isFull)
assert.throws(() => acquireOwner(join(folder, 'new'), ''), isFull)
process.stdout.write('held\n')
