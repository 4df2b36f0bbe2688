import { canonicalAddress } from '../../../collector/address.js'
import type { InventoryItem } from '../../../collector/observation.js'
import { type AddressKey, addressKey, networkEnds, sharedBits } from './address.js'

/** What no network may cover, whatever was seen around it. */
export interface Terrain {
	/** True when no wall lies in the network of the first `length` bits of a key. */
	isClear(key: AddressKey, length: number): boolean
}

/** Instance metadata of every large cloud, where credentials are handed out. */
const METADATA = ['169.254.169.254', 'fd00:ec2::254']

const surveyed = new WeakMap<readonly InventoryItem[], Terrain>()

/**
 * Walls from the inventory: the metadata services, the API server, every node, and the networks of
 * pods and services as far as their addresses show them. Those are held by selectors, because an
 * address in them is somebody else's tomorrow. Kept for as long as the array lives.
 */
export function terrainOf(items: readonly InventoryItem[]): Terrain {
	const known = surveyed.get(items)
	if (known) return known
	const walls: [first: AddressKey, last: AddressKey][] = []
	const wall = (key: AddressKey, length: number) => walls.push(networkEnds(key, length))
	for (const key of keysOf(METADATA)) wall(key, key.length * 4)
	const ranges = new Map<string, AddressKey[]>()
	for (const item of items) {
		const isRange = item.kind === 'Service' || (item.kind === 'Pod' && !item.hostNetwork)
		const isPoint = item.kind === 'Node' || isApiServer(item) || (item.kind === 'Pod' && item.hostNetwork)
		if (!isRange && !isPoint) continue
		for (const key of keysOf(item.addresses)) {
			wall(key, key.length * 4)
			if (!isRange) continue
			const family = `${item.cluster} ${item.kind} ${key.length}`
			const keys = ranges.get(family)
			if (keys) keys.push(key)
			else ranges.set(family, [key])
		}
	}
	for (const keys of ranges.values()) for (const [key, length] of networksOf(keys)) wall(key, length)
	const terrain = createTerrain(walls)
	surveyed.set(items, terrain)
	return terrain
}

/** A terrain of intervals of keys. */
export function createTerrain(walls: readonly [first: AddressKey, last: AddressKey][]): Terrain {
	const families = new Map<number, { firsts: AddressKey[]; lasts: AddressKey[] }>()
	const sorted = [...walls].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
	for (const [first, last] of sorted) {
		const family = families.get(first.length) ?? { firsts: [], lasts: [] }
		families.set(first.length, family)
		const before = family.lasts.at(-1)
		if (before !== undefined && first <= before) {
			if (last > before) family.lasts[family.lasts.length - 1] = last
		} else {
			family.firsts.push(first)
			family.lasts.push(last)
		}
	}
	return {
		isClear(key, length) {
			const family = families.get(key.length)
			if (!family) return true
			const [first, last] = networkEnds(key, length)
			// The first wall that does not end before the network begins.
			let low = 0
			let high = family.lasts.length
			while (low < high) {
				const middle = (low + high) >> 1
				if ((family.lasts[middle] ?? '') < first) low = middle + 1
				else high = middle
			}
			const begins = family.firsts[low]
			return begins === undefined || begins > last
		}
	}
}

/** The API server under its service address, and where that leads. */
function isApiServer(item: InventoryItem): boolean {
	return (
		item.namespace === 'default' &&
		item.name === 'kubernetes' &&
		(item.kind === 'Service' || item.kind === 'EndpointSlice')
	)
}

/**
 * The networks that a cluster gives to its pods or services, as far as known addresses tell: the
 * /24 (IPv6: /64) of each, which is what a node gets by default, and the network of all of them
 * unless it is wider than any installer gives.
 */
function networksOf(keys: readonly AddressKey[]): [AddressKey, number][] {
	const [first] = keys
	if (first === undefined) return []
	const isIpv6 = first.length === 32
	const local = isIpv6 ? 64 : 24
	const networks = new Map(
		keys.map((key): [string, [AddressKey, number]] => [key.slice(0, local / 4), [key, local]])
	)
	const common = keys.reduce((shared, key) => Math.min(shared, sharedBits(first, key)), local)
	if (common >= (isIpv6 ? 48 : 12)) networks.set('', [first, common])
	return [...networks.values()]
}

function keysOf(addresses: readonly string[]): AddressKey[] {
	return addresses.flatMap((raw) => {
		const address = canonicalAddress(raw)
		const key = address === undefined ? null : addressKey(address)
		return key === null ? [] : [key]
	})
}
