import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verb } from '../../../collector/observation.js'
import { createFileList } from '../../../discovery/learn/files.js'
import { createPool, NO_PEERS, summarise } from '../../../discovery/learn/pool.js'
import { type BehaviourState, stateOf } from '../../../discovery/learn/state.js'
import { type Judged, judge, outsideSessions, rankBundles } from '../../../discovery/learn/trust.js'
import { DAY, DAY_MS, sighted } from '../sighted.js'

/**
 * An intruder who is active while Whittle learns. A PHP application of three pods is watched for a week;
 * the intruder got in through it and does the steps of a chain. What the tiers promise: of every chain
 * something stays out, the sensitive never goes in without a person, and the application itself does.
 */
const PODS = ['shop-1', 'shop-2', 'shop-3']
const SHOP = '/usr/sbin/php-fpm8.2'
const IMAGE = createFileList('layers of sha256:1', [
	SHOP,
	...['dash', 'curl', 'id', 'cat', 'ls', 'python3.11', 'sort'].map((name) => `/usr/bin/${name}`)
])

type Step = [verb: Verb, object: string, source: string]

const APPLICATION: readonly Step[] = [
	['exec', SHOP, '/usr/bin/runc'],
	['read', '/srv/shop/index.php', SHOP],
	['read', '/etc/php/8.2/fpm/php.ini', SHOP],
	['write', '/var/log/php-fpm.log', SHOP],
	['connect', 'egress/tcp/3306/10.0.0.5', SHOP],
	['accept', 'ingress/tcp/9000/10.0.0.9', SHOP],
	['exec', '/usr/bin/sort', SHOP],
	['read', '/srv/shop/list.txt', '/usr/bin/sort']
]

/** Web RCE → shell → download → run → miner. */
const DROPPER: readonly Step[] = [
	['exec', '/usr/bin/dash', SHOP],
	['exec', '/usr/bin/id', '/usr/bin/dash'],
	['exec', '/usr/bin/curl', '/usr/bin/dash'],
	['connect', 'egress/tcp/443/203.0.113.7', '/usr/bin/curl'],
	['create', '/tmp/.x', '/usr/bin/curl'],
	['exec', '/tmp/.x', '/usr/bin/dash'],
	['connect', 'egress/tcp/3333/203.0.113.8', '/tmp/.x']
]

/** Only programs of the image and a peer that the application talks to itself. */
const ADAPTIVE: readonly Step[] = [
	['exec', '/usr/bin/python3.11', SHOP],
	['list', '/srv/shop', '/usr/bin/python3.11'],
	['read', '/etc/shadow', '/usr/bin/python3.11'],
	['read', '/var/run/secrets/kubernetes.io/serviceaccount/token', '/usr/bin/python3.11'],
	['create', '/usr/lib/python3/dist-packages/usercustomize.py', '/usr/bin/python3.11'],
	['connect', 'egress/tcp/3306/10.0.0.5', '/usr/bin/python3.11']
]

interface When {
	days: readonly number[]
	hour: number
	pods: readonly string[]
	interactive?: boolean
}

function rowsOf(steps: readonly Step[], { days, hour, pods, interactive = false }: When) {
	return steps.flatMap(([verb, object, source]) =>
		days.map((day) =>
			sighted(verb, object, {
				source,
				day: DAY + day,
				hours: 1 << hour,
				pods: [...pods],
				firstMs: DAY_MS + day * 86_400_000 + hour * 3_600_000,
				lastMs: DAY_MS + day * 86_400_000 + hour * 3_600_000,
				interactive
			})
		)
	)
}

const WEEK = [0, 1, 2, 3, 4, 5, 6]

function week(
	steps: readonly Step[],
	when: When
): { judged: Judged[]; intruder: Judged[]; states: BehaviourState[] } {
	const rows = [...rowsOf(APPLICATION, { days: WEEK, hour: 0, pods: PODS }), ...rowsOf(steps, when)]
	const states = stateOf(outsideSessions(rows, 'container'), [])
	const judged = judge(states, { form: 'container', files: IMAGE, pool: NO_PEERS })
	const chain = new Set(steps.map((step) => step.join()))
	const own = new Set(APPLICATION.map((step) => step.join()))
	const keyOf = ({ state }: Judged) => [state.verb, state.object, state.source].join()
	for (const item of judged) {
		if (own.has(keyOf(item))) assert.equal(item.standing, 'trusted', `the application needs ${keyOf(item)}`)
	}
	return { judged, intruder: judged.filter((item) => chain.has(keyOf(item))), states }
}

/** What an intruder gains: in the policy without anybody having looked. */
function freed(items: readonly Judged[]): string[] {
	return items
		.filter((item) => item.standing === 'trusted' && !item.needsPerson)
		.map(({ state }) => state.object)
}

test('a one-off intrusion is held as one bundle, and comes first in the list', () => {
	const { judged, intruder } = week(DROPPER, { days: [3], hour: 14, pods: ['shop-2'] })
	assert.deepEqual(freed(intruder), [])
	const [first] = rankBundles(judged)
	assert.equal(first?.items.length, DROPPER.length)
})

test('a shell that a person opened in a container is held, whatever is done in it', () => {
	const { intruder } = week(DROPPER, { days: [2, 3, 4, 5, 6], hour: 9, pods: PODS, interactive: true })
	assert.equal(intruder.length, DROPPER.length)
	assert.deepEqual(freed(intruder), [])
	for (const item of intruder) assert.equal(item.cause, 'interactive')
})

for (const [name, when] of [
	['a beacon that never stops', { days: WEEK, hour: 5, pods: ['shop-1'] }],
	['a slow one, once a day', { days: [1, 2, 3, 4, 5, 6], hour: 3, pods: ['shop-3'] }],
	['a burst in all pods', { days: [4], hour: 12, pods: PODS }],
	['one in all pods from the first hour on', { days: WEEK, hour: 0, pods: PODS }]
] satisfies [string, When][]) {
	test(`${name}: the dropped program and what it does stay out, and nothing sensitive goes in unseen`, () => {
		const { intruder } = week(DROPPER, when)
		for (const item of intruder) {
			const { verb, object, source } = item.state
			if (object === '/tmp/.x' || source === '/tmp/.x') assert.equal(item.standing, 'held')
			if (verb === 'exec' && object === '/usr/bin/curl')
				assert.ok(item.standing === 'held' || item.needsPerson)
		}
		assert.ok(freed(intruder).length < DROPPER.length / 2, `too much went in: ${freed(intruder).join()}`)
	})

	test(`${name}, with nothing but what the image holds: the critical steps still need a person`, () => {
		const { intruder } = week(ADAPTIVE, when)
		const critical = intruder.filter((item) => item.sensitivity === 2)
		assert.ok(critical.length >= 3)
		assert.deepEqual(freed(critical), [])
		// What such an intruder does learn us: the interpreter and ordinary reads. Said here, so that nobody thinks otherwise.
		for (const object of freed(intruder)) {
			assert.ok(['/usr/bin/python3.11', '/srv/shop', 'egress/tcp/3306/10.0.0.5'].includes(object), object)
		}
	})
}

test('an intruder in every workload of an image gains no believers by numbers', () => {
	const { judged, states } = week(DROPPER, { days: [4], hour: 12, pods: PODS })
	const summaries = ['east', 'west', 'north', 'south'].map((cluster) =>
		summarise({ image: 'sha256:1', cluster, workload: `${cluster}/shop` }, judged)
	)
	const pool = createPool(summaries).view('sha256:1', 'own')
	const again = judge(states, { form: 'container', files: IMAGE, pool })
	for (const { state, standing } of again) {
		if (
			DROPPER.some(
				([verb, object, source]) => verb === state.verb && object === state.object && source === state.source
			)
		)
			assert.equal(standing, 'held', state.object)
	}
})

test('a denied chain leaves no trace in what is learned', () => {
	const rows = rowsOf(DROPPER, { days: WEEK, hour: 3, pods: PODS }).map((row) => ({
		...row,
		result: 'denied' as const
	}))
	assert.deepEqual(stateOf(rows, []), [])
})
