import { CLASSES } from '../../collector/observation.js'
import { pageOf } from './cursor.js'
import { policyName, readFacts } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { ListUnused, UnusedPage } from './shape.js'

const MS_PER_HOUR = 3_600_000

export const listUnused = operation({
	name: 'listUnused',
	method: 'GET',
	path: '/unused',
	summary:
		'Rules of proposed policies that nobody has used for long, on hours in which a use would have been seen. Nothing is removed by itself.',
	input: ListUnused,
	output: UnusedPage,
	isLong: true,
	async run({ reader, nowMs }, input) {
		const { findUnused } = await import('../../discovery/analytics/unused.js')
		const facts = readFacts(reader)
		const named =
			input.workload === undefined
				? undefined
				: resolveWorkload([...facts.byId.values()], input.workload, input.class)
		const classes = CLASSES.filter((one) => input.class === undefined || one === input.class)
		const found = findUnused(reader, {
			nowMs: nowMs(),
			classes,
			...(named === undefined
				? {}
				: {
						memberIds: [
							named.id,
							...(classes.includes('network') ? [facts.holderOf(named, 'network').id] : [])
						]
					})
		})
		// A row may hold the policies of its pod beside its own.
		const items = found.items.filter(
			(one) =>
				named === undefined ||
				one.workloadId === (one.class === 'network' ? facts.holderOf(named, 'network') : named).id
		)
		const shown = items.map(({ rule, index, lastHour, ...one }) => {
			const workload = facts.byId.get(one.workloadId)
			return {
				...one,
				key: `${one.workloadId}/${one.class}/${index}`,
				workload: workload ? policyName(workload.displayName, workload, one.class) : one.workload,
				rule: index,
				object: rule.object,
				access: rule.access,
				sources: rule.sources,
				lastMs: lastHour * MS_PER_HOUR
			}
		})
		const page = pageOf(
			'unused',
			shown,
			(item) => [item.workload, CLASSES.indexOf(item.class), item.rule, item.key],
			{ ...input, order: 'asc' }
		)
		return { ...page, total: items.length, ruleCount: found.ruleCount, untoldCount: found.untoldCount }
	}
})
