import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type * as shape from '../../web/operations/shape.js'
import { container, nginx, sighting, T0 } from '../enforcer/temporary-store.js'
import { openApi } from './api.js'

type Simulation = z.output<typeof shape.Simulation>
type Problem = z.output<typeof shape.Problem>

const HOUR_MS = 3_600_000
const web = container('shop', 'web', 'app')
const pod = {
	cluster: 'c1',
	kind: 'Pod' as const,
	namespace: 'shop',
	name: 'web-1',
	uid: 'u1',
	fromMs: T0 - HOUR_MS,
	toMs: null,
	labels: { app: 'web' },
	addresses: ['10.0.0.1'],
	owner: { kind: 'Deployment', name: 'web' },
	node: 'n1',
	hostNetwork: false,
	containers: [{ name: 'app', image: '', id: '', init: false, ephemeral: false }],
	selector: null,
	ports: [],
	schedule: null
}

/** Only the probe is listed, the server itself is not (discovery-engine issue 687). */
const withoutServer = `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: probe-only, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  process: {matchPaths: [{path: /bin/grpc_health_probe}]}
  action: Allow
`

async function aShop(t: Parameters<typeof openApi>[0]) {
	const api = await openApi(t)
	await api.store.see(
		[
			sighting(web, 'exec', '/app/server', { source: '/usr/bin/containerd-shim', count: 2 }),
			sighting(web, 'exec', '/bin/grpc_health_probe', { source: '/app/server', count: 900 }),
			sighting(web, 'connect', 'egress/tcp/443/192.0.2.1', { source: '/app/server' }),
			sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')
		],
		{ inventory: [pod], exposure: [{ subject: web, hour: T0 / HOUR_MS - 1, lossy: false }] }
	)
	return api
}

test('a hand-written policy is tried on what was seen before anybody applies it (KubeArmor issue 2589)', async (t) => {
	const { post } = await aShop(t)
	const answer = await post('/api/v1/simulations', { manifests: withoutServer })
	assert.equal(answer.status, 200)
	const result = answer.json<Simulation>()
	assert.deepEqual(result.manifests, [
		{ language: 'kubearmor', kind: 'KubeArmorPolicy', name: 'probe-only', namespace: 'shop' }
	])
	assert.deepEqual(
		result.findings.map((one) => [one.kind, one.verb, one.object, one.count, one.workload]),
		[['block', 'exec', '/app/server', 2, 'shop/Deployment/web/app']]
	)
	assert.match(
		result.findings[0]?.rule ?? '',
		/not listed, and probe-only: Allow process \/bin\/grpc_health_probe/
	)
	assert.equal(result.totals.block, 1)
	assert.equal(result.daily, null)
	assert.ok(result.limits.length >= 3)
	const audited = (
		await post('/api/v1/simulations', { manifests: withoutServer, posture: 'audit' })
	).json<Simulation>()
	assert.deepEqual([audited.totals.block, audited.totals.audit], [0, 1])
})

test('what is proposed is tried, with each past day by what was known before it', async (t) => {
	const { post, store } = await aShop(t)
	const answer = await post('/api/v1/simulations', { workload: 'nginx', class: 'network', days: 7 })
	const result = answer.json<Simulation>()
	assert.equal(result.totals.block, 0)
	assert.deepEqual(
		result.manifests.map((one) => one.kind),
		['KubeArmorHostPolicy', 'WhittleHostPolicy']
	)
	assert.deepEqual(result.daily?.total, {
		testedDays: 0,
		blockedDays: 0,
		blockedHours: 0,
		perHundredDays: null,
		daysWithBlock: null
	})
	const digest = store.digest('host/n1/nginx.service', 'network')
	await store.see([sighting(nginx, 'connect', 'egress/tcp/9/203.0.113.1')])
	const old = { workload: 'nginx', class: 'network', digest, language: 'host' }
	const before = (await post('/api/v1/simulations', old)).json<Simulation>()
	assert.deepEqual(
		before.findings.map((one) => one.object),
		['egress/tcp/9/203.0.113.1'],
		'an older revision does not know what came after it'
	)
})

test('beside what is in force, unless asked for alone', async (t) => {
	const { get, post } = await aShop(t)
	const policy = 'shop%2FDeployment%2Fweb/network'
	const found = (await post('/api/v1/simulations', { workload: 'app', class: 'network' })).json<Simulation>()
	assert.equal(found.knownCount, 0)
	const { digest } = (await get(`/api/v1/policies/${policy}`)).json<{ digest: string }>()
	assert.equal((await post(`/api/v1/policies/${policy}/approve`, { digest })).status, 200)
	assert.equal((await post(`/api/v1/policies/${policy}/apply`, { target: 'directory' })).status, 200)
	// Selects the pod and opens nothing; what is in force beside it allows what was seen.
	const closing = {
		apiVersion: 'networking.k8s.io/v1',
		kind: 'NetworkPolicy',
		metadata: { name: 'closing', namespace: 'shop' },
		spec: {
			podSelector: { matchLabels: { app: 'web' } },
			policyTypes: ['Egress'],
			egress: [{ ports: [{ port: 1 }] }]
		}
	}
	const manifests = JSON.stringify(closing)
	const beside = (await post('/api/v1/simulations', { manifests })).json<Simulation>()
	assert.deepEqual([beside.totals.block, beside.knownCount > 0], [0, true])
	const alone = (await post('/api/v1/simulations', { manifests, alone: true })).json<Simulation>()
	assert.deepEqual([alone.totals.block, alone.knownCount], [1, 0])
})

test('wrong input is a problem that says what is wrong, where, and never a failure', async (t) => {
	const { post } = await aShop(t)
	const cases: [Record<string, unknown>, number, RegExp][] = [
		[{}, 400, /nothing to try: name a workload, or give manifests/],
		[{ manifests: 'a: [' }, 400, /Line 1, column 5/],
		[{ manifests: 'kind: Deployment' }, 400, /There is no object of a kind that is judged here/],
		[{ manifests: 'x'.repeat(600_000) }, 400, /manifests/],
		[
			{ manifests: withoutServer, digest: `sha256:${'0'.repeat(64)}` },
			400,
			/A digest is of one workload and class/
		],
		[{ manifests: withoutServer, days: 3 }, 400, /name it/],
		[{ workload: 'nobody' }, 404, /No workload is called/],
		[{ workload: 'nginx', language: 'moon' }, 404, /There is no language .*moon/],
		[{ workload: 'nginx', class: 'network', digest: `sha256:${'0'.repeat(64)}` }, 404, /has no policy/],
		[{ workload: 'nginx', days: 1000 }, 400, /days/],
		[{ workload: 'nginx', nonsense: 1 }, 400, /nonsense/]
	]
	for (const [body, status, said] of cases) {
		const answer = await post('/api/v1/simulations', body)
		assert.equal(answer.status, status, answer.text)
		assert.match(JSON.stringify(answer.json<Problem>()), said)
	}
})
