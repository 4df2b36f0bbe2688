import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { InventoryItem, Verb } from '../../../../collector/observation.js'
import { placeOf } from '../../../../discovery/access.js'
import { policyOf } from '../../../../discovery/digest.js'
import { host } from '../../../../discovery/languages/host/host.js'
import { kubearmor } from '../../../../discovery/languages/kubearmor/kubearmor.js'
import type { Language } from '../../../../discovery/languages/language.js'
import { networkPolicy } from '../../../../discovery/languages/network-policy/network-policy.js'
import { generaliseNetwork } from '../../../../discovery/learn/network/network.js'
import type { BehaviourState } from '../../../../discovery/learn/state.js'
import type { Rule } from '../../../../discovery/policy.js'
import { renderWorkload } from '../../../../discovery/selfcheck.js'
import { DAY_MS, item, pod, replicaSet } from '../../sighted.js'
import { facts, need } from './needs.js'

const POD = 'east/shop/Deployment/web'
const UNIT = 'host/node-a/app.service'
const answer = (name: string, address: string, owner = 'web') =>
	item('DnsAnswer', 'shop', name, {
		uid: `Deployment/${owner}/${address}`,
		addresses: [address],
		owner: { kind: 'Deployment', name: owner },
		toMs: DAY_MS + 60_000
	})
const inventory: InventoryItem[] = [
	replicaSet('shop', 'web'),
	pod('shop', 'web', '10.0.0.1', { labels: { app: 'web' } }),
	...['a', 'b', 'c'].flatMap((name, index) => [
		replicaSet('shop', name),
		pod('shop', name, `10.0.0.${index + 2}`, { labels: { app: name, tier: 'back' } })
	]),
	item('Node', '', 'node-a', { addresses: ['192.168.0.1'] }),
	item('Node', '', 'node-b', { addresses: ['192.168.0.2'] }),
	item('Service', 'shop', 'many', {
		addresses: ['10.96.0.7'],
		selector: { tier: 'back' },
		ports: [
			{ name: '', port: 8000, targetPort: 9000, protocol: 'TCP' },
			{ name: '', port: 8004, targetPort: 9004, protocol: 'TCP' }
		]
	}),
	answer('api.example.com', '198.51.100.1'),
	answer('x1.cdn.example.com', '198.51.100.8'),
	answer('x2.cdn.example.com', '198.51.100.9'),
	answer('deep.x2.cdn.example.com', '198.51.100.10'),
	answer('api.example.com', '198.51.100.99', 'other'),
	answer('api.example.com', '169.254.169.254'),
	answer('api.example.com', '192.168.0.1'),
	answer('api.example.com', '10.96.0.7')
]
const allow = (verb: Verb, object: string): Rule => ({ effect: 'allow', object, access: [verb], sources: [] })

function rendered(language: Language, workload: string, rules: Rule[]) {
	return renderWorkload([policyOf({ workload, class: 'network', rules })], language, { inventory })
}
function specOf(language: Language, workload: string, rules: Rule[]) {
	const { manifests, notes } = rendered(language, workload, rules)
	assert.deepEqual(
		notes.filter(({ severity }) => severity === 'refusal'),
		[]
	)
	return { spec: manifests[0]?.object.spec, object: manifests[0]?.object ?? {}, notes }
}
const verdict = (
	language: Language,
	object: Record<string, unknown>,
	workload: string,
	verb: Verb,
	text: string
) => language.evaluate([object], { verb, object: text, source: '' }, placeOf(workload, inventory)).verdict

test('NetworkPolicy: a network is a block, a range has an endPort, labels are a selector, any node is all of them', () => {
	const { spec, object } = specOf(networkPolicy, POD, [
		allow('connect', 'egress/tcp/443/cidr:198.51.100.0/24'),
		allow('connect', 'egress/tcp/8000-8010/cidr:203.0.113.0/25'),
		allow('connect', 'egress/tcp/80/pods:east/shop?tier=back'),
		allow('accept', 'ingress/tcp/8081/node:*')
	])
	assert.deepEqual(spec, {
		podSelector: { matchLabels: { app: 'web' } },
		policyTypes: ['Egress', 'Ingress'],
		ingress: [
			{
				from: [{ ipBlock: { cidr: '192.168.0.1/32' } }, { ipBlock: { cidr: '192.168.0.2/32' } }],
				ports: [{ protocol: 'TCP', port: 8081 }]
			}
		],
		egress: [
			{ to: [{ podSelector: { matchLabels: { tier: 'back' } } }], ports: [{ protocol: 'TCP', port: 80 }] },
			{ to: [{ ipBlock: { cidr: '198.51.100.0/24' } }], ports: [{ protocol: 'TCP', port: 443 }] },
			{
				to: [{ ipBlock: { cidr: '203.0.113.0/25' } }],
				ports: [{ protocol: 'TCP', port: 8000, endPort: 8010 }]
			}
		]
	})
	const asked = (text: string) => verdict(networkPolicy, object, POD, 'connect', text)
	assert.equal(asked('egress/tcp/443/198.51.100.77'), 'allow')
	assert.equal(asked('egress/tcp/443/198.51.101.1'), 'block')
	assert.equal(asked('egress/tcp/8010/203.0.113.127'), 'allow')
	assert.equal(asked('egress/tcp/8011/203.0.113.127'), 'block')
	assert.equal(asked('egress/tcp/8010/203.0.113.128'), 'block')
})

test('NetworkPolicy: a name is the addresses that the workload was last told, and that is said', () => {
	const { spec, notes } = specOf(networkPolicy, POD, [
		allow('connect', 'egress/tcp/443/name:api.example.com'),
		allow('connect', 'egress/tcp/80/name:*.cdn.example.com')
	])
	const block = (cidr: string) => ({ ipBlock: { cidr } })
	assert.deepEqual(spec, {
		podSelector: { matchLabels: { app: 'web' } },
		policyTypes: ['Egress'],
		egress: [
			{ to: [block('198.51.100.8/32'), block('198.51.100.9/32')], ports: [{ protocol: 'TCP', port: 80 }] },
			{ to: [block('198.51.100.1/32')], ports: [{ protocol: 'TCP', port: 443 }] }
		]
	})
	assert.ok(
		notes.some(({ text }) => text.startsWith('NetworkPolicy has no names: api.example.com is allowed at'))
	)
	// Whoever answers for the name said that it is the metadata service, a node and a service, too.
	const unknown = rendered(networkPolicy, POD, [allow('connect', 'egress/tcp/443/name:unknown.example.com')])
	assert.deepEqual(unknown.manifests, [])
	assert.match(unknown.notes[0]?.text ?? '', /no DNS answer says at which addresses.*Egress is left open/)
})

test('NetworkPolicy: of a range, a service answers on the ports that it declares', () => {
	const { spec } = specOf(networkPolicy, POD, [allow('connect', 'egress/tcp/8000-8009/service:shop/many')])
	assert.deepEqual(spec, {
		podSelector: { matchLabels: { app: 'web' } },
		policyTypes: ['Egress'],
		egress: [
			{
				to: [{ podSelector: { matchLabels: { tier: 'back' } } }],
				ports: [
					{ protocol: 'TCP', port: 9000 },
					{ protocol: 'TCP', port: 9004 }
				]
			}
		]
	})
})

test('the host’s programs hold networks and narrow ranges, and refuse a wide range out loud', () => {
	const { spec, object } = specOf(host, UNIT, [
		allow('connect', 'egress/tcp/443/cidr:198.51.100.0/24'),
		allow('connect', 'egress/tcp/8000-8010/cidr:2001:db8::/64'),
		allow('connect', 'egress/tcp/443/name:api.example.com'),
		allow('bind', 'ingress/udp/5000-5003/any')
	])
	assert.deepEqual((spec as { network: unknown }).network, {
		default: 'deny',
		allow: [
			{ direction: 'egress', protocol: 'tcp', port: 443, cidr: '198.51.100.0/24' },
			{ direction: 'egress', protocol: 'tcp', port: 443, cidr: '198.51.100.1/32' },
			{ direction: 'egress', protocol: 'tcp', port: 443, cidr: '198.51.100.99/32' },
			{ direction: 'egress', protocol: 'tcp', portFrom: 8000, portTo: 8010, cidr: '2001:db8::/64' },
			{ direction: 'ingress', protocol: 'udp', portFrom: 5000, portTo: 5003, cidr: '0.0.0.0/0' },
			{ direction: 'ingress', protocol: 'udp', portFrom: 5000, portTo: 5003, cidr: '::/0' }
		]
	})
	const asked = (verb: Verb, text: string) => verdict(host, object, UNIT, verb, text)
	assert.equal(asked('connect', 'egress/tcp/8010/2001:db8::ffff'), 'allow')
	assert.equal(asked('connect', 'egress/tcp/8011/2001:db8::ffff'), 'block')
	assert.equal(asked('bind', 'ingress/udp/5003/any'), 'allow')
	assert.equal(asked('bind', 'ingress/udp/5004/any'), 'block')

	const wide = rendered(host, UNIT, [allow('send', 'egress/udp/32768-60999/cidr:10.0.0.7/32')])
	assert.deepEqual(wide.manifests, [])
	assert.match(wide.notes[0]?.text ?? '', /Ports 32768 to 60999 .* at most 256 ports/)
	const ranges = Array.from({ length: 100 }, (_, index) =>
		allow('connect', `egress/tcp/1000-1255/cidr:10.1.${index}.0/24`)
	)
	const full = rendered(host, UNIT, ranges)
	assert.deepEqual(full.manifests, [])
	assert.match(full.notes.at(-1)?.text ?? '', /25600 places in the kernel’s table/)
})

test('KubeArmor knows protocols only, and says what it leaves out', () => {
	const { spec, notes } = specOf(kubearmor, POD, [
		allow('connect', 'egress/tcp/8000-8010/cidr:203.0.113.0/24')
	])
	assert.deepEqual((spec as { network: unknown }).network, { matchProtocols: [{ protocol: 'tcp' }] })
	assert.ok(notes.some(({ code }) => code === 'kubearmor.addresses'))
})

const object = fc.oneof(
	fc
		.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 255 }))
		.map(([port, last]) => `egress/tcp/${8000 + port}/cidr:198.51.100.${last}/32`),
	fc.integer({ min: 1, max: 400 }).map((port) => `egress/udp/${port}/cidr:203.0.113.1/32`),
	fc
		.integer({ min: 0, max: 0xffff })
		.map((last) => `egress/tcp/443/cidr:2001:db8::${last.toString(16)}/128`.replace('::0/', '::/')),
	fc.constantFrom('x1', 'x2').map((label) => `egress/tcp/443/name:${label}.cdn.example.com`),
	fc.constantFrom('a', 'b', 'c').map((name) => `egress/tcp/80/workload:east/shop/Deployment/${name}`),
	fc.constantFrom('node-a', 'node-b').map((node) => `egress/tcp/10250/node:${node}`)
)
const needs: fc.Arbitrary<BehaviourState[]> = fc.uniqueArray(
	fc
		.tuple(object, fc.integer({ min: 0, max: 99 }))
		.map(([text, hour]) => need(text.includes('/udp/') ? 'send' : 'connect', text, [hour])),
	{ minLength: 1, maxLength: 40, selector: (state) => state.object }
)

test('whatever is learned, what is rendered allows what was needed, and every language passes its own check', () => {
	fc.assert(
		fc.property(needs, (all) => {
			const learned = generaliseNetwork(all, facts({ inventory }))
			const rules = learned.rules.map(({ effect, object, access, sources }) => ({
				effect,
				object,
				access,
				sources
			}))
			for (const [language, workload] of [
				[networkPolicy, POD],
				[host, UNIT],
				[kubearmor, POD]
			] as const) {
				const { manifests, notes } = rendered(language, workload, rules)
				assert.deepEqual(
					notes.filter(
						({ code, text }) => code.startsWith('selfcheck.') && code !== 'selfcheck.blind' && text !== ''
					),
					[]
				)
				const [manifest] = manifests
				if (!manifest) continue
				for (const state of all) {
					if (!state.object.includes('/cidr:')) continue
					const text = state.object.replace(/cidr:(.*)\/\d+$/, '$1')
					const where = { verb: state.verb, object: text, source: '/app' }
					const { verdict: said } = language.evaluate([manifest.object], where, placeOf(workload, inventory))
					assert.equal(said, 'allow', `${language.name} ${text}`)
				}
			}
		}),
		{ numRuns: 40 }
	)
})
