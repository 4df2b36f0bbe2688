import { z } from 'zod'
import type { Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { percent } from '../../discovery/learn/blockers.js'
import { cut, decodeCursor } from './cursor.js'
import { policyName, readFacts, readWorkloads } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { FeaturesPage, FleetCurves, FleetPage, ListFeatures, ListFleet } from './shape.js'

export const listFleet = operation({
	name: 'listFleet',
	method: 'GET',
	path: '/fleet',
	summary:
		'Each class of each workload as one row: how long it was watched, what was new, what is predicted and came.',
	input: ListFleet,
	output: FleetPage,
	isLong: true,
	async run({ reader }, input) {
		const { readFleet } = await import('../../discovery/analytics/fleet.js')
		const names = createNames(reader, input)
		const after = decodeCursor('fleet', input.continue, 2)
		const rows = readFleet(reader, {
			after: after && [Number(after[0]), String(after[1])],
			limit: input.limit + 1,
			class: input.class,
			workloadIds: names.wanted
		})
		const items = rows.map((row) => ({ ...row, workload: names.of(row.workloadId, row.class) }))
		return cut('fleet', items, (item) => [item.workloadId, item.class], input.limit)
	}
})

export const listFeatures = operation({
	name: 'listFeatures',
	method: 'GET',
	path: '/fleet/features',
	summary:
		'What the second stage learns from: every prediction that time has judged, with its features and what came.',
	input: ListFeatures,
	output: FeaturesPage,
	isLong: true,
	async run({ reader }, input) {
		const { readTraining, trainingRows } = await import('../../discovery/analytics/training.js')
		const names = createNames(reader, input)
		const after = decodeCursor('features', input.continue, 3)
		const read = readTraining(reader, {
			after: after && [Number(after[0]), String(after[1]), Number(after[2])],
			limit: input.limit + 1,
			class: input.class,
			workloadIds: names.wanted
		})
		const items = trainingRows(read).map((row) => ({ ...row, workload: names.of(row.workloadId, row.class) }))
		return cut('features', items, (item) => [item.workloadId, item.class, item.hour], input.limit)
	}
})

export const getFleetCurves = operation({
	name: 'getFleetCurves',
	method: 'GET',
	path: '/fleet/curves',
	summary: 'How quickly novelty ebbs and coverage grows over all workloads, by class and hours watched.',
	input: z.object({}),
	output: FleetCurves,
	isLong: true,
	async run({ reader }) {
		const { readCurves } = await import('../../discovery/analytics/curves.js')
		const classes = readCurves(reader)
		const sum = (of: (one: (typeof classes)[number]) => number) =>
			classes.reduce((total, one) => total + of(one), 0)
		const count = sum((one) => one.workloadCount)
		const middle = [...classes].sort((a, b) => b.medianRisk - a.medianRisk)[0]
		const sentence =
			count === 0
				? 'Nothing was learned yet.'
				: `${sum((one) => one.readyCount)} of ${count} classes of workloads are ready, ${sum((one) => one.openEndedCount)} are open-ended; the riskiest class is ${middle?.class ?? ''}, with ${percent(middle?.medianRisk ?? 0)} in the middle.`
		return { sentence, classes }
	}
})

/** Names of rows as people see them, and the rows that were asked for. */
function createNames(
	reader: Reader,
	input: z.output<typeof ListFleet>
): { wanted: number[] | undefined; of(workloadId: number, class_: Class): string } {
	// Everything else that `readFacts` reads would be read again for every page.
	const rows = new Map(readWorkloads(reader).map((row) => [row.id, row]))
	return {
		wanted: input.workload === undefined ? undefined : wantedRows(reader, input.workload, input.class),
		of(workloadId, class_) {
			const row = rows.get(workloadId)
			return row ? policyName(row.displayName, row, class_) : ''
		}
	}
}

/** A workload's own row, and the one on which its pod's network hangs. */
function wantedRows(reader: Reader, reference: string, class_: Class | undefined): number[] {
	const facts = readFacts(reader)
	const workload = resolveWorkload([...facts.byId.values()], reference, class_)
	return [...new Set([workload.id, facts.holderOf(workload, 'network').id])]
}
