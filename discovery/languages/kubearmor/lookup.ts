import { literalPath } from './path.js'
import { bytesOf, DIR, type Entry, HINT, RECURSIVE, type RuleIndex } from './rule-map.js'

/** The entry of exactly this path and source (both bytes), when it speaks of what is asked (`bit`). */
export function exact(
	index: RuleIndex,
	path: string,
	source: string,
	list: 'process' | 'file',
	bit: number
): Entry | undefined {
	const entry = index.bySource.get(source)?.get(path)
	return entry && (entry[list] & bit) !== 0 ? entry : undefined
}

/**
 * The directory scan: each `/` within the first 64 bytes, outermost first. A recursive
 * rule without hints below it decides at once; with hints a deeper recursive one may still win; a
 * directory that is not recursive counts only when it is the last one.
 */
export function directory(
	index: RuleIndex,
	path: string,
	source: string,
	list: 'process' | 'file',
	bit: number
): Entry | undefined {
	const paths = index.bySource.get(source)
	if (!paths) return undefined
	let above: Entry | undefined
	let last: Entry | undefined
	let isMatch = false
	for (let i = path.indexOf('/'); i >= 0 && i < DIRECTORY_BYTES; i = path.indexOf('/', i + 1)) {
		isMatch = false
		last = paths.get(path.slice(0, i + 1))
		if (!last) break
		const bits = last[list]
		if ((bits & DIR) !== 0 && (bits & bit) !== 0) {
			isMatch = true
			if ((bits & RECURSIVE) !== 0) {
				if ((bits & HINT) === 0) return last
				above = last
			}
		} else if (list === 'process' && source === '' && (bits & HINT) === 0) break
	}
	return above ?? (isMatch ? last : undefined)
}

const DIRECTORY_BYTES = 64

/** The path as the enforcer sees it: real bytes, and only the last 20 components (KubeArmor issue 2609). */
export function keptPath(object: string): string {
	const path = literalPath(object) ?? object
	if (path.startsWith('/') && slashCount(path) <= COMPONENTS_MAX) return bytesOf(path)
	const parts = path.split('/').slice(1)
	return bytesOf(`/${parts.slice(-COMPONENTS_MAX).join('/')}`)
}

const COMPONENTS_MAX = 20

function slashCount(path: string): number {
	let count = 0
	for (let i = path.indexOf('/'); i >= 0; i = path.indexOf('/', i + 1)) count++
	return count
}
