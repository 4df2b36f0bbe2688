import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type * as shape from '../../web/operations/shape.js'
import { nginx, sighting } from '../enforcer/temporary-store.js'
import { openApi } from './api.js'

type Of<S extends z.ZodType> = z.output<S>
const POLICY = '/api/v1/policies/nginx/network'
const NAME = 'host/n1/nginx.service'

test('approve, apply, history, rollback; a stale digest is a conflict', async (t) => {
	const { store, get, post } = await openApi(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const stale = store.digest(NAME, 'network')
	await store.see([sighting(nginx, 'connect', 'egress/tcp/443/10.0.0.9')])
	const digest = store.digest(NAME, 'network')

	const conflict = await post(`${POLICY}/approve`, { digest: stale })
	assert.equal(conflict.status, 409)
	assert.match(String(conflict.headers['content-type']), /^application\/problem\+json/)
	const { type, detail } = conflict.json<Of<typeof shape.Problem>>()
	assert.equal(type, '/problems/conflict')
	assert.match(detail, /Read that one and decide again\.$/)
	assert.equal((await post(`${POLICY}/approve`, { digest: `sha256:${'0'.repeat(64)}` })).status, 404)
	assert.equal((await post(`${POLICY}/approve`, { digest: 'latest' })).status, 400)
	assert.equal((await post(`${POLICY}/reject`, { digest })).status, 400, 'a rejection says why')
	assert.equal(
		(await post(`${POLICY}/apply`, { target: 'directory' })).status,
		409,
		'nothing is approved yet'
	)

	const decided = (await post(`${POLICY}/approve`, { digest, reason: 'read it' })).json<
		Of<typeof shape.Decided>
	>()
	assert.equal(decided.approval.actor, 'local:ann')
	assert.match(decided.sentence, /waits to be applied/)
	const plan = (await post(`${POLICY}/plan`, { target: 'directory' })).json<Of<typeof shape.Plan>>()
	assert.deepEqual(plan.refusals, [])
	const applied = (await post(`${POLICY}/apply`, { target: 'directory' })).json<Of<typeof shape.Changed>>()
	assert.equal(applied.state, 'applied')
	assert.match(applied.sentence, /applied, unproven/)
	assert.deepEqual(applied.change.plan, plan)
	assert.equal(
		(await post(`${POLICY}/apply`, { target: 'directory' })).json<Of<typeof shape.Changed>>().changed,
		false
	)
	assert.equal((await post(`${POLICY}/apply`, { target: 'host' })).status, 503)
	assert.equal((await post(`${POLICY}/apply`, { target: '../etc' })).status, 400)

	const undo = (await post(`${POLICY}/rollback/plan`)).json<Of<typeof shape.Plan>>()
	assert.deepEqual(undo.actions, plan.undo)
	const back = (await post(`${POLICY}/rollback`)).json<Of<typeof shape.Changed>>()
	assert.equal(back.change.revertsId, applied.change.id)
	assert.equal((await post(`${POLICY}/rollback`)).status, 409)
	const history = (await get('/api/v1/history?workload=nginx')).json<Of<typeof shape.HistoryPage>>()
	assert.deepEqual(
		history.items.map((one) => one.kind),
		['change', 'change', 'approval']
	)
	const first = (await get('/api/v1/history?limit=1')).json<Of<typeof shape.HistoryPage>>()
	const rest = (await get(`/api/v1/history?continue=${first.continue}`)).json<Of<typeof shape.HistoryPage>>()
	assert.deepEqual([...first.items, ...rest.items], history.items)
})

test('If-Match: somebody else decided meanwhile', async (t) => {
	const { store, get, post } = await openApi(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const digest = store.digest(NAME, 'network')
	const etag = String((await get(POLICY)).headers.etag)
	assert.match(etag, /^"[\w-]+"$/)
	assert.equal((await get(POLICY)).headers.etag, etag)
	assert.equal(
		(await post(`${POLICY}/reject`, { digest, reason: 'no' }, { 'if-match': '"other"' })).status,
		412
	)
	assert.equal((await post(`${POLICY}/approve`, { digest }, { 'if-match': etag })).status, 200)
	const late = await post(`${POLICY}/reject`, { digest, reason: 'no' }, { 'if-match': etag })
	assert.equal(late.status, 412)
	assert.equal(late.json<Of<typeof shape.Problem>>().type, '/problems/precondition-failed')
	assert.equal((await post(`${POLICY}/reject`, { digest, reason: 'no' }, { 'if-match': '*' })).status, 200)
})

test('many are decided at once, and each says what became of it', async (t) => {
	const { store, get, post } = await openApi(t)
	await store.see([
		sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5'),
		sighting(nginx, 'read', '/etc/nginx/nginx.conf')
	])
	const old = store.digest(NAME, 'network')
	await store.see([sighting(nginx, 'connect', 'egress/tcp/443/10.0.0.9')])
	const items = [
		{ workload: 'nginx', class: 'network', digest: old },
		{ workload: NAME, class: 'file-read', digest: store.digest(NAME, 'file-read') },
		{ workload: 'nobody', class: 'network', digest: old }
	]
	const answer = await post('/api/v1/policies/approve', { items, reason: 'read all three' })
	assert.equal(answer.status, 200)
	const made = answer.json<Of<typeof shape.DecidedMany>>()
	assert.deepEqual(
		made.items.map((one) => [one.workload, one.status, one.problem?.type ?? null]),
		[
			['nginx', 409, '/problems/conflict'],
			[NAME, 200, null],
			['nobody', 404, '/problems/not-found']
		]
	)
	assert.deepEqual([made.decidedCount, made.failedCount], [1, 2])
	assert.equal(made.items[1]?.decided?.approval.reason, 'read all three')
	assert.match(made.items[1]?.decided?.sentence ?? '', /waits to be applied/)
	assert.equal(made.items[0]?.problem?.instance, '/api/v1/policies/nginx/network')
	const alone = await post(`${POLICY}/approve`, { digest: old })
	assert.equal(made.items[0]?.problem?.detail, alone.json<Of<typeof shape.Problem>>().detail)

	const reject = (body: Record<string, unknown>) => post('/api/v1/policies/reject', body)
	assert.equal((await reject({ items })).status, 400, 'a rejection says why')
	assert.equal((await reject({ items: [], reason: 'no' })).status, 400)
	const many = Array.from({ length: 501 }, () => items[0])
	assert.equal((await reject({ items: many, reason: 'no' })).status, 400, 'no more than 500')
	const rejected = await reject({ items: items.slice(1, 2), reason: 'no' })
	assert.equal(rejected.json<Of<typeof shape.DecidedMany>>().items[0]?.decided?.approval.decision, 'rejected')
	const history = (await get('/api/v1/history')).json<Of<typeof shape.HistoryPage>>()
	assert.equal(history.items.length, 2)
})

test('Idempotency-Key: the same request is done once and answered the same', async (t) => {
	const { store, get, post } = await openApi(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const digest = store.digest(NAME, 'network')
	const key = { 'idempotency-key': 'k-1' }
	const answers = await Promise.all([1, 2, 3].map(() => post(`${POLICY}/approve`, { digest }, key)))
	assert.deepEqual(new Set(answers.map((one) => one.text)).size, 1)
	const other = await post(`${POLICY}/approve`, { digest, reason: 'other' }, key)
	assert.equal(other.status, 422)
	assert.equal((await post(`${POLICY}/approve`, { digest }, { 'idempotency-key': '' })).status, 400)
	const policy = (await get(POLICY)).json<Of<typeof shape.PolicyDetail>>()
	assert.equal(policy.approvals.length, 1)
})

test('problems have one shape, point at the field, and echo no secret', async (t) => {
	const { send, get, post, key } = await openApi(t)
	const cases: [
		Promise<{ status: number; text: string; headers: Record<string, unknown> }>,
		number,
		string
	][] = [
		[get('/api/v1/nothing'), 404, 'not-found'],
		[get('/api/v1/workloads?limit=100000'), 400, 'invalid'],
		[get('/api/v1/workloads?nonsense=1'), 400, 'invalid'],
		[post(`${POLICY}/approve`, { digest: 1 }), 400, 'invalid'],
		[
			send({
				method: 'POST',
				url: `${POLICY}/approve`,
				headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
				payload: '{'
			}),
			400,
			'invalid'
		],
		[
			send({
				method: 'POST',
				url: `${POLICY}/approve`,
				headers: { authorization: `Bearer ${key}`, 'content-type': 'text/xml' },
				payload: '<a/>'
			}),
			415,
			'unsupported-media-type'
		],
		[
			send({
				method: 'POST',
				url: `${POLICY}/approve`,
				headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
				payload: `"${'x'.repeat(1_100_000)}"`
			}),
			413,
			'too-large'
		],
		[send({ method: 'GET', url: '/api/v1/status?token=secret' }), 401, 'unauthenticated']
	]
	for (const [request, status, kind] of cases) {
		const answer = await request
		const body: Of<typeof shape.Problem> = JSON.parse(answer.text)
		assert.equal(answer.status, status, answer.text)
		assert.equal(body.type, `/problems/${kind}`)
		assert.equal(body.status, status)
		assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
		assert.ok(!answer.text.includes('secret') && !answer.text.includes(key))
		assert.ok(!/\bat .*:[0-9]+:[0-9]+/.test(answer.text), 'no stack')
	}
	const { errors } = (await get('/api/v1/workloads?limit=0&order=up')).json<Of<typeof shape.Problem>>()
	assert.deepEqual(errors?.map((one) => one.pointer).toSorted(), ['/query/limit', '/query/order'])
	assert.equal((await get('/problems/conflict')).status, 200)
	assert.equal((await get('/problems/nonsense')).status, 404)
})
