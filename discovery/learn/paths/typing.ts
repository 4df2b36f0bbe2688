import { isSensitive } from '../sensitive.js'
import { directoryOf } from './object.js'
import { templatesOf } from './tokens.js'
import { absorbMatching, matchingChildren, mergeChildren, onlyUnit, type PathNode } from './trie.js'
import type { Walls } from './walls.js'

/** A directory with more names than this is told by its tokens and by itself, never name by name. */
export const CHILDREN_MAX = 4096
/** KubeArmor matches directories on 64 bytes: a token further down has no form, so a directory above must do. */
const DIRECTORY_BYTES = 64

/**
 * Merges siblings that are one name with a made-up part, from the root down, so that merged directories
 * are looked at as one. `inForce` are the typed segments of the rules in force, by directory: once proven,
 * a class stays as long as it has members.
 */
export function typeNames(root: PathNode, inForce: ReadonlyMap<string, Set<string>>, walls: Walls): void {
	typeBelow(root, '', inForce, walls)
}

/** The typed segments of rules, by the directory that they stand in. */
export function typedSegments(objects: Iterable<string>): Map<string, Set<string>> {
	const segments = new Map<string, Set<string>>()
	for (const object of objects) {
		if (!object.includes('<')) continue
		const path = directoryOf(object)?.directory ?? object
		let start = 1
		while (start > 0 && start <= path.length) {
			const slash = path.indexOf('/', start)
			const segment = slash < 0 ? path.slice(start) : path.slice(start, slash)
			if (segment.includes('<')) {
				const directory = path.slice(0, start - 1)
				const known = segments.get(directory)
				if (known) known.add(segment)
				else segments.set(directory, new Set([segment]))
			}
			start = slash + 1
		}
	}
	return segments
}

function typeBelow(
	node: PathNode,
	path: string,
	inForce: ReadonlyMap<string, Set<string>>,
	walls: Walls
): void {
	if (node.children.size === 0) return
	const known = new Set<string>()
	for (const template of inForce.get(path) ?? []) {
		// A wall may have come up since: what is held now is not covered because it once could be.
		if (!isWalled(template, matchingChildren(node, template), node, path, walls)) known.add(template)
	}
	for (const name of node.children.keys()) if (name.includes('<')) known.add(name)
	if (known.size > 0) absorbMatching(node, known)
	if (path !== '' && Buffer.byteLength(path) < DIRECTORY_BYTES) typeChildren(node, path, walls)
	if (node.children.size > CHILDREN_MAX) {
		node.isOpen = true
		let writtenCount = 0
		for (const child of node.children.values()) if (child.written.hour1 !== Infinity) writtenCount++
		node.isOpenForWrites = writtenCount > CHILDREN_MAX
	}
	for (const child of node.children.values()) {
		if (child.children.size > 0) typeBelow(child, `${path}/${child.name}`, inForce, walls)
	}
}

function typeChildren(node: PathNode, path: string, walls: Walls): void {
	if (node.children.size < 4) return
	const all = [...node.children.values()]
	// A sample decides for a directory of a million names; what it proves then takes in the others.
	const sample =
		all.length > CHILDREN_MAX
			? all
					.sort((a, b) => (a.name < b.name ? -1 : 1))
					.filter((_, i) => i % Math.ceil(all.length / CHILDREN_MAX) === 0)
			: all
	const names = sample.map((child) => ({ name: child.name, unit: onlyUnit(child.seen) }))
	for (const template of templatesOf(names)) {
		if (isWalled(template.text, template.members, node, path, walls)) continue
		const merged = mergeChildren(node, template.members, template.text)
		merged.token = {
			memberCount: template.members.length + (merged.token?.memberCount ?? 0),
			gainBits: template.gainBits + (merged.token?.gainBits ?? 0)
		}
		if (sample.length < all.length) {
			const before = node.children.size
			absorbMatching(node, [template.text])
			merged.token.memberCount += before - node.children.size
		}
	}
}

/** Names of sensitive files are never merged, and no made-up name may stand for one. */
function isWalled(
	template: string,
	members: readonly string[],
	node: PathNode,
	path: string,
	walls: Walls
): boolean {
	// Mounted secrets change their directory's date at each rotation (kubelet's AtomicWriter), and nothing else.
	if (/^\.\.<date>$/.test(template)) return false
	const isWritten = members.some((name) => (node.children.get(name)?.written.hour1 ?? Infinity) !== Infinity)
	const access = isWritten ? 'write' : 'read'
	const isSecret = members.some((name) => isSensitive(`${path}/${name}`, access))
	return isSecret || walls.matching(path, template, access) !== null
}
