/** What a path or a directory may be used for, by program; '' is any program. */
export interface FileLists {
	/** Path → source → may write. */
	paths: Map<string, Map<string, boolean>>
	/** Directory with its slash → source → what holds in it. */
	directories: Map<string, Map<string, DirectoryRight>>
}

export interface DirectoryRight {
	recursive: boolean
	write: boolean
}

/** What cannot be said to the enforcer without granting more than was asked. */
export interface Conflict {
	directory: string
	/** It would have to become recursive to be looked at at all. */
	kind: 'depth' | 'both'
}

/**
 * The lists as the enforcer has to be told them. It looks for the most specific entry and takes it, so
 * one that allows less than a wider one beside it takes away: an exact read-only path in a writable
 * directory, a program's own directory before a path for everybody. Every entry is raised to what the
 * rules together allow, and one that everybody's entry makes superfluous is left out.
 */
export function closed(lists: FileLists): FileLists & { conflicts: Conflict[] } {
	const paths = new Map([...lists.paths].map(([path, bySource]) => [path, new Map(bySource)]))
	const directories = new Map(
		[...lists.directories].map(([directory, bySource]) => [
			directory,
			new Map([...bySource].map(([source, right]) => [source, { ...right }]))
		])
	)
	const all = { paths, directories }
	const conflicts: Conflict[] = []
	raiseDirectories(all, conflicts)
	reachRecursion(all, conflicts)
	raisePaths(all)
	dropCovered(all)
	return { ...all, conflicts }
}

/** A program's own directory is found before one for everybody, so it must allow what that allows. */
function raiseDirectories({ directories }: FileLists, conflicts: Conflict[]): void {
	const everybody = [...directories].flatMap(([directory, bySource]) => {
		const right = bySource.get('')
		return right ? [{ directory, right }] : []
	})
	const own = [...directories].flatMap(([directory, bySource]) =>
		[...bySource].flatMap(([source, right]) => (source === '' ? [] : [{ directory, source, right }]))
	)
	for (const { directory: wide, right: allowed } of everybody) {
		if (!allowed.write) continue
		for (const { directory, source, right } of own) {
			if (directory === wide) {
				if (right.write || allowed.recursive === right.recursive || allowed.recursive) right.write = true
				else conflicts.push({ directory, kind: 'both' })
			} else if (allowed.recursive && directory.startsWith(wide)) right.write = true
			else if (right.recursive && !right.write && wide.startsWith(directory)) {
				const bySource = directories.get(wide)
				if (bySource && !bySource.has(source)) bySource.set(source, { ...allowed })
			}
		}
	}
}

/** Inside a recursive directory the enforcer takes that rule before one that is not recursive. */
function reachRecursion({ directories }: FileLists, conflicts: Conflict[]): void {
	for (const [directory, bySource] of directories) {
		for (const [source, right] of bySource) {
			const around = recursiveAround(directories, directory, source)
			if (!around) continue
			if (around.write || !right.write) {
				// A deeper recursive rule is found by itself; it says nothing new.
				if (around.write === right.write || around.write) bySource.delete(source)
			} else if (!right.recursive) {
				right.recursive = true
				conflicts.push({ directory, kind: 'depth' })
			}
		}
		if (bySource.size === 0) directories.delete(directory)
	}
}

/** The right of the innermost recursive directory around another. */
function recursiveAround(
	directories: FileLists['directories'],
	directory: string,
	source: string
): DirectoryRight | null {
	// Searching before the start of a text finds its first character again.
	const start = directory.length < 2 ? -1 : directory.lastIndexOf('/', directory.length - 2)
	for (let end = start; end >= 0; ) {
		const right = directories.get(directory.slice(0, end + 1))?.get(source)
		if (right?.recursive) return right
		end = end === 0 ? -1 : directory.lastIndexOf('/', end - 1)
	}
	return null
}

function raisePaths({ paths, directories }: FileLists): void {
	const programs = new Set([...directories.values()].flatMap((bySource) => [...bySource.keys()]))
	programs.delete('')
	for (const [path, bySource] of paths) {
		const anybody = bySource.get('')
		// A path that everybody may write lies in a directory that some program may only read.
		if (anybody) {
			for (const source of programs) {
				if (!bySource.has(source) && rightOver(directories, path, source)?.write === false) {
					bySource.set(source, true)
				}
			}
		}
		const byAnybody = anybody === true || rightOver(directories, path, '')?.write === true
		for (const [source, write] of bySource) {
			if (write) continue
			if (byAnybody || rightOver(directories, path, source)?.write === true) bySource.set(source, true)
		}
	}
}

/** What the directories say about a path for one source; null when none covers it. */
function rightOver(
	directories: FileLists['directories'],
	path: string,
	source: string
): DirectoryRight | null {
	const directory = path.slice(0, path.lastIndexOf('/') + 1)
	return directories.get(directory)?.get(source) ?? recursiveAround(directories, directory, source)
}

/** What everybody may do needs no entry for one program, unless a directory of its own is found before it. */
function dropCovered({ paths, directories }: FileLists): void {
	for (const [path, bySource] of paths) {
		const anybody = bySource.get('')
		if (anybody === undefined) continue
		for (const [source, write] of bySource) {
			if (source === '' || (write && !anybody)) continue
			if (rightOver(directories, path, source) === null) bySource.delete(source)
		}
	}
}
