import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** A process of this machine, as far as this login may look. */
export interface Process {
	pid: number
	parentPid: number
	/** Base name of its executable; its own name for itself (15 bytes) where that may not be read. */
	program: string
	/** Path below the v2 root, `/` at the root itself; '' when unknown. */
	cgroup: string
	isSessionLeader: boolean
	hasTerminal: boolean
}

/** The processes that run now. One that ends while it is being read is left out. */
export async function readProcesses(procDir = '/proc'): Promise<Process[]> {
	const names = await readdir(procDir)
	const pids = names.filter((name) => /^[0-9]+$/.test(name)).map(Number)
	const read = await Promise.all(pids.map((pid) => readProcess(procDir, pid)))
	return read.filter((process) => process !== null).toSorted((a, b) => a.pid - b.pid)
}

/** The fields of `/proc/PID/stat` that matter here (proc(5)); null when it is not such a line. */
export function parseStat(
	line: string
): { name: string; parentPid: number; sessionPid: number; terminal: number } | null {
	// The name may hold anything, parentheses and spaces too, so the last parenthesis ends it.
	const open = line.indexOf('(')
	const close = line.lastIndexOf(')')
	if (open < 0 || close < open) return null
	const [, parentPid, , sessionPid, terminal] = line
		.slice(close + 2)
		.split(' ')
		.map(Number)
	if (parentPid === undefined || sessionPid === undefined || terminal === undefined) return null
	return { name: line.slice(open + 1, close), parentPid, sessionPid, terminal }
}

/** The v2 path in `/proc/PID/cgroup` (cgroups(7): the line that starts with `0::`); '' without one. */
export function parseCgroup(text: string): string {
	const line = text.split('\n').find((one) => one.startsWith('0::'))
	return line === undefined ? '' : line.slice(3)
}

async function readProcess(procDir: string, pid: number): Promise<Process | null> {
	const folder = join(procDir, String(pid))
	const [stat, cgroup, program] = await Promise.all([
		readFile(join(folder, 'stat'), 'utf8').catch(ended),
		readFile(join(folder, 'cgroup'), 'utf8').catch(ended),
		readlink(join(folder, 'exe')).catch(ended)
	])
	const parsed = stat === null ? null : parseStat(stat)
	if (parsed === null) return null
	return {
		pid,
		parentPid: parsed.parentPid,
		program: program === null ? parsed.name : basename(program.replace(/ \(deleted\)$/, '')),
		cgroup: cgroup === null ? '' : parseCgroup(cgroup),
		isSessionLeader: parsed.sessionPid === pid,
		hasTerminal: parsed.terminal !== 0
	}
}

/** Gone (ENOENT, ESRCH) or not ours to read (EACCES, EPERM): both leave a question, not an error. */
function ended(error: unknown): null {
	const code = error instanceof Error && 'code' in error ? error.code : undefined
	if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null
	throw error
}
