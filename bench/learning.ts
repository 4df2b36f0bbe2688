import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { scorePredictions } from '../discovery/learn/calibrate.js'
import { shippedHazard } from '../discovery/learn/coefficients.js'
import { ablations, calibrated, factorial, OURS, watched } from './learning/arms.js'
import { writeDocument } from './learning/document.js'
import { decisionsOf } from './learning/decisions.js'
import { calibrate, type Plan, workloadsOf } from './learning/experiment.js'
import { gatesOf } from './learning/gates.js'
import { BASELINES } from './learning/baselines.js'
import { scoreRecordings } from './learning/recorded.js'
import { measure, type Outcome } from './learning/measure.js'
import { ours } from './learning/ours.js'
import { type PoisonOutcome, poisonFamily } from './learning/poisoning.js'
import { onlyWhere, type Score, score } from './learning/score.js'
import type { Workload } from './learning/generator.js'
import { IMAGE_KINDS } from './learning/image.js'
import { countOutputs } from './learning/stability.js'
import { type Forecast, tryWorkload } from './learning/trial.js'
import type { BenchmarkResult } from './run.js'

/** What the quick form measures widths of; the full one does so for every stopping rule. */
const WIDE_IN_QUICK = ['maturity', 'fixed 7 d', 'quiet 120 h']

/**
 * The learner against the generalisers and stopping rules of others, on simulated lives of six kinds of
 * programs: false blocks, time, width, probes, chains, calibration, intruders while learning. The method
 * is in docs/learning.md, whose tables the full form rewrites.
 */
export async function run({ quick }: { quick: boolean }): Promise<BenchmarkResult> {
	const plan: Plan = quick
		? { seed: seedOf(), testFamilies: 24, members: 3, calibrationFamilies: 0, decisionFamilies: 1500 }
		: { seed: seedOf(), testFamilies: 48, members: 3, calibrationFamilies: 120, decisionFamilies: 1500 }
	const startedMs = performance.now()
	const results = simulate(plan, quick)
	const scores = scoresOf(results.outcomes)
	const decided = await decisionsOf(plan.seed, plan.decisionFamilies)
	const gates = gatesOf(scores, { ...results, reliability: scorePredictions(decided) })
	const misfit = scores.find((one) => one.generaliser === OURS && one.stop === 'maturity')?.width?.misfit
	const facts = {
		seed: plan.seed,
		learner: git('log', '-1', '--format=%h', '--', 'discovery/learn'),
		...(misfit ? { 'does not fit KubeArmor': misfit } : {}),
		images: plan.testFamilies,
		workloads: plan.testFamilies * plan.members,
		tookSeconds: Math.round((performance.now() - startedMs) / 1000)
	}
	if (!quick)
		writeDocument({
			scores,
			gates,
			decided,
			poison: results.poison,
			ablations: scoresOf(results.ablations),
			recordings: scoreRecordings([...BASELINES, ours(OURS)]),
			facts
		})
	return { title: 'Learning: who blocks what, when, and how wide', rows: scores.map(rowOf), facts, gates }
}

export interface Results {
	outcomes: Outcome[]
	ablations: Outcome[]
	poison: PoisonOutcome[]
	/** Different policies from the same evidence in other orders: the most of any workload that was tried. */
	outputCount: number
}

function simulate(plan: Plan, quick: boolean): Results {
	const hazard = shippedHazard()
	const results: Results = { outcomes: [], ablations: [], poison: [], outputCount: 0 }
	const arms = factorial(hazard)
	const wide = (stop: string) => !quick || WIDE_IN_QUICK.includes(stop)
	if (plan.calibrationFamilies > 0) arms.push(calibrated(hazard, calibration(plan)))
	let familyCount = 0
	for (const members of workloadsOf(plan, plan.testFamilies)) {
		for (const [at, workload] of members.entries()) {
			results.outcomes.push(...measure(tryWorkload(workload, arms), wide))
			// One workload of each image shows what each part is worth.
			if (at === 0) results.ablations.push(...measure(tryWorkload(workload, ablations(hazard)), () => true))
		}
		const [first] = members
		// One image of each kind.
		if (first && familyCount++ < IMAGE_KINDS.length)
			results.outputCount = Math.max(results.outputCount, countOutputs(first, ours(OURS)))
		results.poison.push(...poisonFamily(members, ours(OURS), plan.seed))
	}
	return results
}

/** Thresholds at which at most one decision in ten meets something new, each image once. */
function calibration(plan: Plan) {
	const forecasts = new Map<Workload, Forecast[]>()
	const arm = watched(shippedHazard())
	for (const [workload] of workloadsOf(
		{ seed: plan.seed, members: 1 },
		plan.calibrationFamilies,
		'calibration'
	)) {
		if (workload) forecasts.set(workload, tryWorkload(workload, [arm]).forecasts)
	}
	return calibrate(forecasts, 0.1)
}

/** One score per generaliser and stopping rule, in the order in which they were tried. */
export function scoresOf(outcomes: readonly Outcome[]): Score[] {
	const groups = new Map<string, Outcome[]>()
	for (const outcome of outcomes) {
		const key = `${outcome.generaliser}\0${outcome.stop}`
		groups.set(key, [...(groups.get(key) ?? []), outcome])
	}
	const reference = groups.get(`${OURS}\0maturity`) ?? []
	return [...groups.values()].map((group) => ({
		...score(group),
		falsePer100Equal: reference.length === 0 ? null : score(onlyWhere(group, reference)).falsePer100.value
	}))
}

function rowOf(one: Score): Record<string, string | number> {
	const { falsePer100, width } = one
	return {
		generaliser: one.generaliser,
		stop: one.stop,
		'enforced %': 100 * one.share,
		'days mean': one.daysMean,
		median: one.daysMedian,
		'FB/100 d': `${falsePer100.value.toFixed(1)} (${falsePer100.low.toFixed(1)}–${falsePer100.high.toFixed(1)})`,
		foreseeable: one.foreseeablePer100.value,
		'equal share': one.falsePer100Equal ?? '',
		'denied %': one.deniedPercent.value,
		'new 24 h %': 100 * one.newWithin24,
		'obs ÷ pred': one.reliability.observedOverPredicted ?? '',
		'R %': width?.read ?? '',
		'W %': width?.write ?? '',
		'X %': width?.execute ?? '',
		'probes %': width?.ownBlocked.value ?? '',
		'chains %': width?.chainsCut ?? ''
	}
}

/** WHITTLE_BENCH_SEED, or in CI the commit, or the one that the document was made with. */
function seedOf(): string {
	const asked = process.env.WHITTLE_BENCH_SEED
	if (asked) return asked
	if (!process.env.CI) return 'whittle-1'
	return git('rev-parse', 'HEAD')
}

/** The commit of the learner is part of every result: its constants were frozen there. */
function git(...args: string[]): string {
	return execFileSync('git', args, { encoding: 'utf8', cwd: join(import.meta.dirname, '..') }).trim()
}
