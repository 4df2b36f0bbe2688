import ipaddr from 'ipaddr.js'
import type { Note } from '../../policy.js'
import { fieldOf, listOf, textOf } from '../manifest.js'
import { schemaProblems } from '../schema.js'

/** As in the sensor (native/hold.ts), which refuses a wider range unless it is all ports. */
export const RANGE_PORTS_MAX = 256

/** The table is shared by everything that a host holds (131,072 places); one workload gets a part of it. */
const PLACES_MAX = 16_384

/** What the cgroup programs cannot hold, as people are told. */
export const LIMITS: readonly string[] = [
	'Only the network, and of it connect, sendmsg and bind of TCP and UDP over IPv4 and IPv6.',
	'No unix sockets, no ICMP and raw sockets, no SCTP.',
	'A range of ports takes one place in the kernel’s table per port: at most 256 ports in one, or all of them.',
	'It holds the whole cgroup: it does not tell programs apart.',
	'Connections that are open already stay open; who may connect to a port is not held, only which ports are bound.'
]

/** Problems of one manifest by Whittle's schema and by what its sensor accepts; empty when sound. */
export function validate(manifest: Record<string, unknown>): Note[] {
	const problems = schemaProblems('host', 'whittle-host-policy.json', manifest)
	const network = fieldOf(fieldOf(manifest, 'spec') ?? {}, 'network')
	let placeCount = 0
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
		const count = portsIn(rule)
		if (count > RANGE_PORTS_MAX) {
			problems.push(
				refusal(
					'host.range',
					`Ports ${String(portFrom)} to ${String(portTo)} are more than the ${RANGE_PORTS_MAX} that one rule can hold.`
				)
			)
		}
		placeCount += count * (rule.protocol === 'any' ? 2 : 1)
	}
	if (placeCount > PLACES_MAX) {
		problems.push(
			refusal(
				'host.places',
				`It would take ${placeCount} places in the kernel’s table, and one workload gets ${PLACES_MAX}.`
			)
		)
	}
	return problems
}

/** Places that a rule takes; all ports together take one. */
function portsIn({ port, portFrom, portTo }: Record<string, unknown>): number {
	if (typeof port === 'number' || typeof portFrom !== 'number' || typeof portTo !== 'number') return 1
	return portFrom <= 1 && portTo === 65_535 ? 1 : portTo - portFrom + 1
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
