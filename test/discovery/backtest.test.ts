import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InventoryItem, Sighting, Subject } from '../../collector/observation.js'
import { type Simulation, simulate } from '../../discovery/backtest.js'
import { backtestDaily } from '../../discovery/backtest/daily.js'
import {
	container,
	nginx,
	sighting,
	T0,
	type TemporaryStore,
	temporaryStore
} from '../enforcer/temporary-store.js'
import { item } from './sighted.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW_MS = T0 + 30 * DAY_MS
const web = container('shop', 'web', 'app')
const web2: Subject = { ...web, ...(web.kind === 'container' ? { pod: 'web-2' } : {}) }
const db = container('shop', 'db', 'postgres')

/** A pod of a Deployment of the cluster that `container` names. */
function pod(
	deployment: string,
	name: string,
	address: string,
	more: Partial<InventoryItem> = {}
): InventoryItem {
	return item('Pod', 'shop', name, {
		cluster: 'c1',
		fromMs: T0 - DAY_MS,
		labels: { app: deployment },
		addresses: [address],
		owner: { kind: 'Deployment', name: deployment },
		node: 'n1',
		containers: [
			{ name: deployment === 'web' ? 'app' : 'postgres', image: '', id: '', init: false, ephemeral: false }
		],
		...more
	})
}

const inventory = [pod('web', 'web-1', '10.0.0.1'), pod('db', 'db-1', '10.0.0.2')]

/** Allows the server to run and to read its configuration, and nothing else in these classes. */
const serverPolicy = {
	apiVersion: 'security.kubearmor.com/v1',
	kind: 'KubeArmorPolicy',
	metadata: { name: 'server', namespace: 'shop' },
	spec: {
		selector: { matchLabels: { app: 'web' } },
		process: { matchPaths: [{ path: '/app/server' }] },
		file: {
			matchDirectories: [{ dir: '/etc/app/', recursive: true }],
			matchPaths: [{ path: '/app/server' }]
		},
		action: 'Allow'
	}
}

function networkPolicy(name: string, app: string, egress: unknown[], extra: Record<string, unknown> = {}) {
	return {
		apiVersion: 'networking.k8s.io/v1',
		kind: 'NetworkPolicy',
		metadata: { name, namespace: 'shop' },
		spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Egress'], egress, ...extra }
	}
}

function run(
	store: TemporaryStore,
	given: Record<string, unknown>[],
	more: Partial<Parameters<typeof simulate>[1]> = {}
): Simulation {
	return simulate(store.reader, {
		given,
		known: [],
		sinceMs: 0,
		nowMs: NOW_MS,
		posture: 'block',
		isLearned: false,
		limit: 100,
		...more
	})
}

const said = ({ findings }: Simulation) => findings.map((one) => `${one.kind} ${one.verb} ${one.object}`)

const by = (subject: Subject, ...rest: [Sighting['verb'], string, Partial<Sighting>?]) =>
	sighting(subject, rest[0], rest[1], { source: '/app/server', ...rest[2] })

test('what would have been blocked: by which rule, how often, when first and last, in which pods', async (t) => {
	const store = await temporaryStore(t)
	await store.see(
		[
			by(web, 'exec', '/app/server'),
			by(web, 'read', '/etc/app/app.conf', { count: 40 }),
			by(web, 'read', '/etc/ssl/cert.pem', { count: 3 }),
			by(web2, 'read', '/etc/ssl/cert.pem', {
				count: 4,
				firstMs: T0 + 2 * DAY_MS + HOUR_MS,
				lastMs: T0 + 2 * DAY_MS + HOUR_MS
			}),
			by(web, 'exec', '/bin/sh', { count: 1, firstMs: T0 + 5000, lastMs: T0 + 5000 }),
			by(web, 'read', '/etc/shadow', { result: 'denied', count: 9 }),
			by(web, 'read', '/nowhere', { result: 'failed', count: 99 }),
			by(db, 'read', '/etc/ssl/cert.pem')
		],
		{ inventory }
	)
	const result = run(store, [serverPolicy])
	assert.deepEqual(said(result), [
		'block read /etc/ssl/cert.pem',
		'block exec /bin/sh',
		'denied read /etc/shadow'
	])
	const [first] = result.findings
	assert.deepEqual(first, {
		kind: 'block',
		workloadId: store.workloadId('c1/shop/Deployment/web/app'),
		workload: 'c1/shop/Deployment/web/app',
		class: 'file-read',
		verb: 'read',
		object: '/etc/ssl/cert.pem',
		source: '/app/server',
		verdict: 'block',
		language: 'kubearmor',
		rule: 'DefaultPosture block: not listed, and server: Allow file /app/server makes file a whitelist.',
		count: 7,
		firstMs: T0,
		lastMs: T0 + 2 * DAY_MS + HOUR_MS,
		hourCount: 2,
		dayCount: 2,
		pods: ['web-1', 'web-2'],
		reason: ''
	})
	assert.equal(result.findings[2]?.verdict, 'block', 'it would be denied again')
	assert.deepEqual(result.totals, { block: 2, audit: 0, unsure: 0, 'set-aside': 0, denied: 1 })
	const reads = result.classes.find((one) => one.class === 'file-read')
	assert.deepEqual(reads, {
		class: 'file-read',
		behaviourCount: 2,
		count: 47,
		blocked: 1,
		blockedCount: 7,
		audited: 0,
		unsure: 0,
		setAside: 0,
		denied: 1
	})
	assert.deepEqual(
		result.workloads.map((one) => [one.name, one.isSelected, one.blocked]),
		[['c1/shop/Deployment/web/app', true, 2]],
		'only what the policy selects'
	)
	assert.deepEqual(result.notes, [])
})

test('under an audit posture the same is audited, and what an explicit rule blocks stays blocked', async (t) => {
	const store = await temporaryStore(t)
	await store.see([by(web, 'read', '/etc/ssl/cert.pem'), by(web, 'exec', '/bin/sh')], { inventory })
	const blocking = structuredClone(serverPolicy)
	Object.assign(blocking.spec.process, { matchPaths: [{ path: '/bin/sh', action: 'Block' }] })
	const result = run(store, [blocking], { posture: 'audit' })
	assert.deepEqual(said(result), ['block exec /bin/sh', 'audit read /etc/ssl/cert.pem'])
	assert.equal(result.findings[0]?.rule, 'server: Block process /bin/sh')
})

test('a part of the history, a class, a workload: what was not asked for is not there', async (t) => {
	const store = await temporaryStore(t)
	const late = { firstMs: T0 + 3 * DAY_MS, lastMs: T0 + 3 * DAY_MS }
	await store.see(
		[
			by(web, 'read', '/old'),
			by(web, 'read', '/new', late),
			by(web, 'exec', '/bin/sh', late),
			by(db, 'read', '/x')
		],
		{ inventory }
	)
	assert.deepEqual(said(run(store, [serverPolicy], { sinceMs: T0 + DAY_MS })), [
		'block exec /bin/sh',
		'block read /new'
	])
	assert.deepEqual(said(run(store, [serverPolicy], { classes: ['process'] })), ['block exec /bin/sh'])
	const other = run(store, [serverPolicy], {
		workloadIds: new Set([store.workloadId('c1/shop/Deployment/db/postgres')])
	})
	assert.deepEqual(said(other), [])
	assert.equal(other.workloads[0]?.isSelected, false)
})

test('what a person did in a terminal is set aside; a probe that the pod declares is a need', async (t) => {
	const store = await temporaryStore(t)
	const containers = [
		{
			name: 'app',
			image: '',
			id: '',
			init: false,
			ephemeral: false,
			probes: [{ kind: 'exec' as const, command: ['/bin/check'] }]
		}
	]
	await store.see(
		[
			by(web, 'exec', '/bin/bash', { interactive: true, source: '' }),
			by(web, 'exec', '/bin/check', { interactive: true, source: '', detail: '/bin/check' })
		],
		{ inventory: [pod('web', 'web-1', '10.0.0.1', { containers })] }
	)
	const result = run(store, [serverPolicy])
	assert.deepEqual(said(result), ['block exec /bin/check', 'set-aside exec /bin/bash'])
	assert.match(result.findings[1]?.reason ?? '', /interactive sessions/)
})

test('what learning holds back is set aside from what was learned, and blocked by what was written', async (t) => {
	const store = await temporaryStore(t)
	await store.see([by(web, 'exec', '/app/server'), by(web, 'exec', '/bin/sh')], { inventory })
	const written = run(store, [serverPolicy])
	assert.deepEqual(said(written), ['block exec /bin/sh'])
	const learned = run(store, [serverPolicy], { isLearned: true })
	assert.deepEqual(said(learned), ['set-aside exec /bin/sh'])
	assert.notEqual(learned.findings[0]?.reason, '')
	assert.equal(written.findings[0]?.reason, learned.findings[0]?.reason, 'the doubt is told in either case')
})

test('policies add up: beside a wider one of somebody else, ours blocks nothing', async (t) => {
	const store = await temporaryStore(t)
	await store.see([by(web, 'connect', 'egress/tcp/443/203.0.113.9')], { inventory })
	const ours = networkPolicy('ours', 'web', [])
	const theirs = networkPolicy('theirs', 'web', [{ ports: [{ port: 443 }] }])
	assert.deepEqual(said(run(store, [ours])), ['block connect egress/tcp/443/203.0.113.9'])
	assert.deepEqual(said(run(store, [ours], { known: [theirs] })), [])
	const narrower = networkPolicy('theirs', 'web', [{ ports: [{ port: 80 }] }])
	assert.deepEqual(
		said(run(store, [narrower], { known: [theirs] })),
		['block connect egress/tcp/443/203.0.113.9'],
		'what is given takes the place of what is known by the same name'
	)
})

test('an address that changed hands is judged by whose it was at the time', async (t) => {
	const store = await temporaryStore(t)
	const movedMs = T0 + DAY_MS
	const at = (ms: number) => ({ firstMs: ms, lastMs: ms })
	await store.see(
		[
			by(web, 'connect', 'egress/tcp/5432/10.0.0.2', { count: 10, ...at(T0) }),
			by(web, 'connect', 'egress/tcp/5432/10.0.0.2', { count: 3, ...at(T0 + 2 * DAY_MS) })
		],
		{
			inventory: [
				pod('web', 'web-1', '10.0.0.1'),
				pod('db', 'db-1', '10.0.0.2', { toMs: movedMs }),
				pod('stranger', 'stranger-1', '10.0.0.2', { fromMs: movedMs })
			]
		}
	)
	const toDb = networkPolicy('to-db', 'web', [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }] }])
	const [finding, ...others] = run(store, [toDb]).findings
	assert.deepEqual([finding?.kind, finding?.count, finding?.firstMs], ['block', 3, T0 + 2 * DAY_MS])
	assert.deepEqual(others, [])
})

test('a service address leads to its pods; who is not known may have been let in', async (t) => {
	const store = await temporaryStore(t)
	const service = item('Service', 'shop', 'db', {
		cluster: 'c1',
		fromMs: T0 - DAY_MS,
		addresses: ['10.96.0.7'],
		selector: { app: 'db' },
		ports: [{ name: 'sql', port: 5432, targetPort: 15432, protocol: 'TCP' }]
	})
	await store.see(
		[
			by(web, 'connect', 'egress/tcp/5432/10.96.0.7'),
			by(web, 'connect', 'egress/tcp/5432/pod:shop/gone-1'),
			by(web, 'connect', 'egress/tcp/9999/name:example.com'),
			by(web, 'connect', 'egress/tcp/5432/127.0.0.1')
		],
		{ inventory: [...inventory, service] }
	)
	const peers = [{ podSelector: { matchLabels: { app: 'db' } } }]
	const ports = [{ port: 15432 }, { port: 5432 }]
	const result = run(store, [networkPolicy('to-db', 'web', [{ to: peers, ports }])])
	assert.deepEqual(said(result), [
		'block connect egress/tcp/9999/name:example.com',
		'unsure connect egress/tcp/5432/pod:shop/gone-1'
	])
	assert.match(result.findings[1]?.reason ?? '', /Nobody recorded who/)
})

test('intervals for which the history cannot speak', async (t) => {
	const store = await temporaryStore(t)
	const hour = T0 / HOUR_MS
	await store.see(
		[by(web, 'read', '/a'), by(web, 'read', '/b', { firstMs: T0 + 9 * HOUR_MS, lastMs: T0 + 9 * HOUR_MS })],
		{
			inventory,
			exposure: [0, 1, 2, 3, 8, 9].map((n) => ({ subject: web, hour: hour + n, lossy: n === 2 })),
			gaps: [
				{
					scope: 'node:n1',
					fromMs: T0 + 3 * HOUR_MS,
					toMs: T0 + 3 * HOUR_MS + 60_000,
					reason: 'ring-full',
					lostCount: 5,
					detail: ''
				},
				{ scope: 'node:other', fromMs: T0, toMs: T0 + DAY_MS, reason: 'agent-down', lostCount: 0, detail: '' }
			]
		}
	)
	const [workload] = run(store, [serverPolicy], {
		censored: () => [{ fromMs: T0 + 8 * HOUR_MS, toMs: T0 + 9 * HOUR_MS }]
	}).workloads
	assert.deepEqual(
		workload?.blind.map(({ fromMs, toMs, kind, reason }) => [
			(fromMs - T0) / HOUR_MS,
			(toMs - T0) / HOUR_MS,
			kind,
			reason
		]),
		[
			[2, 3, 'lossy', ''],
			[3, 3 + 1 / 60, 'gap', 'ring-full'],
			[4, 8, 'unwatched', ''],
			[8, 9, 'censored', '']
		]
	)
	assert.deepEqual(
		[workload?.watchedHours, workload?.lossyHours, workload?.censoredHours, workload?.unwatchedHours],
		[2, 1, 1, 4]
	)
})

test('a manifest that selects nothing is said, and so is a workload that no label is known of', async (t) => {
	const store = await temporaryStore(t)
	await store.see([by(web, 'read', '/a')])
	const result = run(store, [serverPolicy])
	assert.deepEqual(
		result.notes.map((note) => note.text),
		['KubeArmorPolicy server in the namespace shop selects no workload that the store knows.']
	)
	const chosen = run(store, [serverPolicy], { workloadIds: new Set([1]) })
	assert.match(chosen.notes[0]?.text ?? '', /No pod of c1\/shop\/Deployment\/web\/app is in the inventory/)
})

test('an empty history has a clear answer', async (t) => {
	const store = await temporaryStore(t)
	const result = run(store, [serverPolicy])
	assert.deepEqual(result.workloads, [])
	assert.deepEqual(result.totals, { block: 0, audit: 0, unsure: 0, 'set-aside': 0, denied: 0 })
	assert.deepEqual(backtestDaily(store.reader, { workloadId: 1, dayCount: 30, nowMs: NOW_MS }).days, [])
})

test('each past day is tried with the policy of the days before it, and with nothing of later ones', async (t) => {
	const store = await temporaryStore(t)
	const at = (day: number, hour = 0) => ({
		firstMs: T0 + day * DAY_MS + hour * HOUR_MS,
		lastMs: T0 + day * DAY_MS + hour * HOUR_MS
	})
	const watched = [0, 1, 2, 4, 5].flatMap((day) =>
		[0, 1, 2, 3].map((hour) => ({ subject: nginx, hour: T0 / HOUR_MS + day * 24 + hour, lossy: false }))
	)
	await store.see(
		[
			sighting(nginx, 'connect', 'egress/tcp/443/203.0.113.1', at(0)),
			sighting(nginx, 'connect', 'egress/tcp/443/203.0.113.1', at(1)),
			// New on the third day, in two of its hours.
			sighting(nginx, 'connect', 'egress/tcp/80/203.0.113.2', { count: 5, ...at(2) }),
			sighting(nginx, 'connect', 'egress/tcp/80/203.0.113.2', at(2, 3)),
			// The fourth day was not watched.
			sighting(nginx, 'connect', 'egress/tcp/25/203.0.113.3', at(3)),
			sighting(nginx, 'connect', 'egress/tcp/80/203.0.113.2', at(4)),
			sighting(nginx, 'connect', 'egress/tcp/25/203.0.113.3', at(4)),
			// Denied and failed attempts are no false blocks.
			sighting(nginx, 'connect', 'egress/tcp/22/203.0.113.4', { result: 'denied', ...at(5) }),
			sighting(nginx, 'connect', 'egress/tcp/23/203.0.113.4', { result: 'failed', ...at(5) })
		],
		{ exposure: watched }
	)
	const workloadId = store.workloadId('host/n1/nginx.service')
	const result = backtestDaily(store.reader, {
		workloadId,
		dayCount: 30,
		nowMs: NOW_MS,
		classes: ['network']
	})
	assert.deepEqual(
		result.days.map(({ state, watchedHours, blockedHours, behaviourCount, count }) => [
			state,
			watchedHours,
			blockedHours,
			behaviourCount,
			count
		]),
		[
			['no-policy', 4, 0, 0, 0],
			['tested', 4, 0, 0, 0],
			['tested', 4, 2, 1, 6],
			['unwatched', 0, 0, 0, 0],
			['tested', 4, 0, 0, 0],
			['tested', 4, 0, 0, 0]
		]
	)
	assert.equal(result.total.testedDays, 4)
	assert.equal(result.total.blockedDays, 1)
	assert.equal(result.total.perHundredDays?.value, 50)
	assert.deepEqual(
		result.classes.map((one) => [one.class, one.testedDays]),
		[
			['process', 0],
			['file-read', 0],
			['file-write', 0],
			['network', 4],
			['privilege', 0]
		]
	)
	const [surprise, ...others] = result.surprises
	assert.deepEqual(others, [])
	assert.equal(surprise?.object, 'egress/tcp/80/203.0.113.2')
	assert.equal(surprise?.language, 'host')
	assert.deepEqual([surprise?.count, surprise?.hourCount, surprise?.days.length], [6, 2, 1])
	const short = backtestDaily(store.reader, { workloadId, dayCount: 2, nowMs: NOW_MS, classes: ['network'] })
	assert.equal(short.days.length, 2)
})

test('the learner is a parameter: one that allows everything is never surprised', async (t) => {
	const store = await temporaryStore(t)
	const hours = [0, 24].map((hour) => ({ subject: nginx, hour: T0 / HOUR_MS + hour, lossy: false }))
	await store.see(
		[
			sighting(nginx, 'connect', 'egress/tcp/443/203.0.113.1'),
			sighting(nginx, 'connect', 'egress/tcp/80/203.0.113.2', { firstMs: T0 + DAY_MS, lastMs: T0 + DAY_MS })
		],
		{ exposure: hours }
	)
	const asked: number[] = []
	const result = backtestDaily(store.reader, {
		workloadId: store.workloadId('host/n1/nginx.service'),
		dayCount: 30,
		nowMs: NOW_MS,
		learn: (before) => {
			asked.push(before.length)
			return []
		}
	})
	assert.deepEqual(asked, [0, 1], 'only what came before each day')
	assert.deepEqual(
		result.days.map((day) => day.state),
		['no-policy', 'no-policy']
	)
	assert.equal(result.total.perHundredDays, null, 'nothing was tested, so nothing is claimed')
})

test('what a person called malicious is no false block of any day', async (t) => {
	const store = await temporaryStore(t)
	const hours = [0, 24].map((hour) => ({ subject: nginx, hour: T0 / HOUR_MS + hour, lossy: false }))
	const second = { firstMs: T0 + DAY_MS, lastMs: T0 + DAY_MS }
	await store.see(
		[sighting(nginx, 'exec', '/usr/sbin/nginx'), sighting(nginx, 'exec', '/usr/sbin/miner', second)],
		{ exposure: hours }
	)
	const workloadId = store.workloadId('host/n1/nginx.service')
	const tried = () =>
		backtestDaily(store.reader, { workloadId, dayCount: 30, nowMs: NOW_MS, classes: ['process'] })
	assert.deepEqual(
		tried().surprises.map((one) => one.object),
		['/usr/sbin/miner']
	)
	const params = [workloadId, 'exec', '/usr/sbin/miner', '/usr/sbin/nginx', 'malicious', 'ann', 'no', NOW_MS]
	await store.writer.transact([
		{
			sql: `INSERT INTO decisions (workload_id, verb, object, source, decision, actor, reason, at_ms)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			params
		}
	])
	assert.deepEqual(tried().surprises, [])
	assert.equal(tried().total.testedDays, 1)
})
