import ipaddr from 'ipaddr.js'
import type { Note } from '../../policy.js'
import { fieldOf, listOf, textOf } from '../manifest.js'
import { schemaProblems } from '../schema.js'

/** What a NetworkPolicy cannot do, as people are told. */
export const LIMITS: readonly string[] = [
	'It only allows: what one policy permits no other can take back, so beside a wider one it restricts nothing.',
	'It speaks TCP, UDP and SCTP; what happens to ICMP is up to the network plugin.',
	'It knows no DNS names and no programs.',
	'Pods on the host network are not selected reliably, and traffic from a pod’s own node is usually allowed.',
	'A network plugin without support ignores it, and says nothing.'
]

/** Problems of one manifest by the API's schema and validation rules; empty when sound. */
export function validate(manifest: Record<string, unknown>): Note[] {
	const problems = schemaProblems('network-policy', 'networkpolicy.json', manifest)
	const spec = fieldOf(manifest, 'spec')
	if (manifest.apiVersion !== 'networking.k8s.io/v1' || manifest.kind !== 'NetworkPolicy' || !spec) {
		return [
			...problems,
			refusal('network-policy.kind', 'It is not a NetworkPolicy of networking.k8s.io/v1 with a spec.')
		]
	}
	const types = Array.isArray(spec.policyTypes) ? spec.policyTypes : []
	if (types.length === 0) problems.push(refusal('network-policy.types', 'It names no policyTypes.'))
	for (const [type, field, peers] of DIRECTIONS) {
		const rules = listOf(spec, field)
		if (types.includes(type) && rules.length === 0) {
			// kguardian issue 1496: it reads as if it did nothing, and denies everything.
			problems.push(
				refusal('network-policy.empty', `${type} without a rule looks inert and denies everything.`)
			)
		}
		for (const rule of rules) problems.push(...ruleProblems(rule, peers))
	}
	return problems
}

const DIRECTIONS: readonly [type: string, field: string, peers: string][] = [
	['Egress', 'egress', 'to'],
	['Ingress', 'ingress', 'from']
]

function ruleProblems(rule: Record<string, unknown>, peers: string): Note[] {
	const problems: Note[] = []
	for (const peer of listOf(rule, peers)) {
		const block = fieldOf(peer, 'ipBlock')
		if (Object.keys(peer).length === 0) {
			problems.push(
				refusal('network-policy.peer', 'A peer without a selector or an ipBlock selects nothing.')
			)
		}
		if (!block) continue
		const cidr = textOf(block, 'cidr')
		if (!ipaddr.isValidCIDR(cidr)) problems.push(refusal('network-policy.cidr', `${cidr} is not a network.`))
		const except = Array.isArray(block.except) ? block.except : []
		for (const hole of except) {
			if (typeof hole !== 'string' || !isInside(hole, cidr)) {
				problems.push(refusal('network-policy.except', `${String(hole)} does not lie inside ${cidr}.`))
			}
		}
	}
	for (const port of listOf(rule, 'ports')) {
		if (!['TCP', 'UDP', 'SCTP'].includes(textOf(port, 'protocol') || 'TCP')) {
			problems.push(
				refusal('network-policy.protocol', `${textOf(port, 'protocol')} is no protocol of NetworkPolicy.`)
			)
		}
		const { port: from, endPort } = port
		if (typeof from === 'number' && (from < 1 || from > 65535)) {
			problems.push(refusal('network-policy.port', `Port ${from} does not exist.`))
		}
		if (
			endPort !== undefined &&
			!(typeof endPort === 'number' && typeof from === 'number' && endPort >= from)
		) {
			problems.push(refusal('network-policy.port', `endPort ${String(endPort)} needs a lower numeric port.`))
		}
	}
	return problems
}

/** True when every address of one network is in the other. */
export function isInside(inner: string, outer: string): boolean {
	if (!ipaddr.isValidCIDR(inner) || !ipaddr.isValidCIDR(outer)) return false
	const [address, bits] = ipaddr.parseCIDR(inner)
	const [network, outerBits] = ipaddr.parseCIDR(outer)
	if (address.kind() !== network.kind()) return false
	return bits >= outerBits && address.match(network, outerBits)
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
