import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { parseNetworkObject } from '../../../../discovery/behaviour.js'
import { generaliseNetwork } from '../../../../discovery/learn/network/network.js'
import type { NetworkRule } from '../../../../discovery/learn/network/rule.js'
import { item, pod, replicaSet } from '../../sighted.js'
import { facts, need } from './needs.js'

const said = (rules: readonly NetworkRule[]) =>
	rules.map(({ object, access, sources }) => `${access.join('+')} ${object} by ${sources.join()}`)

test('what stays exact reads as it was seen, each program by itself', () => {
	const { rules, notes, openEnded } = generaliseNetwork(
		[
			need('connect', 'egress/tcp/443/cidr:203.0.113.1/32'),
			need('connect', 'egress/tcp/443/cidr:203.0.113.1/32', [3], { source: '/curl' }),
			need('send', 'egress/udp/53/cidr:203.0.113.1/32', [3], { source: '/curl' }),
			need('bind', 'ingress/tcp/80/any'),
			need('accept', 'ingress/tcp/80/any', [1], { source: '' }),
			need('connect', 'egress/unix/0//run/db.sock')
		],
		facts()
	)
	assert.deepEqual(said(rules), [
		'connect egress/tcp/443/cidr:203.0.113.1/32 by /app,/curl',
		'send egress/udp/53/cidr:203.0.113.1/32 by /curl',
		'connect egress/unix/0//run/db.sock by /app',
		'accept ingress/tcp/80/any by ',
		'bind ingress/tcp/80/any by /app'
	])
	assert.ok(rules.every(({ beyond, why }) => beyond === '' && why === 'Exactly what was seen.'))
	assert.deepEqual([notes, openEnded], [[], []])
})

test('a growing network is one rule that says what it covers and what it grants', () => {
	const { rules } = generaliseNetwork(
		[1, 60, 130, 250].map((host, hour) =>
			need('connect', `egress/tcp/443/cidr:198.51.100.${host}/32`, [hour])
		),
		facts()
	)
	assert.deepEqual(said(rules), ['connect egress/tcp/443/cidr:198.51.100.0/24 by /app'])
	const [rule] = rules
	assert.equal(
		rule?.why,
		'Network 198.51.100.0/24: 4 addresses in it, and new ones keep coming, one every 25.2 h.'
	)
	assert.equal(rule?.beyond, '252 addresses of the network that were never seen.')
	assert.equal(rule?.covers.length, 4)
	assert.equal(rule?.unseenCount, 252)
})

test('ports, names and workloads are each generalised by what they are', () => {
	const inventory = [
		...['a', 'b', 'c'].flatMap((name, index) => [
			replicaSet('shop', name),
			pod('shop', name, `10.0.0.${index + 2}`, { labels: { app: name, tier: 'back' } })
		]),
		replicaSet('shop', 'web'),
		pod('shop', 'web', '10.0.0.9', { labels: { app: 'web', tier: 'front' } })
	]
	const { rules } = generaliseNetwork(
		[
			...[8000, 8001, 8004, 8010].map((port, hour) =>
				need('connect', `egress/tcp/${port}/cidr:203.0.113.1/32`, [hour])
			),
			...['a', 'b', 'c', 'd'].map((label, hour) =>
				need('connect', `egress/tcp/443/name:${label}.cdn.example.com`, [hour])
			),
			...['a', 'b', 'c', 'd'].map((label, hour) => need('resolve', `${label}.cdn.example.com`, [hour])),
			...['a', 'b', 'c'].map((name) => need('connect', `egress/tcp/80/workload:east/shop/Deployment/${name}`))
		],
		facts({ inventory })
	)
	assert.deepEqual(said(rules), [
		'resolve *.cdn.example.com by /app',
		'connect egress/tcp/443/name:*.cdn.example.com by /app',
		'connect egress/tcp/80/pods:east/shop?tier=back by /app',
		'connect egress/tcp/8000-8010/cidr:203.0.113.1/32 by /app'
	])
})

test('thirty ports of one peer are thirty rules, never any port (NeuVector opens all after twenty)', () => {
	const ports = Array.from({ length: 30 }, (_, index) => 2000 + index * 11)
	const needs = ports.map((port) => need('connect', `egress/tcp/${port}/cidr:203.0.113.1/32`, [1, 2, 30]))
	const { rules } = generaliseNetwork(needs, facts())
	assert.deepEqual(
		rules.map(({ object }) => object),
		ports.map((port) => `egress/tcp/${port}/cidr:203.0.113.1/32`)
	)
})

test('UDP stays UDP, high ports are kept, IPv6 peers are /128 (SPO, Inspektor Gadget, Kubescape)', () => {
	const { rules } = generaliseNetwork([need('send', 'egress/udp/4500/cidr:2001:db8::1/128')], facts())
	assert.deepEqual(said(rules), ['send egress/udp/4500/cidr:2001:db8::1/128 by /app'])
})

test('nothing seen, nothing granted; a workload that was watched for an hour gets a list', () => {
	assert.deepEqual(generaliseNetwork([], facts()), { rules: [], notes: [], openEnded: [] })
	const needs = [1, 60, 130, 250].map((host) =>
		need('connect', `egress/tcp/443/cidr:198.51.100.${host}/32`, [0])
	)
	assert.equal(generaliseNetwork(needs, facts({ exposedHours: 0 })).rules.length, 4)
})

test('a label that selects one pod too many selects nobody', () => {
	const inventory = ['a', 'b', 'c', 'd'].flatMap((name, index) => [
		replicaSet('shop', name),
		pod('shop', name, `10.0.0.${index + 2}`, { labels: { app: name, tier: 'back' } })
	])
	const needs = ['a', 'b', 'c'].map((name) =>
		need('connect', `egress/tcp/80/workload:east/shop/Deployment/${name}`)
	)
	assert.equal(generaliseNetwork(needs, facts({ inventory })).rules.length, 3)
})

test('an address is its name when nearly every use of it had that name, and no name otherwise', () => {
	const raw = 'egress/tcp/443/198.51.100.7'
	const hours = Array.from({ length: 40 }, (_, hour) => hour)
	const named = (name: string, seen: readonly number[]) =>
		need('connect', `egress/tcp/443/name:${name}`, seen, { raw })
	const bare = (seen: readonly number[]) =>
		need('connect', 'egress/tcp/443/cidr:198.51.100.7/32', seen, { raw })
	const objects = (...needs: ReturnType<typeof need>[]) =>
		generaliseNetwork(needs, facts()).rules.map(({ object }) => object)

	assert.deepEqual(objects(named('api.example.com', hours.slice(0, 39)), bare(hours.slice(39))), [
		'egress/tcp/443/name:api.example.com'
	])
	assert.deepEqual(objects(named('api.example.com', hours.slice(0, 30)), bare(hours.slice(30))), [
		'egress/tcp/443/cidr:198.51.100.7/32'
	])
	assert.deepEqual(
		objects(named('a.example.com', hours.slice(0, 20)), named('b.example.com', hours.slice(20))),
		['egress/tcp/443/cidr:198.51.100.7/32']
	)
})

test('answers to datagrams go to whatever port the client was lent', () => {
	const { rules } = generaliseNetwork(
		[
			need('bind', 'ingress/udp/5353/any'),
			need('send', 'egress/udp/41234/cidr:10.0.0.7/32', [1]),
			need('send', 'egress/udp/55111/cidr:10.0.0.7/32', [2]),
			need('send', 'egress/udp/55112/cidr:10.0.0.8/32', [2], { source: '/other' }),
			need('connect', 'egress/tcp/50051/cidr:10.0.0.8/32', [2])
		],
		facts()
	)
	assert.deepEqual(said(rules), [
		'connect egress/tcp/50051/cidr:10.0.0.8/32 by /app',
		'send egress/udp/32768-60999/cidr:10.0.0.7/32 by /app',
		'send egress/udp/55112/cidr:10.0.0.8/32 by /other',
		'bind ingress/udp/5353/any by /app'
	])
})

test('a million addresses, ports or names open nothing: what came back is listed, the rest is said', () => {
	const scattered = (index: number) =>
		`${1 + (index % 9)}.${(index * 7) % 251}.${(index * 13) % 251}.${index % 253}`
	for (const [part, objectOf] of [
		['egress/tcp', (index: number) => `egress/tcp/443/cidr:${scattered(index)}/32`],
		['egress/udp', (index: number) => `egress/udp/${1 + (index % 60_000)}/cidr:203.0.113.1/32`],
		['resolve', (index: number) => `x${index}.y${index}.com`]
	] as const) {
		const verb = part === 'resolve' ? 'resolve' : part === 'egress/udp' ? 'send' : 'connect'
		const needs = Array.from({ length: 5000 }, (_, index) => need(verb, objectOf(index), [index % 90]))
		const lasting = need(verb, part === 'resolve' ? 'db.example.com' : `${part}/9/cidr:192.0.2.1/32`, [1, 50])
		const { rules, notes, openEnded } = generaliseNetwork([...needs, lasting], facts())
		assert.deepEqual(openEnded, [part])
		assert.deepEqual(
			notes.map(({ code }) => code),
			['learn.open-ended']
		)
		assert.ok(rules.length <= 1024, `${rules.length}`)
		assert.ok(rules.some(({ covers }) => covers.includes(lasting)))
		for (const { object } of rules) assert.doesNotMatch(object, /any|\/0|\*\.(com|y)/)
	}
})

const object = fc.oneof(
	fc
		.tuple(
			fc.constantFrom('tcp', 'udp'),
			fc.constantFrom(443, 8000, 8001, 8003, 8007, 50_051),
			fc.integer({ min: 0, max: 255 })
		)
		.map(([protocol, port, host]) => `egress/${protocol}/${port}/cidr:169.254.169.${host}/32`),
	fc
		.tuple(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('cidr:52.1.2.3/32', 'any', 'node:n'))
		.map(([port, peer]) => `egress/tcp/${port}/${peer}`),
	fc.integer({ min: 0, max: 255 }).map((host) => `egress/tcp/443/cidr:52.1.2.${host}/32`),
	fc.constantFrom('a', 'b', 'c', 'd', 'e').map((label) => `egress/tcp/443/name:${label}.example.com`)
)
const needs = fc.array(
	fc
		.tuple(
			object,
			fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 3 }),
			fc.constantFrom('/a', '/b', '')
		)
		.map(([text, hours, source]) => need('connect', text, hours, { source })),
	{ maxLength: 60 }
)

test('every need is covered by a rule that allows it, no rule covers a wall, and order does not matter', () => {
	fc.assert(
		fc.property(needs, (all) => {
			const unique = [...new Map(all.map((one) => [`${one.object} ${one.source}`, one])).values()]
			const { rules, openEnded } = generaliseNetwork(unique, facts())
			assert.deepEqual(openEnded, [])
			for (const one of unique) {
				const covering = rules.filter(({ covers }) => covers.includes(one))
				assert.equal(covering.length, 1, one.object)
				for (const rule of covering)
					assert.ok(stands(rule, one.object, one.source), `${rule.object} ${one.object}`)
			}
			for (const rule of rules) {
				const isExact = rule.object === 'egress/tcp/443/cidr:169.254.169.254/32' || rule.covers.length === 1
				const metadata = 'egress/tcp/443/cidr:169.254.169.254/32'
				const wasSeen = unique.some((one) => one.object.endsWith('/cidr:169.254.169.254/32'))
				assert.ok(isExact || wasSeen || !stands(rule, metadata, rule.sources[0] ?? ''), rule.object)
			}
			const shuffled = [...unique].reverse()
			assert.deepEqual(generaliseNetwork(shuffled, facts()).rules, rules)
			assert.deepEqual(generaliseNetwork(unique, facts()).rules, rules)
		}),
		{ numRuns: 60 }
	)
})

function stands(rule: NetworkRule, text: string, source: string): boolean {
	if (rule.sources.length > 0 && !rule.sources.includes(source)) return false
	if (rule.object === text) return true
	const given = parseNetworkObject(rule.object)
	const asked = parseNetworkObject(text)
	if (!given || !asked || given.direction !== asked.direction || given.protocol !== asked.protocol)
		return false
	if (asked.port < given.port || asked.port > (given.lastPort ?? given.port)) return false
	if (given.peer === asked.peer) return true
	if (given.peer.startsWith('name:*.')) return asked.peer.endsWith(given.peer.slice('name:*'.length))
	if (!given.peer.startsWith('cidr:') || !asked.peer.startsWith('cidr:')) return false
	const [network, bits] = ipaddr.parseCIDR(given.peer.slice(5))
	return ipaddr.parse(asked.peer.slice(5, asked.peer.lastIndexOf('/'))).match(network, bits)
}

test('the host’s own network: nothing is implied for a workload that is no pod', () => {
	const { rules } = generaliseNetwork(
		[need('resolve', 'example.com')],
		facts({ workload: 'host/n/app.service', inventory: [item('Service', 'kube-system', 'kube-dns')] })
	)
	assert.equal(rules.length, 1)
})
