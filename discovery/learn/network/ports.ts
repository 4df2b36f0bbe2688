import {
	bitsOf,
	type Growth,
	grantCost,
	hazardCost,
	hazardOf,
	MEMBERS_MIN,
	onlyUnit,
	UNITS_MIN,
	type Units
} from './growth.js'

/** A port that was needed, each once. */
export interface PortNeed {
	port: number
	units: Units
}

/** Ports from `first` to `last`, both included. */
export interface PortRange<N extends PortNeed> {
	first: number
	last: number
	members: N[]
	unseenCount: number
	bits: number
	hazardRemoved: number
}

/** Linux lends these to clients by default (ip_local_port_range): as a destination they are somebody's reply. */
export const EPHEMERAL = { first: 32_768, last: 60_999 } as const

/** True for a port that a client is lent. */
export function isEphemeral(port: number): boolean {
	return port >= EPHEMERAL.first && port <= EPHEMERAL.last
}

/**
 * Ports behind which whole machines or clusters stand: telnet, SSH, Windows file sharing and remote
 * desktop, Docker, etcd, the API server and the kubelet. No range covers one that it was not told of.
 */
const WALLS: readonly number[] = [22, 23, 445, 2375, 2376, 2379, 2380, 3389, 6443, 10_250, 10_255]

/** More distinct ports of one peer than this are no service: something scans, or picks ports at random. */
export const PORTS_MAX = 1024

/**
 * The port ranges to grant for the ports of one peer and protocol: the cheapest partition of the
 * sorted ports. A range needs four ports, three of them new in different units; it covers no wall
 * and no ephemeral port, unless the peer is known to listen there (`mayReach`). Exact, and the same
 * for any order of the needs.
 */
export function generalisePorts<N extends PortNeed>(
	needs: readonly N[],
	growth: Growth,
	mayReach: (first: number, last: number) => boolean
): PortRange<N>[] {
	const sorted = [...needs].sort((a, b) => a.port - b.port)
	if (sorted.length < MEMBERS_MIN || sorted.length > PORTS_MAX) return sorted.map(exactly)
	const newIn = firstsOfUnits(sorted)
	if (newIn.at(-1) === 0) return sorted.map(exactly)
	const told = new Set(sorted.map(({ port }) => port))
	const walls = WALLS.filter((wall) => !told.has(wall))
	// best[i]: the cheapest way to cover the first i ports; from[i]: where its last range begins.
	const best = new Float64Array(sorted.length + 1)
	const from = new Int32Array(sorted.length + 1)
	for (let end = 1; end <= sorted.length; end++) {
		const last = portAt(sorted, end - 1)
		const own = countBetween(newIn, end - 1, end)
		best[end] = valueAt(best, end - 1) + growth.mu + hazardCost(own / (growth.exposedHours + 1), growth)
		from[end] = end - 1
		for (let begin = end - MEMBERS_MIN; begin >= 0; begin--) {
			const first = portAt(sorted, begin)
			// Wider only takes in more: what may not be covered here may not be from further left.
			if (!isOpen(first, last, walls, mayReach)) break
			if (countBetween(newIn, begin, end) < UNITS_MIN) continue
			const unseenCount = last - first + 1 - (end - begin)
			const cost = valueAt(best, begin) + growth.mu + grantCost(unseenCount, 1, growth)
			if (cost < valueAt(best, end)) {
				best[end] = cost
				from[end] = begin
			}
		}
	}
	const ranges: PortRange<N>[] = []
	for (let end = sorted.length; end > 0; end = from[end] ?? 0) {
		const begin = from[end] ?? 0
		ranges.unshift(rangeOf(sorted.slice(begin, end), countBetween(newIn, begin, end), growth))
	}
	return ranges
}

/**
 * Running count of units in which new ports came. Several ports that came in one unit are one event
 * (a service that opens ten ports at once is not ten news), so each unit counts at its lowest port.
 */
function firstsOfUnits(sorted: readonly PortNeed[]): Int32Array {
	const seen = new Set<number>()
	const counts = new Int32Array(sorted.length + 1)
	sorted.forEach(({ units }, index) => {
		const unit = onlyUnit(units)
		const isFirst = unit !== null && !seen.has(unit)
		if (isFirst) seen.add(unit)
		counts[index + 1] = (counts[index] ?? 0) + (isFirst ? 1 : 0)
	})
	return counts
}

function isOpen(
	first: number,
	last: number,
	walls: readonly number[],
	mayReach: (first: number, last: number) => boolean
): boolean {
	if (last >= EPHEMERAL.first && first <= EPHEMERAL.last && !mayReach(first, last)) return false
	return walls.every((wall) => wall < first || wall > last)
}

function rangeOf<N extends PortNeed>(members: N[], newCount: number, growth: Growth): PortRange<N> {
	const first = portAt(members, 0)
	const last = portAt(members, members.length - 1)
	const unseenCount = last - first + 1 - members.length
	const hazardRemoved = members.length === 1 ? 0 : hazardOf(newCount, growth)
	return { first, last, members, unseenCount, bits: bitsOf(unseenCount), hazardRemoved }
}

function exactly<N extends PortNeed>(need: N): PortRange<N> {
	return { first: need.port, last: need.port, members: [need], unseenCount: 0, bits: 0, hazardRemoved: 0 }
}

function countBetween(counts: Int32Array, begin: number, end: number): number {
	return (counts[end] ?? 0) - (counts[begin] ?? 0)
}

function portAt(sorted: readonly PortNeed[], index: number): number {
	return sorted[index]?.port ?? 0
}

function valueAt(values: Float64Array, index: number): number {
	return values[index] ?? 0
}
