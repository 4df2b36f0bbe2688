/**
 * What watching costs the watched: a loop of open+close, exec, and connect on loopback,
 * bare, under Whittle, and under its peers, interleaved in rounds on one pinned core; and
 * what the consumer costs when the same keys come slowly and at full speed.
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../native/addon.js'
import type { BenchmarkResult } from './run.js'

type Kind = 'open' | 'exec' | 'connect'
const kinds: Kind[] = ['open', 'exec', 'connect']
const cpu = 1
const counts = { open: 60_000, exec: 400, connect: 6_000 }
const straceCounts = { open: 2_000, exec: 60, connect: 600 }

/** What people type: who opened, ran or connected. A bare `@ = count()` keeps no key, so it is no peer. */
const bpftraceProgram = [
	'tracepoint:syscalls:sys_enter_openat { @[comm, str(args->filename)] = count(); }',
	'tracepoint:syscalls:sys_enter_execve { @x[comm, str(args->filename)] = count(); }',
	'tracepoint:syscalls:sys_enter_connect { @c[comm, args->fd] = count(); }'
].join(' ')

/**
 * The same things that Whittle tells in these loops: besides, who was forked and ended, which
 * capabilities were used, whom a connection went to, who accepted it and what kind of socket it was.
 */
const bpftraceAllProgram = [
	'tracepoint:syscalls:sys_enter_openat { @[comm, str(args->filename)] = count(); }',
	'tracepoint:syscalls:sys_enter_execve { @x[comm, str(args->filename)] = count(); }',
	'tracepoint:sched:sched_process_fork { @f[comm] = count(); }',
	'tracepoint:sched:sched_process_exit { @e[comm] = count(); }',
	'tracepoint:capability:cap_capable { @k[comm, args->cap] = count(); }',
	'tracepoint:syscalls:sys_enter_socket { @s[comm, args->family, args->type] = count(); }',
	'tracepoint:syscalls:sys_enter_connect { @c[comm, buf(args->uservaddr, 8)] = count(); }',
	'tracepoint:syscalls:sys_exit_accept { @a[comm, args->ret < 0] = count(); }'
].join(' ')

export async function run({ quick }: { quick: boolean }): Promise<BenchmarkResult> {
	if (process.getuid?.() !== 0) throw new Error('this benchmark loads eBPF programs: run it as root')
	const folder = mkdtempSync(join(tmpdir(), 'whittle-bench-'))
	try {
		const loop = join(folder, 'loop')
		const here = dirname(fileURLToPath(import.meta.url))
		execFileSync('gcc', ['-O2', '-o', loop, join(here, 'collector-loop.c')])
		const rounds = quick ? 3 : 15
		const differences = new Map<string, number[]>()
		const bare = new Map<Kind, number[]>()
		for (let round = 0; round < rounds; round++) {
			for (const tool of tools(folder)) {
				process.stderr.write(`round ${round + 1} of ${rounds}: ${tool.name}\n`)
				const before = measureAll(loop, tool.kinds, [])
				const stop = await tool.start()
				const under = measureAll(loop, tool.kinds, tool.prefix)
				await stop()
				const after = measureAll(loop, tool.kinds, [])
				for (const kind of tool.kinds) {
					const base = ((before.get(kind) ?? 0) + (after.get(kind) ?? 0)) / 2
					append(bare, kind, base)
					append(differences, `${tool.name} ${kind}`, (under.get(kind) ?? 0) - base)
				}
			}
		}
		const consumer = await measureConsumer(loop, folder, quick ? 5 : 20)
		return {
			title: `What watching costs: ${rounds} rounds, medians with 95 % intervals`,
			rows: toRows(differences),
			facts: {
				...Object.fromEntries(
					kinds.map((kind) => [`bare ${kind} ns`, Math.round(median(bare.get(kind) ?? []))])
				),
				...consumer,
				'bar: not above bpftrace': verdictAgainst(differences, 'bpftrace count()', kinds),
				'against bpftrace telling the same': verdictAgainst(differences, 'bpftrace, the same things', [
					'exec',
					'connect'
				]),
				'bar: 25 times less than opensnoop': opensnoopVerdict(differences)
			}
		}
	} finally {
		rmSync(folder, { recursive: true, force: true })
	}
}

interface Tool {
	name: string
	kinds: Kind[]
	/** Resolves when it watches; what it returns ends it. */
	start(): Promise<() => Promise<void>>
	/** What the loop is run under, for tools that must be its parent. */
	prefix: string[]
}

function tools(folder: string): Tool[] {
	const all: Tool[] = [
		{ name: 'Whittle', kinds, prefix: [], start: async () => (await startWhittle(folder)).stop },
		{
			name: 'bpftrace count()',
			kinds,
			prefix: [],
			start: () => startTool('bpftrace', ['-e', bpftraceProgram], /Attaching/)
		},
		{
			name: 'bpftrace, the same things',
			kinds: ['exec', 'connect'],
			prefix: [],
			start: () => startTool('bpftrace', ['-e', bpftraceAllProgram], /Attaching/)
		},
		{ name: 'opensnoop / execsnoop', kinds: ['open', 'exec'], prefix: [], start: startSnoops },
		{
			name: 'strace',
			kinds,
			prefix: ['strace', '-f', '-o', '/dev/null', '-e', 'trace=openat,execve,connect'],
			start: async () => async () => {}
		}
	]
	return all
}

/** `whittle up` itself, with its own data folder and a free port. */
async function startWhittle(folder: string): Promise<{ stop: () => Promise<void>; pids: () => number[] }> {
	const data = mkdtempSync(join(folder, 'data-'))
	const child = spawn(
		join(packageRoot(), 'bin', 'whittle'),
		['up', '--data', data, '--port', '0', '--run-dir', join(data, 'run')],
		{
			stdio: ['ignore', 'pipe', 'pipe']
		}
	)
	await said(child, /token=/)
	// What ran before is read from /proc and learned first: that is the cost of a start, not of watching.
	await new Promise((resolve) => setTimeout(resolve, 6000))
	return { stop: () => end(child, 'SIGTERM'), pids: () => descendants(child.pid ?? 0) }
}

async function startTool(command: string, args: string[], ready: RegExp): Promise<() => Promise<void>> {
	const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
	await said(child, ready)
	await new Promise((resolve) => setTimeout(resolve, 1500))
	return () => end(child, 'SIGINT')
}

/** Both at once, writing to files as people run them; their lines are their work. */
async function startSnoops(): Promise<() => Promise<void>> {
	const children = ['opensnoop', 'execsnoop'].map((name) => {
		const path = ['/usr/sbin', '/usr/bin'].map((place) => join(place, name)).find(existsSync)
		if (!path) throw new Error(`${name} is missing: Debian's libbpf-tools brings it`)
		return spawn(path, [], { stdio: ['ignore', 'ignore', 'ignore'] })
	})
	await new Promise((resolve) => setTimeout(resolve, 2500))
	return async () => void (await Promise.all(children.map((child) => end(child, 'SIGINT'))))
}

function said(child: ChildProcess, words: RegExp): Promise<void> {
	return new Promise((resolve, reject) => {
		let text = ''
		const hear = (bytes: Buffer): void => {
			text += bytes.toString('utf8')
			if (words.test(text)) resolve()
		}
		child.stdout?.on('data', hear)
		child.stderr?.on('data', hear)
		child.on('exit', (code) =>
			reject(new Error(`${child.spawnfile} ended with ${code}: ${text.slice(-500)}`))
		)
	})
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return
	await new Promise<void>((resolve) => {
		child.on('exit', () => resolve())
		child.kill(signal)
	})
}

/** Nanoseconds per operation of each kind: the least of three runs, because noise only adds. */
function measureAll(loop: string, of: Kind[], prefix: string[]): Map<Kind, number> {
	return new Map(
		of.map((kind) => {
			const count = prefix.length > 0 ? straceCounts[kind] : counts[kind]
			const [command = loop, ...args] = [...prefix, loop, kind, String(count), String(cpu)]
			const times = Array.from({ length: prefix.length > 0 ? 1 : 3 }, () =>
				Number(execFileSync(command, args, { encoding: 'utf8' }))
			)
			return [kind, Math.min(...times)]
		})
	)
}

/** CPU of Whittle's processes per second, with the same keys at 10,000/s and at full speed. */
async function measureConsumer(
	loop: string,
	folder: string,
	seconds: number
): Promise<Record<string, string | number>> {
	const whittle = await startWhittle(folder)
	const pids = whittle.pids()
	const during = (work: () => void): number => {
		const before = cpuMs(pids)
		const start = Date.now()
		work()
		return (cpuMs(pids) - before) / ((Date.now() - start) / 1000)
	}
	const full = Number(execFileSync(loop, ['open', '100000', String(cpu)], { encoding: 'utf8' }))
	const slow: number[] = []
	const fast: number[] = []
	for (let round = 0; round < 3; round++) {
		slow.push(during(() => void execFileSync(loop, ['open', String(10_000 * seconds), String(cpu), '10000'])))
		fast.push(
			during(() => void execFileSync(loop, ['open', String(Math.floor((seconds * 1e9) / full)), String(cpu)]))
		)
	}
	await whittle.stop()
	return {
		'consumer CPU at 10,000/s, ms per s': Number(median(slow).toFixed(1)),
		'consumer CPU at full speed, ms per s': Number(median(fast).toFixed(1)),
		'events at full speed, per s': Math.round(1e9 / full),
		'bar: consumer within 1.2': `${(median(fast) / median(slow)).toFixed(2)}: ${median(fast) / median(slow) <= 1.2 ? 'held' : 'missed'}`
	}
}

/** A process and everything below it. */
function descendants(pid: number): number[] {
	const path = `/proc/${pid}/task/${pid}/children`
	const children = existsSync(path)
		? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number)
		: []
	return [pid, ...children.flatMap(descendants)]
}

/** Time on a CPU so far, of all threads (sched-stats.rst: the first number of schedstat, in nanoseconds). */
function cpuMs(pids: number[]): number {
	return pids
		.flatMap((pid) =>
			readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`)
		)
		.filter(existsSync)
		.reduce((sum, path) => sum + Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6, 0)
}

function append<K>(map: Map<K, number[]>, key: K, value: number): void {
	map.set(key, [...(map.get(key) ?? []), value])
}

function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b)
	const middle = sorted.length >> 1
	return sorted.length % 2 === 1
		? (sorted[middle] ?? 0)
		: ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Distribution-free interval of the median: the order statistics around the middle (binomial, 95 %). */
function interval(values: number[]): [number, number] {
	const sorted = [...values].sort((a, b) => a - b)
	const reach = Math.floor((1.96 * Math.sqrt(sorted.length)) / 2)
	const middle = (sorted.length - 1) / 2
	const low = sorted[Math.max(0, Math.floor(middle - reach))] ?? 0
	const high = sorted[Math.min(sorted.length - 1, Math.ceil(middle + reach))] ?? 0
	return [low, high]
}

function toRows(differences: Map<string, number[]>): Record<string, string | number>[] {
	const names = [...new Set([...differences.keys()].map((key) => key.slice(0, key.lastIndexOf(' '))))]
	return names.map((name) => ({
		tool: name,
		...Object.fromEntries(kinds.map((kind) => [`${kind}: ns more`, cell(differences.get(`${name} ${kind}`))]))
	}))
}

function cell(values: number[] | undefined): string {
	if (!values) return '–'
	const [low, high] = interval(values)
	const round = (value: number): string => Math.round(value).toLocaleString('en-US')
	return `${round(median(values))} (${round(low)} to ${round(high)})`
}

function verdictAgainst(differences: Map<string, number[]>, peer: string, of: Kind[]): string {
	return of
		.map((kind) => {
			const ours = median(differences.get(`Whittle ${kind}`) ?? [])
			const theirs = median(differences.get(`${peer} ${kind}`) ?? [])
			return `${kind} ${(ours / theirs).toFixed(2)} of it: ${ours <= theirs ? 'held' : 'missed'}`
		})
		.join('; ')
}

function opensnoopVerdict(differences: Map<string, number[]>): string {
	const ours = median(differences.get('Whittle open') ?? [])
	const theirs = median(differences.get('opensnoop / execsnoop open') ?? [])
	return `${(theirs / ours).toFixed(1)} times less: ${theirs / ours >= 25 ? 'held' : 'missed'}`
}
