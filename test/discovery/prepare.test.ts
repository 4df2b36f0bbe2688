import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Verb } from '../../collector/observation.js'
import type { Access, Context, Whereabouts } from '../../discovery/languages/language.js'
import { LANGUAGES } from '../../discovery/languages/registry.js'

/** Hand-written manifests of every kind, good ones and odd ones; each language passes over those of the others. */
const place = (workload: string, labels: Record<string, string>, container: string): Context => ({
	workload,
	namespace: workload.startsWith('host/') ? '' : 'shop',
	podLabels: workload.startsWith('host/') ? {} : labels,
	namespaceLabels: { 'kubernetes.io/metadata.name': 'shop' },
	container,
	node: 'n1',
	nodeLabels: { 'kubernetes.io/hostname': 'n1' },
	posture: { file: 'block', network: 'block', capabilities: 'audit' }
})
const PLACES = [
	place('east/shop/Deployment/web/web', { app: 'web', tier: 'front' }, 'web'),
	place('east/shop/Deployment/web/proxy', { app: 'web', tier: 'front' }, 'proxy'),
	place('east/shop/Deployment/db/db', { app: 'db' }, 'db'),
	place('host/n1/nginx.service', {}, '')
]

const action = fc.constantFrom('Allow', 'Block', 'Audit')
const source = fc.constantFrom('/usr/bin/p', '/usr/bin/q', '/opt/é')
const fromSource = fc.array(
	source.map((path) => ({ path })),
	{ maxLength: 2 }
)
const path = fc.constantFrom(
	'/etc/hosts',
	'/etc/passwd',
	'/a/b/c',
	'/usr/bin/p',
	'/é',
	`/${'x/'.repeat(22)}y`
)
const dir = fc.constantFrom('/', '/etc/', '/a/', '/a/b/', '/usr/')
const files = fc.record(
	{
		matchPaths: fc.array(fc.record({ path, fromSource, readOnly: fc.boolean(), action }), { maxLength: 3 }),
		matchDirectories: fc.array(
			fc.record({ dir, fromSource, recursive: fc.boolean(), readOnly: fc.boolean(), action }),
			{ maxLength: 3 }
		)
	},
	{ requiredKeys: [] }
)
const labels = fc.constantFrom<Record<string, string>>(
	{},
	{ app: 'web' },
	{ app: 'web', 'kubearmor.io/container.name': '[web]' },
	{ app: 'db' },
	{ tier: 'front' }
)
const metadata = fc.record({
	name: fc.constantFrom('one', 'two', 'three'),
	namespace: fc.constantFrom('shop', 'data')
})
const kubearmorSpec = fc.record({
	process: files,
	file: files,
	network: fc.record({
		matchProtocols: fc.array(
			fc.record({ protocol: fc.constantFrom('tcp', 'udp', 'raw', 'all'), fromSource }),
			{ maxLength: 2 }
		)
	}),
	capabilities: fc.record({
		matchCapabilities: fc.array(fc.record({ capability: fc.constantFrom('net_raw', 'chown') }), {
			maxLength: 1
		})
	}),
	action
})
const cidr = fc.constantFrom(
	'10.0.0.1/32',
	'10.0.0.0/24',
	'0.0.0.0/0',
	'2001:db8::/32',
	'2001:db8::1/128',
	'nonsense'
)
const peer = fc.oneof(
	cidr.map((one) => ({ ipBlock: { cidr: one } })),
	fc.constant({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/24', 'x'] } }),
	labels.map((matchLabels) => ({ podSelector: { matchLabels } })),
	fc.constant({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } } }),
	fc.constant({})
)
const port = fc.oneof(
	fc.record(
		{
			protocol: fc.constantFrom('TCP', 'UDP'),
			port: fc.constantFrom(80, 443, 'http'),
			endPort: fc.constant(500)
		},
		{ requiredKeys: [] }
	),
	fc.constant({ protocol: 'TCP', port: 53 })
)
const rules = (peers: string) =>
	fc.array(
		fc.record(
			{ ports: fc.array(port, { maxLength: 2 }), [peers]: fc.array(peer, { maxLength: 3 }) },
			{ requiredKeys: [] }
		),
		{ maxLength: 3 }
	)
const manifest = fc.oneof(
	fc
		.record({
			kind: fc.constant('KubeArmorPolicy'),
			metadata,
			spec: fc.record({ selector: labels.map((matchLabels) => ({ matchLabels })) })
		})
		.chain((one) => kubearmorSpec.map((spec) => ({ ...one, spec: { ...one.spec, ...spec } }))),
	kubearmorSpec.map((spec) => ({
		kind: 'KubeArmorHostPolicy',
		metadata: { name: 'host' },
		spec: { nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'n1' } }, ...spec }
	})),
	kubearmorSpec.map((spec) => ({
		kind: 'KubeArmorClusterPolicy',
		metadata: { name: 'cluster' },
		spec: {
			selector: { matchExpressions: [{ key: 'namespace', operator: 'NotIn', values: ['data'] }] },
			...spec
		}
	})),
	fc
		.record({
			metadata,
			spec: fc.record(
				{
					podSelector: labels.map((matchLabels) => ({ matchLabels })),
					egress: rules('to'),
					ingress: rules('from'),
					policyTypes: fc.subarray(['Ingress', 'Egress'])
				},
				{ requiredKeys: ['podSelector'] }
			)
		})
		.map((one) => ({ kind: 'NetworkPolicy', ...one })),
	fc
		.record({
			direction: fc.constantFrom('egress', 'ingress'),
			protocol: fc.constantFrom('tcp', 'udp', 'any'),
			port: fc.constantFrom(80, 443),
			cidr
		})
		.map((rule) => ({
			kind: 'WhittleHostPolicy',
			metadata: { name: 'held' },
			spec: { workload: 'host/n1/nginx.service', network: { allow: [rule] } }
		})),
	fc.constant({ kind: 'ConfigMap', data: {} })
)

const flow = fc
	.tuple(
		fc.constantFrom('egress', 'ingress'),
		fc.constantFrom('tcp', 'udp', 'icmp', 'unix'),
		fc.constantFrom(53, 80, 443, 450),
		fc.constantFrom(
			'10.0.0.1',
			'10.0.0.9',
			'::ffff:10.0.0.1',
			'2001:db8::1',
			'127.0.0.1',
			'any',
			'name:example.com',
			'/dev/log'
		)
	)
	.map((parts) => parts.join('/'))
const access: fc.Arbitrary<Access> = fc
	.oneof(
		fc.tuple(
			fc.constantFrom<Verb>('exec', 'read', 'list', 'write', 'create', 'delete', 'chmod', 'chown'),
			fc.oneof(path, fc.constantFrom('/', '/etc', '/a/b/d', '/a/\\x3cb'))
		),
		fc.tuple(fc.constantFrom<Verb>('connect', 'send', 'bind', 'listen', 'accept'), flow),
		fc.tuple(
			fc.constantFrom<Verb>('resolve', 'raw-socket', 'ptrace'),
			fc.constantFrom('example.com', 'AF_INET/icmp')
		),
		fc.tuple(fc.constant<Verb>('capability'), fc.constantFrom('CAP_NET_RAW', 'CAP_CHOWN'))
	)
	.chain(([verb, object]) =>
		fc.constantFrom('', '/usr/bin/p', '/usr/bin/r', '/opt/é').map((by) => ({ verb, object, source: by }))
	)
const where: fc.Arbitrary<Whereabouts> = fc.constantFrom<Whereabouts>(
	{},
	{ isPeerUnknown: true },
	{ portNames: { http: 80 } },
	{
		peer: { namespace: 'shop', podLabels: { app: 'db' }, namespaceLabels: {}, address: '10.0.0.1', port: 443 }
	},
	{
		peer: {
			namespace: 'data',
			podLabels: { app: 'web' },
			namespaceLabels: { 'kubernetes.io/metadata.name': 'data' },
			address: '10.9.9.9'
		}
	}
)

for (const language of LANGUAGES) {
	test(`${language.name}: what was prepared says what evaluate says, word for word`, () => {
		fc.assert(
			fc.property(
				fc.array(manifest, { maxLength: 5 }),
				fc.array(fc.tuple(access, where), { minLength: 1, maxLength: 12 }),
				(manifests, attempts) => {
					const prepared = language.prepare(manifests)
					for (const at of PLACES) {
						const judge = prepared(at)
						for (const [attempt, aside] of attempts) {
							const plain = language.evaluate([...manifests], attempt, { ...at, ...aside })
							if (judge) assert.deepEqual(judge(attempt, aside), plain)
							else assert.equal(plain.verdict, 'allow', 'no manifest selects the place')
						}
					}
				}
			),
			{ numRuns: 400 }
		)
	})

	test(`${language.name}: manifests of other kinds select nothing`, () => {
		const judges = PLACES.map(language.prepare([{ kind: 'ConfigMap', metadata: { name: 'x' } }]))
		assert.deepEqual(
			judges,
			PLACES.map(() => null)
		)
	})
}
