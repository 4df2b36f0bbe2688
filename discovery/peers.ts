import { canonicalAddress } from '../collector/address.js'
import type { InventoryItem, Verb } from '../collector/observation.js'
import { compareText, hostCidr, isLoopback } from './behaviour.js'
import { append, createOwners } from './inventory.js'
import { addressKey, isNameable } from './learn/network/address.js'
import { podWorkloadName } from './workload.js'

/** A closed interval of time in which a flow was seen. */
export interface Span {
	fromMs: number
	toMs: number
}

export interface Flow {
	/** Cluster of the workload; '' where there is only one, or on a host. */
	cluster: string
	verb: Verb
	direction: 'egress' | 'ingress'
	/** Raw peer as in `Sighting.object`. */
	peer: string
	spans: Span[]
	/** Pod workload (`[CLUSTER/]NAMESPACE/KIND/NAME`) whose DNS answers count; left out, anybody's do. */
	asker?: string
}

export interface ResolvedPeer {
	/** Peers as in `Rule.object`, sorted; more than one only when time cannot tell them apart. */
	peers: string[]
	/** A sentence when two owners of an address could not be told apart, else ''. */
	ambiguity: string
}

/** Who an address or a pod was, at a time. */
export interface Peers {
	resolve(flow: Flow): ResolvedPeer
}

/**
 * How far outside its recorded life an address may still be taken for a pod's, when nobody
 * else held it: the informer hears of an address after the pod has begun to use it.
 */
const INFORMER_LAG_MS = 60_000

/**
 * Builds an index of who held which address when. The inventory may hold the same address
 * many times over: pods come and go, and their addresses are used again.
 */
export function createPeers(items: readonly InventoryItem[]): Peers {
	const owners = createOwners(items)
	const holders = new Map<string, Holder[]>()
	const pods = new Map<string, Holder[]>()
	const names = new Map<string, Holder[]>()
	for (const item of items) {
		if (item.kind === 'DnsAnswer') {
			for (const address of item.addresses) append(names, address, answerOf(item))
			continue
		}
		const peer = peerOf(item)
		if (peer === '') continue
		const holder = {
			cluster: item.cluster,
			kind: item.kind,
			peer,
			fromMs: item.fromMs,
			toMs: item.toMs ?? Infinity
		}
		if (item.kind === 'Pod') append(pods, `${item.namespace}/${item.name}`, holder)
		for (const raw of item.addresses) {
			const address = canonicalAddress(raw)
			if (address) append(holders, address, holder)
		}
	}

	function peerOf(item: InventoryItem): string {
		if (item.kind === 'Service') return `service:${item.namespace}/${item.name}`
		if (item.kind === 'Node') return `node:${item.name}`
		if (item.kind !== 'Pod') return ''
		// A pod on its node's network has no address of its own: what it does, the node does.
		if (item.hostNetwork) return item.node === '' ? '' : `node:${item.node}`
		return `workload:${podWorkloadName(owners.of(item))}`
	}

	/** An answer belongs to whoever asked: the workload of the pod, as far as owners are known. */
	function answerOf(item: InventoryItem): Holder {
		const asker = podWorkloadName(owners.of(item))
		const { cluster, kind, fromMs } = item
		return { cluster, kind, peer: `name:${item.name}`, fromMs, toMs: item.toMs ?? Infinity, asker }
	}

	return {
		resolve(flow) {
			if (flow.peer.startsWith('pod:')) return resolvePod(flow, pods)
			const address = canonicalAddress(flow.peer)
			// `any` and `name:` say all there is to know.
			if (!address) return { peers: [flow.peer], ambiguity: '' }
			return resolveAddress(flow, address, holders.get(address) ?? [], names.get(address) ?? [])
		}
	}
}

interface Holder {
	cluster: string
	kind: InventoryItem['kind']
	peer: string
	fromMs: number
	/** Exclusive; Infinity while it lives. */
	toMs: number
	/** Who was told, for a DNS answer. */
	asker?: string
}

function resolvePod(flow: Flow, pods: Map<string, Holder[]>): ResolvedPeer {
	const name = flow.peer.slice('pod:'.length)
	const [namespace = '', pod = ''] = name.split('/')
	const found = holdersAt(flow, pods.get(name) ?? [])
	if (found.length > 0) return described(flow.peer, found)
	const ref = { cluster: flow.cluster, namespace, kind: 'Pod', name: pod }
	return { peers: [`workload:${podWorkloadName(ref)}`], ambiguity: '' }
}

function resolveAddress(
	flow: Flow,
	address: string,
	holders: readonly Holder[],
	names: readonly Holder[]
): ResolvedPeer {
	if (flow.verb === 'bind' || flow.verb === 'listen') {
		// The address of a bind is our own: it differs from pod to pod. Only loopback says something lasting.
		return { peers: [isLoopback(address) ? `cidr:${hostCidr(address)}` : 'any'], ambiguity: '' }
	}
	// Linux connects 0.0.0.0 and :: to this host itself.
	if (address === '0.0.0.0') return { peers: ['cidr:127.0.0.1/32'], ambiguity: '' }
	if (address === '::') return { peers: ['cidr:::1/128'], ambiguity: '' }
	const found = holdersAt(flow, holders)
	if (found.length > 0) return described(address, found)
	const named = namesAt(flow, address, names)
	return { peers: named.length > 0 ? named : [`cidr:${hostCidr(address)}`], ambiguity: '' }
}

/** An address is known by a name when so much of its use had an answer with that name, still valid then. */
const NAMED_SHARE = 0.95
/** An address that goes by more names belongs to nobody in particular: a content network's. */
const NAMES_MAX = 3

/**
 * The names under which the workload had been told this address, sorted. Several may share it; which
 * of them was meant cannot be seen, and each leads there.
 */
function namesAt(flow: Flow, address: string, answers: readonly Holder[]): string[] {
	// Nobody asks for the name of who connects to it.
	if (flow.direction === 'ingress' || answers.length === 0) return []
	const key = addressKey(address)
	if (key === null || !isNameable(key)) return []
	const hours = flow.spans.flatMap(hoursOf)
	const shares = new Map<string, Set<number>>()
	for (const answer of answers) {
		if (flow.asker !== undefined && flow.asker !== answer.asker) continue
		if (flow.cluster !== '' && flow.cluster !== answer.cluster) continue
		const share = shares.get(answer.peer) ?? new Set()
		shares.set(answer.peer, share)
		hours.forEach((hour, index) => {
			if (overlaps(answer, hour, 0)) share.add(index)
		})
	}
	const names = [...shares].filter(([, share]) => share.size >= NAMED_SHARE * hours.length)
	return names.length > NAMES_MAX ? [] : names.map(([name]) => name).sort(compareText)
}

/** A span cut at the hours of the clock. */
function hoursOf(span: Span): Span[] {
	const hours: Span[] = []
	for (let fromMs = span.fromMs; fromMs <= span.toMs; ) {
		const nextMs = (Math.floor(fromMs / HOUR_MS) + 1) * HOUR_MS
		hours.push({ fromMs, toMs: Math.min(nextMs - 1, span.toMs) })
		fromMs = nextMs
	}
	return hours
}

function holdersAt(flow: Flow, holders: readonly Holder[]): string[] {
	// Nothing is ever received *from* a service address: it exists only as a destination.
	const possible = holders.filter(
		(holder) =>
			(flow.cluster === '' || holder.cluster === flow.cluster) &&
			!(flow.direction === 'ingress' && holder.kind === 'Service')
	)
	const within = flow.spans.flatMap((span) => {
		const held = possible.filter((holder) => overlaps(holder, span, 0))
		return held.length > 0 ? held : possible.filter((holder) => overlaps(holder, span, INFORMER_LAG_MS))
	})
	return [...new Set(within.map((holder) => holder.peer))].sort(compareText)
}

function overlaps(holder: Holder, span: Span, slackMs: number): boolean {
	return holder.fromMs - slackMs <= span.toMs && span.fromMs < holder.toMs + slackMs
}

function described(what: string, peers: string[]): ResolvedPeer {
	if (peers.length === 1) return { peers, ambiguity: '' }
	return {
		peers,
		ambiguity: `${what} changed hands while it was in use, so the flow may have gone to any of ${peers.join(', ')}; all are allowed.`
	}
}

/** The intervals of an observation: runs of hours in its mask, clipped to its first and last sight. */
export function spansOf(observed: { day: number; hours: number; firstMs: number; lastMs: number }): Span[] {
	const spans: Span[] = []
	let run: Span | undefined
	for (let hour = 0; hour < 24; hour++) {
		if ((observed.hours & (1 << hour)) === 0) {
			run = undefined
			continue
		}
		const fromMs = (observed.day * 24 + hour) * HOUR_MS
		const toMs = fromMs + HOUR_MS - 1
		if (run) run.toMs = toMs
		else {
			run = { fromMs, toMs }
			spans.push(run)
		}
	}
	const clipped = spans
		.map((span) => ({
			fromMs: Math.max(span.fromMs, observed.firstMs),
			toMs: Math.min(span.toMs, observed.lastMs)
		}))
		.filter((span) => span.fromMs <= span.toMs)
	return clipped.length > 0 ? clipped : [{ fromMs: observed.firstMs, toMs: observed.lastMs }]
}

const HOUR_MS = 3_600_000
