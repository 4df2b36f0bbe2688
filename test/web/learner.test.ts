import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type { Batch } from '../../collector/observation.js'
import { FEATURES } from '../../discovery/learn/hazard.js'
import { readinessSentence } from '../../web/operations/readiness.js'
import { reckoningSentence } from '../../web/operations/reckoning.js'
import type * as shape from '../../web/operations/shape.js'
import { container, nginx, sighting, T0, type TemporaryStore } from '../enforcer/temporary-store.js'
import { openApi } from './api.js'

type Of<S extends z.ZodType> = z.output<S>
const web = container('shop', 'web', 'app')
const HOUR_MS = 3_600_000
const SHELL = '/bin/sh'

/** Sixty watched hours, four starts, and a person's session in the container. */
async function seen(store: TemporaryStore): Promise<void> {
	const firstHour = Math.floor(T0 / HOUR_MS) - 60
	const hours = Array.from({ length: 60 }, (_, i) => firstHour + i)
	const more: Partial<Batch> = {
		exposure: [nginx, web].flatMap((subject) => hours.map((hour) => ({ subject, hour, lossy: false }))),
		starts: [0, 10, 20, 30].map((hour) => ({
			subject: web,
			pod: 'web-1',
			atMs: (firstHour + hour) * HOUR_MS
		}))
	}
	const every = (at: (atMs: number) => ReturnType<typeof sighting>) =>
		hours.map((hour) => at(hour * HOUR_MS + 1000))
	const at = (atMs: number) => ({ firstMs: atMs, lastMs: atMs })
	await store.see(
		[
			...every((ms) => sighting(web, 'exec', '/app/server', { source: '', required: true, ...at(ms) })),
			...every((ms) => sighting(web, 'read', '/app/config.yaml', { source: '/app/server', ...at(ms) })),
			...every((ms) => sighting(nginx, 'read', '/etc/nginx/nginx.conf', at(ms))),
			sighting(web, 'exec', SHELL, { source: '', interactive: true, detail: 'sh -c id' }),
			sighting(web, 'read', '/etc/passwd', { source: SHELL, interactive: true }),
			sighting(web, 'connect', 'egress/tcp/4444/192.0.2.66', { source: SHELL, interactive: true })
		],
		more
	)
}

test('readiness: both risks in one sentence, what they are made of, and what it waits for', async (t) => {
	const { store, get } = await openApi(t)
	await seen(store)
	const { items } = (await get('/api/v1/workloads/web%2Fapp/readiness')).json<
		Of<typeof shape.ReadinessList>
	>()
	const [process] = items
	assert.ok(process)
	assert.equal(process.class, 'process')
	assert.equal(process.standing, 'not-yet')
	assert.match(
		process.sentence,
		/^A new behaviour within 24 h: [\d.]+ % \([\d.]+ % in the next hour\); seen 60 hours, 4 starts, no gaps; weekly and monthly jobs not yet seen\.$/
	)
	assert.ok(process.riskNextHour < process.risk24 && process.risk24 < 1)
	assert.ok(process.blockers.length > 0)
	assert.equal(process.calibrated, false)
	assert.equal(process.secondStage?.contributions.length, FEATURES.length)
	assert.equal(process.curve.at(-1)?.hour, 60)
	assert.equal(process.curve.at(-1)?.risk, process.risk24)
	assert.ok(items.some((one) => one.class === 'network' && one.heldCount === 1))

	const one = (await get('/api/v1/workloads/web%2Fapp/readiness?class=file-read')).json<
		Of<typeof shape.ReadinessList>
	>()
	assert.deepEqual(
		one.items.map((item) => item.class),
		['file-read']
	)
	const { sentences } = (await get('/api/v1/explain/web%2Fapp?class=process')).json<
		Of<typeof shape.Explanation>
	>()
	assert.ok(sentences.includes(process.sentence))
	assert.ok(sentences.some((sentence) => sentence.startsWith('It is not ready to be enforced: ')))
	assert.ok(sentences.some((sentence) => sentence.startsWith('The fitted model, version ')))
})

test('lists say how ready each class is, narrow by it and sort by the risk', async (t) => {
	const { store, get } = await openApi(t)
	await seen(store)
	const list = async (query: string) =>
		(await get(`/api/v1/policies${query}`)).json<Of<typeof shape.SuggestionPage>>()
	const all = await list('?sort=risk')
	const risks = all.items.map((item) => item.readiness?.risk24 ?? 2)
	assert.deepEqual(
		risks,
		risks.toSorted((a, b) => a - b)
	)
	assert.deepEqual(all.facets.readiness, [{ value: 'not-yet', count: all.total }])
	assert.equal((await list('?readiness=ready')).total, 0)
	const workloads = (await get('/api/v1/workloads?search=app')).json<Of<typeof shape.WorkloadPage>>()
	const classes = workloads.items[0]?.classes ?? []
	assert.equal(classes.find((one) => one.class === 'process')?.readiness?.standing, 'not-yet')
	assert.equal(
		classes.find((one) => one.class === 'network')?.readiness?.standing,
		'not-yet',
		'the network is the pod’s, and held behaviours alone make it known'
	)
	assert.equal(classes.find((one) => one.class === 'privilege')?.readiness, null)
})

test('what is held comes bundle by bundle; answered as needed it is in the next revision', async (t) => {
	const { store, get, post } = await openApi(t)
	await seen(store)
	const list = async (query = '') => (await get(`/api/v1/held${query}`)).json<Of<typeof shape.HeldPage>>()
	const held = await list()
	assert.deepEqual(
		held.items.map((item) => [item.verb, item.object]),
		[
			['exec', SHELL],
			['read', '/etc/passwd'],
			['connect', 'egress/tcp/4444/cidr:192.0.2.66/32']
		]
	)
	const [shell, passwd, connect] = held.items
	assert.ok(shell && passwd && connect)
	assert.equal(shell.bundle, passwd.bundle)
	assert.equal(shell.bundleCount, 2)
	assert.equal(shell.bundleScore, shell.score + passwd.score)
	assert.match(shell.reason, /interactive session/)
	assert.equal(connect.workload, 'c1/shop/Deployment/web', 'the network is the pod’s')
	assert.equal((await list('?class=network')).total, 1)
	assert.equal((await list('?workload=web%2Fapp')).total, 3)
	assert.equal((await list('?workload=nginx')).total, 0)
	assert.equal((await list('?cause=bundle')).total, 0)
	assert.equal((await list('?search=passwd')).total, 1)
	assert.equal(
		(await list(`?limit=1&continue=${(await list('?limit=1')).continue}`)).items[0]?.object,
		'/etc/passwd'
	)

	const before = store.digest(shell.workload, 'process')
	const answer = (
		await post('/api/v1/held/answer', {
			items: [named(shell), named(connect), { ...named(shell), object: '/bin/never' }],
			decision: 'needed',
			reason: 'the entry point needs it'
		})
	).json<Of<typeof shape.AnsweredMany>>()
	assert.deepEqual(
		answer.items.map((item) => item.status),
		[200, 200, 404]
	)
	assert.equal(answer.items[0]?.answer?.actor, 'local:ann')
	assert.match(answer.items[2]?.problem?.detail ?? '', /Nothing like exec \/bin\/never is held of shop/)
	assert.equal((await list('?answer=needed')).total, 2, 'until discovery has looked')

	await store.see([])
	assert.notEqual(store.digest(shell.workload, 'process'), before)
	const policy = (await get('/api/v1/policies/web%2Fapp/process')).json<Of<typeof shape.PolicyDetail>>()
	assert.ok(policy.rules.some((rule) => rule.object === SHELL))
	assert.deepEqual(
		(await list()).items.map((item) => item.object),
		['/etc/passwd']
	)
	const history = (await get('/api/v1/history?workload=web%2Fapp')).json<Of<typeof shape.HistoryPage>>()
	assert.deepEqual(
		history.items
			.map((entry) => entry.kind === 'answer' && [entry.answer.decision, entry.answer.object])
			.sort(),
		[
			['needed', SHELL],
			['needed', connect.object]
		]
	)

	// A person may think again, also of what is no longer held.
	await post('/api/v1/held/answer', { items: [named(shell)], decision: 'malicious', reason: 'it was not us' })
	await store.see([])
	const again = await list()
	assert.equal(again.items.find((item) => item.object === SHELL)?.answer?.decision, 'malicious')
	assert.equal(again.items.find((item) => item.object === SHELL)?.cause, 'rejected')
	assert.equal(again.items.at(-1)?.object, SHELL, 'what is answered comes last')
})

test('an answer needs a reason, and a verb that there is', async (t) => {
	const { store, post } = await openApi(t)
	await seen(store)
	const item = { workload: 'web/app', verb: 'exec', object: SHELL, source: '' }
	const none = await post('/api/v1/held/answer', { items: [item], decision: 'needed', reason: '' })
	assert.equal(none.status, 400)
	const odd = await post('/api/v1/held/answer', {
		items: [{ ...item, verb: 'toString' }],
		decision: 'needed',
		reason: 'x'
	})
	assert.equal(odd.json<Of<typeof shape.AnsweredMany>>().items[0]?.status, 400)
	const nobody = await post('/api/v1/held/answer', {
		items: [{ ...item, workload: 'nobody' }],
		decision: 'needed',
		reason: 'x'
	})
	assert.equal(nobody.json<Of<typeof shape.AnsweredMany>>().items[0]?.status, 404)
	assert.equal(store.reader.all('SELECT 1 FROM decisions').length, 0)
})

test('a rule says what it costs and saves', async (t) => {
	const { store, get } = await openApi(t)
	await seen(store)
	const evidence = (await get('/api/v1/policies/nginx/file-read/rules/0')).json<
		Of<typeof shape.RuleEvidence>
	>()
	assert.equal(evidence.reckoning?.origin, 'observed')
	assert.match(evidence.account, /^Observed; it takes \d+ entr(y|ies) of an enforcer's map, grants nothing/)
	const { sentences } = (await get('/api/v1/explain/nginx?class=file-read&rule=0')).json<
		Of<typeof shape.Explanation>
	>()
	assert.ok(sentences.includes(evidence.account))
})

test('predictions are held against what came', async (t) => {
	const { store, get } = await openApi(t)
	await seen(store)
	const hour = Math.floor(T0 / HOUR_MS) - 40
	const insert = (at: number, risk: number, eligible: number, outcome: number | null) => ({
		sql: 'INSERT INTO predictions (workload_id, class, hour, risk, tau, exposed_hours, features, eligible, outcome) VALUES (?, ?, ?, ?, 0.1, 50, ?, ?, ?)',
		params: [store.workloadId('host/n1/nginx.service'), 'file-read', at, risk, '[]', eligible, outcome]
	})
	await store.writer.transact([
		insert(hour, 0.05, 1, 0),
		insert(hour + 1, 0.05, 0, 0),
		insert(hour + 2, 0.9, 1, 1),
		insert(hour + 3, 0.9, 1, null)
	])
	const found = (await get('/api/v1/predictions?workload=nginx')).json<Of<typeof shape.Predictions>>()
	assert.equal(found.all.count, 3)
	assert.equal(found.all.observedOverPredicted, 1)
	assert.equal(found.atDecision.count, 1)
	assert.ok(found.openCount >= 1)
	assert.deepEqual(
		found.classes.map((one) => [one.class, one.count]),
		[['file-read', 3]]
	)
	assert.match(
		found.sentence,
		/^Of 3 predictions of the last 30 days, new behaviours came 1\.00 times as often/
	)
	const none = (await get('/api/v1/predictions?workload=web%2Fapp&days=1')).json<
		Of<typeof shape.Predictions>
	>()
	assert.match(none.sentence, /^No prediction of the last 1 days can be judged yet\./)
})

test('the sentences, word by word', () => {
	const base = { risk24: 0.03, riskNextHour: 0.001, exposedHours: 412, startCount: 9, gapCount: 0 }
	const weekly = { periodHours: 168, probability: 0.3, declaredBy: '', watchedHours: 100, risk: 0.01 }
	assert.equal(
		readinessSentence({ ...base, unseenPeriods: [weekly], standing: 'not-yet' }),
		'A new behaviour within 24 h: 3 % (0.1 % in the next hour); seen 412 hours, 9 starts, no gaps; weekly jobs not yet seen.'
	)
	assert.equal(
		readinessSentence({
			...base,
			gapCount: 1,
			unseenPeriods: [{ ...weekly, declaredBy: 'CronJob shop/report', probability: 1 }],
			standing: 'open-ended'
		}),
		'A new behaviour within 24 h: 3 % (0.1 % in the next hour); seen 412 hours, 9 starts, 1 gap; CronJob shop/report (weekly) not yet watched for a whole period; open-ended: it goes on bringing new behaviours.'
	)
	assert.equal(
		reckoningSentence(
			{
				origin: 'observed',
				entryCount: 1,
				unseenCount: 40,
				bits: 12.34,
				exactBlocksExpected: 3.42,
				costKeep: 3.5,
				costRule: 2.2,
				wallCount: 3,
				tokens: [],
				sensitivity: 0,
				peers: { count: 2, of: 3 }
			},
			{ coveredCount: 12 }
		),
		"Observed; it takes 1 entry of an enforcer's map, grants 40 objects that nobody saw used (12 bits), where a list of the 12 objects would be expected to cause 3.4 hours with a false block in 14 days, covers none of 3 sensitive objects that it was checked against, done by 2 of 3 other workloads of the same image."
	)
	assert.equal(reckoningSentence(null, { coveredCount: 1 }), '')
})

function named({ workload, verb, object, source }: Of<typeof shape.HeldItem>) {
	return { workload, verb, object, source }
}
