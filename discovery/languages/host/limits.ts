import ipaddr from 'ipaddr.js'
import type { Note } from '../../policy.js'
import { fieldOf, listOf, textOf } from '../manifest.js'
import { schemaProblems } from '../schema.js'

/** What the cgroup programs cannot hold, as people are told. */
export const LIMITS: readonly string[] = [
	'Only the network, and of it connect, sendmsg and bind of TCP and UDP over IPv4 and IPv6.',
	'No unix sockets, no ICMP and raw sockets, no SCTP.',
	'It holds the whole cgroup: it does not tell programs apart.',
	'Connections that are open already stay open; who may connect to a port is not held, only which ports are bound.'
]

/** Problems of one manifest by Whittle's schema and by what its sensor accepts; empty when sound. */
export function validate(manifest: Record<string, unknown>): Note[] {
	const problems = schemaProblems('host', 'whittle-host-policy.json', manifest)
	const network = fieldOf(fieldOf(manifest, 'spec') ?? {}, 'network')
	for (const rule of listOf(network, 'allow')) {
		const cidr = textOf(rule, 'cidr')
		if (!isCanonical(cidr)) {
			problems.push(
				refusal('host.cidr', `${cidr} is not a network in canonical form (host bits zero, RFC 5952).`)
			)
		}
		const { portFrom, portTo } = rule
		if (typeof portFrom === 'number' && typeof portTo === 'number' && portFrom > portTo) {
			problems.push(refusal('host.port', `Ports ${portFrom} to ${portTo} are no range.`))
		}
	}
	return problems
}

function isCanonical(cidr: string): boolean {
	if (!ipaddr.isValidCIDR(cidr)) return false
	const [address, bits] = ipaddr.parseCIDR(cidr)
	const network =
		address instanceof ipaddr.IPv6
			? ipaddr.IPv6.networkAddressFromCIDR(cidr).toRFC5952String()
			: ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
	return `${network}/${bits}` === cidr
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
