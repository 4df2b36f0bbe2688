import { compareText, isLoopback, parseNetworkObject } from '../../behaviour.js'
import { arrangeInventory, type Inventory } from '../../inventory.js'
import type { Note, Policy, Rule } from '../../policy.js'
import { selectorOf } from '../../selector.js'
import { parseWorkloadName, podWorkloadName } from '../../workload.js'
import type { RenderContext, Rendering } from '../language.js'
import { manifestName, manifestOf } from '../manifest.js'
import {
	anybodysQuestions,
	clusterResolver,
	dnsTwins,
	isClusterResolver,
	isDnsFlow,
	needsResolver
} from './dns.js'
import { type Ends, type Peer, type Port, peerEnds, type Whose } from './peer.js'

/**
 * The network policy of a pod → one NetworkPolicy. Both directions, each with its policyType
 * only when traffic was seen there and all of it can be carried: a direction that is named
 * and lists nothing would deny everything, and one that lists less than was needed would break it.
 */
export function render(policies: readonly Policy[], context: RenderContext): Rendering {
	const renderings = policies
		.filter((policy) => policy.class === 'network')
		.map((policy) => renderPod(policy, context))
	return {
		manifests: renderings.flatMap(({ manifests }) => manifests),
		notes: renderings.flatMap(({ notes }) => notes)
	}
}

function renderPod(policy: Policy, context: RenderContext): Rendering {
	const name = parseWorkloadName(policy.workload)
	if (name?.form !== 'container') {
		const text = `${policy.workload} is not a pod; NetworkPolicies select pods only.`
		return { manifests: [], notes: [info('network-policy.host', text)] }
	}
	const inventory = arrangeInventory(context.inventory)
	const pods = inventory.podsOf(podWorkloadName(name))
	if (pods.some((pod) => pod.hostNetwork)) {
		return refused(
			'network-policy.host-network',
			`${policy.workload} runs on the host network, where NetworkPolicies do not select it reliably.`
		)
	}
	const selector = selectorOf(policy.workload, inventory)
	if (Object.keys(selector.labels).length === 0) {
		return refused(
			'network-policy.labels',
			`No label of the pods of ${policy.workload} is known, and an empty selector would select the whole namespace: feed the inventory (pods with their labels).`
		)
	}
	const notes: Note[] = []
	if (selector.strangers.length > 0) {
		notes.push(
			warning(
				'network-policy.strangers',
				`The labels of ${policy.workload} also select ${selector.strangers.join(', ')}: give its pods a label of their own.`
			)
		)
	}
	noteUncarried(policy, notes)
	const egress = directionRules('egress', policy, name.namespace, inventory, notes)
	const ingress = directionRules('ingress', policy, name.namespace, inventory, notes)
	const policyTypes = [...(egress ? ['Egress'] : []), ...(ingress ? ['Ingress'] : [])]
	if (policyTypes.length === 0) return { manifests: [], notes }
	const manifest = manifestOf({
		apiVersion: 'networking.k8s.io/v1',
		kind: 'NetworkPolicy',
		name: manifestName([name.name], policy.workload, 'network'),
		namespace: name.namespace,
		policies: [policy],
		spec: {
			podSelector: { matchLabels: selector.labels },
			policyTypes,
			...(ingress ? { ingress } : {}),
			...(egress ? { egress } : {})
		}
	})
	return { manifests: [manifest], notes }
}

/** The rules of one direction, or null when it is left open; `notes` says why. */
function directionRules(
	direction: 'egress' | 'ingress',
	policy: Policy,
	namespace: string,
	inventory: Inventory,
	notes: Note[]
): Record<string, unknown>[] | null {
	const type = direction === 'egress' ? 'Egress' : 'Ingress'
	const whose: Whose = { policy, namespace, inventory }
	const ends: Ends[] = []
	const problems: Note[] = []
	const take = ({ found, note }: { found: Ends[]; note?: Note }) => {
		ends.push(...found)
		if (note) (note.severity === 'refusal' ? problems : notes).push(note)
	}
	for (const rule of policy.rules) {
		const flow = parseNetworkObject(rule.object)
		if (!flow || flow.direction !== direction || !opensFlow(rule) || flow.protocol === 'unix') continue
		if (flow.peer.startsWith('cidr:') && isLoopback(addressOf(flow.peer))) {
			notes.push(
				info('network-policy.loopback', 'Traffic on loopback never leaves the pod and is not listed.')
			)
			continue
		}
		if (flow.protocol === 'icmp' || flow.protocol === 'icmpv6') {
			notes.push(
				warning(
					'network-policy.icmp',
					`ICMP was seen (${rule.object}); whether it passes is up to the network plugin, because NetworkPolicy has no form for it.`
				)
			)
			continue
		}
		if (direction === 'ingress' && isDnsFlow(flow) && isClusterResolver(whose)) take(anybodysQuestions())
		else for (const twin of dnsTwins(flow)) take(peerEnds(twin, whose))
	}
	if (direction === 'egress' && needsResolver(policy.rules)) take(clusterResolver(whose))
	if (problems.length > 0) {
		for (const problem of problems) {
			notes.push({
				...problem,
				text: `${problem.text} So ${type} is left open: a list without it would deny it.`
			})
		}
		return null
	}
	if (ends.length === 0) {
		notes.push(
			info(
				'network-policy.open',
				`No ${direction} traffic was seen, so ${type} is left open: an empty list would deny everything.`
			)
		)
		return null
	}
	return mergedRules(ends, direction === 'egress' ? 'to' : 'from')
}

/** Only these verbs open a connection in the direction of their object; bind and listen wait for one. */
function opensFlow(rule: Rule): boolean {
	return rule.access.some((verb) => verb === 'connect' || verb === 'send' || verb === 'accept')
}

function addressOf(peer: string): string {
	return peer.slice('cidr:'.length, peer.lastIndexOf('/'))
}

/** Peers with the same ports share a rule; everything is sorted, so the same traffic gives the same bytes. */
function mergedRules(ends: readonly Ends[], peersField: 'to' | 'from'): Record<string, unknown>[] {
	const portsOfPeer = new Map<string, { peer: Peer; ports: Map<string, Port> }>()
	for (const { peer, port } of ends) {
		const key = JSON.stringify(peer)
		const known = portsOfPeer.get(key) ?? { peer, ports: new Map() }
		portsOfPeer.set(key, known)
		const last = port.endPort === undefined ? '' : `-${String(port.endPort).padStart(5, '0')}`
		known.ports.set(`${port.protocol} ${String(port.port).padStart(5, '0')}${last}`, port)
	}
	const rules = new Map<string, { peers: string[]; ports: Port[] }>()
	for (const [key, { ports }] of portsOfPeer) {
		const sorted = [...ports].sort(([a], [b]) => compareText(a, b))
		const portsKey = sorted.map(([port]) => port).join()
		const isAnybody = key === ANYBODY
		// A rule that names nobody is for anybody, so it is never mixed with peers.
		const rule = rules.get(`${isAnybody} ${portsKey}`) ?? { peers: [], ports: sorted.map(([, port]) => port) }
		rules.set(`${isAnybody} ${portsKey}`, rule)
		rule.peers.push(key)
	}
	return [...rules]
		.sort(([a], [b]) => compareText(a, b))
		.map(([, { peers, ports }]) => {
			const named = peers.filter((key) => key !== ANYBODY).sort(compareText)
			return {
				...(named.length > 0 ? { [peersField]: named.map((key) => portsOfPeer.get(key)?.peer) } : {}),
				ports
			}
		})
}

const ANYBODY = JSON.stringify({})

/** What the class network holds beyond connections. */
function noteUncarried(policy: Policy, notes: Note[]): void {
	const flows = policy.rules.map((rule) => parseNetworkObject(rule.object))
	if (flows.some((flow) => flow?.protocol === 'unix')) {
		notes.push(info('network-policy.unix', 'Unix sockets are not held by a NetworkPolicy.'))
	}
	if (policy.rules.some((rule) => rule.access.includes('request'))) {
		notes.push(
			info(
				'network-policy.http',
				'HTTP requests are not held by a NetworkPolicy: only their connections are.'
			)
		)
	}
	if (policy.rules.some((rule) => rule.access.includes('resolve'))) {
		notes.push(
			info('network-policy.names', 'DNS names are not held by a NetworkPolicy: any name may be resolved.')
		)
	}
	if (policy.rules.some((rule) => rule.sources.length > 0)) {
		notes.push(
			info('network-policy.programs', 'A NetworkPolicy holds the whole pod: it does not tell programs apart.')
		)
	}
}

function refused(code: string, text: string): Rendering {
	return { manifests: [], notes: [{ code, severity: 'refusal', text }] }
}

function warning(code: string, text: string): Note {
	return { code, severity: 'warning', text }
}

function info(code: string, text: string): Note {
	return { code, severity: 'info', text }
}
