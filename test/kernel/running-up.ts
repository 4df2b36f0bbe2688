/** A real `bin/whittle up` for the tests of this suite, and what it wrote into its store. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { storePath } from '../../collector/database.js'
import { openReader } from '../../collector/reader.js'
import type { Reader } from '../../collector/store.js'
import { launchCommand } from '../../native/launch-client.js'
import { root } from '../cli/run-whittle.js'
import { until } from './processes.js'

export interface RunningUp {
	/** Root's alone (mkdtemp gives 0700): the service reaches its data through a mount of its own. */
	folder: string
	data: string
	pid: number
	/** What it has printed so far. */
	said(): string
	/** Runs a command in a cgroup of its own; resolves with its exit code. */
	run(name: string, argv: string[]): Promise<number>
	/** Resolves when all that has happened by now is in the store. */
	stored(): Promise<void>
	/** Reads the store that the service writes. */
	query<T>(work: (reader: Reader) => T): T
	/** The counts of that cgroup's workload in the store, by `verb object`. */
	counts(name: string, result?: 'allowed' | 'failed'): Map<string, number>
	/** Stops it as a person would; resolves with its exit code. */
	stop(): Promise<number | null>
	/** Stops it if it runs, and removes its folder. */
	remove(): Promise<void>
}

/** Starts it with these further arguments; resolves when it has printed its address. */
export async function startUp(args: string[] = []): Promise<RunningUp> {
	assert.equal(process.getuid?.(), 0, 'this suite runs as root')
	const folder = mkdtempSync(join(tmpdir(), 'whittle-up-'))
	const data = join(folder, 'data')
	const runDir = join(folder, 'run')
	mkdirSync(data)
	const child = spawn(
		join(root, 'bin', 'whittle'),
		['--data', data, 'up', '--port', '0', '--run-dir', runDir, ...args],
		{ stdio: ['ignore', 'pipe', 'pipe'] }
	)
	let said = ''
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			said += text
		})
	}
	const ended = new Promise<number | null>((done) => child.on('exit', done))
	const stop = () => {
		if (child.exitCode === null) child.kill('SIGTERM')
		return ended
	}
	const remove = async () => {
		await stop()
		rmSync(folder, { recursive: true, force: true })
	}
	const query: RunningUp['query'] = (work) => {
		const reader = openReader(storePath(data))
		try {
			return work(reader)
		} finally {
			reader.close()
		}
	}
	const run: RunningUp['run'] = async (name, argv) => {
		const launched = await launchCommand(join(runDir, 'sensor.sock'), {
			name,
			argv,
			environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
			folder
		})
		const { code } = await launched.ended
		return code
	}
	let markers = 0
	try {
		await until(
			() => said.includes('Whittle is at http://127.0.0.1:') || child.exitCode !== null,
			'the URL',
			() => said
		)
		assert.equal(child.exitCode, null, said)
	} catch (error) {
		await remove()
		throw error
	}
	return {
		...{ folder, data, pid: child.pid ?? 0, said: () => said, run, query, stop, remove },
		/** What is counted later is drained later or together: when it is stored, so is all before it. */
		async stored() {
			const name = `marker-${++markers}`
			await run(name, ['true'])
			const isStored = () => query((reader) => reader.get(OBSERVED, workloadOf(name)) !== undefined)
			await until(isStored, 'the store', () => said)
		},
		counts(name, result = 'allowed') {
			const rows = query((reader) => reader.all(COUNTS, workloadOf(name), result))
			return new Map(rows.map(({ verb, object, count }) => [`${verb} ${object}`, Number(count)]))
		}
	}
}

/** The name in the store of the workload that `run` makes. */
export function workloadOf(name: string): string {
	return `host/${hostname()}/whittle-learn/${name}`
}

const OBSERVED = `SELECT 1 AS found FROM observations o JOIN workloads w ON w.id = o.workload_id WHERE w.name = ?`

const COUNTS = `SELECT o.verb, t.text AS object, sum(o.count) AS count FROM observations o
	JOIN workloads w ON w.id = o.workload_id JOIN objects t ON t.id = o.object_id
	WHERE w.name = ? AND o.result = ? GROUP BY o.verb, t.text ORDER BY o.verb, t.text`
