import type { Verb } from '../../../collector/observation.js'
import { classOfVerb } from '../../../collector/observation.js'
import { noteDay } from '../../../discovery/learn/daily.js'
import type { BehaviourState } from '../../../discovery/learn/state.js'

export const DAY = 20_000
export const HOUR = DAY * 24

/** The state of one behaviour that was seen in these hours (after the first of day 20 000), as `stateOf` would make it. */
export function state(
	verb: Verb,
	object: string,
	hours: readonly number[],
	more: Partial<BehaviourState> = {}
): BehaviourState {
	const seen = [...new Set(hours)].sort((a, b) => a - b).map((hour) => HOUR + hour)
	const daily: number[] = []
	for (const hour of seen) noteDay(daily, Math.floor(hour / 24), 1 << (hour % 24), 1)
	const days = [...new Set(seen.map((hour) => Math.floor(hour / 24)))]
	return {
		class: classOfVerb[verb],
		verb,
		object,
		source: '/usr/sbin/nginx',
		raw: object,
		versions: ['v1'],
		hours: seen.slice(0, 3),
		lastHour: seen.at(-1) ?? HOUR,
		daily,
		hourCount: seen.length,
		dayCount: days.length,
		days: days.slice(0, 4),
		pods: ['front-1'],
		starts: [],
		startOnly: false,
		count: seen.length,
		firstMs: (seen[0] ?? HOUR) * 3_600_000,
		lastMs: (seen.at(-1) ?? HOUR) * 3_600_000,
		required: false,
		interactive: false,
		samples: [],
		...more
	}
}
