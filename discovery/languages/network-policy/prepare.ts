import ipaddr from 'ipaddr.js'
import type { NetworkObject } from '../../behaviour.js'
import { append } from '../../inventory.js'
import type { Context, Judge, Verdict, Whereabouts } from '../language.js'
import { fieldOf, listOf, textOf } from '../manifest.js'
import {
	flowOf,
	isSelected,
	isSelecting,
	isUnknown,
	matchesPort,
	nameOf,
	namespaceOf,
	unheld,
	unmatched,
	unselected
} from './evaluate.js'

/** `Language.prepare`: policies by namespace; where they select, their address blocks parsed once. */
export function prepare(manifests: readonly Record<string, unknown>[]): (place: Context) => Judge | null {
	const byNamespace = new Map<string, Record<string, unknown>[]>()
	for (const manifest of manifests) {
		if (manifest.kind === 'NetworkPolicy') append(byNamespace, namespaceOf(manifest), manifest)
	}
	const compiled = new Map<Record<string, unknown>, Directions>()
	const directionsOf = (manifest: Record<string, unknown>) => {
		const known = compiled.get(manifest) ?? directions(manifest)
		compiled.set(manifest, known)
		return known
	}
	return (place) => {
		const near = byNamespace.get(place.namespace) ?? []
		const selecting = {
			egress: near.filter((one) => isSelecting(one, 'Egress', place)).map((one) => directionsOf(one).egress),
			ingress: near
				.filter((one) => isSelecting(one, 'Ingress', place))
				.map((one) => directionsOf(one).ingress)
		}
		if (selecting.egress.length === 0 && selecting.ingress.length === 0) return null
		return (access, where = {}) => {
			const flow = flowOf(access)
			if (!flow) return unheld(access)
			return judged(selecting[flow.direction], flow, { ...place, ...where })
		}
	}
}

interface Directions {
	egress: Compiled
	ingress: Compiled
}

/** The rules of one policy in one direction. */
interface Compiled {
	manifest: Record<string, unknown>
	namespace: string
	rules: CompiledRule[]
}

interface CompiledRule {
	ports: readonly Record<string, unknown>[]
	/** Anybody. */
	isOpen: boolean
	/** Single addresses, by their canonical text. */
	addresses: ReadonlySet<string>
	blocks: Block[]
	selectors: { pods: Record<string, unknown>; namespaces: Record<string, unknown> | undefined }[]
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

interface Block {
	range: Range
	holes: Range[]
}

function directions(manifest: Record<string, unknown>): Directions {
	return { egress: compile(manifest, 'egress', 'to'), ingress: compile(manifest, 'ingress', 'from') }
}

function compile(manifest: Record<string, unknown>, direction: string, peers: string): Compiled {
	const rules = listOf(fieldOf(manifest, 'spec'), direction).map((rule) => compileRule(rule, peers))
	return { manifest, namespace: namespaceOf(manifest), rules }
}

function compileRule(rule: Record<string, unknown>, field: string): CompiledRule {
	const peers = listOf(rule, field)
	const addresses = new Set<string>()
	const compiled: CompiledRule = {
		ports: listOf(rule, 'ports'),
		isOpen: peers.length === 0,
		addresses,
		blocks: [],
		selectors: []
	}
	for (const peer of peers) {
		const block = fieldOf(peer, 'ipBlock')
		const namespaces = fieldOf(peer, 'namespaceSelector')
		const pods = fieldOf(peer, 'podSelector')
		if (block) {
			const range = rangeOf(textOf(block, 'cidr'))
			if (!range) continue
			const holes = (Array.isArray(block.except) ? block.except : []).flatMap((hole: unknown) => {
				const inner = typeof hole === 'string' ? rangeOf(hole) : null
				return inner ? [inner] : []
			})
			const [network, bits] = range
			if (holes.length === 0 && bits === network.toByteArray().length * 8) addresses.add(network.toString())
			else compiled.blocks.push({ range, holes })
		} else if (namespaces || pods) compiled.selectors.push({ pods: pods ?? {}, namespaces })
	}
	return compiled
}

function rangeOf(cidr: string): Range | null {
	return ipaddr.isValidCIDR(cidr) ? ipaddr.parseCIDR(cidr) : null
}

function judged(selecting: readonly Compiled[], flow: NetworkObject, context: Context): Verdict {
	const [first] = selecting
	if (!first) return unselected(flow)
	let isUnsure = false
	for (const { manifest, namespace, rules } of selecting) {
		for (const [index, rule] of rules.entries()) {
			if (!matchesPort(rule.ports, flow, context)) continue
			if (matchesPeer(rule, flow, namespace, context)) {
				return { verdict: 'allow', rule: `${nameOf(manifest)}: ${flow.direction} rule ${index + 1}` }
			}
			isUnsure = true
		}
	}
	const name = nameOf(first.manifest)
	return unmatched(name, selecting.length - 1, flow, isUnsure && isUnknown(flow, context))
}

function matchesPeer(rule: CompiledRule, flow: NetworkObject, namespace: string, context: Context): boolean {
	if (rule.isOpen) return true
	const address = context.peer?.address ?? flow.peer
	if ((rule.addresses.size > 0 || rule.blocks.length > 0) && ipaddr.isValid(address)) {
		const parsed = ipaddr.process(address)
		if (rule.addresses.has(parsed.toString())) return true
		if (
			rule.blocks.some(({ range, holes }) => isIn(parsed, range) && !holes.some((hole) => isIn(parsed, hole)))
		)
			return true
	}
	const other: Whereabouts['peer'] = context.peer
	// Selectors select pods; who has no namespace is none.
	if (!other || other.namespace === '') return false
	return rule.selectors.some(({ pods, namespaces }) => {
		const inNamespace = namespaces
			? isSelected(namespaces, other.namespaceLabels)
			: other.namespace === namespace
		return inNamespace && isSelected(pods, other.podLabels)
	})
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Range): boolean {
	return address.kind() === network.kind() && address.match(network, bits)
}
