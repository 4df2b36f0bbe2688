import { createHash } from 'node:crypto'

/**
 * The first line of every file that the directory target writes: whose it is, and the hash of
 * the rest. So a file of somebody else, or one that somebody edited, is never overwritten or
 * deleted. It is a comment, because a field in the object would change what is applied.
 */
const PREFIX = '# Written by Whittle; changes here stop it from updating this file.'

export interface Marker {
	/** Hash of the workload's name: hostile text stays out of the line. */
	workload: string
	/** False when the text below the line is not what was written. */
	untouched: boolean
}

/** The file's text for one manifest of a workload. */
export function withMarker(workload: string, yaml: string): string {
	return `${PREFIX} workload=${hash(workload)} content=${hash(yaml)}\n${yaml}`
}

/** What the first line says; null for a file of somebody else. */
export function readMarker(text: string): Marker | null {
	const end = text.indexOf('\n')
	if (end < 0 || !text.startsWith(PREFIX)) return null
	const match = /^ workload=([0-9a-f]{64}) content=([0-9a-f]{64})$/.exec(text.slice(PREFIX.length, end))
	if (!match) return null
	return { workload: match[1] ?? '', untouched: hash(text.slice(end + 1)) === match[2] }
}

/** The `workload` of a marker of this workload. */
export function workloadMark(workload: string): string {
	return hash(workload)
}

function hash(text: string): string {
	return createHash('sha256').update(text).digest('hex')
}
