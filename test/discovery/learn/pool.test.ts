import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFileList } from '../../../discovery/learn/files.js'
import {
	contentPrior,
	createPool,
	hazardPrior,
	importsOf,
	NO_PEERS,
	poolKeys,
	posteriorRate,
	reviewImports,
	type Summary,
	summarise
} from '../../../discovery/learn/pool.js'
import { judge } from '../../../discovery/learn/trust.js'
import { HOUR, state } from './states.js'

const IMAGE = 'sha256:1'
const FILES = createFileList('layers of sha256:1', [
	'/usr/sbin/nginx',
	'/etc/nginx/nginx.conf',
	'/usr/bin/ls'
])

function summaryOf(workload: string, cluster: string, objects: readonly string[], hours = [0]): Summary {
	const states = objects.map((object) => state('read', object, hours))
	return summarise(
		{ image: IMAGE, cluster, workload },
		judge(states, { form: 'container', files: null, pool: NO_PEERS })
	)
}

const READ_A = state('read', '/a', [0])
const SHADOW = state('read', '/etc/shadow', [0])

test('peers count others of the same image, never the workload itself', () => {
	const pool = createPool([
		summaryOf('w1', 'east', ['/a', '/b']),
		summaryOf('w2', 'east', ['/a']),
		summaryOf('w3', 'east', ['/b'], [48]),
		{ ...summaryOf('w4', 'east', ['/a']), image: 'sha256:2' }
	])
	assert.deepEqual(pool.view(IMAGE, 'w1').of(READ_A), { k: 1, n: 2, clusterCount: 1, lastDay: 20_000 })
	assert.deepEqual(pool.view(IMAGE, 'w9').of(state('read', '/b', [0])), {
		k: 2,
		n: 3,
		clusterCount: 1,
		lastDay: 20_002
	})
	assert.deepEqual(pool.view(IMAGE, 'w1').of(state('read', '/c', [0])), {
		k: 0,
		n: 2,
		clusterCount: 0,
		lastDay: -1
	})
	assert.equal(pool.view('sha256:3', 'w1'), NO_PEERS)
	assert.equal(pool.view('sha256:2', 'w4'), NO_PEERS)
})

test('where there are several clusters each has one vote', () => {
	const west = Array.from({ length: 9 }, (_, index) => summaryOf(`w${index}`, 'west', ['/a']))
	const view = createPool([...west, summaryOf('e1', 'east', ['/b'])]).view(IMAGE, 'own')
	const { k, n } = view.of(READ_A)
	assert.deepEqual([k, n], [1, 2])
	assert.equal(contentPrior(k, n), 0.5)
})

test('two poisoned workloads cannot vouch for each other', () => {
	const held = summaryOf('w1', 'east', ['/etc/shadow'], [0, 24])
	const view = createPool([held, { ...held, workload: 'w2', cluster: 'west' }]).view(IMAGE, 'w3')
	assert.equal(view.of(SHADOW).k, 0)
	// With peers that are believed the same is trusted, but only for itself: it does not pass on.
	const days = [0, 24, 48, 72]
	const believed = createPool([
		summaryOf('w1', 'east', ['/etc/shadow'], days),
		summaryOf('w2', 'east', ['/etc/shadow'], days)
	]).view(IMAGE, 'w3')
	const [judged] = judge([SHADOW], { form: 'container', files: null, pool: believed })
	assert.deepEqual([judged?.standing, judged?.alone], ['trusted', false])
})

test('the order of summaries and a repeated one change nothing; a later one replaces', () => {
	const all = [summaryOf('w1', 'east', ['/a']), summaryOf('w2', 'west', ['/a', '/b'])]
	const forward = createPool(all).view(IMAGE, 'own').of(READ_A)
	assert.deepEqual(
		createPool([...all].reverse())
			.view(IMAGE, 'own')
			.of(READ_A),
		forward
	)
	assert.deepEqual(
		createPool([...all, ...all])
			.view(IMAGE, 'own')
			.of(READ_A),
		forward
	)
	const replaced = createPool([...all, summaryOf('w2', 'west', [])])
		.view(IMAGE, 'own')
		.of(READ_A)
	assert.deepEqual([replaced.k, replaced.n], [1, 2])
})

test('a summary takes eleven bytes per behaviour, and a cut one is read as far as it goes', () => {
	const summary = summaryOf('w1', 'east', ['/a', '/b'])
	assert.equal(summary.behaviours.length, 22)
	const cut = createPool([{ ...summary, behaviours: summary.behaviours.slice(0, 15) }])
	assert.equal(cut.view(IMAGE, 'own').of(READ_A).k, 1)
})

test('taken over: believed by two in two clusters, not sensitive, in the image; suggested: the rest', () => {
	const config = state('read', '/etc/nginx/nginx.conf', [0])
	const candidates = [
		config,
		config,
		READ_A,
		SHADOW,
		state('exec', '/usr/bin/ls', [0]),
		state('connect', 'egress/tcp/5432/10.0.0.7', [0]),
		state('listen', 'ingress/tcp/80/any', [0])
	]
	const of = (clusters: readonly string[], files: typeof FILES | null = FILES) => {
		const summaries = clusters.map((cluster, index) =>
			summarise(
				{ image: IMAGE, cluster, workload: `w${index}` },
				judge(candidates, { form: 'container', files: null, pool: NO_PEERS })
			)
		)
		const view = createPool(summaries).view(IMAGE, 'own')
		return importsOf(candidates, { own: [state('exec', '/usr/bin/ls', [3])], view, files }).map(
			({ behaviour, standing }) => [behaviour.object, standing]
		)
	}
	assert.deepEqual(of(['east', 'west']), [
		['ingress/tcp/80/any', 'suggested'],
		['/a', 'suggested'],
		['/etc/nginx/nginx.conf', 'trusted']
	])
	assert.deepEqual(new Set(of(['east', 'east']).map(([, standing]) => standing)), new Set(['suggested']))
	assert.deepEqual(
		new Set(of(['east', 'west'], null).map(([, standing]) => standing)),
		new Set(['suggested'])
	)
	assert.deepEqual(of([]), [])
})

test('imports that were never used go after thirty days in which their use would have been seen', () => {
	const imports = [{ behaviour: READ_A, sinceHour: HOUR }]
	const exposed = (count: number) => Array.from({ length: count }, (_, index) => HOUR + 1 + index)
	const exposure = { hours: exposed(720), lossyHours: [], censoredHours: [], starts: [], gaps: [] }
	assert.equal(reviewImports(imports, [], exposure).withdrawn.length, 1)
	assert.deepEqual(reviewImports(imports, [READ_A], exposure), {
		withdrawn: [],
		usedCount: 1,
		waitingCount: 0
	})
	const hidden = { ...exposure, censoredHours: exposed(1) }
	assert.deepEqual(reviewImports(imports, [], hidden), { withdrawn: [], usedCount: 0, waitingCount: 1 })
})

test('peers give a prior of at most a week', () => {
	assert.equal(hazardPrior([{ m1: 1, exposedHours: 100 }]), null)
	const alike = hazardPrior([
		{ m1: 1, exposedHours: 99 },
		{ m1: 1, exposedHours: 99 }
	])
	assert.deepEqual(alike, { a: 0.015 * 168, b: 168 })
	// Rates .1 and .3: mean .2, variance .02, so b = 10 and a = 2.
	const apart = hazardPrior([
		{ m1: 9.5, exposedHours: 99 },
		{ m1: 29.5, exposedHours: 99 }
	])
	assert.ok(apart && Math.abs(apart.b - 10) < 1e-9 && Math.abs(apart.a - 2) < 1e-9)
	assert.ok(Math.abs(posteriorRate(apart, 3, 90) - 0.05) < 1e-9)
})

test('a posterior lies between the rate of the peers and its own', () => {
	const peer = fc.record({ m1: fc.nat(50), exposedHours: fc.integer({ min: 50, max: 5000 }) })
	fc.assert(
		fc.property(
			fc.array(peer, { minLength: 2, maxLength: 20 }),
			fc.nat(100),
			fc.integer({ min: 1, max: 5000 }),
			(peers, m1, hours) => {
				const prior = hazardPrior(peers)
				assert.ok(prior && prior.b <= 168 && prior.a >= 0)
				const [own, mean] = [m1 / hours, prior.a / prior.b]
				const posterior = posteriorRate(prior, m1, hours)
				assert.ok(posterior >= Math.min(own, mean) - 1e-12 && posterior <= Math.max(own, mean) + 1e-12)
			}
		)
	)
})

test('pools from the narrowest to the widest', () => {
	const image = { digest: 'sha256:9', reference: 'registry.local:5000/team/app:1.2@sha256:9' }
	assert.deepEqual(poolKeys(image, ['/usr/bin/python3.11', '/usr/bin/ls', '/usr/local/bin/python3']), [
		'sha256:9',
		'repository registry.local:5000/team/app',
		'runtime python'
	])
	assert.deepEqual(poolKeys({ digest: '', reference: '' }, []), [])
})
