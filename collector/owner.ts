import {
	closeSync,
	fsyncSync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeSync
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { StoreError, storeErrorFrom } from './errors.js'

/** Who holds a data folder; `socket` is where the command line speaks to it ('' if it does not listen). */
export interface Owner {
	pid: number
	/** Field 22 of /proc/PID/stat, so that a reused pid is not taken for the owner; 0 where there is no /proc. */
	startTicks: number
	socket: string
}

/** A held data folder; `release` gives it up and is safe to call twice. */
export interface Ownership {
	owner: Owner
	release(): void
}

/**
 * Takes `<data>/owner.json` for this process. An owner that is dead, or whose pid now
 * belongs to somebody else, is replaced. Throws a StoreError `owned` when one is alive.
 */
export function acquireOwner(dataDir: string, socket: string): Ownership {
	const owner: Owner = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0, socket }
	mkdirData(dataDir)
	underLock(dataDir, () => {
		const other = readOwner(dataDir)
		if (other !== null) {
			throw new StoreError(
				'owned',
				`Another Whittle (process ${other.pid}) already works on ${dataDir}: stop it, or choose another folder with --data or WHITTLE_DATA.`
			)
		}
		writeOwner(dataDir, owner)
	})
	let held = true
	return {
		owner,
		release() {
			if (!held) return
			held = false
			underLock(dataDir, () => {
				const current = readOwner(dataDir)
				if (current?.pid === owner.pid && current.socket === owner.socket)
					rmSync(ownerFile(dataDir), { force: true })
			})
		}
	}
}

/** The live owner of a data folder, or null when there is none (never was, died, or its pid was reused). */
export function readOwner(dataDir: string): Owner | null {
	let text: string
	try {
		text = readFileSync(ownerFile(dataDir), 'utf8')
	} catch (error) {
		if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return null
		throw storeErrorFrom(error, ownerFile(dataDir))
	}
	const owner = parseOwner(text)
	return owner !== null && isAlive(owner) ? owner : null
}

const ownerSchema = z.object({
	pid: z.int().positive(),
	startTicks: z.int().nonnegative(),
	socket: z.string()
})

/** A file that is not ours to read (half written by another tool) names no live owner. */
function parseOwner(text: string): Owner | null {
	let value: unknown
	try {
		value = JSON.parse(text)
	} catch (error) {
		if (error instanceof SyntaxError) return null
		throw error
	}
	const parsed = ownerSchema.safeParse(value)
	return parsed.success ? parsed.data : null
}

function isAlive(owner: Owner): boolean {
	const ticks = startTicksOf(owner.pid)
	if (ticks !== null) return owner.startTicks === 0 || ticks === owner.startTicks
	try {
		process.kill(owner.pid, 0)
		return true
	} catch (error) {
		// EPERM: it lives and belongs to another user (and /proc is hidden from us).
		return isCode(error, 'EPERM')
	}
}

/** Start time of a process in clock ticks since boot; null when it does not exist or there is no /proc. */
function startTicksOf(pid: number): number | null {
	let stat: string
	try {
		stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
	} catch (error) {
		if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH') || isCode(error, 'EACCES')) return null
		throw error
	}
	// The command in field 2 may hold spaces and brackets; the fields after it do not.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
	// A zombie (its parent has not reaped it) owns nothing any more.
	if (fields[0] === 'Z') return -1
	return Number(fields[19])
}

/**
 * Runs `work` while no other process is between reading and writing owner.json. The lock
 * is SQLite's own on an empty file: the kernel drops it when the process dies, at any instant.
 */
function underLock(dataDir: string, work: () => void): void {
	const file = join(dataDir, 'owner.lock')
	let lock: Database.Database | undefined
	try {
		closeSync(openSync(file, 'a', 0o600))
		lock = new Database(file, { timeout: 5000 })
		lock.exec('BEGIN EXCLUSIVE')
		work()
		lock.exec('COMMIT')
	} catch (error) {
		throw storeErrorFrom(error, dataDir)
	} finally {
		lock?.close()
	}
}

/** Readers see the whole old file or the whole new one, never half of it. */
function writeOwner(dataDir: string, owner: Owner): void {
	const temporary = `${ownerFile(dataDir)}.new`
	const descriptor = openSync(temporary, 'w', 0o600)
	try {
		writeSync(descriptor, `${JSON.stringify(owner)}\n`)
		fsyncSync(descriptor)
	} finally {
		closeSync(descriptor)
	}
	renameSync(temporary, ownerFile(dataDir))
}

function mkdirData(dataDir: string): void {
	try {
		mkdirSync(dataDir, { recursive: true, mode: 0o700 })
	} catch (error) {
		throw storeErrorFrom(error, dataDir)
	}
}

function ownerFile(dataDir: string): string {
	return join(dataDir, 'owner.json')
}

function isCode(error: unknown, code: string): boolean {
	return error instanceof Error && 'code' in error && error.code === code
}
