import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InventoryItem, Verb } from '../../collector/observation.js'
import { placeOf } from '../../discovery/access.js'
import { policyOf } from '../../discovery/digest.js'
import type { Context } from '../../discovery/languages/language.js'
import { networkPolicy } from '../../discovery/languages/network-policy/network-policy.js'
import type { Rule } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { item, pod, replicaSet } from './sighted.js'

const WORKLOAD = 'east/shop/Deployment/web'
const kubeDns = item('Pod', 'kube-system', 'coredns-1', {
	labels: { 'k8s-app': 'kube-dns' },
	addresses: ['10.0.9.1'],
	owner: { kind: 'DaemonSet', name: 'coredns' }
})
const dnsService = item('Service', 'kube-system', 'kube-dns', {
	addresses: ['10.96.0.10'],
	selector: { 'k8s-app': 'kube-dns' },
	ports: [
		{ name: 'dns', port: 53, targetPort: 'dns', protocol: 'UDP' },
		{ name: 'dns-tcp', port: 53, targetPort: 'dns-tcp', protocol: 'TCP' }
	]
})
const inventory: InventoryItem[] = [
	replicaSet('shop', 'web'),
	replicaSet('shop', 'api'),
	replicaSet('data', 'api'),
	pod('shop', 'web', '10.0.0.1'),
	pod('shop', 'api', '10.0.0.2'),
	pod('data', 'api', '10.0.1.2'),
	item('Service', 'data', 'api', {
		addresses: ['10.96.1.1', 'fd96::1'],
		selector: { app: 'api' },
		ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }]
	}),
	item('Service', 'default', 'kubernetes', {
		addresses: ['10.96.0.1'],
		ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }]
	}),
	item('EndpointSlice', 'default', 'kubernetes', { addresses: ['192.168.0.9'] }),
	item('Node', '', 'node-a', { addresses: ['192.168.0.1', 'fd10::1'] })
]

test('a service is its pods and their port; another namespace is one element with both selectors (DE 6)', () => {
	const { spec } = rendered([allow('connect', 'egress/tcp/80/service:data/api')])
	assert.deepEqual(spec.egress, [
		{
			to: [
				{
					namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } },
					podSelector: { matchLabels: { app: 'api' } }
				}
			],
			ports: [{ protocol: 'TCP', port: 8080 }]
		}
	])
	assert.equal(toPod('10.0.1.2', 'data', 'api', 8080), 'allow')
	assert.equal(toPod('10.0.0.2', 'shop', 'api', 8080), 'block', 'the same labels in our own namespace')
	assert.equal(toPod('10.0.1.2', 'data', 'api', 80), 'block')

	function toPod(address: string, namespace: string, app: string, port: number): string {
		return judge(spec, 'connect', `egress/tcp/${port}/${address}`, {
			peer: {
				address,
				namespace,
				podLabels: { app },
				namespaceLabels: { 'kubernetes.io/metadata.name': namespace }
			}
		})
	}
})

test('the internet is an ipBlock of one address: never 0.0.0.0/32, never everybody (DE 4, 5; Kubescape)', () => {
	const { spec } = rendered([
		allow('connect', 'egress/tcp/443/cidr:203.0.113.1/32'),
		allow('connect', 'egress/tcp/443/cidr:2001:db8::1/128'),
		allow('connect', 'egress/tcp/443/workload:east/shop/Deployment/api')
	])
	assert.deepEqual(spec.egress, [
		{
			to: [
				{ ipBlock: { cidr: '2001:db8::1/128' } },
				{ ipBlock: { cidr: '203.0.113.1/32' } },
				{ podSelector: { matchLabels: { app: 'api' } } }
			],
			ports: [{ protocol: 'TCP', port: 443 }]
		}
	])
	assert.equal(judge(spec, 'connect', 'egress/tcp/443/203.0.113.1'), 'allow')
	assert.equal(judge(spec, 'connect', 'egress/tcp/443/203.0.113.2'), 'block')
	assert.equal(
		judge(spec, 'send', 'egress/udp/443/203.0.113.1'),
		'block',
		'TCP was used, UDP is not granted (SPO)'
	)
	assert.equal(judge(spec, 'connect', 'egress/tcp/443/2001:db8::2'), 'block')
})

test('directions are not confused: a connect is our egress, an accept our ingress (DE 7)', () => {
	const { spec } = rendered([
		allow('connect', 'egress/tcp/8080/workload:east/shop/Deployment/api'),
		allow('accept', 'ingress/tcp/80/workload:east/data/Deployment/api')
	])
	assert.deepEqual(spec.policyTypes, ['Egress', 'Ingress'])
	assert.deepEqual(Object.keys(spec), ['podSelector', 'policyTypes', 'ingress', 'egress'])
	assert.equal(JSON.stringify(spec.egress).includes('8080'), true)
	assert.equal(JSON.stringify(spec.ingress).includes('"port":80}'), true)
})

test('a direction without traffic is left open, and said, not written as an empty list (kguardian 1496)', () => {
	const { spec, notes } = rendered([
		allow('listen', 'ingress/tcp/80/any'),
		allow('connect', 'egress/tcp/5/any')
	])
	assert.deepEqual(spec.policyTypes, ['Egress'])
	assert.equal(spec.ingress, undefined)
	assert.ok(notes.some((note) => note.code === 'network-policy.open'))
	assert.ok(notes.some((note) => note.code === 'network-policy.any'))
	const nothing = renderWorkload([policy([allow('bind', 'ingress/tcp/80/any')])], networkPolicy, {
		inventory
	})
	assert.equal(nothing.manifests.length, 0)
})

test('DNS is allowed by UDP and TCP to the resolver’s pods, with the ports that they name', () => {
	const { spec } = rendered(
		[allow('send', 'egress/udp/53/service:kube-system/kube-dns')],
		[kubeDns, dnsService]
	)
	const resolver = {
		namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
		podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } }
	}
	assert.deepEqual(spec.egress, [
		{
			to: [resolver],
			ports: [
				{ protocol: 'TCP', port: 'dns-tcp' },
				{ protocol: 'UDP', port: 'dns' }
			]
		}
	])
	const byName = rendered(
		[allow('resolve', 'example.com'), allow('connect', 'egress/tcp/443/any')],
		[kubeDns]
	)
	assert.deepEqual((byName.spec.egress as unknown[])[0], {
		to: [resolver],
		ports: [
			{ protocol: 'TCP', port: 53 },
			{ protocol: 'UDP', port: 53 }
		]
	})
	const outside = rendered([allow('send', 'egress/udp/53/cidr:9.9.9.9/32')])
	assert.equal(judge(outside.spec, 'connect', 'egress/tcp/53/9.9.9.9'), 'allow')
})

test('names without any resolver leave Egress open: egress with DNS cut off breaks the application (DE 21)', () => {
	const rules = [allow('resolve', 'example.com'), allow('connect', 'egress/tcp/443/cidr:203.0.113.1/32')]
	const { manifests, notes } = renderWorkload([policy(rules)], networkPolicy, { inventory })
	assert.equal(manifests.length, 0)
	assert.ok(notes.some((note) => note.code === 'network-policy.dns' && note.severity === 'refusal'))
})

test('a peer that cannot be carried opens its whole direction and leaves the other closed', () => {
	for (const peer of [
		'name:example.com',
		'workload:east/shop/Deployment/gone',
		'service:shop/gone',
		'node:gone'
	]) {
		const { spec, notes } = rendered([
			allow('connect', `egress/tcp/443/${peer}`),
			allow('connect', 'egress/tcp/80/cidr:203.0.113.1/32'),
			allow('accept', 'ingress/tcp/80/workload:east/shop/Deployment/api')
		])
		assert.deepEqual(spec.policyTypes, ['Ingress'], peer)
		assert.ok(
			notes.some((note) => note.severity === 'refusal' && note.text.includes('Egress is left open')),
			peer
		)
	}
})

test('the API server has no selector: its endpoints and their port are listed', () => {
	const { spec } = rendered([allow('connect', 'egress/tcp/443/service:default/kubernetes')])
	assert.deepEqual(spec.egress, [
		{ to: [{ ipBlock: { cidr: '192.168.0.9/32' } }], ports: [{ protocol: 'TCP', port: 6443 }] }
	])
})

test('nodes are addresses, IPv6 as /128; loopback, unix sockets and ICMP are said and not listed', () => {
	const { spec, notes } = rendered([
		allow('accept', 'ingress/tcp/80/node:node-a'),
		allow('accept', 'ingress/icmp/0/node:node-a'),
		allow('connect', 'egress/tcp/9/cidr:127.0.0.1/32'),
		allow('connect', 'egress/unix/0//run/x.sock')
	])
	assert.deepEqual(spec.policyTypes, ['Ingress'])
	assert.deepEqual(spec.ingress, [
		{
			from: [{ ipBlock: { cidr: '192.168.0.1/32' } }, { ipBlock: { cidr: 'fd10::1/128' } }],
			ports: [{ protocol: 'TCP', port: 80 }]
		}
	])
	const codes = notes.map((note) => note.code)
	for (const code of ['node', 'icmp', 'loopback', 'unix'])
		assert.ok(codes.includes(`network-policy.${code}`), code)
})

test('pods on the host network, hosts and pods without labels get no NetworkPolicy', () => {
	const hostNetwork = inventory.map((one) =>
		one.name.startsWith('web-') ? { ...one, hostNetwork: true } : one
	)
	const rules = [allow('connect', 'egress/tcp/443/any')]
	const refusal = (workload: string, items: InventoryItem[]) =>
		renderWorkload([policy(rules, workload)], networkPolicy, { inventory: items })
	assert.equal(refusal(WORKLOAD, hostNetwork).notes[0]?.code, 'network-policy.host-network')
	assert.equal(refusal('host/n1/nginx.service', inventory).notes[0]?.code, 'network-policy.host')
	assert.equal(refusal(WORKLOAD, []).notes[0]?.code, 'network-policy.labels')
})

test('ports of the same peers are merged, whatever the order of the rules (IG)', () => {
	const rules = [443, 80].flatMap((port) =>
		['api', 'web'].map((app) => allow('connect', `egress/tcp/${port}/workload:east/shop/Deployment/${app}`))
	)
	const { spec } = rendered(rules)
	assert.deepEqual(
		(spec.egress as { to: unknown[]; ports: unknown[] }[]).map((rule) => [rule.to.length, rule.ports]),
		[
			[
				2,
				[
					{ protocol: 'TCP', port: 80 },
					{ protocol: 'TCP', port: 443 }
				]
			]
		]
	)
	assert.deepEqual(rendered([...rules].reverse()).spec, spec)
})

test('policies add up: a foreign one can allow what ours leaves out, also by ranges, holes and names', () => {
	const { spec } = rendered([allow('connect', 'egress/tcp/443/cidr:203.0.113.1/32')])
	const foreign = (egress: unknown[]) => ({
		apiVersion: 'networking.k8s.io/v1',
		kind: 'NetworkPolicy',
		metadata: { name: 'foreign', namespace: 'shop' },
		spec: { podSelector: {}, egress, policyTypes: ['Egress'] }
	})
	const to = (egress: unknown[], object: string, where: Partial<Context> = {}) =>
		networkPolicy.evaluate(
			[{ kind: 'NetworkPolicy', metadata: { name: 'ours', namespace: 'shop' }, spec }, foreign(egress)],
			{ verb: 'connect', object, source: '' },
			{ ...placeOf(WORKLOAD, inventory), ...where }
		).verdict
	const range = [
		{
			to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
			ports: [{ port: 1000, endPort: 2000 }]
		}
	]
	assert.equal(to(range, 'egress/tcp/1500/10.2.0.1'), 'allow')
	assert.equal(to(range, 'egress/tcp/1500/10.1.0.1'), 'block')
	assert.equal(to(range, 'egress/tcp/2001/10.2.0.1'), 'block')
	assert.equal(to([{}], 'egress/tcp/9/198.51.100.1'), 'allow')
	const named = [{ ports: [{ port: 'http' }] }]
	assert.equal(to(named, 'egress/tcp/8080/10.2.0.1', { portNames: { http: 8080 } }), 'allow')
	assert.equal(to(named, 'egress/tcp/8081/10.2.0.1', { portNames: { http: 8080 } }), 'block')
	assert.equal(to([], 'egress/tcp/443/203.0.113.1'), 'allow')
})

test('policyTypes left out mean Ingress, and Egress only with an egress section; other pods are not selected', () => {
	const bare = { kind: 'NetworkPolicy', metadata: { namespace: 'shop' }, spec: { podSelector: {} } }
	const ask = (verb: Verb, object: string, where: Partial<Context> = {}) =>
		networkPolicy.evaluate(
			[bare],
			{ verb, object, source: '' },
			{ ...placeOf(WORKLOAD, inventory), ...where }
		).verdict
	assert.equal(ask('connect', 'egress/tcp/1/10.0.0.1'), 'allow')
	assert.equal(ask('accept', 'ingress/tcp/1/10.0.0.1'), 'block')
	assert.equal(ask('accept', 'ingress/tcp/1/127.0.0.1'), 'allow')
	assert.equal(ask('accept', 'ingress/tcp/1/10.0.0.1', { namespace: 'other' }), 'allow')
})

test('strict: an unknown field, an empty direction and a hole outside its block are found', () => {
	const broken = (spec: Record<string, unknown>) =>
		networkPolicy
			.validate({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'x' }, spec })
			.map((note) => note.code)
	const podSelector = {}
	assert.deepEqual(broken({ podSelector, policyTypes: ['Egress'], egres: [] }), [
		'network-policy.schema',
		'network-policy.empty'
	])
	const hole = [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }]
	assert.deepEqual(broken({ podSelector, policyTypes: ['Egress'], egress: hole }), ['network-policy.except'])
})

function rendered(rules: Rule[], more: InventoryItem[] = []) {
	const { manifests, notes } = renderWorkload([policy(rules)], networkPolicy, {
		inventory: [...inventory, ...more]
	})
	const [manifest] = manifests
	assert.ok(manifest, notes.map((note) => note.text).join('\n'))
	return { spec: manifest.object.spec as Record<string, unknown>, notes }
}

function policy(rules: Rule[], workload = WORKLOAD) {
	return policyOf({ workload, class: 'network', rules })
}

function allow(verb: Verb, object: string): Rule {
	return { effect: 'allow', object, access: [verb], sources: [] }
}

function judge(
	spec: Record<string, unknown>,
	verb: Verb,
	object: string,
	where: Partial<Context> = {}
): string {
	const manifest = { kind: 'NetworkPolicy', metadata: { name: 'ours', namespace: 'shop' }, spec }
	return networkPolicy.evaluate(
		[manifest],
		{ verb, object, source: '' },
		{ ...placeOf(WORKLOAD, inventory), ...where }
	).verdict
}
