import type { FileList } from '../state.js'
import type { PathOptions } from './facts.js'
import type { DirectoryChoice, Site } from './site.js'
import type { PathNode } from './trie.js'
import type { Walls } from './walls.js'
import { NEVER_WHOLE, placeWeight, READ_WEIGHT, WRITE_WEIGHT } from './weight.js'

/** The smallest number of unseen files of any directory: those that do not exist yet. */
export const LAPLACE = 8
/** Files assumed where nobody knows which there are. */
const UNKNOWN_FILES = 64
/** KubeArmor matches directories on 64 bytes with their slash. */
const DIRECTORY_BYTES = 64

/** What reading or writing weighs. */
export function weightOf(choice: DirectoryChoice): number {
	return choice === 'write-all' || choice === 'write-any' ? WRITE_WEIGHT : READ_WEIGHT
}

/** Whether it covers what lies deeper. */
export function isRecursive(choice: DirectoryChoice): boolean {
	return choice === 'read-all' || choice === 'write-all'
}

/** What a directory rule would grant, in weighted bits; null where it is impossible. */
export function grantOf(
	choice: DirectoryChoice,
	node: PathNode,
	site: Site,
	{ files, walls, options }: { files: FileList | null; walls: Walls; options: PathOptions }
): { bits: number; unseenCount: number } | null {
	const known = site.bits[choice]
	if (known !== undefined) return known
	const granted = isPossible(choice, node, site, walls, options) ? grant(choice, node, site, files) : null
	site.bits[choice] = granted
	return granted
}

function isPossible(
	choice: DirectoryChoice,
	node: PathNode,
	site: Site,
	walls: Walls,
	options: PathOptions
): boolean {
	const recursive = isRecursive(choice)
	const write = weightOf(choice) === WRITE_WEIGHT
	if (NEVER_WHOLE.has(site.path)) return false
	if (Buffer.byteLength(site.path) + 1 > DIRECTORY_BYTES || site.path.includes('<')) return false
	if (isChain(node, site.path)) return false
	if (write && !(recursive ? site.hasWrites : site.hasDirectWrites)) return false
	if (write && (recursive ? site.hasExec : site.hasOwnExec)) return false
	if (!write && !site.hasReads) return false
	// The enforcer would take the directory's read-only rule for the directory's own name as well.
	if (!write && node.writes.some((need) => need.verb === 'write' || need.verb === 'create')) return false
	return !options.walls || walls.within(site.path, recursive, write ? 'write' : 'read') === null
}

/** A directory that holds one directory and nothing else: what is known of it is known of that one. */
function isChain(node: PathNode, path: string): boolean {
	if (node.children.size !== 1) return false
	const [only] = node.children.values()
	if (!only || only.children.size === 0 || only.reads.length > 0 || only.writes.length > 0) return false
	return !only.name.includes('<') && Buffer.byteLength(`${path}/${only.name}/`) <= DIRECTORY_BYTES
}

function grant(
	choice: DirectoryChoice,
	node: PathNode,
	site: Site,
	files: FileList | null
): { bits: number; unseenCount: number } {
	const recursive = isRecursive(choice)
	const write = weightOf(choice) === WRITE_WEIGHT
	// What nobody listed may be in each directory that is known.
	const folders = recursive ? site.folderCount : 1
	let unseenCount = UNKNOWN_FILES * folders
	if (files) {
		const listed = files.countBelow(site.path, !recursive)
		const used = listed === 0 ? 0 : usedCount(node, site.path, files, recursive, write)
		unseenCount = Math.max(0, listed - used) + LAPLACE * folders
	}
	return { bits: weightOf(choice) * placeWeight(site.path) * Math.log2(1 + unseenCount), unseenCount }
}

/** Listed files below a node that were used in the way that the rule would allow. */
function usedCount(node: PathNode, path: string, files: FileList, deep: boolean, write: boolean): number {
	let count = 0
	for (const child of node.children.values()) {
		const object = `${path}/${child.name}`
		const isUsed = child.writes.length > 0 || (!write && child.reads.length > 0)
		if (isUsed && files.has(object)) count++
		if (deep && child.children.size > 0) count += usedCount(child, object, files, deep, write)
	}
	return count
}
