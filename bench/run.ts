import { readdirSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'

/** What every `bench/NAME.ts` exports: `run({ quick })` measures and returns a table. */
export interface Benchmark {
	run(options: { quick: boolean }): Promise<BenchmarkResult>
}

export interface BenchmarkResult {
	title: string
	/** One object per row, all with the same keys; the keys are the headings. */
	rows: Record<string, string | number>[]
	/** What somebody needs to repeat it: seed, machine, versions, bars. */
	facts: Record<string, string | number | boolean>
	/** Bars that must hold, where the rows do not say it. */
	gates?: Gate[]
}

export interface Gate {
	name: string
	value: number
	bar: number
	pass: boolean
}

/** `npm run bench -- NAME [--quick] [--json]`; exit code 1 when a row or a gate says that a bar was missed, 2 for wrong usage. */
async function main(args: string[]): Promise<number> {
	const names = args.filter((arg) => !arg.startsWith('--'))
	const unknown = args.filter((arg) => arg.startsWith('--') && arg !== '--quick' && arg !== '--json')
	const [name] = names
	if (name === undefined || names.length > 1 || unknown.length > 0 || !listNames().includes(name)) {
		process.stderr.write(
			`Usage: npm run bench -- NAME [--quick] [--json], NAME one of ${listNames().join(', ')}.\n`
		)
		return 2
	}
	const benchmark: unknown = await import(new URL(`./${name}.ts`, import.meta.url).href)
	if (!isBenchmark(benchmark)) throw new Error(`bench/${name}.ts exports no run()`)
	const result = await benchmark.run({ quick: args.includes('--quick') })
	const facts = { ...machineFacts(), ...result.facts }
	process.stdout.write(
		args.includes('--json') ? `${JSON.stringify({ ...result, facts })}\n` : render({ ...result, facts })
	)
	const missed = result.rows.some((row) => row.verdict === 'missed')
	return missed || result.gates?.some((gate) => !gate.pass) ? 1 : 0
}

/** Every file here that is a benchmark: what is run in a child process says so in its name. */
function listNames(): string[] {
	const folder = dirname(fileURLToPath(import.meta.url))
	return readdirSync(folder)
		.filter((file) => file.endsWith('.ts') && file !== 'run.ts' && !file.includes('-'))
		.map((file) => file.slice(0, -3))
		.sort()
}

function isBenchmark(value: unknown): value is Benchmark {
	return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function'
}

function machineFacts(): Record<string, string | number> {
	const [cpu] = cpus()
	return {
		cpu: cpu?.model ?? 'unknown',
		cpuCount: cpus().length,
		memoryGb: Math.round(totalmem() / 2 ** 30),
		kernel: `${process.platform} ${process.arch}`,
		node: process.version
	}
}

function render({ title, rows, facts, gates = [] }: BenchmarkResult): string {
	const head = Object.keys(rows[0] ?? {})
	const table = new Table({ head, style: { head: [], border: [] } })
	for (const row of rows) table.push(head.map((key) => format(row[key] ?? '')))
	const lines = Object.entries(facts).map(([key, value]) => `  ${key}: ${value}`)
	const held = gates.map(
		({ name, value, bar, pass }) => `  ${pass ? 'held  ' : 'missed'} ${name}: ${format(value)} (bar ${bar})\n`
	)
	return `${title}\n\n${table.toString()}\n\n${held.join('')}${lines.join('\n')}\n`
}

function format(value: string | number): string {
	return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 2 }) : value
}

process.exitCode = await main(process.argv.slice(2))
