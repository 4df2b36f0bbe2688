import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InventoryItem, Sighting, Subject } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { createDiscoverer, discover, readRenderContext } from '../../discovery/discover.js'
import { DAY_MS, HOUR_MS, item, pod, replicaSet } from './sighted.js'
import { inStore } from './temporary.js'

const NOW_MS = DAY_MS + 20 * HOUR_MS

test('a workload’s classes become policies with evidence, and nothing is written twice', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		await feed([seen(front('app'), 'exec', '/app'), seen(front('app'), 'read', '/etc/hosts')])
		const discoverer = createDiscoverer(reader, writer)
		assert.equal((await discoverer.discover(NOW_MS)).revisionCount, 3)
		assert.deepEqual(proposals(reader), [
			'east/shop/Deployment/front/app file-read 1',
			'east/shop/Deployment/front/app file-write 1',
			'east/shop/Deployment/front/app process 1'
		])
		assert.deepEqual(rulesOf(reader, 'file-write'), [], 'a workload that writes nothing says so')
		const before = dump(reader)
		assert.deepEqual(await discoverer.discover(NOW_MS + 1), {
			examinedCount: 0,
			revisionCount: 0,
			refreshedCount: 0
		})
		assert.deepEqual(await discover(reader, writer, NOW_MS + 2), {
			examinedCount: 5,
			revisionCount: 0,
			refreshedCount: 0
		})
		assert.deepEqual(dump(reader), before)
	})
})

test('more of the same refreshes evidence; something new is a new revision, and old ones stay', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const discoverer = createDiscoverer(reader, writer)
		await feed([seen(front('app'), 'exec', '/app')])
		await discoverer.discover(NOW_MS)
		await feed([seen(front('app'), 'exec', '/app', { count: 5 })])
		assert.equal((await discoverer.discover(NOW_MS + 9_999)).examinedCount, 0, 'counts alone can wait')
		const again = await discoverer.discover(NOW_MS + 10_000)
		assert.deepEqual([again.revisionCount, again.refreshedCount], [0, 1])
		const [evidence] = reader.all('SELECT data FROM evidence')
		assert.equal((JSON.parse(String(evidence?.data)) as { count: number }).count, 6)
		await feed([seen(front('app'), 'exec', '/app', { count: 5 })])
		assert.equal((await discoverer.discover(NOW_MS + 29_999)).examinedCount, 0, 'and each time for longer')
		assert.equal((await discoverer.discover(NOW_MS + 30_000)).refreshedCount, 1)
		await feed([seen(front('app'), 'exec', '/app-worker')])
		assert.equal((await discoverer.discover(NOW_MS + 30_000)).revisionCount, 1, 'news waits for nobody')
		assert.deepEqual(proposals(reader), ['east/shop/Deployment/front/app process 2'])
		assert.equal(reader.all('SELECT id FROM policies').length, 2)
	})
})

test('the kubelet’s probe is learned as soon as the inventory declares it, and its evidence says so', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const discoverer = createDiscoverer(reader, writer)
		const put = { source: '/usr/bin/runc', interactive: true }
		await feed([
			seen(front('app'), 'exec', '/app'),
			seen(front('app'), 'exec', '/bin/ready', put),
			seen(front('app'), 'exec', '/bin/bash', put)
		])
		await discoverer.discover(NOW_MS)
		assert.deepEqual(objectsOf(reader, 'process'), ['/app'])
		const container = { name: 'app', image: '', id: '', init: false, ephemeral: false }
		const probes = [{ kind: 'exec' as const, command: ['/bin/ready'] }]
		await feed(
			[],
			[
				replicaSet('shop', 'front'),
				pod('shop', 'front', '10.0.0.1', { containers: [{ ...container, probes }] })
			]
		)
		await discoverer.discover(NOW_MS)
		assert.deepEqual(objectsOf(reader, 'process'), ['/app', '/bin/ready'])
		const evidence = reader.all(
			"SELECT e.data FROM proposals q JOIN evidence e ON e.policy_id = q.policy_id WHERE q.class = 'process' ORDER BY e.rule"
		)
		const { why, interactive } = JSON.parse(String(evidence[1]?.data))
		assert.match(why, /kubelet runs it by itself/)
		assert.equal(interactive, false)
	})
})

test('the network belongs to the pod: sidecars and init containers count, debug containers do not', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const pods = [
			replicaSet('shop', 'front'),
			pod('shop', 'front', '10.0.0.1', {
				containers: ['app', 'proxy', 'setup', 'debugger'].map((name) => ({
					name,
					image: '',
					id: '',
					init: name === 'setup',
					ephemeral: name === 'debugger'
				}))
			})
		]
		const sightings = ['app', 'proxy', 'setup', 'debugger', ''].map((container, i) =>
			seen(front(container), 'connect', `egress/tcp/${i + 1}/203.0.113.1`)
		)
		await feed(sightings, pods)
		await discover(reader, writer, NOW_MS)
		assert.deepEqual(proposals(reader), ['east/shop/Deployment/front network 1'])
		assert.deepEqual(
			rulesOf(reader, 'network').map((rule) => rule.object),
			[1, 2, 3, 5].map((port) => `egress/tcp/${port}/cidr:203.0.113.1/32`)
		)
	})
})

test('a pod’s policies move to its owner once that is known, and nothing is proposed twice', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const alone: Subject = {
			kind: 'container',
			cluster: 'east',
			namespace: 'shop',
			pod: 'front-10-0-0-1',
			container: 'app'
		}
		const discoverer = createDiscoverer(reader, writer)
		await feed([seen(alone, 'exec', '/app')])
		await discoverer.discover(NOW_MS)
		assert.deepEqual(proposals(reader), ['east/shop/Pod/front-10-0-0-1/app process 1'])
		await feed(
			[seen(front('app'), 'exec', '/bin/x')],
			[replicaSet('shop', 'front'), pod('shop', 'front', '10.0.0.1')]
		)
		await discoverer.discover(NOW_MS)
		assert.deepEqual(proposals(reader), ['east/shop/Deployment/front/app process 1'])
		assert.deepEqual(
			rulesOf(reader, 'process').map((rule) => rule.object),
			['/app', '/bin/x']
		)
	})
})

test('a late inventory resolves what was an address before', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const discoverer = createDiscoverer(reader, writer)
		await feed([seen(front('app'), 'connect', 'egress/tcp/5432/10.0.0.9')])
		await discoverer.discover(NOW_MS)
		assert.equal(rulesOf(reader, 'network')[0]?.object, 'egress/tcp/5432/cidr:10.0.0.9/32')
		await feed([], [replicaSet('data', 'db'), pod('data', 'db', '10.0.0.9')])
		assert.equal((await discoverer.discover(NOW_MS)).revisionCount, 1)
		assert.equal(rulesOf(reader, 'network')[0]?.object, 'egress/tcp/5432/workload:east/data/Deployment/db')
	})
})

test('20 shuffles, split and duplicated deliveries give the same bodies and digests', async () => {
	const sightings = [
		...['app', 'proxy'].flatMap((container) => [
			seen(front(container), 'exec', '/bin/a'),
			seen(front(container), 'exec', '/bin/b', { source: '' }),
			seen(front(container), 'read', '/etc/hosts', { source: '/bin/b' }),
			seen(front(container), 'read', '/etc/hosts'),
			seen(front(container), 'write', '/tmp/<any>'),
			seen(front(container), 'connect', 'egress/tcp/443/2001:db8::1'),
			seen(front(container), 'connect', 'egress/tcp/80/10.0.0.9', { result: 'denied' })
		]),
		seen({ kind: 'host', node: 'n1', unit: 'nginx.service' }, 'bind', 'ingress/tcp/80/any')
	]
	const outcomes = new Set<string>()
	for (let seed = 0; seed < 20; seed++) {
		await inStore(async ({ reader, writer, feed }) => {
			const order = shuffled(sightings, seed)
			for (let i = 0; i < order.length; i += (seed % 4) + 1) {
				const part = order.slice(i, i + (seed % 4) + 1)
				await feed(part)
				if (seed % 2 === 0) await feed(part, [], true)
			}
			await discover(reader, writer, NOW_MS + seed)
			const rows = reader.all('SELECT body, digest, notes FROM policies ORDER BY body')
			outcomes.add(JSON.stringify(rows))
		})
	}
	assert.equal(outcomes.size, 1)
})

test('rendering sees what lives now, and the last pod of a workload that has none running', async () => {
	await inStore(async ({ reader, feed }) => {
		const job = (name: string, more: Partial<InventoryItem>) =>
			item('Pod', 'shop', name, { owner: { kind: 'CronJob', name: 'report' }, ...more })
		await feed(
			[],
			[
				job('report-1', { toMs: DAY_MS + 1 }),
				job('report-2', { toMs: DAY_MS + 2 }),
				pod('shop', 'web', '10.0.0.1', { toMs: DAY_MS + 1 }),
				pod('shop', 'web', '10.0.0.2'),
				item('Service', 'shop', 'gone', { toMs: DAY_MS + 1 })
			]
		)
		const names = readRenderContext(reader, NOW_MS).inventory.map((one) => one.name)
		assert.deepEqual(names, ['report-2', 'web-10-0-0-2'])
	})
})

function front(container: string): Subject {
	return {
		kind: 'container',
		cluster: 'east',
		namespace: 'shop',
		pod: 'front-10-0-0-1',
		container,
		owner: { kind: 'Deployment', name: 'front' }
	}
}

function seen(
	subject: Subject,
	verb: Sighting['verb'],
	object: string,
	more: Partial<Sighting> = {}
): Sighting {
	return {
		subject,
		verb,
		object,
		source: '/app',
		result: 'allowed',
		count: 1,
		firstMs: DAY_MS + HOUR_MS,
		lastMs: DAY_MS + HOUR_MS + 1000,
		pod: 'front-10-0-0-1',
		...more
	}
}

function proposals(reader: Reader): string[] {
	return reader
		.all('SELECT p.body, p.class, p.revision FROM proposals JOIN policies p ON p.id = policy_id')
		.map(
			(row) =>
				`${(JSON.parse(String(row.body)) as { workload: string }).workload} ${row.class} ${row.revision}`
		)
		.sort()
}

function rulesOf(reader: Reader, of: string): { object: string }[] {
	const [row] = reader.all(
		'SELECT p.body FROM proposals q JOIN policies p ON p.id = q.policy_id WHERE q.class = ? ORDER BY q.since_ms DESC',
		of
	)
	return (JSON.parse(String(row?.body)) as { rules: { object: string }[] }).rules
}

const objectsOf = (reader: Reader, of: string): string[] => rulesOf(reader, of).map((rule) => rule.object)

function dump(reader: Reader): unknown[] {
	return ['policies', 'proposals', 'evidence'].map((table) => reader.all(`SELECT * FROM ${table}`))
}

/** A permutation that depends on nothing but the seed (a linear congruential generator). */
function shuffled<T>(values: readonly T[], seed: number): T[] {
	let state = seed + 1
	const keyed = values.map((value) => {
		state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
		return { key: state, value }
	})
	return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
}
