import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFileList } from '../../../discovery/learn/files.js'
import { behaviourKey, NO_PEERS } from '../../../discovery/learn/pool.js'
import type { BehaviourState } from '../../../discovery/learn/state.js'
import { stateOf } from '../../../discovery/learn/state.js'
import {
	type Judged,
	judge,
	outsideSessions,
	rankBundles,
	type TrustFacts
} from '../../../discovery/learn/trust.js'
import { DAY_MS, sighted } from '../sighted.js'
import { state } from './states.js'

const ALONE: TrustFacts = { form: 'container', files: null, pool: NO_PEERS }
const IMAGE = createFileList('layers of sha256:1', [
	'/usr/sbin/nginx',
	'/usr/bin/dash',
	'/usr/bin/curl',
	'/usr/bin/ls',
	'/usr/bin/python3.11'
])

/** A view in which `k` of `n` others do everything. */
function peers(k: number, n = 10): TrustFacts['pool'] {
	return { of: () => ({ k, n, clusterCount: k, lastDay: 20_000 }) }
}

function only(states: readonly BehaviourState[], facts: TrustFacts): Judged {
	const [judged, ...others] = judge(states, facts)
	assert.ok(judged && others.length === 0)
	return judged
}

test('one pod, one day, no peers and no list of files are enough for what is ordinary', () => {
	for (const files of [null, IMAGE]) {
		const judged = only([state('read', '/srv/www/index.html', [0])], { ...ALONE, files })
		assert.equal(judged.standing, 'trusted')
		assert.deepEqual([judged.sensitivity, judged.support, judged.need], [0, 1, 1])
		assert.equal(judged.reason, 'seen on 1 day')
		assert.equal(judged.needsPerson, false)
	}
})

test('a shell needs a second day, pod or peer', () => {
	const shell = (hours: number[], pods = ['front-1']) => state('exec', '/usr/bin/dash', hours, { pods })
	const held = only([shell([0, 1, 2, 3])], ALONE)
	assert.deepEqual([held.standing, held.cause, held.support, held.need], ['held', 'support', 1, 2])
	assert.match(held.reason, /^held: \/usr\/bin\/dash was run on 1 day in pod front-1 \(support 1 of 2\)/)
	assert.equal(only([shell([0, 30])], ALONE).standing, 'trusted')
	assert.equal(only([shell([0], ['front-1', 'front-2'])], ALONE).standing, 'trusted')
	assert.equal(only([shell([0])], { ...ALONE, pool: peers(1) }).standing, 'trusted')
})

test('support and need are those of the design', () => {
	const judged = only([state('exec', '/usr/bin/dash', [0, 24, 48, 72, 96], { pods: ['a', 'b', 'c', 'd'] })], {
		...ALONE,
		pool: peers(7),
		files: createFileList('layers of sha256:2', [])
	})
	// min(pods,3) + min(days,3) − 1 + min(peers,3), and 1 + c + 2 for what is not in the image.
	assert.deepEqual([judged.support, judged.need], [3 + 3 - 1 + 3, 1 + 1 + 2])
})

test('what is sensitive waits for four days or a clean peer, and then still for a person', () => {
	const read = (days: number, pods = ['a', 'b', 'c', 'd']) =>
		state(
			'read',
			'/etc/shadow',
			Array.from({ length: days }, (_, day) => day * 24),
			{ pods }
		)
	const held = only([read(3)], ALONE)
	assert.deepEqual([held.standing, held.cause], ['held', 'sensitive'])
	assert.match(held.reason, /no other workload of this image needed it; approve it if this one does/)
	for (const free of [only([read(4)], ALONE), only([read(1)], { ...ALONE, pool: peers(1) })]) {
		assert.deepEqual([free.standing, free.needsPerson], ['trusted', true])
	}
})

test('an interactive session in a container teaches nothing, however often and whoever else does it', () => {
	const session = state('exec', '/usr/bin/curl', [0, 24, 48, 72, 96], {
		pods: ['a', 'b', 'c', 'd'],
		interactive: true
	})
	const held = only([session], { ...ALONE, files: IMAGE, pool: peers(10) })
	assert.deepEqual([held.standing, held.cause], ['held', 'interactive'])
	assert.equal(
		held.reason,
		'held: /usr/bin/curl was run only from an interactive session in pod a and 3 more; approve it if the workload itself needs it.'
	)
	assert.equal(only([session], { ...ALONE, form: 'host' }).standing, 'trusted')
})

test('days and pods of sessions add nothing to what the workload itself does', () => {
	const rows = [
		sighted('exec', '/usr/bin/dash', { interactive: true, pods: ['a'] }),
		sighted('exec', '/usr/bin/dash', { interactive: true, pods: ['b'], day: 20_001 }),
		sighted('exec', '/usr/bin/dash', { pods: ['c'], day: 20_002 }),
		sighted('exec', '/usr/bin/ls', { interactive: true })
	]
	const states = stateOf(outsideSessions(rows, 'container'), [])
	const [shell, list] = judge(states, ALONE)
	assert.deepEqual([shell?.standing, shell?.cause, shell?.support], ['held', 'support', 1])
	assert.equal(list?.cause, 'interactive')
	assert.equal(outsideSessions(rows, 'host').length, 4)
})

test('a denied attempt is never learned, however often it is made', () => {
	const rows = [0, 1, 2, 3, 4].map((day) =>
		sighted('exec', '/usr/bin/curl', { result: 'denied', day: 20_000 + day, pods: ['a', 'b', 'c'] })
	)
	assert.deepEqual(judge(stateOf(rows, []), ALONE), [])
})

test('a program that is not in the image is held, and so is all that it does', () => {
	const always = [0, 24, 48, 72, 96]
	const [miner, read, own] = judge(
		[
			state('exec', '/usr/bin/xmrig', always),
			state('read', '/srv/www/data', always, { source: '/usr/bin/xmrig' }),
			state('read', '/srv/www/data', always)
		],
		{ ...ALONE, files: IMAGE }
	)
	assert.equal(miner?.cause, 'not-in-image')
	assert.equal(
		miner?.reason,
		'held: /usr/bin/xmrig is not among the files of layers of sha256:1, so it came later; approve it if you put it there.'
	)
	assert.equal(read?.cause, 'not-in-image')
	assert.match(
		read?.reason ?? '',
		/\/srv\/www\/data was read by \/usr\/bin\/xmrig, which is not among the files/
	)
	assert.equal(own?.standing, 'trusted')
})

test('a list of packages only speaks for directories that packages keep', () => {
	const packaged = createFileList('dpkg of node-a', ['/usr/bin/ls', '/usr/sbin/nginx'], { partial: true })
	const facts = { ...ALONE, files: packaged }
	const run = (object: string) => only([state('exec', object, [0, 24])], facts)
	assert.equal(run('/usr/bin/xmrig').cause, 'not-in-image')
	assert.equal(run('/app/server').standing, 'trusted')
	assert.equal(run('/tmp/server').cause, 'not-in-image')
	assert.match(run('/dev/shm/.x').reason, /lies where nothing is installed, only dropped/)
})

test('who writes a program and runs it brought it in, list or no list', () => {
	for (const files of [null, IMAGE]) {
		const [drop, run] = judge(
			[state('create', '/usr/bin/ls', [5]), state('exec', '/usr/bin/ls', [5, 30, 60])],
			{ ...ALONE, files }
		)
		assert.equal(run?.cause, 'not-in-image')
		assert.match(run?.reason ?? '', /was written by this workload before or while it ran/)
		assert.equal(drop?.standing, 'held')
	}
	const collapsed = judge([state('create', '/srv/x/<any>', [5]), state('exec', '/srv/x/a', [6])], ALONE)
	assert.equal(collapsed[1]?.cause, 'not-in-image')
})

test('what the runtime starts in a container comes from outside it, unless the workload runs that name itself', () => {
	const start = state('exec', '/usr/sbin/nginx', [0], { source: '/usr/bin/runc' })
	assert.equal(only([start], { ...ALONE, files: IMAGE }).standing, 'trusted')
	const [, child] = judge(
		[state('exec', '/usr/bin/runc', [4]), state('exec', '/usr/bin/ls', [4, 30], { source: '/usr/bin/runc' })],
		{ ...ALONE, files: IMAGE }
	)
	assert.equal(child?.cause, 'not-in-image')
})

test('what configuration names counts as installed', () => {
	const run = state('exec', '/tmp/app/server', [0])
	assert.equal(only([run], { ...ALONE, files: IMAGE }).standing, 'held')
	assert.equal(only([run], { ...ALONE, files: IMAGE, programs: ['/tmp/app/server'] }).standing, 'trusted')
})

test('an executable that came with the new image weighs one class less', () => {
	const shell = state('exec', '/usr/bin/dash', [0])
	assert.equal(only([shell], ALONE).need, 2)
	const judged = only([shell], { ...ALONE, arrived: (path) => path === '/usr/bin/dash' })
	assert.deepEqual([judged.need, judged.standing, judged.sensitivity], [1, 'trusted', 1])
})

test('a command that a person ran in order to learn it is vouched for, and says what is sensitive in it', () => {
	const run = [
		state('exec', '/usr/bin/dash', [0], { interactive: true }),
		state('exec', '/tmp/build/tool', [0]),
		state('read', '/etc/shadow', [0])
	]
	const judged = judge(run, { ...ALONE, files: IMAGE, vouched: true })
	assert.deepEqual(
		judged.map((one) => [one.standing, one.needsPerson, one.alone]),
		[
			['trusted', false, false],
			['trusted', true, false],
			['trusted', true, false]
		]
	)
	const key = behaviourKey(run[2] ?? assert.fail())
	const decisions = [{ key, decision: 'malicious' as const, actor: 'ann', atMs: 1 }]
	assert.equal(judge(run, { ...ALONE, vouched: true, decisions })[2]?.cause, 'rejected')
})

test('a person releases and rejects; the latest word counts', () => {
	const session = state('exec', '/usr/bin/curl', [0], { interactive: true })
	const say = (decision: 'needed' | 'malicious', atMs: number) => ({
		key: behaviourKey(session),
		decision,
		actor: 'ann',
		atMs
	})
	const released = only([session], { ...ALONE, decisions: [say('needed', 2), say('malicious', 1)] })
	assert.deepEqual([released.standing, released.needsPerson, released.alone], ['trusted', false, true])
	assert.equal(released.reason, 'released by ann, who said that it is needed')
	const rejected = only([session], { ...ALONE, decisions: [say('needed', 2), say('malicious', 2)] })
	assert.equal(rejected.cause, 'rejected')
	assert.match(rejected.reason, /^held: ann judged malicious/)
})

test('what the same processes first did in the same hour is judged together', () => {
	const tools = createFileList('layers of sha256:3', [...IMAGE.below(''), '/usr/bin/chmod'])
	const normal = state('read', '/srv/www/index.html', [0, 30])
	const sameHour = state('read', '/srv/www/new.html', [30])
	const chain = [
		state('exec', '/usr/bin/dash', [30]),
		state('read', '/etc/hosts', [30], { source: '/usr/bin/dash' }),
		state('exec', '/usr/bin/ls', [30], { source: '/usr/bin/dash' }),
		state('list', '/srv', [30], { source: '/usr/bin/ls' }),
		state('create', '/tmp/x', [30], { source: '/usr/bin/dash' }),
		state('exec', '/tmp/x', [30], { source: '/usr/bin/dash' }),
		state('read', '/srv/www/new.html', [30], { source: '/tmp/x' })
	]
	const judged = judge([normal, sameHour, ...chain], { ...ALONE, files: tools })
	assert.deepEqual(
		judged.map((one) => one.cause),
		['', '', 'bundle', 'bundle', 'bundle', 'bundle', 'bundle', 'not-in-image', 'not-in-image']
	)
	const bundles = new Set(judged.map((one) => one.bundle))
	assert.equal(bundles.size, 2, 'one bundle, and what is in none')
	assert.match(
		judged[3]?.reason ?? '',
		/same hour and by the same processes as something that is held \(\/tmp\/x run/
	)
	const [first, ...others] = rankBundles(judged)
	assert.equal(first?.items.length, 7)
	assert.deepEqual(others, [])
})

test('what a session leaves running goes with the session', () => {
	const judged = judge(
		[
			state('read', '/srv/www/index.html', [0, 30]),
			state('exec', '/usr/bin/dash', [30], { source: '/usr/bin/runc', interactive: true }),
			state('exec', '/usr/bin/python3.11', [30], { source: '/usr/bin/dash' }),
			state('connect', 'egress/tcp/443/203.0.113.9', [30, 60, 90], { source: '/usr/bin/python3.11' })
		],
		{ ...ALONE, files: IMAGE }
	)
	assert.deepEqual(
		judged.map((one) => one.cause),
		['', 'interactive', 'bundle', 'bundle']
	)
	assert.match(judged[3]?.reason ?? '', /\(\/usr\/bin\/dash run from an interactive session\)/)
})

test('in the first hour of a workload, only what hangs below something held is held with it', () => {
	const judged = judge(
		[
			state('exec', '/usr/sbin/nginx', [0], { source: '' }),
			state('read', '/etc/nginx/nginx.conf', [0]),
			state('exec', '/opt/agent', [0]),
			state('read', '/srv/www/a', [0], { source: '/opt/agent' }),
			state('exec', '/usr/bin/ls', [0], { source: '/opt/agent' }),
			state('list', '/srv', [0], { source: '/usr/bin/ls' })
		],
		{ ...ALONE, files: IMAGE }
	)
	assert.deepEqual(
		judged.map((one) => one.cause),
		['', '', 'not-in-image', 'not-in-image', 'not-in-image', 'bundle']
	)
})

test('a script acts under its interpreter’s name and takes it along', () => {
	const judged = judge(
		[
			state('read', '/srv/www/index.html', [0]),
			state('exec', '/tmp/x.sh', [9]),
			state('read', '/etc/hosts', [9], { source: '/usr/bin/dash' })
		],
		{ ...ALONE, files: IMAGE }
	)
	assert.deepEqual(
		judged.map((one) => one.cause),
		['', 'not-in-image', 'bundle']
	)
})

test('a released member stays released, and a released seed frees its bundle', () => {
	const chain = [
		state('read', '/srv/www/index.html', [0]),
		state('exec', '/opt/tool', [9]),
		state('exec', '/usr/bin/ls', [9], { source: '/opt/tool' }),
		state('list', '/srv', [9], { source: '/usr/bin/ls' })
	]
	const say = (index: number) => ({
		key: behaviourKey(chain[index] ?? assert.fail()),
		decision: 'needed' as const,
		actor: 'ann',
		atMs: 1
	})
	const causes = (decisions: TrustFacts['decisions']) =>
		judge(chain, { ...ALONE, files: IMAGE, decisions: decisions ?? [] }).map((one) => one.cause)
	assert.deepEqual(causes([]), ['', 'not-in-image', 'not-in-image', 'bundle'])
	assert.deepEqual(causes([say(3)]), ['', 'not-in-image', 'not-in-image', ''])
	assert.deepEqual(causes([say(1), say(2)]), ['', '', '', ''])
})

test('the strangest bundle comes first, by the score of the design', () => {
	const held = only([state('exec', '/usr/bin/curl', [0], { interactive: true })], { ...ALONE, files: IMAGE })
	// 4 × (−log2 ½ + 3 for the terminal + log2(1 + 1/1))
	assert.equal(held.score, 4 * (1 + 3 + 1))
	const ranked = rankBundles(
		judge(
			[state('exec', '/usr/bin/dash', [3]), state('exec', '/usr/bin/curl', [5], { interactive: true })],
			ALONE
		)
	)
	assert.deepEqual(
		ranked.map((one) => one.items[0]?.state.object),
		['/usr/bin/curl', '/usr/bin/dash']
	)
})

const pods = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 4 })
const hours = fc.uniqueArray(fc.nat(2000), { minLength: 1, maxLength: 60 })

test('support alone never frees what is held for its lineage, for not being in the image, or for its sensitivity', () => {
	fc.assert(
		fc.property(hours, pods, fc.nat(1e9), fc.boolean(), (seen, inPods, count, startOnly) => {
			const evidence = { pods: inPods, count, startOnly, starts: [DAY_MS] }
			const facts = { ...ALONE, files: IMAGE }
			const session = judge([state('exec', '/usr/bin/ls', seen, { ...evidence, interactive: true })], facts)
			assert.equal(session[0]?.cause, 'interactive')
			const dropped = judge(
				[
					state('exec', '/usr/bin/xmrig', seen, evidence),
					state('connect', 'egress/tcp/3333/203.0.113.9', seen, { ...evidence, source: '/usr/bin/xmrig' })
				],
				facts
			)
			for (const one of dropped) assert.equal(one.cause, 'not-in-image')
			for (const sensitive of [
				state('exec', '/usr/bin/curl', seen, evidence),
				state('read', '/etc/shadow', seen, evidence),
				state('create', '/usr/lib/evil.so', seen, evidence),
				state('capability', 'CAP_SYS_ADMIN', seen, evidence)
			]) {
				const [one] = judge([sensitive], facts)
				// Learned or not, no auto-enforce rule carries it: that takes a person.
				assert.equal(one?.needsPerson, true)
				if (sensitive.days.length < 4) assert.equal(one?.standing, 'held')
			}
		})
	)
})

test('peers do not free a session', () => {
	fc.assert(
		fc.property(hours, fc.nat(50), (seen, k) => {
			const one = only([state('exec', '/usr/bin/ls', seen, { interactive: true })], {
				...ALONE,
				pool: peers(k, 50)
			})
			assert.equal(one.cause, 'interactive')
		})
	)
})

test('the judgement of each behaviour does not depend on the order of all', () => {
	const objects = fc.constantFrom(
		'/usr/bin/ls',
		'/usr/bin/dash',
		'/tmp/x',
		'/usr/bin/curl',
		'/srv/a',
		'/etc/shadow'
	)
	const behaviour = fc.record({
		verb: fc.constantFrom('exec' as const, 'read' as const, 'create' as const),
		object: objects,
		source: fc.constantFrom('', '/usr/sbin/nginx', '/usr/bin/dash', '/tmp/x'),
		seen: fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 4 }),
		interactive: fc.boolean()
	})
	const key = (one: Judged) => behaviourKey(one.state)
	fc.assert(
		fc.property(
			fc.uniqueArray(behaviour, {
				selector: (one) => `${one.verb} ${one.object} ${one.source}`,
				maxLength: 25
			}),
			fc.boolean(),
			(behaviours, listed) => {
				const states = behaviours.map(({ verb, object, seen, ...more }) => state(verb, object, seen, more))
				const facts = { ...ALONE, files: listed ? IMAGE : null }
				const sorted = (all: Judged[]) => all.sort((a, b) => (key(a) < key(b) ? -1 : 1))
				assert.deepEqual(sorted(judge([...states].reverse(), facts)), sorted(judge(states, facts)))
			}
		)
	)
})
