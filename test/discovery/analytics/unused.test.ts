import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch, Sighting, Subject } from '../../../collector/observation.js'
import { findUnused } from '../../../discovery/analytics/unused.js'
import { discover } from '../../../discovery/discover.js'
import { DAY, HOUR_MS, item } from '../sighted.js'
import { inStore, type Store } from '../temporary.js'

const FIRST_HOUR = DAY * 24
const DAYS = 50
const nowMs = (FIRST_HOUR + DAYS * 24) * HOUR_MS + 1

const worker = (name: string): Subject => ({
	kind: 'container',
	cluster: 'east',
	namespace: 'shop',
	pod: `${name}-0`,
	container: 'main',
	owner: { kind: 'StatefulSet', name }
})

/** Once a day at noon, from one day to before another. */
function daily(subject: Subject, object: string, from: number, to: number): Sighting[] {
	return Array.from({ length: to - from }, (_, at): Sighting => {
		const atMs = (FIRST_HOUR + (from + at) * 24 + 12) * HOUR_MS
		return {
			subject,
			verb: 'read',
			object,
			source: '/app/main',
			result: 'allowed',
			count: 1,
			firstMs: atMs,
			lastMs: atMs,
			pod: subject.kind === 'container' ? subject.pod : ''
		}
	})
}

function watched(subjects: Subject[], days: number, lossy = false): Partial<Batch> {
	const hours = Array.from({ length: days * 24 }, (_, at) => FIRST_HOUR + at)
	return { exposure: subjects.flatMap((subject) => hours.map((hour) => ({ subject, hour, lossy }))) }
}

const podOf = (name: string, image: string) =>
	item('Pod', 'shop', `${name}-0`, {
		owner: { kind: 'StatefulSet', name },
		containers: [{ name: 'main', image, id: '', init: false, ephemeral: false }]
	})

async function learned(
	store: Store,
	sightings: Sighting[],
	more: Partial<Batch>,
	inventory = [podOf('a', 'i')]
) {
	await store.feed(sightings, inventory, false, more)
	await discover(store.reader, store.writer, nowMs)
	return findUnused(store.reader, { nowMs })
}

test('a rule that nobody used in a month of watched hours is a question, with its sentence', async () => {
	await inStore(async (store) => {
		const a = worker('a')
		const seen = [...daily(a, '/srv/used', 0, DAYS), ...daily(a, '/srv/stopped', 0, 8)]
		const { items, ruleCount } = await learned(store, seen, watched([a], DAYS))
		assert.ok(ruleCount >= 2)
		assert.deepEqual(
			items.map(({ workload, class: of, rule }) => [workload, of, rule.object]),
			[['east/shop/StatefulSet/a/main', 'file-read', '/srv/stopped']]
		)
		assert.match(items[0]?.reason ?? '', /^Not used in \d+ watched days .* should say whether it can go\.$/)
		const id = items[0]?.workloadId ?? 0
		assert.equal(findUnused(store.reader, { nowMs, memberIds: [id] }).items.length, 1)
		assert.equal(findUnused(store.reader, { nowMs, memberIds: [id + 99] }).ruleCount, 0)
		assert.deepEqual(findUnused(store.reader, { nowMs, classes: ['process'] }).items, [])
	})
})

test('hours that say nothing propose nothing: not watched, or with loss', async () => {
	for (const more of [watched([worker('a')], 20), watched([worker('a')], DAYS, true), {}]) {
		await inStore(async (store) => {
			const { items } = await learned(store, daily(worker('a'), '/srv/stopped', 0, 8), more)
			assert.deepEqual(items, [])
		})
	}
})

test('what another of the same image still uses is left alone', async () => {
	const [a, b] = [worker('a'), worker('b')]
	const seen = [
		...daily(a, '/srv/stopped', 0, 8),
		...daily(a, '/srv/used', 0, DAYS),
		...daily(b, '/srv/stopped', 0, DAYS)
	]
	for (const [image, count] of [
		['i', 0],
		['other', 1]
	] as const) {
		await inStore(async (store) => {
			const found = await learned(store, seen, watched([a, b], DAYS), [podOf('a', 'i'), podOf('b', image)])
			assert.equal(found.items.length, count, image)
		})
	}
})

test('an empty store has nothing unused', async () => {
	await inStore(async ({ reader }) => {
		assert.deepEqual(findUnused(reader, { nowMs }), { items: [], ruleCount: 0, untoldCount: 0 })
	})
})
