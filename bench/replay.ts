import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { compileChild } from './compile-child.js'
import { writeLines } from './replay-lines.js'
import type { BenchmarkResult } from './run.js'

/** What must hold on one core, for the whole way from bytes to committed rows. */
const PEAK_MB_BAR = 300

interface Trial {
	name: string
	lineCount: number
	/** Part of the lines that say something no other line says. */
	distinctPart: number
	linesPerSecondBar: number
}

const TRIALS: readonly Trial[] = [
	{ name: '1 % distinct', lineCount: 1_000_000, distinctPart: 0.01, linesPerSecondBar: 80_000 },
	{ name: '50 % distinct', lineCount: 300_000, distinctPart: 0.5, linesPerSecondBar: 25_000 }
]

const SEED = 20_261_123
const LINE_BYTES = 950
const WORKLOAD_COUNT = 200
const QUICK_PART = 0.2

/**
 * KubeArmor lines of 950 bytes from 200 workloads, replayed into a new store by a child
 * process that is pinned to one core, writer thread included. The best of its rounds
 * counts: what else the machine did only ever makes a round slower.
 */
export async function run({ quick }: { quick: boolean }): Promise<BenchmarkResult> {
	const child = await compileChild('replay-child')
	const folder = await mkdtemp(join(tmpdir(), 'whittle-bench-'))
	const roundCount = quick ? 1 : 3
	try {
		const rows: BenchmarkResult['rows'] = []
		for (const trial of TRIALS) {
			const lineCount = Math.round(trial.lineCount * (quick ? QUICK_PART : 1))
			const file = join(folder, 'lines.jsonl')
			const distinctCount = Math.round(lineCount * trial.distinctPart)
			await writeLines(file, {
				lineCount,
				distinctCount,
				workloadCount: WORKLOAD_COUNT,
				seed: SEED,
				lineBytes: LINE_BYTES
			})
			for (const writer of ['thread', 'direct']) {
				const rounds: Measured[] = []
				for (let round = 0; round < roundCount; round++)
					rounds.push(await measure(child, folder, file, writer, lineCount))
				rows.push(rowOf(trial, writer, lineCount, distinctCount, rounds))
			}
			await rm(file)
		}
		const facts = {
			seed: SEED,
			lineBytes: LINE_BYTES,
			workloads: WORKLOAD_COUNT,
			rounds: roundCount,
			pinning: 'taskset -c 0',
			redaction: 'on',
			store: 'synchronous=FULL'
		}
		return { title: 'Replay: KubeArmor JSON lines into the store, on one core', rows, facts }
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
}

const measuredSchema = z.object({
	tookMs: z.number(),
	cpuMs: z.number(),
	peakKb: z.number(),
	lineCount: z.number(),
	appliedCount: z.number()
})
type Measured = z.infer<typeof measuredSchema>

async function measure(
	child: string,
	folder: string,
	file: string,
	writer: string,
	lineCount: number
): Promise<Measured> {
	const data = await mkdtemp(join(folder, 'data-'))
	const args = ['-c', '0', process.execPath, child, file, data, writer]
	const { stdout } = await promisify(execFile)('taskset', args)
	await rm(data, { recursive: true })
	const measured = measuredSchema.parse(JSON.parse(stdout))
	if (measured.appliedCount !== lineCount)
		throw new Error(`${measured.appliedCount} of ${lineCount} lines were stored`)
	return measured
}

function rowOf(
	{ name, linesPerSecondBar }: Trial,
	writer: string,
	lineCount: number,
	distinctCount: number,
	rounds: Measured[]
): Record<string, string | number> {
	const perSecond = (ms: number): number => Math.round((lineCount / ms) * 1000)
	const linesPerSecond = Math.max(...rounds.map(({ tookMs }) => perSecond(tookMs)))
	const peakMb = Math.round(Math.max(...rounds.map(({ peakKb }) => peakKb)) / 1024)
	return {
		lines: name,
		writer,
		lineCount,
		distinctCount,
		'lines/s': linesPerSecond,
		'lines/CPU s': Math.max(...rounds.map(({ cpuMs }) => perSecond(cpuMs))),
		'bar lines/s': linesPerSecondBar,
		'peak MB': peakMb,
		'bar MB': PEAK_MB_BAR,
		verdict: linesPerSecond >= linesPerSecondBar && peakMb < PEAK_MB_BAR ? 'held' : 'missed'
	}
}
