import ipaddr from 'ipaddr.js'
import { isLoopback, type NetworkObject, parseNetworkObject } from '../../behaviour.js'
import type { Access, Context, Verdict } from '../language.js'
import { fieldOf, isRecord, labelsOf, listOf, textOf } from '../manifest.js'

/**
 * What the NetworkPolicies of a cluster do with one access (NetworkPolicy v1): a pod that no policy
 * selects for a direction is open there; else one matching rule of any of them allows. They only add
 * up, so a foreign one can allow what ours leaves out. Replies are allowed, loopback is not held.
 */
export function evaluate(
	manifests: readonly Record<string, unknown>[],
	access: Access,
	context: Context
): Verdict {
	const flow = flowOf(access)
	if (!flow) return unheld(access)
	const type = flow.direction === 'egress' ? 'Egress' : 'Ingress'
	const selecting = manifests.filter((manifest) => isSelecting(manifest, type, context))
	const [first] = selecting
	if (!first) return unselected(flow)
	let isUnsure = false
	for (const manifest of selecting) {
		const rules = listOf(fieldOf(manifest, 'spec'), flow.direction)
		const index = rules.findIndex((rule) => matches(rule, flow, manifest, context))
		if (index >= 0)
			return { verdict: 'allow', rule: `${nameOf(manifest)}: ${flow.direction} rule ${index + 1}` }
		isUnsure ||=
			isUnknown(flow, context) && rules.some((rule) => matchesPort(listOf(rule, 'ports'), flow, context))
	}
	return unmatched(nameOf(first), selecting.length - 1, flow, isUnsure)
}

/** The verdict on what no rule of a NetworkPolicy can speak of. */
export function unheld(access: Access): Verdict {
	return { verdict: 'allow', rule: `A NetworkPolicy does not hold ${access.verb} ${access.object}.` }
}

/** The verdict where no policy selects the pod in that direction. */
export function unselected(flow: NetworkObject): Verdict {
	const type = flow.direction === 'egress' ? 'Egress' : 'Ingress'
	return { verdict: 'allow', rule: `No NetworkPolicy selects the pod for ${type}.` }
}

/** The verdict where policies select the pod and no rule of theirs matches. */
export function unmatched(name: string, otherCount: number, flow: NetworkObject, isUnsure: boolean): Verdict {
	const others = otherCount > 0 ? ` and ${otherCount} more` : ''
	const rule = `${name}${others}: no ${flow.direction} rule matches.`
	return isUnsure ? { verdict: 'block', rule, isUnsure } : { verdict: 'block', rule }
}

/** True where who the other end was is not known: then a peer that some rule names may have been it. */
export function isUnknown(flow: NetworkObject, context: Context): boolean {
	return context.isPeerUnknown === true || (!context.peer && !ipaddr.isValid(flow.peer))
}

/** The connection that an access opens; null when none leaves the pod, and for ICMP, which is up to the network plugin. */
export function flowOf(access: Access): NetworkObject | null {
	const isFlow = access.verb === 'connect' || access.verb === 'send' || access.verb === 'accept'
	const flow = isFlow ? parseNetworkObject(access.object) : null
	if (!flow || !PROTOCOLS.has(flow.protocol) || isLoopback(flow.peer)) return null
	return flow
}

const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp'])

/** True when the policy selects the pod for that direction. */
export function isSelecting(manifest: Record<string, unknown>, type: string, context: Context): boolean {
	if (manifest.kind !== 'NetworkPolicy') return false
	const spec = fieldOf(manifest, 'spec')
	if (!spec || namespaceOf(manifest) !== context.namespace) return false
	// Left out, policyTypes means Ingress, and Egress too when there is an egress section.
	const types = Array.isArray(spec.policyTypes)
		? spec.policyTypes
		: ['Ingress', ...(spec.egress !== undefined ? ['Egress'] : [])]
	return types.includes(type) && isSelected(fieldOf(spec, 'podSelector') ?? {}, context.podLabels)
}

function matches(
	rule: Record<string, unknown>,
	flow: NetworkObject,
	manifest: Record<string, unknown>,
	context: Context
): boolean {
	return matchesPort(listOf(rule, 'ports'), flow, context) && matchesPeer(rule, flow, manifest, context)
}

/** No list, or an empty one, is any port. */
export function matchesPort(
	ports: readonly Record<string, unknown>[],
	flow: NetworkObject,
	context: Context
): boolean {
	if (ports.length === 0) return true
	const asked = flow.direction === 'egress' ? (context.peer?.port ?? flow.port) : flow.port
	return ports.some((port) => {
		if ((textOf(port, 'protocol') || 'TCP').toLowerCase() !== flow.protocol) return false
		if (port.port === undefined) return true
		if (typeof port.port === 'string') return context.portNames?.[port.port] === asked
		if (typeof port.port !== 'number') return false
		const last = typeof port.endPort === 'number' ? port.endPort : port.port
		return asked >= port.port && asked <= last
	})
}

/** No list, or an empty one, is anybody. */
function matchesPeer(
	rule: Record<string, unknown>,
	flow: NetworkObject,
	manifest: Record<string, unknown>,
	context: Context
): boolean {
	const peers = listOf(rule, flow.direction === 'egress' ? 'to' : 'from')
	if (peers.length === 0) return true
	const namespace = namespaceOf(manifest)
	return peers.some((peer) => {
		const block = fieldOf(peer, 'ipBlock')
		if (block) return isInBlock(block, context.peer?.address ?? flow.peer)
		const other = context.peer
		// Selectors select pods; who has no namespace is none.
		if (!other || other.namespace === '') return false
		const namespaces = fieldOf(peer, 'namespaceSelector')
		const pods = fieldOf(peer, 'podSelector')
		if (!namespaces && !pods) return false
		const inNamespace = namespaces
			? isSelected(namespaces, other.namespaceLabels)
			: other.namespace === namespace
		return inNamespace && isSelected(pods ?? {}, other.podLabels)
	})
}

function isInBlock(block: Record<string, unknown>, address: string): boolean {
	const except = Array.isArray(block.except) ? block.except : []
	return (
		isIn(address, textOf(block, 'cidr')) &&
		!except.some((hole) => typeof hole === 'string' && isIn(address, hole))
	)
}

function isIn(address: string, cidr: string): boolean {
	if (!ipaddr.isValid(address) || !ipaddr.isValidCIDR(cidr)) return false
	const parsed = ipaddr.process(address)
	const [network, bits] = ipaddr.parseCIDR(cidr)
	return parsed.kind() === network.kind() && parsed.match(network, bits)
}

/** A label selector; an empty one selects everything. */
export function isSelected(selector: Record<string, unknown>, labels: Record<string, string>): boolean {
	const wanted = Object.entries(labelsOf(selector, 'matchLabels'))
	return (
		wanted.every(([key, value]) => labels[key] === value) &&
		listOf(selector, 'matchExpressions').every((expression) => isMet(expression, labels))
	)
}

function isMet(expression: Record<string, unknown>, labels: Record<string, string>): boolean {
	const key = textOf(expression, 'key')
	const value = Object.hasOwn(labels, key) ? labels[key] : undefined
	const values: unknown[] = Array.isArray(expression.values) ? expression.values : []
	switch (expression.operator) {
		case 'In':
			return value !== undefined && values.includes(value)
		case 'NotIn':
			return value === undefined || !values.includes(value)
		case 'Exists':
			return value !== undefined
		case 'DoesNotExist':
			return value === undefined
		default:
			return false
	}
}

/** The policy as a person would name it. */
export function nameOf(manifest: Record<string, unknown>): string {
	const metadata = manifest.metadata
	return isRecord(metadata) ? `NetworkPolicy ${textOf(metadata, 'name')}` : 'NetworkPolicy'
}

/** The namespace of a policy; one that names none lies in `default`. */
export function namespaceOf(manifest: Record<string, unknown>): string {
	return textOf(fieldOf(manifest, 'metadata'), 'namespace') || 'default'
}
