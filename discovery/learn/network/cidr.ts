import { type AddressKey, addressKey, bitAt, cidrOf, sharedBits, zoneOf } from './address.js'
import {
	bitsOf,
	fewUnits,
	type Growth,
	grantCost,
	hazardCost,
	hazardOf,
	MEMBERS_MIN,
	mergeUnits,
	onlyUnit,
	UNITS_MIN,
	type Units
} from './growth.js'
import type { Terrain } from './terrain.js'

/** An address that was needed, canonical, each once. */
export interface AddressNeed {
	address: string
	units: Units
}

/** A network that covers some of the needs; a single address is a network of one. */
export interface Block<N extends AddressNeed> {
	cidr: string
	/** The needs that it covers, by address. */
	members: N[]
	unseenCount: number
	/** Weighted bits granted beyond the evidence. */
	bits: number
	/** Novelty per hour that it takes away. */
	hazardRemoved: number
}

/**
 * The networks to grant for a set of addresses: the cheapest cut through the binary prefix trie, by
 * the objective that paths are generalised by. A prefix is granted only where addresses keep coming
 * (four or more, three of the new ones in different hours), within its zone (/16 on the internet,
 * /24 in private networks; IPv6 /48 and /64), and never over a wall. Exact for this family, and the
 * same for any order of the needs. What is no address is left out.
 */
export function generaliseAddresses<N extends AddressNeed>(
	needs: readonly N[],
	terrain: Terrain,
	growth: Growth
): Block<N>[] {
	const families: [four: Leaf<N>[], six: Leaf<N>[]] = [[], []]
	for (const need of needs) {
		const key = addressKey(need.address)
		if (key !== null) families[key.length === 8 ? 0 : 1].push({ key, need })
	}
	return families.flatMap((leaves) => {
		leaves.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
		if (leaves.length < MEMBERS_MIN) return leaves.map(exactly)
		const blocks: Block<N>[] = []
		collect(solve(leaves, 0, leaves.length, terrain, growth), leaves, blocks)
		return blocks
	})
}

interface Leaf<N> {
	key: AddressKey
	need: N
}

/** A branching node of the path-compressed trie over `leaves[from, to)`. */
interface Node {
	from: number
	to: number
	cost: number
	units: Units
	/** Up to three of the units in which a member came that was seen in no other. */
	newIn: readonly number[]
	/** Novelty per hour at and below this node. */
	hazard: number
	/** Prefix length when it is granted whole. */
	length: number | null
	bits: number
	children: [Node, Node] | null
}

function solve<N extends AddressNeed>(
	leaves: readonly Leaf<N>[],
	from: number,
	to: number,
	terrain: Terrain,
	growth: Growth
): Node {
	const first = at(leaves, from)
	if (to - from === 1) {
		const { units } = first.need
		const unique = onlyUnit(units)
		const newIn = unique === null ? [] : [unique]
		return { from, to, cost: growth.mu, units, newIn, hazard: 0, length: null, bits: 0, children: null }
	}
	const length = sharedBits(first.key, at(leaves, to - 1).key)
	const middle = split(leaves, from, to, length)
	const left = solve(leaves, from, middle, terrain, growth)
	const right = solve(leaves, middle, to, terrain, growth)
	const branches = [onlyUnit(left.units), onlyUnit(right.units)].filter((unit) => unit !== null)
	const own = hazardOf(new Set(branches).size, growth)
	const node: Node = {
		from,
		to,
		cost: left.cost + right.cost + hazardCost(own, growth),
		units: mergeUnits(left.units, right.units),
		newIn: fewUnits(left.newIn, right.newIn),
		hazard: left.hazard + right.hazard + own,
		length: null,
		bits: 0,
		children: [left, right]
	}
	if (to - from < MEMBERS_MIN || node.newIn.length < UNITS_MIN) return node
	const zone = zoneOf(first.key)
	if (length < zone.lengthMin || length < zone.zoneBits || !terrain.isClear(first.key, length)) return node
	const unseenCount = unseenIn(first.key, length, to - from)
	const whole = growth.mu + grantCost(unseenCount, zone.weight, growth)
	// On a tie the exact addresses stay: they grant less.
	if (whole >= node.cost) return node
	return { ...node, cost: whole, length, bits: zone.weight * bitsOf(unseenCount), children: null }
}

function collect<N extends AddressNeed>(node: Node, leaves: readonly Leaf<N>[], blocks: Block<N>[]): void {
	const { from, to, length, bits, children } = node
	if (children) {
		for (const child of children) collect(child, leaves, blocks)
		return
	}
	const first = at(leaves, from)
	if (length === null) blocks.push(exactly(first))
	else {
		blocks.push({
			cidr: cidrOf(first.key, length),
			members: leaves.slice(from, to).map(({ need }) => need),
			unseenCount: unseenIn(first.key, length, to - from),
			bits,
			hazardRemoved: node.hazard
		})
	}
}

function exactly<N extends AddressNeed>({ key, need }: Leaf<N>): Block<N> {
	return { cidr: cidrOf(key, key.length * 4), members: [need], unseenCount: 0, bits: 0, hazardRemoved: 0 }
}

function unseenIn(key: AddressKey, length: number, seenCount: number): number {
	return 2 ** (key.length * 4 - length) - seenCount
}

/** The first leaf in `[from, to)` whose bit after the shared prefix is set. */
function split<N>(leaves: readonly Leaf<N>[], from: number, to: number, length: number): number {
	let low = from
	let high = to
	while (low < high) {
		const middle = (low + high) >> 1
		if (bitAt(at(leaves, middle).key, length) === 0) low = middle + 1
		else high = middle
	}
	return low
}

function at<N>(leaves: readonly Leaf<N>[], index: number): Leaf<N> {
	const leaf = leaves[index]
	if (!leaf) throw new RangeError(`no leaf ${index} of ${leaves.length}`)
	return leaf
}
