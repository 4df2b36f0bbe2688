import { canonicalAddress } from '../../../collector/address.js'
import { type NetworkObject, networkObject, parseNetworkObject } from '../../behaviour.js'
import { hoursOfDaily } from '../daily.js'
import type { BehaviourState } from '../state.js'
import { type Units, unitsOfAll } from './growth.js'
import { EPHEMERAL, isEphemeral } from './ports.js'

/** Everything that was done over one protocol and port (or range) with one peer. */
export interface Flow extends NetworkObject {
	states: BehaviourState[]
	units: Units
	/** Why several ports were taken together: a sentence. */
	why?: string
	/** What a range of ports grants beyond the evidence, and takes in. */
	range?: { unseenCount: number; bits: number; hazardRemoved: number }
}

/** Needs sorted by what they are about. */
export interface SortedNeeds {
	/** Over IP, one per object. */
	flows: Flow[]
	/** Unix sockets and whatever has no form of its own, one list per object. */
	others: Map<string, BehaviourState[]>
	/** DNS names, one list per name. */
	names: Map<string, BehaviourState[]>
	/** HTTP requests, one list per object. */
	requests: Map<string, BehaviourState[]>
}

/** Takes the needs of a workload apart. Addresses that go by one name nearly always become that name. */
export function sortNeeds(needs: readonly BehaviourState[]): SortedNeeds {
	const sorted: SortedNeeds = { flows: [], others: new Map(), names: new Map(), requests: new Map() }
	const objects = new Map<string, { flow: NetworkObject; states: BehaviourState[]; isReply: boolean }>()
	const preferred = namesOfAddresses(needs)
	const servers = udpServers(needs)
	for (const state of needs) {
		if (state.verb === 'resolve') add(sorted.names, state.object, state)
		else if (state.verb === 'request') add(sorted.requests, state.object, state)
		else {
			const seen = parseNetworkObject(state.object)
			if (!seen || seen.protocol === 'unix') {
				add(sorted.others, state.object, state)
				continue
			}
			const isReply = isReplyOf(state, seen, servers)
			const ports = isReply ? { port: EPHEMERAL.first, lastPort: EPHEMERAL.last } : {}
			const flow = { ...seen, ...ports, peer: peerOf(state, seen, preferred) }
			const object = networkObject(flow)
			const known = objects.get(object)
			if (known) known.states.push(state)
			else objects.set(object, { flow, states: [state], isReply })
		}
	}
	for (const { flow, states, isReply } of objects.values()) {
		sorted.flows.push({ ...flow, states, units: unitsOfAll(states), ...(isReply ? { why: REPLIES } : {}) })
	}
	return sorted
}

const REPLIES =
	'It answers datagrams: a client asks from whatever port it was lent, so the answers go to all of those.'

/** An address goes by a name when at least so much of its use had an answer with that name. */
const NAMED_SHARE = 0.95

/**
 * For each address that was also seen by name: the peer to take it for, which is the name, the
 * smallest where several fit, or the address where none was used nearly always.
 */
function namesOfAddresses(needs: readonly BehaviourState[]): Map<string, ReadonlySet<string>> {
	const byAddress = new Map<string, BehaviourState[]>()
	const named = new Set<string>()
	// Most workloads are seen to speak to no name at all.
	const isNamed = needs.some(({ object }) => object.startsWith('egress/') && object.includes('/name:'))
	for (const state of isNamed ? needs : []) {
		if (!state.object.startsWith('egress/')) continue
		const address = rawAddressOf(state)
		if (address === undefined) continue
		add(byAddress, address, state)
		if (state.object.includes('/name:')) named.add(address)
	}
	const preferred = new Map<string, ReadonlySet<string>>()
	for (const address of named) {
		const states = byAddress.get(address) ?? []
		const all = new Set(states.flatMap((state) => hoursOfDaily(state.daily)))
		const byName = new Map<string, Set<number>>()
		for (const state of states) {
			const peer = parseNetworkObject(state.object)?.peer ?? ''
			if (!peer.startsWith('name:')) continue
			const hours = byName.get(peer) ?? new Set()
			byName.set(peer, hours)
			for (const hour of hoursOfDaily(state.daily)) hours.add(hour)
		}
		const fitting = [...byName].filter(([, hours]) => hours.size >= NAMED_SHARE * all.size)
		preferred.set(address, new Set(fitting.map(([peer]) => peer).sort()))
	}
	return preferred
}

function peerOf(
	state: BehaviourState,
	seen: NetworkObject,
	preferred: ReadonlyMap<string, ReadonlySet<string>>
): string {
	const isName = seen.peer.startsWith('name:')
	if (preferred.size === 0 || seen.direction !== 'egress' || !(isName || seen.peer.startsWith('cidr:'))) {
		return seen.peer
	}
	const address = rawAddressOf(state)
	const names = address === undefined ? undefined : preferred.get(address)
	if (address === undefined || names === undefined || names.has(seen.peer)) return seen.peer
	const [name] = names
	if (name !== undefined) return name
	return `cidr:${address}/${address.includes(':') ? 128 : 32}`
}

function rawAddressOf(state: BehaviourState): string | undefined {
	const peer = parseNetworkObject(state.raw)?.peer
	return peer === undefined ? undefined : canonicalAddress(peer)
}

/** Executables that wait for datagrams on a port of their own. */
function udpServers(needs: readonly BehaviourState[]): ReadonlySet<string> {
	const servers = new Set<string>()
	for (const { verb, object, source } of needs) {
		if (verb !== 'bind' && verb !== 'accept') continue
		const flow = object.startsWith('ingress/udp/') ? parseNetworkObject(object) : null
		if (flow && flow.port > 0 && !isEphemeral(flow.port)) servers.add(source)
	}
	return servers
}

function isReplyOf(state: BehaviourState, seen: NetworkObject, servers: ReadonlySet<string>): boolean {
	return (
		state.verb === 'send' && seen.protocol === 'udp' && isEphemeral(seen.port) && servers.has(state.source)
	)
}

function add(map: Map<string, BehaviourState[]>, key: string, state: BehaviourState): void {
	const list = map.get(key)
	if (list) list.push(state)
	else map.set(key, [state])
}
