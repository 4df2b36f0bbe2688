import type { SegmentTyping } from './network/requests.js'
import { templatesOf } from './paths/tokens.js'

/** Segments of HTTP paths are typed as names of files are: `/items/<uuid>`. For `NetworkFacts.typing`. */
export const typeSegments: SegmentTyping = (siblings) => {
	const named = siblings.map(({ text, units }) => ({
		name: text,
		unit: units.hour2 === Infinity && units.hour1 !== Infinity ? `hour ${units.hour1}` : null
	}))
	return new Map(templatesOf(named).flatMap(({ text, members }) => members.map((member) => [member, text])))
}
