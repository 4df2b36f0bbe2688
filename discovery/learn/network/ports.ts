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

/** Shares of units add up with the rounding of a double. */
const ENOUGH = UNITS_MIN - 1e-9

/** More distinct ports of one peer than this are no service: something scans, or picks ports at random. */
export const PORTS_MAX = 512

/** A wider range must be used in earnest: at least each sixteenth of its ports. Else ports are picked at random. */
const SPARSE_WIDTH_MAX = 128
const DENSITY_MIN = 1 / 16

/**
 * The port ranges to grant for the ports of one peer and protocol: the cheapest partition of the
 * sorted ports. A range needs four ports, three of them new in different units; it covers no wall,
 * and of the ephemeral ports none at which the peer is not known to listen. Exact, and the same for
 * any order of the needs.
 */
export function generalisePorts<N extends PortNeed>(
	needs: readonly N[],
	growth: Growth,
	listens: (port: number) => boolean
): PortRange<N>[] {
	const sorted = [...needs].sort((a, b) => a.port - b.port)
	if (sorted.length < MEMBERS_MIN || sorted.length > PORTS_MAX) return sorted.map(exactly)
	const news = newsBefore(sorted)
	if (valueAt(news, sorted.length) < ENOUGH) return sorted.map(exactly)
	const cuts = cutsOf(sorted, listens)
	// best[i]: the cheapest way to cover the first i ports; from[i]: where its last range begins.
	const best = new Float64Array(sorted.length + 1)
	const from = new Int32Array(sorted.length + 1)
	for (let end = 1; end <= sorted.length; end++) {
		const last = portAt(sorted, end - 1)
		const own = newsBetween(news, end - 1, end)
		best[end] = valueAt(best, end - 1) + growth.mu + hazardCost(hazardOf(own, growth), growth)
		from[end] = end - 1
		for (let begin = end - MEMBERS_MIN; begin >= (cuts[end - 1] ?? 0); begin--) {
			const width = last - portAt(sorted, begin) + 1
			const isSparse = width > SPARSE_WIDTH_MAX && end - begin < width * DENSITY_MIN
			if (isSparse || newsBetween(news, begin, end) < ENOUGH) continue
			const unseenCount = width - (end - begin)
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
		ranges.unshift(rangeOf(sorted.slice(begin, end), newsBetween(news, begin, end), growth))
	}
	return ranges
}

/**
 * Running count of units in which new ports came. Several ports that came in one unit are one event
 * (a service that opens ten ports at once is not ten news), so each counts for its share of the unit.
 */
function newsBefore(sorted: readonly PortNeed[]): Float64Array {
	const portCounts = new Map<number, number>()
	for (const { units } of sorted) {
		const unit = onlyUnit(units)
		if (unit !== null) portCounts.set(unit, (portCounts.get(unit) ?? 0) + 1)
	}
	const counts = new Float64Array(sorted.length + 1)
	sorted.forEach(({ units }, index) => {
		const unit = onlyUnit(units)
		counts[index + 1] = valueAt(counts, index) + (unit === null ? 0 : 1 / (portCounts.get(unit) ?? 1))
	})
	return counts
}

/** For each port the index from which on a range that ends there may begin: nothing in between is a wall. */
function cutsOf(sorted: readonly PortNeed[], listens: (port: number) => boolean): Int32Array {
	const cuts = new Int32Array(sorted.length)
	const isBarred = (port: number) => isEphemeral(port) && !listens(port)
	for (let index = 1; index < sorted.length; index++) {
		const [before, port] = [portAt(sorted, index - 1), portAt(sorted, index)]
		const isCut =
			isBarred(before) ||
			isBarred(port) ||
			(before < EPHEMERAL.first && port > EPHEMERAL.last) ||
			WALLS.some((wall) => wall > before && wall < port)
		cuts[index] = isCut ? index : (cuts[index - 1] ?? 0)
	}
	return cuts
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

function newsBetween(news: Float64Array, begin: number, end: number): number {
	return valueAt(news, end) - valueAt(news, begin)
}

function portAt(sorted: readonly PortNeed[], index: number): number {
	return sorted[index]?.port ?? 0
}

function valueAt(values: Float64Array, index: number): number {
	return values[index] ?? 0
}
