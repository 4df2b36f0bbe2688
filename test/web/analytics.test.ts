import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type { Sighting } from '../../collector/observation.js'
import type * as shape from '../../web/operations/shape.js'
import { container, sighting, T0, type TemporaryStore } from '../enforcer/temporary-store.js'
import { openApi } from './api.js'

type Of<S extends z.ZodType> = z.output<S>
const HOUR_MS = 3_600_000
const web = container('shop', 'web', 'app')
const side = container('shop', 'web', 'side')
const V1 = { digest: 'sha256:11111111', description: 'app:1' }
const V2 = { digest: 'sha256:22222222', description: 'app:2' }

/** A rollout after sixty of a hundred watched hours, beside a sidecar with a network of its own. */
async function rolledOut(store: TemporaryStore): Promise<void> {
	const first = Math.floor(T0 / HOUR_MS) - 100
	const hours = Array.from({ length: 100 }, (_, at) => first + at)
	const every = (from: number, to: number, of: (at: { firstMs: number; lastMs: number }) => Sighting) =>
		hours.slice(from, to).map((hour) => of({ firstMs: hour * HOUR_MS + 1000, lastMs: hour * HOUR_MS + 1000 }))
	await store.see(
		[
			...every(0, 60, (at) => sighting(web, 'read', '/app/old', { version: V1, ...at })),
			...every(60, 100, (at) => sighting(web, 'read', '/app/new', { version: V2, ...at })),
			...every(0, 60, (at) => sighting(web, 'connect', 'egress/tcp/80/192.0.2.1', { version: V1, ...at })),
			...every(60, 100, (at) => sighting(side, 'connect', 'egress/tcp/80/192.0.2.2', at))
		],
		{ exposure: [web, side].flatMap((subject) => hours.map((hour) => ({ subject, hour, lossy: false }))) }
	)
}

test('a diff through a reader thread: a sidecar’s network is not the workload’s', async (t) => {
	const { store, get } = await openApi(t)
	await rolledOut(store)
	const answer = await get('/api/v1/workloads/web%2Fapp/diff')
	assert.equal(answer.status, 200, answer.text)
	const diff = answer.json<Of<typeof shape.WorkloadDiff>>()
	assert.deepEqual(
		diff.items.map((one) => [one.change, one.object]),
		[
			['added', '/app/new'],
			['gone', '/app/old'],
			['gone', 'egress/tcp/80/cidr:192.0.2.1/32']
		]
	)
	assert.deepEqual(
		diff.versions.map((one) => one.description),
		['app:1', 'app:2']
	)
	assert.deepEqual(diff.totals, { added: 1, gone: 2, undecided: 0, unchanged: 0 })
	const one = (await get('/api/v1/workloads/web%2Fapp/diff?limit=1&class=network')).json<
		Of<typeof shape.WorkloadDiff>
	>()
	assert.deepEqual(one.totals, { added: 0, gone: 1, undecided: 0, unchanged: 0 })
	assert.equal((await get('/api/v1/workloads/web%2Fapp/diff?show=some')).status, 400)
	assert.equal((await get('/api/v1/workloads/nobody/diff')).status, 404)
})

test('the fleet page by page; a cursor of another list is refused', async (t) => {
	const { store, get } = await openApi(t)
	await rolledOut(store)
	const whole = (await get('/api/v1/fleet')).json<Of<typeof shape.FleetPage>>()
	assert.ok(whole.items.length >= 3)
	const items: unknown[] = []
	let next = ''
	do {
		const page = (await get(`/api/v1/fleet?limit=1${next}`)).json<Of<typeof shape.FleetPage>>()
		items.push(...page.items)
		next = page.continue === null ? '' : `&continue=${page.continue}`
	} while (next !== '')
	assert.deepEqual(items, whole.items)
	const first = (await get('/api/v1/fleet?limit=1')).json<Of<typeof shape.FleetPage>>()
	assert.equal((await get(`/api/v1/fleet/features?continue=${first.continue}`)).status, 400)
	const forged = Buffer.from(JSON.stringify(['fleet', 'x', {}])).toString('base64url')
	assert.equal((await get(`/api/v1/fleet?continue=${forged}`)).status, 400)
	const curves = (await get('/api/v1/fleet/curves')).json<Of<typeof shape.FleetCurves>>()
	assert.ok(curves.classes.every((one) => one.curve.length > 0))
	const unused = (await get('/api/v1/unused?workload=web%2Fapp')).json<Of<typeof shape.UnusedPage>>()
	assert.deepEqual([unused.items, unused.total], [[], 0])
	assert.ok(unused.ruleCount > 0)
})
