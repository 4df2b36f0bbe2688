import { canonicalAddress } from '../../collector/address.js'
import type { InventoryItem, Verb } from '../../collector/observation.js'
import { filled } from '../access.js'
import { type NetworkObject, networkObject, parseNetworkObject } from '../behaviour.js'
import { append, arrangeInventory, namespaceLabels } from '../inventory.js'
import type { Context, Whereabouts } from '../languages/language.js'
import type { Span } from '../peers.js'
import { selects } from '../selector.js'

/** What an observed object was at a time: a concrete object, and who the other end was. */
export interface Reached {
	object: string
	where: Whereabouts
}

/** Turns observed objects back into concrete accesses, with the inventory of the time in which they happened. */
export interface Ends {
	/**
	 * What the object was during these spans; more than one where time cannot tell several apart, or where
	 * a typed token stands for several.
	 */
	reached(verb: Verb, object: string, cluster: string, spans: readonly Span[]): Reached[]
	/** False when who the other end was changed within the span, so that each part must be asked for. */
	isSettled(object: string, cluster: string, span: Span): boolean
}

/** The informer hears of an address after its pod has begun to use it (as in peers.ts). */
const INFORMER_LAG_MS = 60_000

interface Holder {
	item: InventoryItem
	fromMs: number
	/** Exclusive; Infinity while it lives. */
	toMs: number
}

/**
 * Unlike peers.ts, which says what to learn from a flow (a workload, whatever its address), this says what a
 * policy would have met: the address that was used, with the labels that its pod had at that time.
 */
export function createEnds(items: readonly InventoryItem[]): Ends {
	const inventory = arrangeInventory(items)
	const byAddress = new Map<string, Holder[]>()
	const byPod = new Map<string, Holder[]>()
	const podsIn = new Map<string, Holder[]>()
	for (const item of items) {
		if (item.kind !== 'Pod' && item.kind !== 'Service' && item.kind !== 'Node') continue
		const holder = { item, fromMs: item.fromMs, toMs: item.toMs ?? Infinity }
		if (item.kind === 'Pod') {
			append(byPod, `${item.namespace}/${item.name}`, holder)
			append(podsIn, `${item.cluster}/${item.namespace}`, holder)
		}
		for (const raw of item.addresses) {
			const address = canonicalAddress(raw)
			if (address) append(byAddress, address, holder)
		}
	}

	function candidates(flow: NetworkObject, cluster: string): Holder[] {
		const isPod = flow.peer.startsWith('pod:')
		const address = isPod ? undefined : canonicalAddress(flow.peer)
		const all = isPod
			? byPod.get(flow.peer.slice('pod:'.length))
			: address
				? byAddress.get(address)
				: undefined
		if (!all) return []
		// Nothing is ever received *from* a service address: it exists only as a destination.
		return all.filter(
			({ item }) =>
				(cluster === '' || item.cluster === cluster) &&
				!(flow.direction === 'ingress' && item.kind === 'Service')
		)
	}

	function reachedFlow(verb: Verb, flow: NetworkObject, cluster: string, spans: readonly Span[]): Reached[] {
		const object = networkObject(flow)
		if (verb === 'bind' || verb === 'listen') return [{ object, where: {} }]
		const found = heldDuring(candidates(flow, cluster), spans)
		if (flow.peer.startsWith('pod:')) {
			return found.length === 0
				? [unknown(object)]
				: distinct(found.flatMap((item) => atHolder(flow, item, spans)))
		}
		const address = canonicalAddress(flow.peer)
		if (!address) return [unknown(object)]
		// Linux connects 0.0.0.0 and :: to this host itself.
		if (address === '0.0.0.0') return [atAddress(flow, '127.0.0.1')]
		if (address === '::') return [atAddress(flow, '::1')]
		if (found.length === 0) return [atAddress(flow, address)]
		return distinct(found.flatMap((item) => atHolder(flow, item, spans, address)))
	}

	function atHolder(
		flow: NetworkObject,
		item: InventoryItem,
		spans: readonly Span[],
		used?: string
	): Reached[] {
		const address =
			used ?? item.addresses.map((raw) => canonicalAddress(raw)).find((one) => one !== undefined)
		const object = networkObject({ ...flow, peer: address ?? flow.peer })
		if (item.kind === 'Service') return atService(flow, item, spans, object, address ?? '')
		// A pod on its node's network has no address of its own: what it does, the node does.
		if (item.kind === 'Pod' && !item.hostNetwork) {
			return [{ object, where: { peer: podPeer(item, address ?? '') } }]
		}
		return address === undefined ? [unknown(object)] : [atAddress(flow, address)]
	}

	/** A service address is translated to one of its pods, which one nobody knows, before a NetworkPolicy sees it. */
	function atService(
		flow: NetworkObject,
		service: InventoryItem,
		spans: readonly Span[],
		object: string,
		used: string
	): Reached[] {
		const declared = service.ports.find(
			(one) => one.port === flow.port && one.protocol.toLowerCase() === flow.protocol
		)
		const target = declared?.targetPort ?? flow.port
		const port = typeof target === 'number' ? target : flow.port
		// A named port may be any number; what counts is that the pod gives it this name.
		const named = typeof target === 'string' ? { portNames: { [target]: flow.port } } : {}
		// A translation keeps the family: IPv4 stays IPv4.
		const isLike = (address: string) => address.includes(':') === used.includes(':')
		const atPods = backendsOf(service, spans).flatMap((pod) =>
			addressesOf(pod)
				.filter(isLike)
				.map((address) => ({ object, where: { peer: { ...podPeer(pod, address), port }, ...named } }))
		)
		if (atPods.length > 0) return atPods
		const endpoints = inventory.endpointsOf(service).filter(isLike)
		if (endpoints.length === 0) return [unknown(object)]
		return endpoints.map((address) => ({ object, where: { peer: { ...nobody(address), port } } }))
	}

	/** One pod for each set of labels: a hundred replicas are one to a policy. */
	function backendsOf(service: InventoryItem, spans: readonly Span[]): InventoryItem[] {
		const { selector } = service
		if (!selector || Object.keys(selector).length === 0) return []
		const near = (podsIn.get(`${service.cluster}/${service.namespace}`) ?? []).filter(({ item }) =>
			selects(selector, item.labels)
		)
		const byLabels = new Map<string, InventoryItem>()
		for (const pod of heldDuring(near, spans)) byLabels.set(labelsKey(pod.labels), pod)
		return [...byLabels.values()]
	}

	function podPeer(pod: InventoryItem, address: string): NonNullable<Context['peer']> {
		return {
			namespace: pod.namespace,
			podLabels: pod.labels,
			namespaceLabels: namespaceLabels(inventory, pod.cluster, pod.namespace),
			address
		}
	}

	return {
		reached(verb, object, cluster, spans) {
			const flow = flowOf(verb, object)
			if (flow) return reachedFlow(verb, flow, cluster, spans)
			if (!object.includes('<')) return [{ object, where: {} }]
			return filled(object).map((text) => ({ object: text, where: {} }))
		},
		isSettled(object, cluster, span) {
			const flow = parseNetworkObject(object)
			if (!flow) return true
			const holders = candidates(flow, cluster)
			const [only] = holders
			return (
				only === undefined || (holders.length === 1 && only.fromMs <= span.fromMs && span.toMs < only.toMs)
			)
		}
	}
}

const FLOW_VERBS: ReadonlySet<Verb> = new Set(['connect', 'send', 'accept', 'bind', 'listen'])

function flowOf(verb: Verb, object: string): NetworkObject | null {
	const flow = FLOW_VERBS.has(verb) ? parseNetworkObject(object) : null
	return flow && flow.protocol !== 'unix' ? flow : null
}

function heldDuring(holders: readonly Holder[], spans: readonly Span[]): InventoryItem[] {
	const found = new Set<InventoryItem>()
	for (const span of spans) {
		const held = holders.filter((holder) => overlaps(holder, span, 0))
		const near = held.length > 0 ? held : holders.filter((holder) => overlaps(holder, span, INFORMER_LAG_MS))
		for (const { item } of near) found.add(item)
	}
	return [...found]
}

function overlaps(holder: Holder, span: Span, slackMs: number): boolean {
	return holder.fromMs - slackMs <= span.toMs && span.fromMs < holder.toMs + slackMs
}

function atAddress(flow: NetworkObject, address: string): Reached {
	return { object: networkObject({ ...flow, peer: address }), where: { peer: nobody(address) } }
}

function nobody(address: string): NonNullable<Context['peer']> {
	return { namespace: '', podLabels: {}, namespaceLabels: {}, address }
}

function unknown(object: string): Reached {
	return { object, where: { isPeerUnknown: true } }
}

function addressesOf(item: InventoryItem): string[] {
	return item.addresses.filter((address) => /[.:]/.test(address))
}

function distinct(reached: readonly Reached[]): Reached[] {
	if (reached.length < 2) return [...reached]
	return [...new Map(reached.map((one) => [JSON.stringify(one), one])).values()]
}

function labelsKey(labels: Record<string, string>): string {
	return JSON.stringify(Object.entries(labels).sort())
}
