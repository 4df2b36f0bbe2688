import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Class, Verb } from '../../collector/observation.js'
import { placeOf } from '../../discovery/access.js'
import { canonicalBody, policyOf } from '../../discovery/digest.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import type { Language } from '../../discovery/languages/language.js'
import { classesOf } from '../../discovery/languages/manifest.js'
import { networkPolicy } from '../../discovery/languages/network-policy/network-policy.js'
import { learn, type Sighted } from '../../discovery/learn/exact.js'
import { createPeers } from '../../discovery/peers.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { DAY_MS, item, pod, replicaSet, sighted } from './sighted.js'

/**
 * What earlier systems got wrong, each with its name in the tracker of the project that did (DE =
 * accuknox/discovery-engine). Those that have a test beside the code they are about are not repeated.
 */
const NGINX = '/usr/sbin/nginx'
const WEB = 'east/shop/Deployment/web'
const inventory = [replicaSet('shop', 'web'), pod('shop', 'web', '10.0.0.1')]

test('DE 11, 12: no rule, path or source is lost or written twice', () => {
	const paths = ['/a', '/b', '/c', '/a', '/b']
	const sources = ['/bin/x', '/bin/y', '/bin/x']
	const seen = paths.flatMap((path) => sources.map((source) => sighted('read', path, { source })))
	const { rules } = learn(seen, 'file-read', 'container')
	assert.deepEqual(
		rules.map((rule) => [rule.object, rule.sources]),
		['/a', '/b', '/c'].map((path) => [path, ['/bin/x', '/bin/y']])
	)
})

test('DE 14, 277: what is shown is what is stored, and the same needs never look changed', () => {
	const body = {
		workload: WEB,
		class: 'process' as const,
		rules: learn([sighted('exec', NGINX)], 'process', 'host').rules
	}
	assert.equal(policyOf(body).digest, policyOf({ ...body }).digest)
	assert.equal(
		canonicalBody(policyOf(body)),
		'{"class":"process","rules":[{"access":["exec"],"effect":"allow","object":"/usr/sbin/nginx","sources":["/usr/sbin/nginx"]}],"workload":"east/shop/Deployment/web"}'
	)
})

test('DE 627: a policy for processes and files holds no network', () => {
	const verdict = judge(kubearmor, [sighted('exec', NGINX), sighted('read', '/a'), sighted('write', '/b')])
	assert.equal(verdict('connect', 'egress/tcp/443/203.0.113.1'), 'allow')
	assert.equal(verdict('exec', '/bin/sh'), 'block')
})

test('DE 666: ports and protocols are those that were used', () => {
	const verdict = judge(networkPolicy, [sighted('connect', 'egress/tcp/8443/cidr:203.0.113.1/32')])
	assert.equal(verdict('connect', 'egress/tcp/8443/203.0.113.1'), 'allow')
	for (const other of ['tcp/443', 'udp/8443', 'sctp/8443', 'tcp/8444']) {
		assert.equal(verdict('connect', `egress/${other}/203.0.113.1`), 'block', other)
	}
})

test('DE 687: the main program is in the process list, and the root directory never is', () => {
	const policies = policiesOf([sighted('exec', NGINX), sighted('exec', '/bin/grpc_health_probe')])
	const { manifests } = renderWorkload(policies, kubearmor, { inventory })
	const spec = manifests[0]?.object.spec as {
		process: { matchPaths: { path: string }[]; matchDirectories?: unknown }
	}
	assert.deepEqual(
		spec.process.matchPaths.map((rule) => rule.path),
		['/bin/grpc_health_probe', NGINX]
	)
	assert.equal(spec.process.matchDirectories, undefined)
})

test('NeuVector: a directory ends at its slash, and thirty ports stay thirty ports', () => {
	const files = judge(kubearmor, [sighted('read', '/usr/share/app/<any>'), sighted('write', '/tmp/x')])
	assert.equal(files('read', '/usr/share/app/page'), 'allow')
	assert.equal(files('read', '/usr/share/apple'), 'block')
	const ports = Array.from({ length: 30 }, (_, i) => 2000 + 2 * i)
	const network = judge(
		networkPolicy,
		ports.map((port) => sighted('connect', `egress/tcp/${port}/cidr:203.0.113.1/32`))
	)
	assert.equal(network('connect', 'egress/tcp/2058/203.0.113.1'), 'allow')
	assert.equal(network('connect', 'egress/tcp/2059/203.0.113.1'), 'block')
})

test('NeuVector 2663: hosts of the node’s network are peers like any other', () => {
	const verdict = judge(networkPolicy, [sighted('accept', 'ingress/tcp/80/cidr:192.168.0.77/32')])
	assert.equal(verdict('accept', 'ingress/tcp/80/192.168.0.77'), 'allow')
	assert.equal(verdict('accept', 'ingress/tcp/80/192.168.0.78'), 'block')
})

test('Inspektor Gadget: UDP to high ports and IPv6 are learned', () => {
	const verdict = judge(networkPolicy, [sighted('send', 'egress/udp/5060/cidr:2001:db8::5/128')])
	assert.equal(verdict('send', 'egress/udp/5060/2001:db8::5'), 'allow')
	assert.equal(verdict('send', 'egress/udp/5060/2001:db8::6'), 'block')
})

test('Kubescape: a rule for anybody stays on its port when rules are merged', () => {
	const verdict = judge(networkPolicy, [
		sighted('connect', 'egress/tcp/80/any'),
		sighted('connect', 'egress/tcp/443/cidr:203.0.113.1/32')
	])
	assert.equal(verdict('connect', 'egress/tcp/80/198.51.100.1'), 'allow')
	assert.equal(verdict('connect', 'egress/tcp/443/198.51.100.1'), 'block')
})

test('security-profiles-operator 2576: what the runtime did to start a container stays the runtime’s', () => {
	const verdict = judge(kubearmor, [
		sighted('capability', 'CAP_SYS_ADMIN', { source: '/usr/bin/runc' }),
		sighted('capability', 'CAP_NET_BIND_SERVICE')
	])
	assert.equal(verdict('capability', 'CAP_NET_BIND_SERVICE'), 'allow')
	assert.equal(verdict('capability', 'CAP_SYS_ADMIN'), 'block')
})

test('a sensitive file is never covered by a directory that was too full to keep its names', () => {
	const policies = policiesOf([sighted('read', '/etc/<any>'), sighted('write', '/tmp/x')])
	const { manifests, notes } = renderWorkload(policies, kubearmor, { inventory })
	assert.deepEqual(
		manifests.flatMap((manifest) => classesOf(manifest.object)),
		['process']
	)
	assert.match(notes.find((note) => note.code === 'kubearmor.sensitive')?.text ?? '', /open \/etc\/gshadow/)
})

test('Otterize: an address that is used again is told apart by time, without distrusting young pods', () => {
	const items = [
		pod('shop', 'old', '10.0.0.9', { toMs: DAY_MS + 1000 }),
		pod('shop', 'new', '10.0.0.9', { fromMs: DAY_MS + 1001 })
	]
	const at = (ms: number) =>
		createPeers(items).resolve({
			cluster: 'east',
			verb: 'connect',
			direction: 'egress',
			peer: '10.0.0.9',
			spans: [{ fromMs: ms, toMs: ms }]
		}).peers
	assert.deepEqual(at(DAY_MS + 999), ['workload:east/shop/Deployment/old'])
	assert.deepEqual(at(DAY_MS + 1001), ['workload:east/shop/Deployment/new'])
})

function policiesOf(seen: readonly Sighted[]) {
	const all = [...seen]
	if (seen.some((one) => one.class.startsWith('file-')) && !seen.some((one) => one.verb === 'exec')) {
		all.push(sighted('exec', NGINX, { source: '' }))
	}
	return (['process', 'file-read', 'file-write', 'network', 'privilege'] as Class[]).flatMap((of) => {
		const { rules } = learn(all, of, 'container')
		return rules.length > 0
			? [policyOf({ workload: of === 'network' ? WEB : `${WEB}/web`, class: of, rules })]
			: []
	})
}

function judge(language: Language, seen: readonly Sighted[]) {
	const nodes = [...inventory, item('Node', '', 'node-a')]
	const { manifests, notes } = renderWorkload(policiesOf(seen), language, { inventory: nodes })
	assert.ok(manifests.length > 0, notes.map((note) => note.text).join('\n'))
	const objects = manifests.map((manifest) => manifest.object)
	return (verb: Verb, object: string) =>
		language.evaluate(objects, { verb, object, source: NGINX }, placeOf(`${WEB}/web`, nodes)).verdict
}
