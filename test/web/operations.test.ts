import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type { Sighting } from '../../collector/observation.js'
import type * as shape from '../../web/operations/shape.js'
import { container, nginx, sighting, T0 } from '../enforcer/temporary-store.js'
import { openApi } from './api.js'

type Of<S extends z.ZodType> = z.output<S>
const web = container('shop', 'web', 'app')
const proxy = container('shop', 'web', 'proxy')
const db = container('data', 'db', 'postgres')

function aCluster(): Sighting[] {
	return [
		sighting(nginx, 'exec', '/usr/sbin/nginx', { source: '/usr/lib/systemd/systemd', required: true }),
		sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5', { count: 7 }),
		sighting(nginx, 'read', '/etc/nginx/nginx.conf', { lastMs: T0 + 3_600_000 }),
		sighting(nginx, 'read', '/etc/shadow', { result: 'denied' }),
		sighting(web, 'connect', 'egress/tcp/443/192.0.2.1'),
		sighting(web, 'exec', '/app/server', { required: true }),
		sighting(proxy, 'accept', 'ingress/tcp/8080/any'),
		sighting(db, 'write', '/var/lib/postgresql/data')
	]
}

test('workloads: filters, facets and states; the cluster is left out of the name while there is one', async (t) => {
	const { store, get } = await openApi(t)
	await store.see(aCluster())
	const list = async (query: string) =>
		(await get(`/api/v1/workloads${query}`)).json<Of<typeof shape.WorkloadPage>>()
	const all = await list('')
	assert.deepEqual(
		all.items.map((one) => one.displayName),
		[
			'data/Deployment/db/postgres',
			'shop/Deployment/web/app',
			'shop/Deployment/web/proxy',
			'host/n1/nginx.service'
		]
	)
	assert.equal(all.total, 4)
	assert.deepEqual(all.facets.namespace, [
		{ value: '', count: 1 },
		{ value: 'data', count: 1 },
		{ value: 'shop', count: 2 }
	])
	assert.equal((await list('?namespace=shop')).total, 2)
	assert.equal((await list('?search=NGINX')).items[0]?.name, 'host/n1/nginx.service')
	assert.equal((await list('?class=network&state=proposed')).total, 3, 'the sidecar shares its pod’s network')
	assert.equal((await list('?state=enforced')).total, 0)
	// Seen to read and never to write: that is a policy, too, one without rules.
	const states = Object.fromEntries((all.items[3]?.classes ?? []).map((one) => [one.class, one.state]))
	assert.deepEqual(states, {
		process: 'proposed',
		'file-read': 'proposed',
		'file-write': 'proposed',
		network: 'proposed',
		privilege: 'none'
	})

	await store.see([sighting(container('shop', 'web', 'app', 'c2'), 'exec', '/app/server')])
	assert.ok((await list('')).items.some((one) => one.displayName === 'c1/shop/Deployment/web/app'))
})

test('a workload is found by id, name, ending or unit; what several share is ambiguous', async (t) => {
	const { store, get } = await openApi(t)
	await store.see(aCluster())
	const name = async (reference: string) => {
		const answer = await get(`/api/v1/workloads/${encodeURIComponent(reference)}`)
		return answer.status === 200
			? answer.json<{ name: string }>().name
			: answer.json<{ type: string; detail: string }>()
	}
	const nginxName = 'host/n1/nginx.service'
	for (const reference of [
		nginxName,
		'nginx',
		'nginx.service',
		'n1/nginx.service',
		String(store.workloadId(nginxName))
	]) {
		assert.equal(await name(reference), nginxName, reference)
	}
	const app = 'c1/shop/Deployment/web/app'
	for (const reference of [app, 'app', 'shop/deployment/web/APP', 'web/app'])
		assert.equal(await name(reference), app)
	assert.deepEqual(await name('web'), {
		...(await problemOf('web')),
		type: '/problems/ambiguous',
		detail: '"web" could be shop/Deployment/web/app, shop/Deployment/web/proxy: write more of the name.'
	})
	assert.equal(
		((await name('inx')) as { type: string }).type,
		'/problems/not-found',
		'parts of words do not count'
	)
	assert.equal(((await name('999999')) as { type: string }).type, '/problems/not-found')
	const pod = await get('/api/v1/policies/shop%2FDeployment%2Fweb/network')
	assert.equal(
		pod.json<{ workload: string }>().workload,
		'c1/shop/Deployment/web',
		'the network is the pod’s'
	)

	async function problemOf(reference: string) {
		return (await get(`/api/v1/workloads/${reference}`)).json<Record<string, unknown>>()
	}
})

test('behaviours: each kind of act once, over days and versions', async (t) => {
	const { store, get } = await openApi(t)
	await store.see(aCluster())
	await store.see([
		sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5', {
			count: 5,
			firstMs: T0 + 86_400_000,
			lastMs: T0 + 86_400_000
		})
	])
	const list = async (query: string) =>
		(await get(`/api/v1/workloads/nginx/behaviours${query}`)).json<Of<typeof shape.BehaviourPage>>()
	const [connect] = (await list('?class=network')).items
	assert.equal(connect?.count, 12)
	assert.equal(connect?.dayCount, 2)
	assert.equal(connect?.hourCount, 2)
	assert.deepEqual(
		(await list('?result=denied')).items.map((one) => one.object),
		['/etc/shadow']
	)
	assert.deepEqual((await list('?search=%25')).items, [], 'a percent sign is no wildcard')
	assert.equal((await list('?search=SHADOW')).items.length, 1)
})

test('a policy, its evidence and its explanation say the same', async (t) => {
	const { store, get } = await openApi(t)
	await store.see(aCluster())
	const policy = (await get('/api/v1/policies/nginx/network')).json<Of<typeof shape.PolicyDetail>>()
	assert.equal(policy.state, 'proposed')
	assert.equal(policy.current, true)
	assert.equal(policy.rules.length, 1)
	assert.equal(policy.rules[0]?.count, 7)
	const evidence = (await get('/api/v1/policies/nginx/network/rules/0')).json<Of<typeof shape.RuleEvidence>>()
	assert.deepEqual(evidence.covers, [
		{ object: 'egress/tcp/5432/10.0.0.5', verb: 'connect', source: '/usr/sbin/nginx', count: 7 }
	])
	assert.equal(evidence.digest, policy.digest)
	const { sentences } = (await get('/api/v1/explain/nginx?class=network&rule=0')).json<
		Of<typeof shape.Explanation>
	>()
	assert.ok(sentences.some((sentence) => sentence.includes('seen 7 times')))
	assert.equal((await get('/api/v1/policies/nginx/network/rules/9')).status, 404)
	assert.equal((await get('/api/v1/policies/nginx/privilege')).status, 404)
	assert.equal((await get('/api/v1/policies/nginx/nonsense')).status, 400)
	for (const query of ['', '?class=process', '?class=privilege']) {
		assert.equal((await get(`/api/v1/explain/nginx${query}`)).status, 200, query)
	}
})

test('cursors stay where they are when rows come in before and after them', async (t) => {
	const { store, get } = await openApi(t)
	const many = (from: number, to: number) =>
		Array.from({ length: to - from }, (_, i) =>
			sighting(
				{ kind: 'host', node: 'n1', unit: `unit-${String(from + i).padStart(3, '0')}.service` },
				'read',
				'/etc/hosts'
			)
		)
	await store.see(many(100, 130))
	for (const path of [
		'/api/v1/workloads',
		'/api/v1/policies',
		'/api/v1/policies?sort=rules&order=desc',
		'/api/v1/workloads?sort=last'
	]) {
		const seen: string[] = []
		let cursor: string | null = ''
		for (let page = 0; cursor !== null; page++) {
			const url: string = `${path}${path.includes('?') ? '&' : '?'}limit=7${cursor === '' ? '' : `&continue=${cursor}`}`
			const answer: { items: { name?: string; key?: string; workload?: string }[]; continue: string | null } =
				(await get(url)).json()
			seen.push(...answer.items.map((one) => one.name ?? `${one.workload} ${one.key?.replace(/.*\//, '')}`))
			cursor = answer.continue
			// Between pages something comes in before the cursor; it must neither repeat nor hide anything.
			if (page < 3) await store.see(many(50 + page, 51 + page))
		}
		assert.equal(new Set(seen).size, seen.length, `${path} repeats`)
		for (let i = 100; i < 130; i++)
			assert.ok(
				seen.some((one) => one.startsWith(`host/n1/unit-${i}.service`)),
				`${path} lost ${i}`
			)
	}
	const { continue: cursor } = (await get('/api/v1/workloads?limit=1')).json<{ continue: string }>()
	for (const url of [
		`/api/v1/gaps?continue=${cursor}`,
		`/api/v1/workloads?sort=last&continue=${cursor}`,
		'/api/v1/workloads?continue=bm9wZQ',
		'/api/v1/workloads?continue=%00'
	]) {
		const answer = await get(url)
		assert.equal(answer.status, 400, url)
		assert.equal(answer.json<{ type: string }>().type, '/problems/cursor-expired')
	}
})

test('manifests: every language, names as files, notes beside them', async (t) => {
	const { store, get } = await openApi(t)
	await store.see(aCluster())
	const all = (await get('/api/v1/manifests')).json<Of<typeof shape.ManifestPage>>()
	assert.ok(all.items.length > 0)
	for (const manifest of all.items) assert.match(manifest.file, /^[a-z0-9_-]+\/[a-z0-9.-]+\.yaml$/)
	const one = (await get('/api/v1/manifests?workload=nginx&language=host&class=network')).json<
		Of<typeof shape.ManifestPage>
	>()
	assert.deepEqual(
		one.items.map((manifest) => manifest.kind),
		['WhittleHostPolicy']
	)
	assert.equal((await get('/api/v1/manifests?language=nonsense')).status, 404)
	assert.equal((await get(`/api/v1/manifests?digest=sha256:${'0'.repeat(64)}`)).status, 400)
	const languages = (await get('/api/v1/languages')).json<Of<typeof shape.LanguageList>>()
	assert.deepEqual(
		languages.items.map((language) => language.name),
		['kubearmor', 'network-policy', 'host']
	)
})

test('gaps, bad inputs, timeline and violations are pages of their own', async (t) => {
	const { store, get } = await openApi(t)
	const gap = (i: number) => ({
		scope: 'node:n1',
		fromMs: T0 + i,
		toMs: T0 + i + 1,
		reason: 'map-full' as const,
		lostCount: 2,
		detail: ''
	})
	await store.see(aCluster(), {
		gaps: [gap(1), gap(2), { ...gap(3), scope: 'node:n2' }],
		bad: [{ file: 'a.jsonl', line: 3, reason: 'broken JSON', hash: 'ff' }],
		timeline: [
			{ subject: nginx, pod: 'nginx.service', atMs: T0 + 2, kind: 'exec', text: '/usr/sbin/nginx', count: 1 },
			{ subject: nginx, pod: 'nginx.service', atMs: T0 + 1, kind: 'start', text: 'started', count: 1 }
		]
	})
	const gaps = (await get('/api/v1/gaps?workload=nginx&limit=1')).json<Of<typeof shape.GapPage>>()
	assert.deepEqual(
		gaps.items.map((one) => one.fromMs),
		[T0 + 2],
		'newest first'
	)
	const next = (await get(`/api/v1/gaps?workload=nginx&limit=1&continue=${gaps.continue}`)).json<
		Of<typeof shape.GapPage>
	>()
	assert.deepEqual(
		next.items.map((one) => one.fromMs),
		[T0 + 1]
	)
	assert.equal(next.continue, null)
	assert.equal((await get('/api/v1/bad-inputs')).json<Of<typeof shape.BadInputPage>>().items[0]?.line, 3)
	const timeline = (await get('/api/v1/timeline?workload=nginx')).json<Of<typeof shape.TimelinePage>>()
	assert.deepEqual(
		timeline.items.map((one) => one.kind),
		['start', 'exec'],
		'oldest first'
	)
	assert.equal((await get('/api/v1/timeline')).status, 400)
	assert.deepEqual((await get('/api/v1/violations')).json<Of<typeof shape.ViolationPage>>().items, [])
	const status = (await get('/api/v1/status')).json<Of<typeof shape.Status>>()
	assert.equal(status.lostCount, 6)
	assert.equal(status.badInputCount, 1)
	assert.equal(status.workloadCount, 4)
	assert.ok(status.states.proposed >= 7)
	assert.equal((await get('/api/v1/probe')).json<Of<typeof shape.ProbeReport>>().sensor, false)
})
