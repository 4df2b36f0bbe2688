import type { InventoryItem, Verb } from '../../../../collector/observation.js'
import type { NetworkFacts } from '../../../../discovery/learn/network/rule.js'
import { type BehaviourState, stateOf } from '../../../../discovery/learn/state.js'
import { DAY, DAY_MS, HOUR_MS, sighted } from '../../sighted.js'

/** A need that was seen in these hours after day 20 000; `raw` as in the state. */
export function need(
	verb: Verb,
	object: string,
	hours: readonly number[] = [0],
	more: { source?: string; raw?: string } = {}
): BehaviourState {
	const rows = hours.map((hour) =>
		sighted(verb, object, {
			source: '/app',
			...more,
			day: DAY + Math.floor(hour / 24),
			hours: 1 << (hour % 24),
			firstMs: DAY_MS + hour * HOUR_MS,
			lastMs: DAY_MS + hour * HOUR_MS + 1000
		})
	)
	const [state] = stateOf(rows, [])
	if (!state) throw new Error('a need was seen at least once')
	return state
}

/** A hundred hours of watching, and what the test says otherwise. */
export function facts(more: Partial<NetworkFacts> & { inventory?: InventoryItem[] } = {}): NetworkFacts {
	return { workload: 'east/shop/Deployment/web', exposedHours: 100, inventory: [], ...more }
}
