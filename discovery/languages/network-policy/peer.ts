import { canonicalAddress } from '../../../collector/address.js'
import { compareText, hostCidr, type NetworkObject } from '../../behaviour.js'
import { backendsOf, namedAddresses, nodesOf, sameProtocol, selectedPods, serviceOf } from '../../ends.js'
import type { InventoryItem } from '../../../collector/observation.js'
import type { Inventory } from '../../inventory.js'
import type { Note, Policy } from '../../policy.js'
import { parsePodsPeer, selectorOf } from '../../selector.js'
import { parseWorkloadName } from '../../workload.js'

/** One element of `to` or `from`; `{}` is anybody. */
export type Peer =
	| Record<string, never>
	| { ipBlock: { cidr: string } }
	| {
			namespaceSelector?: { matchLabels: Record<string, string> }
			podSelector: { matchLabels: Record<string, string> }
	  }

export interface Port {
	protocol: string
	/** A number, or the name that the pod gives it. */
	port: number | string
	/** Last port of a range. */
	endPort?: number
}

/** Who is spoken to, and where. */
export interface Ends {
	peer: Peer
	port: Port
}

export interface Whose {
	policy: Policy
	/** The namespace of the pod that the policy is for. */
	namespace: string
	inventory: Inventory
}

/** A learned flow as NetworkPolicy peers; a refusal when it has none. */
export function peerEnds(flow: NetworkObject, whose: Whose): { found: Ends[]; note?: Note } {
	const protocol = flow.protocol.toUpperCase()
	if (!['TCP', 'UDP', 'SCTP'].includes(protocol) || flow.port === 0) {
		return refused(
			'network-policy.protocol',
			`${describe(flow)} was seen, and NetworkPolicy has no form for ${flow.protocol} on port ${flow.port}.`
		)
	}
	const port = {
		protocol,
		port: flow.port,
		...(flow.lastPort === undefined ? {} : { endPort: flow.lastPort })
	}
	const colon = flow.peer.indexOf(':')
	const rest = flow.peer.slice(colon + 1)
	switch (colon < 0 ? flow.peer : flow.peer.slice(0, colon)) {
		case 'any':
			return {
				found: [{ peer: {}, port }],
				note: warning(
					'network-policy.any',
					`${describe(flow)}: the source did not say with whom, so anybody is allowed on that port.`
				)
			}
		case 'cidr':
			return { found: [{ peer: { ipBlock: { cidr: rest } }, port }] }
		case 'workload':
			return workloadEnds(rest, port, whose)
		case 'service':
			return serviceEnds(flow, rest, port, whose)
		case 'node':
			return nodeEnds(rest, port, whose)
		case 'pods':
			return labelEnds(rest, port, whose)
		case 'name':
			return nameEnds(flow, rest, port, whose)
		default:
			return refused(
				'network-policy.name',
				`${describe(flow)} is known by name only, and NetworkPolicy knows addresses and labels.`
			)
	}
}

function workloadEnds(workload: string, port: Port, whose: Whose): { found: Ends[]; note?: Note } {
	const name = parseWorkloadName(workload)
	const { labels, strangers } = selectorOf(workload, whose.inventory)
	if (name?.form !== 'container' || Object.keys(labels).length === 0) {
		return refused('network-policy.gone', `${workload} has no pods with labels in the inventory any more.`)
	}
	const found = [{ peer: podPeer(name.namespace, labels, whose), port }]
	if (strangers.length === 0) return { found }
	return {
		found,
		note: warning(
			'network-policy.peer-strangers',
			`The labels of ${workload} also select ${strangers.join(', ')}.`
		)
	}
}

/** Several workloads that one label selects; while it selects anybody, for else it is a name for nobody. */
function labelEnds(rest: string, port: Port, whose: Whose): { found: Ends[]; note?: Note } {
	const peer = parsePodsPeer(rest)
	if (peer === null || selectedPods(rest, whose.inventory).length === 0) {
		return refused('network-policy.gone', `No pod in the inventory is selected by ${rest} any more.`)
	}
	return { found: [{ peer: podPeer(peer.namespace, peer.labels, whose), port }] }
}

/** NetworkPolicy has no names: what they stood for when they were last asked for is listed instead. */
function nameEnds(
	flow: NetworkObject,
	name: string,
	port: Port,
	whose: Whose
): { found: Ends[]; note?: Note } {
	const addresses = namedAddresses(name, whose.policy.workload, whose.inventory)
	if (addresses.length === 0) {
		return refused(
			'network-policy.name',
			`${describe(flow)} is known by name only: no DNS answer says at which addresses, and NetworkPolicy has no names.`
		)
	}
	return {
		found: addresses.map((address) => ({ peer: { ipBlock: { cidr: hostCidr(address) } }, port })),
		note: warning(
			'network-policy.name-addresses',
			`NetworkPolicy has no names: ${name} is allowed at the ${addresses.length === 1 ? 'address' : `${addresses.length} addresses`} that DNS last gave for it, and must be rendered again when those change.`
		)
	}
}

/** In one element: a namespaceSelector beside it as an element of its own would allow the whole namespace. */
function podPeer(namespace: string, labels: Record<string, string>, whose: Whose): Peer {
	const podSelector = { matchLabels: labels }
	if (namespace === whose.namespace) return { podSelector }
	return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } }, podSelector }
}

/** A service address is translated before a NetworkPolicy looks, so its pods and their port are what counts. */
function serviceEnds(
	flow: NetworkObject,
	service: string,
	port: Port,
	whose: Whose
): { found: Ends[]; note?: Note } {
	const item = serviceOf(service, whose.policy.workload, whose.inventory)
	if (!item) return refused('network-policy.gone', `Service ${service} is not in the inventory any more.`)
	if (flow.lastPort !== undefined) return rangeEnds(flow, flow.lastPort, item, port, whose)
	const declared = item.ports.find(
		(one) => one.port === flow.port && sameProtocol(one.protocol, flow.protocol)
	)
	const target = { ...port, port: declared?.targetPort ?? flow.port }
	const selector = Object.entries(item.selector ?? {}).sort(([a], [b]) => compareText(a, b))
	if (selector.length > 0) {
		const backends = backendsOf(item, whose.inventory)
		if (backends.every((pod) => !pod.hostNetwork)) {
			return { found: [{ peer: podPeer(item.namespace, Object.fromEntries(selector), whose), port: target }] }
		}
		return asBlocks(
			backends.flatMap((pod) => pod.addresses),
			target,
			`Service ${service} is served on the host network`
		)
	}
	// Without a selector its endpoints are written by somebody else: the API server's, an external database's.
	const endpoints = whose.inventory.endpointsOf(item)
	if (endpoints.length > 0) return asBlocks(endpoints, target, `Service ${service} has no selector`)
	return refused(
		'network-policy.service',
		`Service ${service} has no selector and no EndpointSlice in the inventory, so nobody knows where it leads.`
	)
}

/** Of a range, a service answers on the ports that it declares: each of those leads somewhere of its own. */
function rangeEnds(
	{ lastPort, ...flow }: NetworkObject,
	last: number,
	item: InventoryItem,
	{ protocol }: Port,
	whose: Whose
): { found: Ends[]; note?: Note } {
	const declared = item.ports.filter(
		(one) => one.port >= flow.port && one.port <= last && sameProtocol(one.protocol, flow.protocol)
	)
	if (declared.length === 0) {
		return refused(
			'network-policy.service',
			`Service ${item.namespace}/${item.name} declares no port from ${flow.port} to ${last}.`
		)
	}
	const ends = declared.map(({ port }) =>
		serviceEnds({ ...flow, port }, `${item.namespace}/${item.name}`, { protocol, port }, whose)
	)
	const note = ends.find((one) => one.note)?.note
	return { found: ends.flatMap(({ found }) => found), ...(note ? { note } : {}) }
}

function nodeEnds(node: string, port: Port, whose: Whose): { found: Ends[]; note?: Note } {
	const items = nodesOf(node, whose.policy.workload, whose.inventory)
	const what = node === '*' ? 'Any node' : `Node ${node}`
	if (items.length === 0) return refused('network-policy.gone', `${what} is not in the inventory any more.`)
	return asBlocks(
		items.flatMap((item) => item.addresses),
		port,
		`${what} has no labels that a NetworkPolicy could select`
	)
}

function asBlocks(raw: readonly string[], port: Port, why: string): { found: Ends[]; note?: Note } {
	const addresses = [...new Set(raw.map((address) => canonicalAddress(address)))].filter(
		(one) => one !== undefined
	)
	if (addresses.length === 0)
		return refused('network-policy.address', `${why}, and no address of it is known.`)
	const cidrs = addresses.map(hostCidr).sort(compareText)
	return {
		found: cidrs.map((cidr) => ({ peer: { ipBlock: { cidr } }, port })),
		note: warning(
			'network-policy.node',
			`${why}: it is allowed by address (${few(cidrs)}), which may change.`
		)
	}
}

/** A cluster may have thousands of nodes; the manifest lists them all. */
function few(cidrs: readonly string[]): string {
	return cidrs.length <= 8 ? cidrs.join(', ') : `${cidrs.slice(0, 8).join(', ')} and ${cidrs.length - 8} more`
}

function describe(flow: NetworkObject): string {
	const ports = flow.lastPort === undefined ? `${flow.port}` : `${flow.port}-${flow.lastPort}`
	return `${flow.direction} ${flow.protocol} ${flow.port === 0 ? '' : `${ports} `}${flow.peer}`
}

function refused(code: string, text: string): { found: Ends[]; note: Note } {
	return { found: [], note: { code, severity: 'refusal', text } }
}

function warning(code: string, text: string): Note {
	return { code, severity: 'warning', text }
}
