import type { Act, Actor } from '../../aggregate.js'
import type { Gap, InventoryItem } from '../../observation.js'
import { hasUnprintable, normalisePath, PATH_BYTES_MAX } from '../../path.js'

/** What one line of somebody else's telemetry says. Reasons are fixed texts: nothing of the line is in them. */
export type Decoded =
	/** `repeats`: the same `events` may come again, so what was found out about them is worth keeping. */
	| { is: 'events'; events: Events; atMs: number; repeats: boolean; answers?: InventoryItem[] }
	/** What names stood for: it says nothing of what was done, only of who an address was. */
	| { is: 'answers'; answers: InventoryItem[] }
	| { is: 'gap'; gap: Gap }
	/** Understood, and nothing that a policy could rest on. */
	| { is: 'nothing' }
	| { is: 'refused'; reason: string }

/** What a line says apart from its time; the same object for every line that says the same. */
export interface Events {
	actor: Actor
	acts: readonly Act[]
	/** The id of a container of which this is the first program. */
	startOf?: string
	/** The line is used, and still reported to people. */
	note?: string
}

export const NOTHING: Decoded = { is: 'nothing' }

export function refused(reason: string): Decoded {
	return { is: 'refused', reason }
}

/** Times outside are clocks that were never set, or lies: they would stretch every window. */
export interface TimeWindow {
	fromMs: number
	toMs: number
}

const EARLIEST_MS = Date.UTC(2000, 0, 1)
const AHEAD_MS = 48 * 3_600_000

/** From 2000 to two days ahead of `nowMs`. */
export function timeWindow(nowMs: number): TimeWindow {
	return { fromMs: EARLIEST_MS, toMs: nowMs + AHEAD_MS }
}

/** Why a time cannot be used, or undefined. */
export function timeProblem(ms: number, window: TimeWindow): string | undefined {
	if (Number.isNaN(ms)) return 'the time cannot be read'
	if (ms < window.fromMs) return 'the time is before the year 2000'
	return ms > window.toMs ? 'the time is more than 48 hours ahead' : undefined
}

/** RFC 3339 to ms; NaN for anything else. */
export function parseTime(text: string): number {
	return RFC3339.test(text) ? Date.parse(text) : Number.NaN
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

export type PathReading = { path: string; note?: string } | { refused: string }

/** A path out of telemetry in its stored form. What the kernel could never have seen is refused. */
export function readPath(raw: string, cwd = ''): PathReading {
	if (raw.includes('\0')) return { refused: 'a path holds a NUL byte' }
	if (
		raw.length > PATH_BYTES_MAX ||
		(raw.length > PATH_BYTES_MAX / 3 && Buffer.byteLength(raw) > PATH_BYTES_MAX)
	) {
		return { refused: `a path is longer than ${PATH_BYTES_MAX} bytes` }
	}
	const path = normalisePath(raw, cwd)
	if (path === undefined) return { refused: 'a path is not absolute' }
	return hasUnprintable(raw) ? { path, note: UNPRINTABLE_NOTE } : { path }
}

export const UNPRINTABLE_NOTE =
	'a path holds bytes that are invalid UTF-8, control or bidirectional: kept with these bytes escaped'
