import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Class, InventoryItem, Verb } from '../../collector/observation.js'
import { type Attempt, accessesOf, placeOf } from '../../discovery/access.js'
import { policyOf } from '../../discovery/digest.js'
import type { Language } from '../../discovery/languages/language.js'
import { classesOf } from '../../discovery/languages/manifest.js'
import { LANGUAGES } from '../../discovery/languages/registry.js'
import { learn, type Sighted } from '../../discovery/learn/exact.js'
import type { Note, Policy } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { item, pod, replicaSet, sighted } from './sighted.js'

/** The same cases for every language; each is tried on the workloads that the language can carry. */
interface Case {
	name: string
	seen: Sighted[]
	/** Never seen, or denied: blocked wherever the language holds its class. */
	unseen: [Verb, string][]
}

const NGINX = '/usr/sbin/nginx'
const CLASSES: readonly Class[] = ['process', 'file-read', 'file-write', 'network', 'privilege']
const CASES: Case[] = [
	{
		name: 'a web server',
		seen: [
			sighted('exec', NGINX, { source: '/usr/lib/systemd/systemd' }),
			sighted('read', '/etc/nginx/nginx.conf'),
			sighted('read', '/lib64/ld-linux-x86-64.so.2', { required: true }),
			sighted('write', '/var/log/nginx/access.log'),
			sighted('create', '/var/cache/nginx/<any>'),
			sighted('bind', 'ingress/tcp/80/any'),
			sighted('accept', 'ingress/tcp/80/cidr:10.0.0.2/32'),
			sighted('connect', 'egress/tcp/8080/cidr:10.0.0.2/32'),
			sighted('capability', 'CAP_NET_BIND_SERVICE')
		],
		unseen: [
			['exec', '/bin/bash'],
			['read', '/etc/shadow'],
			['write', NGINX],
			['write', '/etc/nginx/nginx.conf'],
			['connect', 'egress/tcp/8081/10.0.0.2'],
			['send', 'egress/udp/8080/10.0.0.2'],
			['capability', 'CAP_SYS_ADMIN']
		]
	},
	{
		name: 'denied is never learned',
		seen: [
			sighted('exec', NGINX, { source: '/usr/lib/systemd/systemd' }),
			sighted('exec', '/bin/sh', { result: 'denied' }),
			sighted('read', '/etc/hosts'),
			sighted('read', '/etc/gshadow', { result: 'denied' }),
			sighted('write', '/tmp/x'),
			sighted('write', '/usr/bin/x', { result: 'denied' }),
			sighted('connect', 'egress/tcp/443/cidr:2001:db8::1/128'),
			sighted('connect', 'egress/udp/4444/cidr:203.0.113.66/32', { result: 'denied' })
		],
		unseen: [
			['exec', '/bin/sh'],
			['read', '/etc/gshadow'],
			['write', '/usr/bin/x'],
			['connect', 'egress/udp/4444/203.0.113.66']
		]
	},
	{
		name: 'names that YAML could take for something else',
		seen: [
			sighted('exec', '/opt/no', { source: '/usr/lib/systemd/systemd' }),
			...[
				'/no',
				'/on/y',
				'/1:20',
				'/0o7',
				'/=',
				'/<<'.replaceAll('<', '\\x3c'),
				'/-',
				'/a b: c #d',
				'/é😀',
				'/it\'s "\\\\"'
			].map((path) => sighted('read', path, { source: '/opt/no' })),
			sighted('write', '/~', { source: '/opt/no' }),
			sighted('connect', 'egress/tcp/1/cidr:203.0.113.1/32', { source: '/opt/no' })
		],
		unseen: [
			['read', '/yes'],
			['exec', '/opt/yes']
		]
	}
]

const inventory: InventoryItem[] = [
	replicaSet('shop', 'on'),
	pod('shop', 'on', '10.0.0.1'),
	item('Node', '', 'n1')
]
const WORKLOADS = ['east/shop/Deployment/on/on', 'host/n1/no.service']

for (const language of LANGUAGES) {
	for (const workload of WORKLOADS) {
		for (const one of CASES) {
			test(`${language.name}: ${one.name}, in ${workload}`, () => check(language, one, workload))
		}
	}
	test(`${language.name}: it allows whatever it was rendered from, in any order of the evidence`, () => {
		fc.assert(
			fc.property(behaviours, fc.constantFrom(...WORKLOADS), (seen, workload) => {
				const policies = learned(seen, workload)
				const { manifests, notes } = renderWorkload(policies, language, { inventory })
				assert.deepEqual(failedChecks(notes), [], 'render itself is right; the check has nothing to catch')
				const objects = manifests.map((manifest) => manifest.object)
				for (const policy of carried(policies, objects)) {
					for (const attempt of attemptsOf(policy)) {
						assert.equal(
							verdict(language, objects, policy.workload, attempt),
							'allow',
							JSON.stringify(attempt)
						)
					}
				}
				const again = renderWorkload(learned([...seen].reverse(), workload), language, { inventory })
				assert.deepEqual(
					again.manifests.map((manifest) => manifest.yaml),
					manifests.map((manifest) => manifest.yaml)
				)
			}),
			{ numRuns: 150 }
		)
	})
}

function check(language: Language, one: Case, workload: string): void {
	const policies = learned(one.seen, workload)
	const { manifests, notes } = renderWorkload(policies, language, { inventory })
	const objects = manifests.map((manifest) => manifest.object)
	assert.deepEqual(failedChecks(notes), [])
	if (manifests.length === 0) {
		assert.ok(notes.length > 0, 'what is not written is explained')
		return
	}
	for (const manifest of manifests) {
		assert.deepEqual(language.validate(manifest.object), [])
		assert.deepEqual(parse(manifest.yaml), manifest.object)
		assert.deepEqual(parse(manifest.yaml, { version: '1.1' }), manifest.object)
		assert.notEqual(language.validate({ ...manifest.object, surprise: 1 }).length, 0, 'strict')
	}
	const held = carried(policies, objects)
	for (const policy of held) {
		for (const attempt of attemptsOf(policy)) {
			assert.equal(verdict(language, objects, policy.workload, attempt), 'allow', JSON.stringify(attempt))
		}
	}
	for (const [verb, object] of one.unseen) {
		const of = sighted(verb, object).class
		const policy = held.find((candidate) => candidate.class === of)
		const access = { verb, object, source: NGINX }
		if (!policy || language.blindTo(access, policies, objects) !== null) continue
		assert.equal(
			verdict(language, objects, policy.workload, { access, where: {} }),
			'block',
			`${verb} ${object}`
		)
	}
}

function failedChecks(notes: readonly Note[]): string[] {
	return notes
		.filter((note) => note.severity === 'refusal' && note.code.startsWith('selfcheck.'))
		.map((note) => note.text)
}

/** Policies of every class in which something trusted was seen; the network's belongs to the pod. */
function learned(seen: readonly Sighted[], workload: string): Policy[] {
	const form = workload.startsWith('host/') ? 'host' : 'container'
	const pod = form === 'host' ? workload : workload.slice(0, workload.lastIndexOf('/'))
	return CLASSES.flatMap((of) => {
		const { rules } = learn(seen, of, form)
		return rules.length > 0
			? [policyOf({ workload: of === 'network' ? pod : workload, class: of, rules })]
			: []
	})
}

function carried(policies: readonly Policy[], objects: readonly Record<string, unknown>[]): Policy[] {
	const held = new Set(objects.flatMap((object) => classesOf(object)))
	return policies.filter((policy) => held.has(policy.class))
}

function attemptsOf(policy: Policy): Attempt[] {
	return policy.rules.flatMap((rule) => accessesOf(rule, policy, inventory))
}

function verdict(
	language: Language,
	objects: Record<string, unknown>[],
	workload: string,
	{ access, where }: Attempt
): string {
	return language.evaluate(objects, access, { ...placeOf(workload, inventory), ...where }).verdict
}

const path = fc.constantFrom(
	'/a',
	'/a/b',
	'/a/b/c',
	'/var/x/<any>',
	'/proc/<pid>/stat',
	'/etc/hosts',
	'/usr/bin/p'
)
const source = fc.constantFrom('', '/usr/bin/p', '/usr/bin/q')
const flow = fc
	.record({
		direction: fc.constantFrom('egress', 'ingress'),
		protocol: fc.constantFrom('tcp', 'udp', 'sctp', 'icmp'),
		port: fc.constantFrom(53, 80, 443, 65535),
		peer: fc.constantFrom(
			'any',
			'cidr:203.0.113.1/32',
			'cidr:2001:db8::1/128',
			'cidr:127.0.0.1/32',
			'workload:east/shop/Deployment/on',
			'node:n1',
			'name:example.com'
		)
	})
	.map(({ direction, protocol, port, peer }) => `${direction}/${protocol}/${port}/${peer}`)
const behaviour = fc.oneof(
	fc.tuple(fc.constantFrom<Verb>('read', 'list', 'write', 'create', 'delete', 'rename', 'chown'), path),
	fc.tuple(fc.constant<Verb>('exec'), fc.constantFrom('/usr/bin/p', '/usr/bin/q', '/usr/bin/r')),
	fc.tuple(fc.constantFrom<Verb>('connect', 'send', 'accept', 'bind', 'listen'), flow),
	fc.tuple(fc.constant<Verb>('resolve'), fc.constant('example.com')),
	fc.tuple(fc.constant<Verb>('capability'), fc.constantFrom('CAP_CHOWN', 'CAP_SETUID'))
)
const behaviours = fc.array(
	fc
		.tuple(behaviour, source, fc.constantFrom('allowed' as const, 'denied' as const))
		.map(([[verb, object], by, result]) => sighted(verb, object, { source: by, result })),
	{ maxLength: 16 }
)
