import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import type { Batch, InventoryItem, Sighting, Subject } from '../../collector/observation.js'
import { openReader } from '../../collector/reader.js'
import { openWriter } from '../../collector/writer.js'
import { assertHas, batchOf, contentsOf, HOUR_MS, NOON_MS, sightingOf, temporaryFolder } from './stores.js'

async function store(folder: string, batches: Batch[]): Promise<string> {
	const path = join(folder, randomUUID(), 'whittle.db')
	const writer = await openWriter({ path, thread: false })
	for (const batch of batches) await writer.applyBatch(batch)
	await writer.close()
	return path
}

test('a delivery is applied once; an older one never', async (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const writer = await openWriter({ path, thread: false })
	const batch = batchOf(5, { sightings: [sightingOf({ count: 7 })] })
	assert.deepEqual(await writer.applyBatch(batch), { duplicate: false, observationCount: 1 })
	assert.deepEqual(await writer.applyBatch(batch), { duplicate: true, observationCount: 0 })
	assert.equal((await writer.applyBatch(batchOf(4, { sightings: [sightingOf()] }))).duplicate, true)
	const restarted = { ...batch, delivery: { producer: 'kernel:n1', epoch: 2, sequence: 1 } }
	assert.equal((await writer.applyBatch(restarted)).duplicate, false)
	assert.equal(
		(await writer.applyBatch({ ...batch, delivery: { ...batch.delivery, producer: 'x' } })).duplicate,
		false
	)
	await writer.close()
	const [row] = contentsOf(path).observations ?? []
	assertHas(row, { count: 21, pods: '["api-1"]', hours: 1 << 12 })
})

test('hours, pods, marks and times merge', async (t) => {
	const later = NOON_MS + 3 * HOUR_MS
	const path = await store(temporaryFolder(t), [
		batchOf(1, {
			sightings: ['e', 'd', 'c'].map((pod) => sightingOf({ pod, interactive: true, detail: 'z' }))
		}),
		batchOf(2, {
			sightings: [
				sightingOf({ pod: 'a', firstMs: later, lastMs: later + 5, required: true, detail: 'y' }),
				sightingOf({ pod: 'b', interactive: true })
			]
		})
	])
	const [row] = contentsOf(path).observations ?? []
	assertHas(row, {
		hours: (1 << 12) | (1 << 15),
		pods: '["a","b","c","d"]',
		count: 5,
		first_ms: NOON_MS,
		last_ms: later + 5,
		// required, and not interactive: one of the five had no terminal
		flags: 1,
		detail: 'y'
	})
})

test('what only people with a terminal did stays marked', async (t) => {
	const sighting = sightingOf({ interactive: true })
	const path = await store(temporaryFolder(t), [
		batchOf(1, { sightings: [sighting] }),
		batchOf(2, { sightings: [sighting] })
	])
	assertHas(contentsOf(path).observations?.[0], { flags: 2 })
})

test('a sighting stretched over midnight counts on both days', async (t) => {
	const lastMs = NOON_MS + 12 * HOUR_MS + 10
	const path = await store(temporaryFolder(t), [
		batchOf(1, { sightings: [sightingOf({ count: 5, lastMs })] })
	])
	const rows = contentsOf(path).observations ?? []
	assert.equal(rows.length, 2)
	assertHas(rows[0], { count: 4, hours: 1 << 12, first_ms: NOON_MS, last_ms: NOON_MS })
	assertHas(rows[1], { count: 1, hours: 1, first_ms: lastMs, last_ms: lastMs })
})

test('being watched for an hour does not move the first sight', async (t) => {
	const { subject } = sightingOf()
	const hour = NOON_MS / HOUR_MS
	const path = await store(temporaryFolder(t), [
		batchOf(1, { exposure: [{ subject, hour, lossy: false }] }),
		batchOf(2, {
			sightings: [sightingOf({ firstMs: NOON_MS + 90_000, lastMs: NOON_MS + 95_000 })],
			exposure: [{ subject, hour, lossy: true }]
		})
	])
	assertHas(contentsOf(path).workloads?.[0], {
		first_ms: NOON_MS + 90_000,
		last_ms: NOON_MS + 95_000
	})
	assertHas(contentsOf(path).exposure?.[0], { hour, lossy: 1 })
})

test('the timeline keeps 24 hours per pod and no more than its ring', async (t) => {
	const { subject } = sightingOf()
	const entry = (atMs: number, text: string) => ({
		subject,
		pod: 'api-1',
		atMs,
		kind: 'exec' as const,
		text,
		count: 1
	})
	const old = batchOf(1, { timeline: [entry(NOON_MS, 'old'), entry(NOON_MS + 25 * HOUR_MS, 'new')] })
	const folder = temporaryFolder(t)
	const kept = contentsOf(await store(folder, [old])).timeline ?? []
	assert.equal(kept.length, 1)
	assertHas(kept[0], { text: 'new' })
	const many = Array.from({ length: 5000 }, (_, index) => entry(NOON_MS + index, `x${index}`))
	const rows = contentsOf(await store(folder, [batchOf(1, { timeline: many })])).timeline ?? []
	assert.equal(rows.length, 4096)
	assertHas(rows[0], { text: 'x904' })
})

function item(kind: InventoryItem['kind'], name: string, parts: Partial<InventoryItem> = {}): InventoryItem {
	return {
		cluster: 'default',
		kind,
		namespace: 'shop',
		name,
		uid: `${kind}-${name}`,
		fromMs: NOON_MS - HOUR_MS,
		toMs: null,
		labels: {},
		addresses: [],
		owner: null,
		node: '',
		hostNetwork: false,
		containers: [],
		selector: null,
		ports: [],
		schedule: null,
		...parts
	}
}

test('telemetry that came before its inventory joins the Deployment later', async (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const writer = await openWriter({ path, thread: false })
	await writer.applyBatch(batchOf(1, { sightings: [sightingOf()] }))
	assertHas(contentsOf(path).workloads?.[0], { name: 'default/shop/Pod/api-1/api', alias: null })
	await writer.applyBatch(
		batchOf(2, { inventory: [item('Pod', 'api-1', { owner: { kind: 'ReplicaSet', name: 'api-7d' } })] })
	)
	assert.equal(aliasOf(path, 'default/shop/Pod/api-1/api'), 'default/shop/ReplicaSet/api-7d/api')
	await writer.applyBatch(
		batchOf(3, { inventory: [item('ReplicaSet', 'api-7d', { owner: { kind: 'Deployment', name: 'api' } })] })
	)
	assert.equal(aliasOf(path, 'default/shop/Pod/api-1/api'), 'default/shop/Deployment/api/api')
	// The ReplicaSet was a step on the way and has nothing of its own.
	assert.deepEqual(namesOf(path), ['default/shop/Deployment/api/api', 'default/shop/Pod/api-1/api'])
	await writer.close()
})

test('a CronJob gathers its jobs; a static pod stays a pod', async (t) => {
	const job: Subject = {
		kind: 'container',
		cluster: 'default',
		namespace: 'shop',
		pod: 'bill-28-x',
		container: 'bill'
	}
	const path = await store(temporaryFolder(t), [
		batchOf(1, {
			inventory: [
				item('Pod', 'bill-28-x', { owner: { kind: 'Job', name: 'bill-28' } }),
				item('Job', 'bill-28', { owner: { kind: 'CronJob', name: 'bill' } }),
				item('Pod', 'api-1', { owner: { kind: 'Node', name: 'n1' } })
			]
		}),
		batchOf(2, { sightings: [sightingOf({ subject: job }), sightingOf()] })
	])
	assert.equal(aliasOf(path, 'default/shop/Pod/bill-28-x/bill'), 'default/shop/CronJob/bill/bill')
	assert.equal(aliasOf(path, 'default/shop/Pod/api-1/api'), null)
})

test('a pod name that was used twice belongs to its owner at that time', async (t) => {
	const path = await store(temporaryFolder(t), [
		batchOf(1, { sightings: [sightingOf()] }),
		batchOf(2, {
			inventory: [
				item('Pod', 'api-1', {
					uid: 'old',
					fromMs: 0,
					toMs: NOON_MS - HOUR_MS,
					owner: { kind: 'StatefulSet', name: 'before' }
				}),
				item('Pod', 'api-1', {
					uid: 'new',
					fromMs: NOON_MS - HOUR_MS,
					owner: { kind: 'StatefulSet', name: 'now' }
				})
			]
		})
	])
	assert.equal(aliasOf(path, 'default/shop/Pod/api-1/api'), 'default/shop/StatefulSet/now/api')
})

test('rows do not depend on order, splitting or duplication of deliveries', async (t) => {
	const folder = temporaryFolder(t)
	await fc.assert(
		fc.asyncProperty(
			fc.array(anyEvent, { minLength: 1, maxLength: 14 }),
			fc.infiniteStream(fc.nat()),
			async (events, random) => {
				const one = [batchOf(1, mergeEvents(events))]
				const shuffled = [...events]
				for (let index = shuffled.length - 1; index > 0; index--) {
					const other = (random.next().value ?? 0) % (index + 1)
					const kept = shuffled[index]
					shuffled[index] = shuffled[other] ?? {}
					shuffled[other] = kept ?? {}
				}
				const split = shuffled.map((event, index) => batchOf(index + 1, event))
				const duplicated = split.flatMap((batch) => [batch, batch])
				const expected = contentsOf(await store(folder, one))
				assert.deepEqual(contentsOf(await store(folder, duplicated)), expected)
			}
		),
		{ numRuns: 40 }
	)
})

type Event = Partial<Batch>

const anySubject: fc.Arbitrary<Subject> = fc.oneof(
	fc.record({ pod: fc.constantFrom('api-1', 'api-2', 'bill-1'), container: fc.constantFrom('api', '') }).map(
		({ pod, container }): Subject => ({
			kind: 'container',
			cluster: 'default',
			namespace: 'shop',
			pod,
			container
		})
	),
	fc.constantFrom('ReplicaSet', 'Deployment').map(
		(kind): Subject => ({
			kind: 'container',
			cluster: 'default',
			namespace: 'shop',
			pod: 'api-3',
			container: 'api',
			owner: { kind, name: 'api-7d' }
		})
	),
	fc
		.constantFrom('/a', '/b', '')
		.map((cgroup): Subject => ({ kind: 'host', node: 'n1', unit: 'x.service', cgroup }))
)
const anyMs = fc.integer({ min: 0, max: 60 }).map((step) => NOON_MS + step * 1_800_000)
const anyText = fc.constantFrom('a', 'b', '\u{1f600}', '\uffee', '')

const anySighting: fc.Arbitrary<Sighting> = fc
	.record({
		subject: anySubject,
		atMs: anyMs,
		widthMs: fc.integer({ min: 0, max: 1000 }),
		pod: fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5', '\u{1f600}', '\uffee'),
		object: fc.constantFrom('/etc/hosts', '/etc/passwd'),
		count: fc.integer({ min: 1, max: 9 }),
		required: fc.boolean(),
		interactive: fc.boolean(),
		detail: anyText,
		digest: fc.constantFrom('', 'sha256:1'),
		description: anyText
	})
	.map(({ atMs, widthMs, digest, description, ...rest }) =>
		sightingOf({
			...rest,
			firstMs: atMs,
			lastMs: atMs + widthMs,
			...(digest === '' ? {} : { version: { digest, description } })
		})
	)

const anyOwner = fc.constantFrom<InventoryItem['owner'][]>(
	null,
	{ kind: 'ReplicaSet', name: 'api-7d' },
	{ kind: 'Deployment', name: 'api' },
	{ kind: 'StatefulSet', name: 'db' }
)
const anyItem: fc.Arbitrary<InventoryItem> = fc
	.record({
		what: fc.constantFrom(['Pod', 'api-1'], ['Pod', 'api-2'], ['Pod', 'bill-1'], ['ReplicaSet', 'api-7d']),
		uid: fc.constantFrom('1', '2'),
		fromMs: anyMs,
		toMs: fc.option(anyMs),
		owner: anyOwner,
		addresses: fc.constantFrom<string[][]>([], ['10.0.0.1'])
	})
	.map(({ what: [kind, name], ...rest }) => item(kind === 'Pod' ? 'Pod' : 'ReplicaSet', name ?? '', rest))

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
	{ weight: 4, arbitrary: anySighting.map((sighting): Event => ({ sightings: [sighting] })) },
	{ weight: 3, arbitrary: anyItem.map((inventory): Event => ({ inventory: [inventory] })) },
	fc
		.record({ subject: anySubject, atMs: anyMs })
		.map(({ subject, atMs }): Event => ({ starts: [{ subject, pod: 'p1', atMs }] })),
	fc.record({ subject: anySubject, atMs: anyMs, lossy: fc.boolean() }).map(
		({ subject, atMs, lossy }): Event => ({
			exposure: [{ subject, hour: Math.floor(atMs / HOUR_MS), lossy }]
		})
	),
	fc
		.record({ atMs: anyMs, lengthMs: fc.integer({ min: 0, max: 99 }), lostCount: fc.nat(9), detail: anyText })
		.map(
			({ atMs, lengthMs, lostCount, detail }): Event => ({
				gaps: [
					{ scope: 'node:n1', fromMs: atMs, toMs: atMs + lengthMs, reason: 'ring-full', lostCount, detail }
				]
			})
		),
	fc.record({ subject: anySubject, atMs: anyMs, text: anyText }).map(
		({ subject, atMs, text }): Event => ({
			timeline: [{ subject, pod: 'p1', atMs, kind: 'exec', text, count: 1 }]
		})
	)
)

function mergeEvents(events: Event[]): Event {
	return {
		sightings: events.flatMap(({ sightings = [] }) => sightings),
		starts: events.flatMap(({ starts = [] }) => starts),
		exposure: events.flatMap(({ exposure = [] }) => exposure),
		gaps: events.flatMap(({ gaps = [] }) => gaps),
		inventory: events.flatMap(({ inventory = [] }) => inventory),
		timeline: events.flatMap(({ timeline = [] }) => timeline)
	}
}

function aliasOf(path: string, name: string): unknown {
	return rowsOf(
		path,
		'SELECT a.name AS alias FROM workloads w LEFT JOIN workloads a ON a.id = w.alias_of WHERE w.name = ?',
		name
	)[0]?.alias
}

function namesOf(path: string): unknown[] {
	return rowsOf(path, 'SELECT name FROM workloads ORDER BY name').map(({ name }) => name)
}

function rowsOf(path: string, sql: string, ...params: string[]): Record<string, unknown>[] {
	const reader = openReader(path)
	const rows = reader.all(sql, ...params)
	reader.close()
	return rows
}

test('more of the same is a tally; a behaviour, an hour, a pod, a mark or a start is news', async (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const writer = await openWriter({ path, thread: false })
	const known = { interactive: true, detail: 'z' }
	const { subject } = sightingOf()
	const steps: [string, Partial<Batch>, 'evidence' | 'tallies' | 'neither'][] = [
		['a behaviour', { sightings: [sightingOf(known)] }, 'evidence'],
		['the same', { sightings: [sightingOf({ ...known, count: 9 })] }, 'tallies'],
		['a later moment', { sightings: [sightingOf({ ...known, lastMs: NOON_MS + 1 })] }, 'tallies'],
		['an hour', { sightings: [sightingOf({ ...known, lastMs: NOON_MS + HOUR_MS })] }, 'evidence'],
		['another pod', { sightings: [sightingOf({ ...known, pod: 'api-2' })] }, 'evidence'],
		['without a terminal', { sightings: [sightingOf()] }, 'evidence'],
		['with one again', { sightings: [sightingOf(known)] }, 'tallies'],
		['denied', { sightings: [sightingOf({ result: 'denied' })] }, 'evidence'],
		[
			'a start',
			{
				starts: [
					{ subject, version: { digest: 'sha256:1', description: 'api:1' }, pod: 'api-1', atMs: NOON_MS }
				]
			},
			'evidence'
		],
		[
			'that start again',
			{
				starts: [
					{ subject, version: { digest: 'sha256:1', description: 'api:1' }, pod: 'api-1', atMs: NOON_MS }
				]
			},
			'neither'
		],
		['an hour watched', { exposure: [{ subject, hour: NOON_MS / HOUR_MS, lossy: false }] }, 'evidence'],
		['told again', { exposure: [{ subject, hour: NOON_MS / HOUR_MS, lossy: false }] }, 'neither'],
		['both', { sightings: [sightingOf(known), sightingOf({ object: '/etc/passwd' })] }, 'evidence']
	]
	const reader = openReader(path)
	const numbers = () => {
		const row = reader.get('SELECT evidence, tallies FROM workloads') ?? {}
		return { evidence: Number(row.evidence), tallies: Number(row.tallies) }
	}
	let before = { evidence: 0, tallies: 0 }
	for (const [index, [what, parts, grows]] of steps.entries()) {
		await writer.applyBatch(batchOf(index + 1, parts))
		const expected = { ...before }
		if (grows !== 'neither') expected[grows]++
		assert.deepEqual(numbers(), expected, what)
		before = expected
	}
	reader.close()
	await writer.close()
})
