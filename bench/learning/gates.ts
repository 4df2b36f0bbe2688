import { OURS } from './arms.js'
import type { Gate } from '../run.js'
import type { Reliability } from '../../discovery/learn/calibrate.js'
import { dominates, type Score } from './score.js'

/** What must hold before the product is shipped (the ship gates), each with what was measured. */
export function gatesOf(
	scores: readonly Score[],
	results: { outputCount: number; reliability: Reliability }
): Gate[] {
	const find = (generaliser: string, stop: string) =>
		scores.find((one) => one.generaliser === generaliser && one.stop === stop)
	const mature = find(OURS, 'maturity')
	const over3 = find('children > 3', 'maturity')
	const width = mature?.width
	if (!mature || !width || !over3) throw new Error('the factorial is incomplete')
	const { reliability } = results
	const ratio = reliability.observedOverPredicted ?? Number.NaN
	const dominators = scores.filter((one) => one.generaliser !== OURS && dominates(one, mature))
	const atMost = (name: string, value: number, bar: number): Gate => ({
		name,
		value,
		bar,
		pass: value <= bar
	})
	const atLeast = (name: string, value: number, bar: number): Gate => ({
		name,
		value,
		bar,
		pass: value >= bar
	})
	return [
		atMost(
			'denied % of legitimate acts, above children > 3',
			mature.deniedPercent.value - over3.deniedPercent.value,
			0.1
		),
		atLeast('probes blocked % (files that are there)', width.ownBlocked.value, 95),
		atLeast('probes blocked % (files put there)', width.createdBlocked, 95),
		atLeast('probes blocked % (in KubeArmor)', width.enforcedBlocked ?? 0, 95),
		atLeast('policies within the limits of KubeArmor %', width.fitting ?? 0, 100),
		atMost('execution over-grant %', width.execute, 0),
		atLeast('decisions', reliability.count, 200),
		atMost('ECE at the decision', reliability.ece, 0.05),
		atLeast('observed ÷ predicted, not below', ratio, 0.8),
		atMost('observed ÷ predicted, not above', ratio, 1.25),
		atMost('different outputs under 20 shuffles and 3 merge orders', results.outputCount, 1),
		atMost('baselines that dominate', dominators.length, 0)
	]
}
