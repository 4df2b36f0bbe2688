import { type NetworkObject, parseNetworkObject } from '../../behaviour.js'
import type { Inventory } from '../../inventory.js'
import type { Note, Rule } from '../../policy.js'
import { selects } from '../../selector.js'
import { parseWorkloadName, podWorkloadName } from '../../workload.js'
import { type Ends, peerEnds, type Whose } from './peer.js'

const DNS_PORT = 53

/** True for traffic to a resolver, at either end. */
export function isDnsFlow(flow: NetworkObject): boolean {
	return (
		flow.port === DNS_PORT &&
		flow.lastPort === undefined &&
		(flow.protocol === 'udp' || flow.protocol === 'tcp')
	)
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

/**
 * True when the pod answers for the cluster's DNS service. Whom it has answered so far says
 * nothing: a policy that lists them would take names away from every pod that comes tomorrow.
 */
export function isClusterResolver({ policy, inventory }: Whose): boolean {
	const name = parseWorkloadName(policy.workload)
	if (name?.form !== 'container' || name.namespace !== 'kube-system') return false
	const service = inventory.find('Service', 'kube-system', 'kube-dns', name.cluster)
	const selector = service?.selector ?? { 'k8s-app': 'kube-dns' }
	const pods = inventory.podsOf(podWorkloadName(name))
	return Object.keys(selector).length > 0 && pods.some((pod) => selects(selector, pod.labels))
}

/** Anybody, over UDP and TCP. */
export function anybodysQuestions(): { found: Ends[]; note: Note } {
	const text = 'DNS is never withheld: anybody may ask the cluster’s resolver on port 53.'
	return {
		found: ['UDP', 'TCP'].map((protocol) => ({ peer: {}, port: { protocol, port: DNS_PORT } })),
		note: { code: 'network-policy.resolver', severity: 'info', text }
	}
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
	return flow?.direction === 'egress' && isDnsFlow(flow)
}
