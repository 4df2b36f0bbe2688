import { canonicalAddress } from '../collector/address.js'
import type { InventoryItem } from '../collector/observation.js'
import { compareText } from './behaviour.js'
import type { Owners } from './inventory.js'
import { addressKey, isNameable } from './learn/network/address.js'
import { terrainOf } from './learn/network/terrain.js'
import { parseWorkloadName, podWorkloadName } from './workload.js'

/** What names stand for, by the DNS answers of an inventory. */
export interface Answers {
	/**
	 * The addresses of a name, or of all names that a pattern `*.SUFFIX` stands for, sorted: those that
	 * the workload itself was told, else those that anybody in its cluster was. Never one behind a wall:
	 * whoever answers for a name could else open the metadata service or the API server by it.
	 */
	addressesOf(pattern: string, workload: string): string[]
}

/** How long before the latest answer for a name an older one may be, to be taken for what the name stands for. */
const CURRENT_MS = 24 * 3_600_000

/**
 * The answers that still say what a name stands for: those of the last day in which it was asked
 * for. A name that is asked for once a week is not forgotten between.
 */
export function currentAnswers(items: readonly InventoryItem[], atMs: number): Set<InventoryItem> {
	const answers = items.filter((item) => item.kind === 'DnsAnswer' && item.fromMs <= atMs)
	const latest = new Map<string, number>()
	for (const { cluster, name, fromMs } of answers) {
		const key = `${cluster}/${name}`
		latest.set(key, Math.max(latest.get(key) ?? 0, fromMs))
	}
	return new Set(
		answers.filter(
			({ cluster, name, fromMs }) => fromMs > (latest.get(`${cluster}/${name}`) ?? 0) - CURRENT_MS
		)
	)
}

/** Arranges the DNS answers among inventory items. */
export function createAnswers(items: readonly InventoryItem[], owners: Owners): Answers {
	const told = items
		.filter((item) => item.kind === 'DnsAnswer')
		.map((item) => ({ item, asker: podWorkloadName(owners.of(item)) }))
	return {
		addressesOf(pattern, workload) {
			const name = parseWorkloadName(workload)
			const asker = name?.form === 'container' ? podWorkloadName(name) : ''
			const cluster = name?.form === 'container' ? name.cluster : ''
			const fitting = told.filter(
				({ item }) => matchesName(pattern, item.name) && (cluster === '' || item.cluster === cluster)
			)
			const own = fitting.filter((one) => one.asker === asker)
			const addresses = (own.length > 0 ? own : fitting)
				.flatMap(({ item }) => item.addresses)
				.map((address) => canonicalAddress(address))
				.filter((address) => address !== undefined)
			const terrain = terrainOf(items)
			const open = addresses.filter((address) => {
				const key = addressKey(address)
				return key !== null && isNameable(key) && terrain.isClear(key, key.length * 4)
			})
			return [...new Set(open)].sort(compareText)
		}
	}
}

/** True when `pattern` is the name, or `*.SUFFIX` of a name with exactly one label before it. */
export function matchesName(pattern: string, name: string): boolean {
	if (!pattern.startsWith('*.')) return pattern === name
	return name.slice(name.indexOf('.') + 1) === pattern.slice(2) && name.includes('.')
}
