import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Sighting, Subject } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { createDiscoverer } from '../../discovery/discover.js'
import { nodeFilesStatement } from '../../discovery/file-lists.js'
import { DAY_MS, HOUR_MS, pod, replicaSet } from './sighted.js'
import { inStore } from './temporary.js'

const HOUR = DAY_MS / HOUR_MS
const UNIT: Subject = { kind: 'host', node: 'n1', unit: 'app.service' }

test('a shell in a container of one day is held with its reason, and learned when a person says that it is needed', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const discoverer = createDiscoverer(reader, writer)
		const own = container('front', 'front-1')
		await feed([did(own, 'exec', '/app', 0), did(own, 'exec', '/usr/bin/sh', 1, { source: '/app' })])
		await discoverer.discover(DAY_MS + 5 * HOUR_MS)
		assert.deepEqual(execsOf(reader), [['/app']])
		const [held] = reader.all('SELECT verb, object, source, workload_id, data FROM held')
		assert.deepEqual([held?.verb, held?.object, held?.source], ['exec', '/usr/bin/sh', '/app'])
		assert.match(String(held?.data), /seen again on another day or in another pod it is learned/)

		await writer.transact([
			{
				sql: `INSERT INTO decisions (workload_id, verb, object, source, decision, actor, reason, at_ms)
					VALUES (?, 'exec', '/usr/bin/sh', '/app', 'needed', 'local:eve', 'it calls system(3)', ?)`,
				params: [held?.workload_id ?? null, DAY_MS + 6 * HOUR_MS]
			}
		])
		await discoverer.discover(DAY_MS + 6 * HOUR_MS)
		assert.deepEqual(execsOf(reader), [['/app', '/usr/bin/sh']])
		assert.deepEqual(reader.all('SELECT object FROM held'), [])
	})
})

test('workloads of one image vouch for each other, whichever is looked at first', async () => {
	for (const names of [
		['a', 'b', 'c'],
		['c', 'b', 'a']
	]) {
		await inStore(async ({ reader, writer, feed }) => {
			const discoverer = createDiscoverer(reader, writer)
			const containers = (name: string) => [
				{ name, image: 'registry/app:1', id: '', init: false, ephemeral: false }
			]
			await feed(
				names.flatMap((name) => [
					// The same shell on the same day in three Deployments: two peers vouch for the third.
					did(container(name, `${name}-10-0-0-1`), 'exec', '/app', 0),
					did(container(name, `${name}-10-0-0-1`), 'exec', '/usr/bin/sh', 1, { source: '/app' }),
					did(container(name, `${name}-10-0-0-2`), 'exec', '/usr/bin/sh', 2, { source: '/app' })
				]),
				names.flatMap((name) => [
					replicaSet('shop', name),
					pod('shop', name, '10.0.0.1', { containers: containers(name) }),
					pod('shop', name, '10.0.0.2', { containers: containers(name) })
				])
			)
			await discoverer.discover(DAY_MS + 5 * HOUR_MS)
			assert.deepEqual(
				execsOf(reader),
				names.map(() => ['/app', '/usr/bin/sh'])
			)
		})
	}
})

test('readiness is kept, each watched hour is predicted once, and scored when its horizon has passed', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const discoverer = createDiscoverer(reader, writer)
		const watch = (hours: number[]) => ({
			exposure: hours.map((hour) => ({ subject: UNIT, hour: HOUR + hour, lossy: false })),
			starts: [{ subject: UNIT, pod: 'n1', atMs: DAY_MS }]
		})
		const first = Array.from({ length: 10 }, (_, hour) => hour)
		await feed([did(UNIT, 'exec', '/app', 0, { source: '' })], [], false, watch(first))
		await discoverer.discover(DAY_MS + 10 * HOUR_MS)
		await discoverer.discover(DAY_MS + 10 * HOUR_MS + 1)
		const later = Array.from({ length: 40 }, (_, hour) => 10 + hour)
		await feed([did(UNIT, 'exec', '/app-worker', 20, { source: '/app' })], [], false, watch(later))
		await discoverer.discover(DAY_MS + 50 * HOUR_MS)
		assert.deepEqual(
			reader.all("SELECT hour, outcome FROM predictions WHERE class = 'process' ORDER BY hour"),
			[
				{ hour: HOUR + 9, outcome: 1 },
				{ hour: HOUR + 49, outcome: null }
			]
		)
		const [row] = reader.all("SELECT data FROM maturity WHERE class = 'process'")
		const maturity = z
			.object({ exposedHours: z.number(), startCount: z.number(), mature: z.boolean(), risk24: z.number() })
			.parse(JSON.parse(String(row?.data)))
		assert.deepEqual([maturity.exposedHours, maturity.startCount, maturity.mature], [50, 1, false])
		assert.ok(maturity.risk24 > 0 && maturity.risk24 < 1)
	})
})

test('with the host’s list of files, what a directory grants is counted by it', async () => {
	await inStore(async ({ reader, writer, feed }) => {
		const paths = Array.from({ length: 500 }, (_, i) => `/srv/app/templates/page-of-letter-${i}`)
		await writer.transact([
			nodeFilesStatement(
				'n1',
				{ managers: ['dpkg'], origin: 'dpkg of n1', packages: [], paths: ['/app', ...paths], problems: [] },
				DAY_MS
			)
		])
		const reads = Array.from({ length: 60 }, (_, i) =>
			did(UNIT, 'read', `/srv/app/templates/page-of-letter-${i * 3}`, i % 3, { source: '/app' })
		)
		await feed([did(UNIT, 'exec', '/app', 0, { source: '' }), ...reads])
		await createDiscoverer(reader, writer).discover(DAY_MS + 5 * HOUR_MS)
		const text = reader
			.all('SELECT data FROM evidence')
			.map((row) => String(row.data))
			.join('\n')
		const whole = bodiesOf(reader, 'file-read').flat().includes('/srv/app/templates/<any>')
		assert.equal(whole, text.includes('by dpkg of n1'), 'a directory rule says whose list it was counted by')
		assert.equal(text.includes('assumed'), false, 'and nothing is assumed')
	})
})

function container(deployment: string, name: string): Subject {
	return {
		kind: 'container',
		cluster: 'east',
		namespace: 'shop',
		pod: name,
		container: deployment,
		owner: { kind: 'Deployment', name: deployment }
	}
}

function did(
	subject: Subject,
	verb: Sighting['verb'],
	object: string,
	hour: number,
	more: Partial<Sighting> = {}
): Sighting {
	const firstMs = DAY_MS + hour * HOUR_MS + 60_000
	const place = subject.kind === 'container' ? subject.pod : 'n1'
	return {
		...{ subject, verb, object, source: '', result: 'allowed', count: 1, firstMs, lastMs: firstMs + 1000 },
		pod: place,
		...more
	}
}

/** The objects of each proposed policy of a class, by workload. */
function bodiesOf(reader: Reader, of: string): string[][] {
	const rows = reader.all(
		`SELECT p.body FROM proposals q JOIN policies p ON p.id = q.policy_id JOIN workloads w ON w.id = q.workload_id
			WHERE q.class = ? ORDER BY w.name`,
		of
	)
	return rows.map((row) =>
		z
			.object({ rules: z.array(z.object({ object: z.string() })) })
			.parse(JSON.parse(String(row.body)))
			.rules.map((rule) => rule.object)
	)
}

const execsOf = (reader: Reader): string[][] => bodiesOf(reader, 'process')
