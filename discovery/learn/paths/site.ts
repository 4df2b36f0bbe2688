import { type Novelty, NO_NOVELTY, noveltyOf, type Watched } from './novelty.js'
import type { PathNode } from './trie.js'

/** What one directory may become; `keep` lists what is in it. */
export type Choice = 'keep' | DirectoryChoice
export type DirectoryChoice = 'read-all' | 'write-all' | 'read-any' | 'write-any'
export const DIRECTORY_CHOICES: readonly DirectoryChoice[] = [
	'read-any',
	'read-all',
	'write-any',
	'write-all'
]

/** `nothing`: not covered from above; `reads`: inside a directory whose files may all be read. */
export type Within = 'nothing' | 'reads'

/** What is known of a node whatever the price of entries is: asked once, used for every price. */
export interface Site {
	/** '' for the root; only directories have one. */
	path: string
	isLeaf: boolean
	hasReads: boolean
	hasWrites: boolean
	hasExec: boolean
	/** Directly in it. */
	hasOwnExec: boolean
	hasDirectWrites: boolean
	/** Directories that are known, with this one. */
	folderCount: number
	novelty: Novelty
	/** The novelty of this directory and of all below it. */
	total: { all: number; writes: number }
	/** Price in bits of each directory rule that is possible; filled when first asked. */
	bits: Partial<Record<DirectoryChoice, { bits: number; unseenCount: number } | null>>
	costs: Record<Within, Costs>
}

/** Costs of a node without its own entry; the pair is: without and with a directory rule somewhere below. */
export interface Costs {
	keep: [number, number]
	rule: number
	choice: DirectoryChoice
	rules: Partial<Record<DirectoryChoice, number>>
	held: Choice | undefined
}

/** Looks at every directory once, from the leaves up. */
export function survey(
	node: PathNode,
	path: string,
	sites: Map<PathNode, Site>,
	setting: Watched
): Site | null {
	if (node.children.size === 0) return null
	const novelty = noveltyOf(node, setting)
	const site: Site = {
		path,
		isLeaf: false,
		hasReads: false,
		hasWrites: false,
		hasExec: false,
		hasOwnExec: false,
		hasDirectWrites: false,
		folderCount: 1,
		novelty,
		total: { all: novelty.all, writes: novelty.writes },
		bits: {},
		costs: { nothing: NO_COSTS, reads: NO_COSTS }
	}
	for (const child of node.children.values()) {
		child.isTyped = node.isTyped || child.name.includes('<')
		const below = survey(child, `${path}/${child.name}`, sites, setting)
		site.hasReads ||= child.reads.length > 0 || (below?.hasReads ?? false)
		site.hasWrites ||= child.writes.length > 0 || (below?.hasWrites ?? false)
		site.hasExec ||= child.isExec || (below?.hasExec ?? false)
		site.hasOwnExec ||= child.isExec
		site.hasDirectWrites ||= child.writes.length > 0
		site.folderCount += below?.folderCount ?? 0
		site.total.all += below?.total.all ?? 0
		site.total.writes += below?.total.writes ?? 0
	}
	sites.set(node, site)
	return site
}

export const NO_COSTS: Costs = {
	keep: [0, Infinity],
	rule: Infinity,
	choice: 'read-any',
	rules: {},
	held: undefined
}
export const LEAF: Site = {
	path: '',
	isLeaf: true,
	hasReads: false,
	hasWrites: false,
	hasExec: false,
	hasOwnExec: false,
	hasDirectWrites: false,
	folderCount: 0,
	novelty: NO_NOVELTY,
	total: { all: 0, writes: 0 },
	bits: {},
	costs: { nothing: NO_COSTS, reads: NO_COSTS }
}
