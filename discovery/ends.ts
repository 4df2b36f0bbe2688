import ipaddr from 'ipaddr.js'
import type { InventoryItem, Verb } from '../collector/observation.js'
import { type NetworkObject, networkObject } from './behaviour.js'
import { type Inventory, namespaceLabels } from './inventory.js'
import type { Context } from './languages/language.js'
import { parsePodsPeer, selects } from './selector.js'
import { parseWorkloadName } from './workload.js'

/** A concrete network object, and who the other end is. */
export interface End {
	object: string
	where: Pick<Context, 'peer' | 'portNames'>
}

/**
 * The concrete objects that a learned flow stands for now: its ports (of a range the first, the
 * middle and the last) at each address that its peer has; of a network the first and last address.
 * A peer that no longer exists stands for none. `workload` says in which cluster.
 */
export function endsOf(flow: NetworkObject, verb: Verb, workload: string, inventory: Inventory): End[] {
	const { lastPort, ...first } = flow
	const ports = lastPort === undefined ? [flow.port] : [flow.port, (flow.port + lastPort) >> 1, lastPort]
	return ports.flatMap((port) => endsOfPort({ ...first, port }, flow, verb, workload, inventory))
}

function endsOfPort(
	flow: NetworkObject,
	range: NetworkObject,
	verb: Verb,
	workload: string,
	inventory: Inventory
): End[] {
	const [scheme, rest] = split(flow.peer)
	switch (scheme) {
		case 'cidr':
			return edgesOf(rest).map((address) => at(flow, address))
		case 'any':
			return [at(flow, isLocal(verb) ? EVERY_ADDRESS : UNSEEN_ADDRESS)]
		case 'workload':
			return inventory.podsOf(rest).flatMap((pod) => atPod(flow, pod, inventory))
		case 'pods':
			return selectedPods(rest, inventory).flatMap((pod) => atPod(flow, pod, inventory))
		case 'node':
			return nodesOf(rest, workload, inventory).flatMap((node) =>
				addressesOf(node).map((address) => at(flow, address))
			)
		case 'service':
			return isServed(flow, range, rest, workload, inventory)
				? atService(flow, rest, workload, inventory)
				: []
		case 'name':
			return namedAddresses(rest, workload, inventory).map((address) => at(flow, address))
		default:
			return [{ object: networkObject(flow), where: {} }]
	}
}

/** These verbs name an address of our own. */
function isLocal(verb: Verb): boolean {
	return verb === 'bind' || verb === 'listen'
}

const EVERY_ADDRESS = '0.0.0.0'
/** TEST-NET-3 (RFC 5737): nobody's. */
const UNSEEN_ADDRESS = '203.0.113.7'

function split(peer: string): [scheme: string, rest: string] {
	const colon = peer.indexOf(':')
	return colon < 0 ? [peer, ''] : [peer.slice(0, colon), peer.slice(colon + 1)]
}

/** First and last address of a network; of a single address itself. */
function edgesOf(cidr: string): string[] {
	const [network, bits] = ipaddr.parseCIDR(cidr)
	const bytes = network.toByteArray()
	const last = bytes.map((byte, index) => byte | (0xff >> Math.max(0, Math.min(8, bits - index * 8))))
	const end = ipaddr.fromByteArray(last)
	const text = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
		address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
	return [...new Set([text(network), text(end)])]
}

function at(flow: NetworkObject, address: string): End {
	return {
		object: networkObject({ ...flow, peer: address }),
		where: { peer: { namespace: '', podLabels: {}, namespaceLabels: {}, address } }
	}
}

function atPod(flow: NetworkObject, pod: InventoryItem, inventory: Inventory): End[] {
	return addressesOf(pod).map((address) => ({
		object: networkObject({ ...flow, peer: address }),
		where: { peer: peerOf(pod, address, inventory) }
	}))
}

function peerOf(pod: InventoryItem, address: string, inventory: Inventory): NonNullable<Context['peer']> {
	return {
		namespace: pod.namespace,
		podLabels: pod.labels,
		namespaceLabels: namespaceLabels(inventory, pod.cluster, pod.namespace),
		address
	}
}

/** Of a range of ports, a service answers only on those that it declares. */
function isServed(
	flow: NetworkObject,
	range: NetworkObject,
	name: string,
	workload: string,
	inventory: Inventory
): boolean {
	if (range.lastPort === undefined) return true
	const declared = serviceOf(name, workload, inventory)?.ports ?? []
	return declared.some((one) => one.port === flow.port && sameProtocol(one.protocol, flow.protocol))
}

/** A service address is translated to one of its pods before a NetworkPolicy sees it; a host sees the address. */
function atService(flow: NetworkObject, name: string, workload: string, inventory: Inventory): End[] {
	const service = serviceOf(name, workload, inventory)
	if (!service) return []
	const port = service.ports.find(
		(one) => one.port === flow.port && sameProtocol(one.protocol, flow.protocol)
	)
	const target = port?.targetPort ?? flow.port
	const backends = backendsOf(service, inventory)
	return addressesOf(service).flatMap((address) => {
		const object = networkObject({ ...flow, peer: address })
		if (backends.length === 0)
			return atEndpoints(flow, object, target, address, inventory.endpointsOf(service))
		return backends.flatMap((pod) =>
			addressesOf(pod).map((podAddress) => {
				const peer = peerOf(pod, podAddress, inventory)
				if (typeof target === 'number') return { object, where: { peer: { ...peer, port: target } } }
				// A named port may be any number; what counts is that the pod gives it this name.
				return { object, where: { peer: { ...peer, port: flow.port }, portNames: { [target]: flow.port } } }
			})
		)
	})
}

function atEndpoints(
	flow: NetworkObject,
	object: string,
	target: number | string,
	serviceAddress: string,
	endpoints: readonly string[]
): End[] {
	if (endpoints.length === 0) return [at(flow, serviceAddress)]
	const port = typeof target === 'number' ? target : flow.port
	return endpoints.map((address) => ({
		object,
		where: { peer: { namespace: '', podLabels: {}, namespaceLabels: {}, address, port } }
	}))
}

/** The service of a peer `NAMESPACE/NAME`, in the cluster of the workload that speaks to it. */
export function serviceOf(name: string, workload: string, inventory: Inventory): InventoryItem | undefined {
	const [namespace = '', service = ''] = name.split('/')
	return inventory.find('Service', namespace, service, clusterOf(workload))
}

/** Live pods behind a service; none when it selects nothing. */
export function backendsOf(service: InventoryItem, inventory: Inventory): InventoryItem[] {
	const selector = Object.entries(service.selector ?? {})
	if (selector.length === 0) return []
	return inventory
		.podsIn(service.cluster, service.namespace)
		.filter((pod) => pod.toMs === null && selector.every(([key, value]) => pod.labels[key] === value))
}

/** Live pods that a peer `pods:…` (without its scheme) selects. */
export function selectedPods(rest: string, inventory: Inventory): InventoryItem[] {
	const peer = parsePodsPeer(rest)
	if (peer === null) return []
	return inventory
		.podsIn(peer.cluster, peer.namespace)
		.filter((pod) => pod.toMs === null && selects(peer.labels, pod.labels))
}

/** The node of a peer `NAME`, or all of them for `*`, in the cluster of the workload that speaks to it. */
export function nodesOf(name: string, workload: string, inventory: Inventory): readonly InventoryItem[] {
	if (name === '*') return inventory.nodesIn(clusterOf(workload))
	const node = inventory.find('Node', '', name, clusterOf(workload))
	return node ? [node] : []
}

/** What a name or a pattern of names stands for, by the latest DNS answers. */
export function namedAddresses(pattern: string, workload: string, inventory: Inventory): string[] {
	return inventory.addressesOf(pattern, workload)
}

/** `TCP` and `tcp` are one protocol. */
export function sameProtocol(a: string, b: string): boolean {
	return a.toLowerCase() === b.toLowerCase()
}

function clusterOf(workload: string): string {
	const name = parseWorkloadName(workload)
	// A host does not say which cluster it is a node of; names of services and nodes rarely repeat.
	return name?.form === 'container' ? name.cluster : ''
}

function addressesOf(item: InventoryItem | undefined): string[] {
	return (item?.addresses ?? []).filter((address) => /[.:]/.test(address))
}
