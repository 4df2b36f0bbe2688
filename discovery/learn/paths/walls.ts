import type { BehaviourState, FileList } from '../state.js'
import { type FileAccess, firstWithin, isTelling, LISTED_COUNT, sensitiveWithin } from '../sensitive.js'
import { covers } from './object.js'

/** An object that must not be covered by a rule that was not made for it, e.g. because it is held. */
export interface Wall {
	path: string
	access: FileAccess
}

/** Sensitive objects as phantoms: no directory that covers one of them can ever become a rule. */
export interface Walls {
	/** How many objects a candidate is checked against. */
	count: number
	/** The first object that a rule for the files of a directory ('' is the root) would cover; null when it is free. */
	within(directory: string, recursive: boolean, access: FileAccess): string | null
	/** The same for a segment with tokens, e.g. `dump<int>`, in a directory. */
	matching(directory: string, segment: string, access: FileAccess): string | null
}

/**
 * Walls around the listed sensitive objects, around files whose names say that they are sensitive (those
 * of the image or host, and those that the workload itself uses), and around `more`. A listed file that the
 * workload was trusted with under its own name is not in its way, for the access that it was trusted with.
 */
export function wallsOf(
	needs: readonly BehaviourState[],
	files: FileList | null,
	more: readonly Wall[]
): Walls {
	const trusted = { read: new Set<string>(), write: new Set<string>() }
	const telling = listedSensitive(files)
	const known = { read: [...telling], write: [...telling] }
	for (const { verb, class: of, object } of needs) {
		if (verb === 'exec') continue
		trusted[of === 'file-write' ? 'write' : 'read'].add(object)
		// Next to the key that it was trusted with will lie others: each has a rule of its own.
		if (isTelling(object)) {
			known.read.push(object)
			known.write.push(object)
		}
	}
	for (const { path, access } of more) {
		known.write.push(path)
		if (access === 'read') known.read.push(path)
	}
	const sorted = { read: [...new Set(known.read)].sort(), write: [...new Set(known.write)].sort() }
	return {
		count: LISTED_COUNT + sorted.write.length,
		within(directory, recursive, access) {
			return (
				sensitiveWithin(
					directory,
					recursive,
					access,
					// Whole trees are never granted.
					(path, isTree) => !isTree && trusted[access].has(path)
				) ?? firstWithin(sorted[access], directory, recursive, () => false)
			)
		},
		matching(directory, segment, access) {
			const object = `${directory}/${segment}`
			const isOther = (path: string) => !covers(object, path)
			return (
				sensitiveWithin(directory, false, access, isOther) ??
				firstWithin(sorted[access], directory, false, isOther)
			)
		}
	}
}

/** One pass over a list of files per list: it never changes. */
const listed = new WeakMap<FileList, string[]>()

function listedSensitive(files: FileList | null): string[] {
	if (!files) return []
	const known = listed.get(files)
	if (known) return known
	const found: string[] = []
	// What is listed by its place is walled by its place; here are those that only their names tell.
	for (const path of files.below('')) if (isTelling(path)) found.push(path)
	listed.set(files, found)
	return found
}
