import type { FileList } from './state.js'

/**
 * A list of files that answers how much lies below a directory in O(log n). `paths` are absolute, in
 * any order, duplicates and all; what is not an absolute path of a file is left out. `origin` says
 * where the list comes from; `partial` that only packaged files are in it.
 */
export function createFileList(
	origin: string,
	paths: Iterable<string>,
	{ partial = false }: { partial?: boolean } = {}
): FileList {
	const members = new Set<string>()
	for (const path of paths) if (path.startsWith('/') && !path.endsWith('/')) members.add(path)
	// The default order is by UTF-16 code units, in which `/` + 1 is `0`: a directory is one interval.
	const sorted = [...members].sort()
	let direct: Map<string, number> | undefined

	return {
		origin,
		...(partial ? { partial } : {}),
		has: (path) => members.has(path),
		countBelow(directory, directOnly) {
			const root = directory === '/' ? '' : directory
			if (directOnly) {
				direct ??= countByDirectory(sorted)
				return direct.get(root) ?? 0
			}
			return lowerBound(sorted, `${root}0`) - lowerBound(sorted, `${root}/`)
		},
		below(directory) {
			const root = directory === '/' ? '' : directory
			return sorted.slice(lowerBound(sorted, `${root}/`), lowerBound(sorted, `${root}0`))
		}
	}
}

function countByDirectory(paths: readonly string[]): Map<string, number> {
	const counts = new Map<string, number>()
	for (const path of paths) {
		const directory = path.slice(0, path.lastIndexOf('/'))
		counts.set(directory, (counts.get(directory) ?? 0) + 1)
	}
	return counts
}

/** Index of the first element that is not less than `text`. */
function lowerBound(sorted: readonly string[], text: string): number {
	let low = 0
	let high = sorted.length
	while (low < high) {
		const middle = (low + high) >>> 1
		if ((sorted[middle] ?? '') < text) low = middle + 1
		else high = middle
	}
	return low
}
