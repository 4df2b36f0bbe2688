import { literalPath } from './path.js'
import { bytesOf, DIR, type Entry, HINT, RECURSIVE, type RuleMap } from './rule-map.js'

/** The entry of exactly this path and source, when it speaks of what is asked (`bit`). */
export function exact(
	map: RuleMap,
	path: string,
	source: string,
	list: 'process' | 'file',
	bit: number
): Entry | undefined {
	const entry = map.entries.get(`${path}\0${bytesOf(source)}`)
	return entry && (entry[list] & bit) !== 0 ? entry : undefined
}

/**
 * The directory scan: each `/` within the first 64 bytes, outermost first. A recursive
 * rule without hints below it decides at once; with hints a deeper recursive one may still win; a
 * directory that is not recursive counts only when it is the last one.
 */
export function directory(
	map: RuleMap,
	path: string,
	source: string,
	list: 'process' | 'file',
	bit: number
): Entry | undefined {
	let above: Entry | undefined
	let last: Entry | undefined
	let isMatch = false
	for (let i = 0; i < Math.min(path.length, DIRECTORY_BYTES); i++) {
		if (path[i] !== '/') continue
		isMatch = false
		last = map.entries.get(`${path.slice(0, i + 1)}\0${bytesOf(source)}`)
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
	const parts = (literalPath(object) ?? object).split('/').slice(1)
	return bytesOf(`/${parts.slice(-COMPONENTS_MAX).join('/')}`)
}

const COMPONENTS_MAX = 20
