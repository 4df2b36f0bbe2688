import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verb } from '../../collector/observation.js'
import { createPeers, type Span, spansOf } from '../../discovery/peers.js'
import { DAY, DAY_MS, HOUR_MS, item, pod, replicaSet } from './sighted.js'

const inventory = [
	replicaSet('shop', 'web'),
	replicaSet('shop', 'api'),
	pod('shop', 'web', '10.0.0.5', { toMs: DAY_MS + 2 * HOUR_MS }),
	pod('shop', 'api', '10.0.0.5', { fromMs: DAY_MS + 3 * HOUR_MS }),
	pod('shop', 'api', 'fd00::5'),
	item('Pod', 'kube-system', 'proxy', { addresses: ['192.168.0.1'], hostNetwork: true, node: 'node-a' }),
	item('Node', '', 'node-a', { addresses: ['192.168.0.1', 'fd10::1'] }),
	item('Service', 'shop', 'api', { addresses: ['10.96.0.10', 'None'], selector: { app: 'api' } }),
	pod('shop', 'web', '10.9.9.9', { cluster: 'west' })
]
const peers = createPeers(inventory)

function resolve(peer: string, spans: Span[], more: { verb?: Verb; direction?: 'egress' | 'ingress' } = {}) {
	return peers.resolve({ cluster: 'east', verb: 'connect', direction: 'egress', peer, spans, ...more })
}
const hour = (n: number): Span[] => [{ fromMs: DAY_MS + n * HOUR_MS, toMs: DAY_MS + (n + 1) * HOUR_MS - 1 }]

test('an address that two pods had is whoever held it then (DE 17, KA 2182)', () => {
	assert.deepEqual(resolve('10.0.0.5', hour(0)).peers, ['workload:east/shop/Deployment/web'])
	assert.deepEqual(resolve('10.0.0.5', hour(5)).peers, ['workload:east/shop/Deployment/api'])
	assert.equal(resolve('10.0.0.5', hour(5)).ambiguity, '')
})

test('when time cannot tell two holders apart, both are taken and it is said', () => {
	const both = resolve('10.0.0.5', [{ fromMs: DAY_MS, toMs: DAY_MS + 4 * HOUR_MS }])
	assert.deepEqual(both.peers, ['workload:east/shop/Deployment/api', 'workload:east/shop/Deployment/web'])
	assert.match(both.ambiguity, /10\.0\.0\.5 changed hands/)
})

test('the mask of hours says when within the day, so two hours apart are two questions', () => {
	const spans = spansOf({ day: DAY, hours: 0b1, firstMs: DAY_MS, lastMs: DAY_MS + 6 * HOUR_MS })
	assert.deepEqual(resolve('10.0.0.5', spans).peers, ['workload:east/shop/Deployment/web'])
	assert.deepEqual(spansOf({ day: DAY, hours: 0b1011, firstMs: DAY_MS + 5, lastMs: DAY_MS + 4 * HOUR_MS }), [
		{ fromMs: DAY_MS + 5, toMs: DAY_MS + 2 * HOUR_MS - 1 },
		{ fromMs: DAY_MS + 3 * HOUR_MS, toMs: DAY_MS + 4 * HOUR_MS - 1 }
	])
})

test('services, nodes, host network, other clusters and the internet', () => {
	assert.deepEqual(resolve('10.96.0.10', hour(0)).peers, ['service:shop/api'])
	assert.deepEqual(resolve('10.96.0.10', hour(0), { verb: 'accept', direction: 'ingress' }).peers, [
		'cidr:10.96.0.10/32'
	])
	assert.deepEqual(resolve('192.168.0.1', hour(0)).peers, ['node:node-a'])
	assert.deepEqual(resolve('fd10:0::1', hour(0)).peers, ['node:node-a'])
	assert.deepEqual(resolve('fd00::5', hour(0)).peers, ['workload:east/shop/Deployment/api'])
	assert.deepEqual(resolve('::ffff:10.0.0.5', hour(0)).peers, ['workload:east/shop/Deployment/web'])
	assert.deepEqual(resolve('10.9.9.9', hour(0)).peers, ['cidr:10.9.9.9/32'])
	assert.deepEqual(resolve('203.0.113.1', hour(0)).peers, ['cidr:203.0.113.1/32'])
	assert.deepEqual(resolve('2001:db8::1', hour(0)).peers, ['cidr:2001:db8::1/128'])
})

test('names and pods that the source itself gave', () => {
	assert.deepEqual(resolve('name:example.com', hour(0)).peers, ['name:example.com'])
	assert.deepEqual(resolve('any', hour(0)).peers, ['any'])
	assert.deepEqual(resolve('pod:shop/web-10-0-0-5', hour(0)).peers, ['workload:east/shop/Deployment/web'])
	assert.deepEqual(resolve('pod:shop/gone', hour(0)).peers, ['workload:east/shop/Pod/gone'])
})

test('a bind names an own address, which says nothing unless it is loopback', () => {
	const bind = { verb: 'bind', direction: 'ingress' } as const
	assert.deepEqual(resolve('10.0.0.5', hour(0), bind).peers, ['any'])
	assert.deepEqual(resolve('127.0.0.1', hour(0), bind).peers, ['cidr:127.0.0.1/32'])
	assert.deepEqual(resolve('0.0.0.0', hour(0)).peers, ['cidr:127.0.0.1/32'])
})

test('an address heard of a little late is still the pod’s, unless somebody else had it', () => {
	const early = [{ fromMs: DAY_MS - 30_000, toMs: DAY_MS - 20_000 }]
	assert.deepEqual(resolve('fd00::5', early).peers, ['workload:east/shop/Deployment/api'])
	assert.deepEqual(resolve('fd00::5', [{ fromMs: DAY_MS - HOUR_MS, toMs: DAY_MS - HOUR_MS }]).peers, [
		'cidr:fd00::5/128'
	])
})

test('two pods of one name in two namespaces are two (DE 8)', () => {
	const two = createPeers([
		item('Pod', 'a', 'postgres-0', {
			addresses: ['10.1.0.1'],
			owner: { kind: 'StatefulSet', name: 'postgres' }
		}),
		item('Pod', 'b', 'postgres-0', {
			addresses: ['10.1.0.2'],
			owner: { kind: 'StatefulSet', name: 'postgres' }
		})
	])
	const of = (peer: string) =>
		two.resolve({ cluster: 'east', verb: 'connect', direction: 'egress', peer, spans: hour(0) }).peers
	assert.deepEqual(of('10.1.0.1'), ['workload:east/a/StatefulSet/postgres'])
	assert.deepEqual(of('pod:b/postgres-0'), ['workload:east/b/StatefulSet/postgres'])
})

test('without its ReplicaSet a pod’s Deployment is known by the hash that the pod carries', () => {
	const alone = createPeers([pod('shop', 'web', '10.0.0.7')])
	const found = alone.resolve({
		cluster: 'east',
		verb: 'connect',
		direction: 'egress',
		peer: '10.0.0.7',
		spans: hour(0)
	})
	assert.deepEqual(found.peers, ['workload:east/shop/Deployment/web'])
})

test('an address is who the same workload was told it is, within the time to live and a minute', () => {
	const owner = { kind: 'Deployment', name: 'web' }
	const answer = (name: string, address: string, minutes: number, ttlSeconds: number) =>
		item('DnsAnswer', 'shop', name, {
			uid: `Deployment/web/${address}`,
			addresses: [address],
			owner,
			fromMs: DAY_MS + 3 * HOUR_MS,
			toMs: DAY_MS + 3 * HOUR_MS + minutes * 60_000 + (ttlSeconds + 60) * 1000
		})
	const many = ['a', 'b', 'c', 'd'].map((name) => answer(`${name}.example.com`, '198.51.100.9', 0, 30))
	const told = createPeers([
		answer('api.example.com', '198.51.100.7', 59, 30),
		...inventory,
		...many,
		answer('x.example.com', '169.254.169.254', 59, 30)
	])
	const peersOf = (peer: string, spans: Span[], asker = 'east/shop/Deployment/web') =>
		told.resolve({ cluster: 'east', verb: 'connect', direction: 'egress', peer, spans, asker }).peers

	assert.deepEqual(peersOf('198.51.100.7', hour(3)), ['name:api.example.com'])
	assert.deepEqual(
		peersOf('198.51.100.7', [{ fromMs: DAY_MS + 4 * HOUR_MS, toMs: DAY_MS + 4 * HOUR_MS + 1000 }]),
		['name:api.example.com'],
		'the answer of 03:59 still holds at 04:00'
	)
	assert.deepEqual(peersOf('198.51.100.7', hour(2)), ['cidr:198.51.100.7/32'], 'not before the answer')
	assert.deepEqual(peersOf('198.51.100.7', hour(5)), ['cidr:198.51.100.7/32'], 'not after it has run out')
	assert.deepEqual(
		peersOf('198.51.100.7', [...hour(3), ...hour(5), ...hour(6)]),
		['cidr:198.51.100.7/32'],
		'one of three hours is no name'
	)
	assert.deepEqual(peersOf('198.51.100.7', hour(3), 'east/shop/Deployment/api'), ['cidr:198.51.100.7/32'])
	assert.deepEqual(peersOf('198.51.100.9', hour(3)), ['cidr:198.51.100.9/32'], 'four names are no name')
	assert.deepEqual(peersOf('10.0.0.5', hour(0)), ['workload:east/shop/Deployment/web'], 'pods come first')
	assert.deepEqual(peersOf('169.254.169.254', hour(3)), ['cidr:169.254.169.254/32'], 'no name hides it')
})
