import { networkObject } from '../../behaviour.js'
import { arrangeInventory } from '../../inventory.js'
import { parseWorkloadName } from '../../workload.js'
import type { Flow } from './flows.js'
import { type Growth, mergeUnits } from './growth.js'
import { generalisePorts, isEphemeral } from './ports.js'
import type { NetworkFacts } from './rule.js'

/** Flows that differ in their port only, with ranges where new ports keep coming; the others as they are. */
export function portRanges(flows: readonly Flow[], facts: NetworkFacts, growth: Growth): Flow[] {
	const result: Flow[] = []
	const byPeer = new Map<string, Flow[]>()
	for (const flow of flows) {
		// Without a port, or with those of replies, there is nothing to compare.
		if (flow.port === 0 || flow.lastPort !== undefined) {
			result.push(flow)
			continue
		}
		const key = networkObject({ ...flow, port: 0 })
		const same = byPeer.get(key)
		if (same) same.push(flow)
		else byPeer.set(key, [flow])
	}
	for (const same of byPeer.values()) {
		const lent = same.filter((flow) => isEphemeral(flow.port) && listens(flow, facts))
		const ports = new Set(lent.map(({ port }) => port))
		for (const range of generalisePorts(same, growth, (port) => ports.has(port))) {
			const [flow] = range.members
			if (!flow) continue
			if (range.members.length === 1) result.push(flow)
			else result.push(rangeFlow(flow, range))
		}
	}
	return result
}

function rangeFlow(
	flow: Flow,
	range: {
		first: number
		last: number
		members: Flow[]
		unseenCount: number
		bits: number
		hazardRemoved: number
	}
): Flow {
	const { first, last, members, unseenCount, bits, hazardRemoved } = range
	return {
		...flow,
		port: first,
		lastPort: last,
		states: members.flatMap((member) => member.states),
		units: members.map((member) => member.units).reduce(mergeUnits),
		range: { unseenCount, bits, hazardRemoved },
		why: `Ports ${first} to ${last}: ${members.length} of them, and new ones keep coming.`
	}
}

/** True when somebody is known to wait at the port: only then is a port that clients are lent a server's. */
function listens({ direction, protocol, port, peer }: Flow, facts: NetworkFacts): boolean {
	if (direction !== 'egress') return false
	if (facts.listens?.(peer, protocol, port) === true) return true
	if (!peer.startsWith('service:')) return false
	const [namespace = '', name = ''] = peer.slice('service:'.length).split('/')
	const own = parseWorkloadName(facts.workload)
	const cluster = own?.form === 'container' ? own.cluster : ''
	const service = arrangeInventory(facts.inventory).find('Service', namespace, name, cluster)
	return (service?.ports ?? []).some((one) => one.port === port && one.protocol.toLowerCase() === protocol)
}
