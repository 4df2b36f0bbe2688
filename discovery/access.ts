import type { Class, InventoryItem, Verb } from '../collector/observation.js'
import { compareText, parseNetworkObject } from './behaviour.js'
import { endsOf } from './ends.js'
import { arrangeInventory, type Inventory, namespaceLabels } from './inventory.js'
import type { Access, Context } from './languages/language.js'
import type { Policy, Rule } from './policy.js'
import { parseWorkloadName, podWorkloadName } from './workload.js'

export { namespaceLabels } from './inventory.js'

/** One access and what of its context differs from that of its workload. */
export interface Attempt {
	access: Access
	where: Pick<Context, 'peer' | 'portNames'>
}

/** Where a workload lives, as selectors and postures see it, with every posture at block. */
export function placeOf(workload: string, items: readonly InventoryItem[]): Context {
	const name = parseWorkloadName(workload)
	const inventory = arrangeInventory(items)
	const place: Context = {
		workload,
		namespace: '',
		podLabels: {},
		namespaceLabels: {},
		container: '',
		node: '',
		nodeLabels: {},
		posture: { file: 'block', network: 'block', capabilities: 'block' }
	}
	if (name?.form === 'host') {
		const node = items.find((item) => item.kind === 'Node' && item.name === name.node)
		place.node = name.node
		place.nodeLabels = { 'kubernetes.io/hostname': name.node, ...node?.labels }
	} else if (name) {
		const [pod] = inventory.podsOf(podWorkloadName(name))
		place.namespace = name.namespace
		place.podLabels = pod?.labels ?? {}
		place.namespaceLabels = namespaceLabels(inventory, name.cluster, name.namespace)
		place.container = name.container || (pod?.containers[0]?.name ?? '')
		place.node = pod?.node ?? ''
	}
	return place
}

/**
 * The concrete accesses that a rule stands for: each verb by each source, typed tokens filled in,
 * peers turned back into addresses that hold today. A peer that no longer exists stands for none.
 */
export function accessesOf(rule: Rule, policy: Policy, items: readonly InventoryItem[]): Attempt[] {
	const sources = rule.sources.length > 0 ? rule.sources : ['']
	return rule.access.flatMap((verb) =>
		objectsOf(rule.object, verb, policy, arrangeInventory(items)).flatMap(({ object, where }) =>
			sources.map((source) => ({ access: { verb, object, source: filled(source)[0] ?? source }, where }))
		)
	)
}

interface Place {
	object: string
	where: Attempt['where']
}

function objectsOf(object: string, verb: Verb, policy: Policy, inventory: Inventory): Place[] {
	const flow = policy.class === 'network' ? parseNetworkObject(object) : null
	if (!flow || flow.protocol === 'unix') return filled(object).map((text) => ({ object: text, where: {} }))
	return endsOf(flow, verb, policy.workload, inventory)
}

/**
 * Text with its tokens filled in: a process id both as the first process and as another, everything
 * below a directory both directly in it and deeper.
 */
export function filled(text: string): string[] {
	if (!text.includes('<')) return [text]
	const rest = text.replace(/<[a-z]+>/g, (token) => FILLINGS[token] ?? token)
	for (const [token, fillings] of CHOICES) {
		if (rest.includes(token)) return fillings.flatMap((one) => filled(rest.replaceAll(token, one)))
	}
	return [rest]
}

const FILLINGS: Readonly<Record<string, string>> = {
	'<container>': `${'c0ffee'.repeat(10)}c0ff`,
	'<uid>': '00000000-0000-4000-8000-000000000000',
	'<any>': 'unseen-name',
	'<int>': '4711',
	'<uuid>': '123e4567-e89b-42d3-a456-426614174000',
	'<hex>': '0badc0de',
	'<date>': '2026-02-28',
	'<semver>': '1.22.333',
	'<random>': 'q7XvB2kZ'
}
const CHOICES: readonly [token: string, fillings: string[]][] = [
	['<pid>', ['1', '4242']],
	['<all>', ['unseen-name', 'unseen/deeper/name']]
]

const SHELLS = ['/bin/sh', '/usr/bin/sh', '/bin/dash', '/usr/bin/dash', '/bin/bash', '/usr/bin/bash']
const PACKAGE_TOOLS = ['/usr/bin/apt', '/usr/bin/apt-get', '/sbin/apk', '/usr/bin/yum', '/usr/bin/dnf']
const ROOT_HOME = '/root'
const SECRETS = [
	'/etc/shadow',
	`${ROOT_HOME}/.ssh/id_rsa`,
	'/run/secrets/kubernetes.io/serviceaccount/token',
	'/var/run/secrets/kubernetes.io/serviceaccount/token'
]
/** The metadata service of every large cloud, and a datagram to nobody. */
const CONNECTIONS: [Verb, string][] = [
	['connect', 'egress/tcp/80/169.254.169.254'],
	['send', 'egress/udp/9/203.0.113.9']
]

/** What no workload may do unless it was seen to need it, in the class of this policy. */
export function canariesOf(policy: Policy, all: readonly Policy[]): Attempt[] {
	const programs = programsOf(all)
	const canaries = tried(policy.class, programs).filter(
		([verb, object]) => !isNeeded(verb, object, policy, all)
	)
	const sources = [...programs.slice(0, SOURCES_MAX), UNSEEN_PROGRAM]
	return canaries.flatMap(([verb, object]) =>
		sources.map((source) => ({ access: { verb, object, source }, where: whereOf(object) }))
	)
}

const SOURCES_MAX = 3
const UNSEEN_PROGRAM = '/tmp/.unseen'

function tried(of: Class, programs: readonly string[]): [Verb, string][] {
	if (of === 'process') return [...SHELLS, ...PACKAGE_TOOLS].map((path) => ['exec', path])
	if (of === 'file-read') return SECRETS.map((path) => ['read', path])
	if (of === 'file-write') return [...programs, '/usr/bin/x'].map((path) => ['write', path])
	return of === 'network' ? CONNECTIONS : []
}

function isNeeded(verb: Verb, object: string, policy: Policy, all: readonly Policy[]): boolean {
	if (policy.class !== 'network') {
		// A file that may be written may be read in every language, so either need is one.
		const isFile = policy.class === 'file-read' || policy.class === 'file-write'
		const rules = isFile
			? all.filter((one) => one.class.startsWith('file-')).flatMap((one) => one.rules)
			: policy.rules
		// Only by its own name: what a generalisation happens to cover was never seen to be needed.
		return rules.some((rule) => nameOf(rule) === object && (verb !== 'write' || !isReadOnly(rule)))
	}
	const canary = parseNetworkObject(object)
	return policy.rules.some((rule) => {
		const flow = parseNetworkObject(rule.object)
		if (!flow || !canary || flow.direction !== canary.direction) return false
		if (flow.protocol !== canary.protocol || flow.port !== canary.port) return false
		return flow.peer === 'any' || flow.peer === `cidr:${canary.peer}/32`
	})
}

/** A mounted secret lies behind the date of its last rotation (kubelet's AtomicWriter). */
function nameOf(rule: Rule): string {
	return rule.effect === 'allow' ? rule.object.replace('/..<date>/', '/') : ''
}

function isReadOnly(rule: Rule): boolean {
	return rule.access.every((verb) => verb === 'read' || verb === 'list')
}

function programsOf(policies: readonly Policy[]): string[] {
	const programs = policies.flatMap((policy) =>
		policy.class === 'process'
			? policy.rules.map((rule) => rule.object)
			: policy.rules.flatMap((rule) => rule.sources)
	)
	return [...new Set(programs)]
		.filter((path) => path.startsWith('/') && !path.includes('<'))
		.sort(compareText)
}

function whereOf(object: string): Attempt['where'] {
	const flow = parseNetworkObject(object)
	if (!flow) return {}
	return { peer: { namespace: '', podLabels: {}, namespaceLabels: {}, address: flow.peer } }
}
