import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openReaderPool } from '../../web/reader-pool.js'
import { nginx, sighting, temporaryStore } from '../enforcer/temporary-store.js'

test('long questions leave a thread to the others, and all of them are answered', async (t) => {
	const store = await temporaryStore(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const readers = await openReaderPool(store.path, 2)
	t.after(() => readers.close())
	const ask = (name: string, input: unknown, isLong: boolean) =>
		readers.run(
			{ name, input, actor: 'local:test', nowMs: Date.now(), dataDir: store.dataDir, sources: [] },
			isLong
		)
	const input = { workload: 'nginx', sinceMs: 0, posture: 'block', alone: false, days: 30, limit: 10 }
	const answered: string[] = []
	const long = Array.from({ length: 12 }, () =>
		ask('simulate', input, true).then(() => answered.push('long'))
	)
	const short = ask('listLanguages', {}, false).then(() => answered.push('short'))
	await Promise.all([...long, short])
	assert.equal(answered.length, 13)
	assert.notEqual(answered.at(-1), 'short', 'it did not wait behind all of them')
})

test('one thread is enough for both', async (t) => {
	const store = await temporaryStore(t)
	const readers = await openReaderPool(store.path, 1)
	t.after(() => readers.close())
	const ask = (isLong: boolean) =>
		readers.run(
			{
				name: 'listLanguages',
				input: {},
				actor: 'local:test',
				nowMs: 0,
				dataDir: store.dataDir,
				sources: []
			},
			isLong
		)
	assert.equal((await Promise.all([ask(true), ask(false), ask(true)])).length, 3)
})
