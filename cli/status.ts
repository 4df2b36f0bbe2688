import type { Command } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { type Context, withContext } from './context.js'
import { usage } from './fault.js'
import { addOutputOption, type Column, paint, printOne, safeText, table, when } from './output.js'

export function define(command: Command): void {
	command
		.argument('[topic]', 'predictions: how well they came true; fleet: how novelty ebbs over all workloads')
		.action((topic: string | undefined) => {
			if (topic === undefined) return withContext(command, status)
			if (topic === 'predictions') return withContext(command, predictions)
			if (topic === 'fleet') return withContext(command, fleet)
			throw usage(
				`There is no status of "${topic}".`,
				'Ask for "whittle status", "whittle status predictions" or "whittle status fleet".'
			)
		})
	addOutputOption(command, ['table', 'json', 'yaml'])
}

async function status({ client, format, style }: Context): Promise<void> {
	const { Status } = await import('../web/operations/shape.js')
	const found = await client.call('getStatus', {}, Status)
	await printOne(found, format, { name: () => 'status' }, () => {
		const states = Object.entries(found.states)
			.filter(([, count]) => count > 0)
			.map(([state, count]) => `${count} ${state}`)
		const violations = paint(`${found.violationCount}`, found.violationCount > 0 ? 'red' : undefined, style)
		return [
			`Whittle ${found.version} on ${safeText(found.node)}, data in ${safeText(found.dataDir)} (${Math.ceil(found.storeBytes / 1024)} KiB)\n`,
			`${client.live ? 'running' : 'not running here now: this is what the store holds'}\n`,
			`workloads:  ${found.workloadCount}; classes: ${states.join(', ') || 'none yet'}\n`,
			`violations: ${violations} (${found.violationsToday} today, ${found.violationsYesterday} yesterday)\n`,
			`blind:      ${found.gapCount} gaps, ${found.lostCount} events known to be lost, ${found.badInputCount} bad inputs\n`,
			`last seen:  ${when(found.lastSeenMs, style)}\n`,
			...found.sources.map(
				(source) => `source ${safeText(`${source.name}: ${source.state}. ${source.sentence}`)}\n`
			),
			...found.next.map((step) => `next: ${safeText(step.sentence)}\n      ${safeText(step.command)}\n`)
		].join('')
	})
}

async function predictions({ client, format, style }: Context): Promise<void> {
	const { Predictions } = await import('../web/operations/shape.js')
	const found = await client.call('getPredictions', {}, Predictions)
	await printOne(found, format, { name: () => 'predictions' }, () => {
		const { all, atDecision } = found
		return [
			`${safeText(found.sentence)}\n`,
			...(all.count > 0 ? [table(all.table, binColumns, false, style)] : []),
			...(atDecision.count > 0
				? [
						`\nWhere it could have been enforced: ${atDecision.count} predictions, observed ÷ predicted ${ratioText(atDecision.observedOverPredicted)}\n`
					]
				: []),
			...(found.classes.length > 0 ? ['\n', table(found.classes, classColumns, false, style)] : [])
		].join('')
	})
}

async function fleet({ client, format, style }: Context): Promise<void> {
	const { FleetCurves } = await import('../web/operations/shape.js')
	const { classCurves, curvePoints } = await import('./fleet-listings.js')
	const found = await client.call('getFleetCurves', {}, FleetCurves)
	await printOne(found, format, { name: () => 'fleet' }, () => {
		const points = found.classes.flatMap((one) => one.curve.map((point) => ({ class: one.class, ...point })))
		return [
			`${safeText(found.sentence)}\n`,
			...(found.classes.length > 0 ? [table(found.classes, classCurves, false, style)] : []),
			...(points.length > 0
				? ['\nThe middle workload, by hours watched:\n', table(points, curvePoints, false, style)]
				: [])
		].join('')
	})
}

type Predictions = z.output<typeof shape.Predictions>

const binColumns: Column<Predictions['all']['table'][number]>[] = [
	{ header: 'PREDICTED', value: (bin) => `${Math.round(bin.from * 100)} to ${Math.round(bin.to * 100)} %` },
	{ header: 'PREDICTIONS', value: (bin) => `${bin.count}` },
	{ header: 'MEAN', value: (bin) => `${(bin.meanRisk * 100).toFixed(1)} %` },
	{ header: 'OBSERVED', value: (bin) => `${(bin.observedShare * 100).toFixed(1)} %` }
]

const classColumns: Column<Predictions['classes'][number]>[] = [
	{ header: 'CLASS', value: (one) => one.class },
	{ header: 'PREDICTIONS', value: (one) => `${one.count}` },
	{ header: 'OBSERVED ÷ PREDICTED', value: (one) => ratioText(one.observedOverPredicted) },
	{ header: 'BRIER', value: (one) => one.brier.toFixed(3) },
	{ header: 'ECE', value: (one) => one.ece.toFixed(3) }
]

function ratioText(ratio: number | null): string {
	return ratio === null ? '-' : ratio.toFixed(2)
}
