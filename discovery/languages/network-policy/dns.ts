import { type NetworkObject, parseNetworkObject } from '../../behaviour.js'
import type { Inventory } from '../../inventory.js'
import type { Note, Rule } from '../../policy.js'
import { parseWorkloadName } from '../../workload.js'
import { type Ends, peerEnds, type Whose } from './peer.js'

const DNS_PORT = 53

/** True for traffic to a resolver. */
export function isDnsFlow(flow: NetworkObject): boolean {
	const isUdpOrTcp = flow.protocol === 'udp' || flow.protocol === 'tcp'
	return flow.direction === 'egress' && flow.port === DNS_PORT && isUdpOrTcp
}

/** A resolver turns to TCP when an answer is cut short (RFC 7766), so one protocol seen means both. */
export function dnsTwins(flow: NetworkObject): NetworkObject[] {
	return isDnsFlow(flow)
		? [
				{ ...flow, protocol: 'udp' },
				{ ...flow, protocol: 'tcp' }
			]
		: [flow]
}

/** True when names were resolved although no traffic to a resolver was seen. */
export function needsResolver(rules: readonly Rule[]): boolean {
	const resolves = rules.some((rule) => rule.access.includes('resolve'))
	return resolves && !rules.some((rule) => isDnsObject(rule.object))
}

/** The cluster's own resolver, from the inventory. */
export function clusterResolver(whose: Whose): { found: Ends[]; note?: Note } {
	const name = parseWorkloadName(whose.policy.workload)
	const cluster = name?.form === 'container' ? name.cluster : ''
	const peer = resolverOf(whose.inventory, cluster)
	if (peer === null) {
		const text =
			'Names are resolved, but neither the traffic nor the inventory (service kube-dns in kube-system, or its pods) says by whom.'
		return { found: [], note: { code: 'network-policy.dns', severity: 'refusal', text } }
	}
	const ends = dnsTwins({ direction: 'egress', protocol: 'udp', port: DNS_PORT, peer }).map((flow) =>
		peerEnds(flow, whose)
	)
	const note = ends.find((end) => end.note)?.note
	return { found: ends.flatMap((end) => end.found), ...(note ? { note } : {}) }
}

function resolverOf(inventory: Inventory, cluster: string): string | null {
	if (inventory.find('Service', 'kube-system', 'kube-dns', cluster)) return 'service:kube-system/kube-dns'
	const pod = inventory.podsIn(cluster, 'kube-system').find((one) => one.labels['k8s-app'] === 'kube-dns')
	return pod ? `workload:${inventory.workloadOf(pod)}` : null
}

function isDnsObject(object: string): boolean {
	const flow = parseNetworkObject(object)
	return flow !== null && isDnsFlow(flow)
}
