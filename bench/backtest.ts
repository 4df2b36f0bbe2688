import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type HistoryPlan, writeHistory } from './backtest-history.js'
import { compileChild } from './compile-child.js'
import type { BenchmarkResult } from './run.js'

interface Trial {
	name: string
	plan: HistoryPlan
	secondsBar: number
}

const TRIALS: readonly Trial[] = [
	{
		name: '1,000,000 observations over 100,000 behaviours',
		plan: { workloadCount: 20, behaviourCount: 5000, dayCount: 10 },
		secondsBar: 2
	},
	{
		name: '1,000,000 distinct behaviours',
		plan: { workloadCount: 20, behaviourCount: 50_000, dayCount: 1 },
		secondsBar: 6
	}
]

/** The quick form has so many of the workloads, and so much of the time. */
const QUICK_PART = 0.2

/**
 * A history tried with a KubeArmorPolicy and a NetworkPolicy for each of its workloads, in a process of its
 * own on one core, from opening the store to the answer. The best of its rounds counts: what else the machine
 * did only ever makes a round slower.
 */
export async function run({ quick }: { quick: boolean }): Promise<BenchmarkResult> {
	const child = await compileChild('backtest-child')
	const folder = await mkdtemp(join(tmpdir(), 'whittle-bench-'))
	const roundCount = quick ? 1 : 3
	try {
		const rows: BenchmarkResult['rows'] = []
		for (const trial of TRIALS) {
			const part = quick ? QUICK_PART : 1
			const plan = { ...trial.plan, workloadCount: Math.round(trial.plan.workloadCount * part) }
			const path = join(folder, 'whittle.db')
			const { rowCount, outsideCount } = writeHistory(path, plan)
			const rounds: Measured[] = []
			for (let round = 0; round < roundCount; round++)
				rounds.push(await measure(child, path, plan, outsideCount))
			await rm(path)
			rows.push(rowOf(trial, plan, rowCount, outsideCount, rounds, trial.secondsBar * part))
		}
		const facts = {
			rounds: roundCount,
			pinning: 'taskset -c 0',
			process: 'cold (nothing read before); the file is in the page cache',
			languages: 'kubearmor, network-policy',
			bars: quick ? `${QUICK_PART} of the full ones, as is the history` : 'full'
		}
		return { title: 'Backtest: a stored history against policies, on one core', rows, facts }
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
}

const measuredSchema = z.object({
	tookMs: z.number(),
	cpuMs: z.number(),
	peakKb: z.number(),
	behaviourCount: z.number(),
	blockedCount: z.number(),
	foundCount: z.number()
})
type Measured = z.infer<typeof measuredSchema>

async function measure(
	child: string,
	path: string,
	plan: HistoryPlan,
	outsideCount: number
): Promise<Measured> {
	const args = ['-c', '0', process.execPath, child, path, String(plan.workloadCount)]
	const { stdout } = await promisify(execFile)('taskset', args)
	const measured = measuredSchema.parse(JSON.parse(stdout))
	const wanted = plan.workloadCount * plan.behaviourCount
	if (measured.behaviourCount !== wanted || measured.blockedCount !== outsideCount) {
		throw new Error(
			`${measured.blockedCount} of ${measured.behaviourCount} behaviours were blocked, not ${outsideCount} of ${wanted}`
		)
	}
	return measured
}

function rowOf(
	{ name }: Trial,
	plan: HistoryPlan,
	rowCount: number,
	outsideCount: number,
	rounds: Measured[],
	secondsBar: number
): Record<string, string | number> {
	const seconds = Math.min(...rounds.map(({ tookMs }) => tookMs)) / 1000
	return {
		history: name,
		observations: rowCount,
		behaviours: plan.workloadCount * plan.behaviourCount,
		blocked: outsideCount,
		seconds,
		'CPU s': Math.min(...rounds.map(({ cpuMs }) => cpuMs)) / 1000,
		'bar s': secondsBar,
		'peak MB': Math.round(Math.max(...rounds.map(({ peakKb }) => peakKb)) / 1024),
		verdict: seconds <= secondsBar ? 'held' : 'missed'
	}
}
