import { classOfVerb } from '../../collector/observation.js'
import type { Sighted } from '../../discovery/learn/exact.js'
import { adaptiveChain, type Chain, chainsAgainst } from './chains.js'
import type { Workload } from './generator.js'
import type { Random } from './random.js'

/** How an intruder behaves while the learner is learning. */
export const POISON_STYLES = [
	'one-off shell',
	'persistent beacon',
	'slow daily',
	'all pods',
	'adaptive'
] as const
export type PoisonStyle = (typeof POISON_STYLES)[number]

export interface Poison {
	style: PoisonStyle
	chain: Chain
	/** What the source would have reported of it. */
	rows: Sighted[]
}

const HOUR_MS = 3_600_000

/** An intrusion into the first `days` days of a workload. */
export function poison(workload: Workload, style: PoisonStyle, days: number, random: Random): Poison {
	const chain = style === 'adaptive' ? adaptiveChain(workload, random) : random.pick(chainsAgainst(workload))
	const at = (
		day: number,
		hour: number,
		pods: readonly string[],
		interactive: boolean,
		steps = chain.steps
	) =>
		steps.map((step): Sighted => {
			const atMs = ((workload.firstDay + day) * 24 + hour) * HOUR_MS + random.integer(0, HOUR_MS - 1)
			return {
				class: classOfVerb[step.verb],
				verb: step.verb,
				object: step.object,
				raw: step.object,
				source: step.source,
				result: 'allowed',
				version: workload.rows[0]?.[0]?.version ?? '',
				day: workload.firstDay + day,
				hours: 1 << hour,
				pods: [...pods].sort().slice(0, 4),
				count: 1,
				firstMs: atMs,
				lastMs: atMs,
				required: false,
				interactive,
				detail: ''
			}
		})
	const one = [random.pick(workload.pods)]
	const first = random.integer(0, Math.max(0, days - 2))
	return { style, chain, rows: rowsOf() }

	function rowsOf(): Sighted[] {
		switch (style) {
			// Somebody at a keyboard; half of them came in through the container runtime.
			case 'one-off shell':
				return at(first, random.integer(0, 23), one, random.chance(0.5))
			// Set up once, and then calls home every hour.
			case 'persistent beacon': {
				const beacon = chain.steps.slice(-1)
				const rows = at(first, 0, one, false)
				for (let day = first; day < days; day++) {
					for (let hour = 1; hour < 24; hour++) rows.push(...at(day, hour, one, false, beacon))
				}
				return rows
			}
			// Once a day, at the same hour.
			case 'slow daily':
				return Array.from({ length: days - first }, (_, day) => at(first + day, 3, one, false)).flat()
			// Everywhere from the first day on.
			case 'all pods':
			case 'adaptive':
				return Array.from({ length: days }, (_, day) => [
					...at(day, 2, workload.pods, false),
					...at(day, 14, workload.pods, false)
				]).flat()
		}
	}
}
