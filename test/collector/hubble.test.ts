import assert from 'node:assert/strict'
import test from 'node:test'
import { identify } from '../../collector/identity.js'
import { type Decoded, timeWindow } from '../../collector/sources/replay/decoded.js'
import { decodeHubble } from '../../collector/sources/replay/hubble.js'

const NOW_MS = Date.UTC(2026, 10, 23)

const front = {
	ID: 1,
	identity: 4262,
	namespace: 'shop',
	labels: ['k8s:app=front'],
	pod_name: 'front-1',
	workloads: [{ name: 'front', kind: 'Deployment' }]
}
const api = { ID: 2, identity: 4263, namespace: 'back', labels: ['k8s:app=api'], pod_name: 'api-1' }
const world = { identity: 2, labels: ['reserved:world'] }
const flow = {
	time: '2026-11-20T11:49:49.967400638Z',
	verdict: 'FORWARDED',
	IP: { source: '10.0.0.5', destination: '10.0.0.9', ipVersion: 'IPv4' },
	l4: { TCP: { source_port: 40000, destination_port: 8080, flags: { SYN: true } } },
	source: front,
	destination: api,
	Type: 'L3_L4',
	node_name: 'n1',
	traffic_direction: 'EGRESS',
	is_reply: false
}

function decode(parts: object, wrapper?: object): Decoded {
	const changed = { ...flow, ...parts }
	return decodeHubble(wrapper === undefined ? changed : { flow: changed, ...wrapper }, timeWindow(NOW_MS))
}

function say(decoded: Decoded): string[] {
	if (decoded.is !== 'events') return [decoded.is]
	const { actor, acts } = decoded.events
	return acts.map(({ verb, object }) => `${identify(actor.subject).name}: ${actor.result} ${verb} ${object}`)
}

const cases: [title: string, parts: object, said: string[]][] = [
	[
		'egress belongs to the source',
		{},
		['default/shop/Deployment/front: allowed connect egress/tcp/8080/pod:back/api-1']
	],
	[
		'ingress belongs to the destination',
		{ traffic_direction: 'INGRESS' },
		['default/back/Pod/api-1: allowed accept ingress/tcp/8080/pod:shop/front-1']
	],
	[
		'the world is an address',
		{ destination: world, IP: { source: '10.0.0.5', destination: '35.232.8.239' } },
		['default/shop/Deployment/front: allowed connect egress/tcp/8080/35.232.8.239']
	],
	[
		'IPv6 in one form',
		{ destination: world, IP: { source: '::1', destination: '2001:DB8:0::1' } },
		['default/shop/Deployment/front: allowed connect egress/tcp/8080/2001:db8::1']
	],
	[
		'a name where Hubble knows one',
		{ destination: world, destination_names: ['b.example.', 'A.example'] },
		['default/shop/Deployment/front: allowed connect egress/tcp/8080/name:a.example']
	],
	[
		'a drop is an attempt',
		{ verdict: 'DROPPED' },
		['default/shop/Deployment/front: denied connect egress/tcp/8080/pod:back/api-1']
	],
	[
		'so is what an audited policy would drop',
		{ verdict: 'AUDIT' },
		['default/shop/Deployment/front: denied connect egress/tcp/8080/pod:back/api-1']
	],
	[
		'redirected to the proxy is allowed',
		{ verdict: 'REDIRECTED' },
		['default/shop/Deployment/front: allowed connect egress/tcp/8080/pod:back/api-1']
	],
	['a reply says nothing', { is_reply: true }, ['nothing']],
	[
		'a SYN-ACK is a reply where Hubble does not know',
		{
			is_reply: null,
			l4: { TCP: { source_port: 8080, destination_port: 40000, flags: { SYN: true, ACK: true } } }
		},
		['nothing']
	],
	[
		'UDP',
		{ l4: { UDP: { source_port: 1, destination_port: 53 } } },
		['default/shop/Deployment/front: allowed connect egress/udp/53/pod:back/api-1']
	],
	[
		'ICMP has no port',
		{ l4: { ICMPv4: { type: 8 } } },
		['default/shop/Deployment/front: allowed connect egress/icmp/0/pod:back/api-1']
	],
	[
		'ICMPv6',
		{ l4: { ICMPv6: { type: 128 } } },
		['default/shop/Deployment/front: allowed connect egress/icmpv6/0/pod:back/api-1']
	],
	[
		'a DNS question is a name and a flow',
		{
			Type: 'L7',
			l4: { UDP: { source_port: 1, destination_port: 53 } },
			l7: { type: 'REQUEST', dns: { query: 'App.example.', qtypes: ['A'] } }
		},
		[
			'default/shop/Deployment/front: allowed connect egress/udp/53/pod:back/api-1',
			'default/shop/Deployment/front: allowed resolve app.example'
		]
	],
	[
		'a DNS answer without an address says nothing',
		{ l7: { type: 'RESPONSE', dns: { query: 'app.example.', ips: [], rcode: 3 } } },
		['nothing']
	],
	[
		'an HTTP request loses its query and its password',
		{
			l7: {
				type: 'REQUEST',
				http: { method: 'get', url: 'http://bob:S3cr3t@api.back:8080/v1/orders?token=S3cr3t' }
			}
		},
		[
			'default/shop/Deployment/front: allowed connect egress/tcp/8080/pod:back/api-1',
			'default/shop/Deployment/front: allowed request GET api.back:8080/v1/orders'
		]
	],
	['what is no pod has no policy', { source: world }, ['nothing']],
	['an unknown direction says nothing', { traffic_direction: 'TRAFFIC_DIRECTION_UNKNOWN' }, ['nothing']],
	['a wrong type is refused', { l4: { TCP: { destination_port: '8080' } } }, ['refused']],
	['a port over 65535 is refused', { l4: { TCP: { destination_port: 2 ** 53 } } }, ['refused']],
	['1970 is refused', { time: '1970-01-01T00:00:00Z' }, ['refused']],
	['2100 is refused', { time: '2100-01-01T00:00:00Z' }, ['refused']]
]

for (const [title, parts, said] of cases) test(title, () => assert.deepEqual(say(decode(parts)), said))

test('wrapped flows: exporter, GetFlows, and a feeder that names the cluster', () => {
	assert.deepEqual(say(decode({}, { node_name: 'n1', time: flow.time })), say(decode({})))
	assert.match(say(decode({}, { cluster_name: 'east' }))[0] ?? '', /^east\/shop\/Deployment\/front: /)
	assert.match(say(decode({ node_name: 'west/n1' }))[0] ?? '', /^west\/shop\//)
})

test('a DNS answer is no act: it says who an address was, for whom, and for how long', () => {
	const decoded = decode({
		l4: { UDP: { source_port: 53, destination_port: 40000 } },
		source: api,
		destination: front,
		l7: {
			type: 'RESPONSE',
			dns: { query: 'App.Example.', ips: ['1.2.3.4', '::FFFF:5.6.7.8', 'x'], ttl: 30 }
		},
		is_reply: true
	})
	assert.ok(decoded.is === 'answers')
	const hourMs = Date.UTC(2026, 10, 20, 11)
	const [first, ...rest] = decoded.answers
	assert.deepEqual(
		[first?.kind, first?.namespace, first?.name, first?.owner, first?.addresses],
		['DnsAnswer', 'shop', 'app.example', { kind: 'Deployment', name: 'front' }, ['1.2.3.4']]
	)
	assert.deepEqual([first?.fromMs, first?.toMs], [hourMs, Date.parse(flow.time) + 90_000])
	assert.deepEqual(
		rest.map(({ addresses }) => addresses),
		[['5.6.7.8']]
	)
})

test('a name that Hubble itself knows for an address is an answer, too', () => {
	const decoded = decode({
		destination: world,
		IP: { destination: '35.232.8.239' },
		destination_names: ['b.', 'a']
	})
	assert.ok(decoded.is === 'events')
	assert.deepEqual(
		decoded.answers?.map(({ name, addresses }) => [name, addresses]),
		[
			['b', ['35.232.8.239']],
			['a', ['35.232.8.239']]
		]
	)
})

test('no name hides the metadata service', () => {
	const decoded = decode({
		destination: world,
		IP: { destination: '169.254.169.254' },
		destination_names: ['harmless.example.com']
	})
	assert.match(say(decoded)[0] ?? '', /egress\/tcp\/8080\/169\.254\.169\.254$/)
})

test('lost events are a gap of the node', () => {
	const decoded = decodeHubble(
		{
			lost_events: { source: 'PERF_EVENT_RING_BUFFER', num_events_lost: '12', cpu: 1 },
			node_name: 'east/n1',
			time: '2026-11-20T11:49:49Z'
		},
		timeWindow(NOW_MS)
	)
	assert.ok(decoded.is === 'gap')
	const { scope, lostCount, reason, fromMs, toMs } = decoded.gap
	assert.deepEqual(
		{ scope, lostCount, reason, length: toMs - fromMs },
		{ scope: 'node:n1', lostCount: 12, reason: 'ring-full', length: 60_000 }
	)
})

test('a refusal names the field and nothing of the line', () => {
	const decoded = decode({ l4: { TCP: { destination_port: 'S3cr3t' } } })
	assert.ok(decoded.is === 'refused')
	assert.equal(decoded.reason, 'not a Hubble flow: the field l4.TCP.destination_port does not fit')
})
