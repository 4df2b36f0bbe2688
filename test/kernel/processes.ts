/** Processes as /proc shows them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Process {
	pid: number
	command: string
}

/** The processes below `ancestor`, and itself. */
export function descendants(ancestor: number): Process[] {
	const all = readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((name) => {
			const stat = read(`/proc/${name}/stat`)
			if (stat === '') return []
			const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
			return [{ pid: Number(name), parent, command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ') }]
		})
	const found = new Set([ancestor])
	for (let before = 0; before !== found.size; ) {
		before = found.size
		for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
	}
	return all.filter(({ pid }) => found.has(pid)).map(({ pid, command }) => ({ pid, command }))
}

/** The numbers of a line of /proc/PID/status; capabilities are hexadecimal. */
export function status(pid: number, name: string): number[] {
	const line = read(`/proc/${pid}/status`)
		.split('\n')
		.find((one) => one.startsWith(`${name}:`))
	assert.ok(line !== undefined, `${name} of ${pid}`)
	const words = line
		.slice(name.length + 1)
		.split(/\s+/)
		.filter((word) => word !== '')
	return words.map((word) => Number.parseInt(word, name.startsWith('Cap') ? 16 : 10))
}

/** Asserts that a process is nobody special: no capability, none to be had, and not root. */
export function assertWithoutRights(pid: number): void {
	for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
		assert.deepEqual(status(pid, name), [0], name)
	assert.deepEqual(status(pid, 'NoNewPrivs'), [1])
	assert.deepEqual(status(pid, 'Groups'), [])
	for (const name of ['Uid', 'Gid']) assert.ok(!status(pid, name).includes(0), name)
}

/** The files that a process has open. */
export function openFiles(pid: number): string[] {
	return gone(() => readdirSync(`/proc/${pid}/fd`), []).map((fd) =>
		gone(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '')
	)
}

export function isAlive(pid: number): boolean {
	const stat = read(`/proc/${pid}/stat`)
	return stat !== '' && !stat.includes(') Z ')
}

/** Waits for something that others do; the limit is far beyond what it takes, so that a loaded machine passes. */
export async function until(
	holds: () => boolean | Promise<boolean>,
	what: string,
	said: () => string
): Promise<void> {
	for (const startMs = Date.now(); Date.now() - startMs < 60_000; ) {
		if (await holds()) return
		await new Promise((wake) => setTimeout(wake, 100))
	}
	assert.fail(`waited a minute for ${what}; it said: ${said()}`)
}

function read(path: string): string {
	return gone(() => readFileSync(path, 'utf8'), '')
}

/** A process may end while one looks; then there is nothing to read. */
function gone<T>(look: () => T, nothing: T): T {
	try {
		return look()
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
			return nothing
		throw error
	}
}
