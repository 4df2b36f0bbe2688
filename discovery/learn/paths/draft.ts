import { compareText } from '../../behaviour.js'
import type { BehaviourState } from '../state.js'
import { ALL, ANY } from './object.js'
import type { Programme } from './programme.js'
import type { DirectoryChoice, Within } from './site.js'
import type { PathNode } from './trie.js'

/** An object with everything that it covers, before its programs are known. */
export interface Draft {
	class: 'process' | 'file-read' | 'file-write'
	object: string
	states: BehaviourState[]
	node: PathNode
	/** How its directory was chosen; null for an exact or typed path. */
	choice: DirectoryChoice | null
	within: Within
}

export interface Drafted {
	drafts: Draft[]
	/** Directories with too many names that can become no rule, sorted by path. */
	openEnded: { path: string; class: 'file-read' | 'file-write' }[]
}

/** Names that are shown of a directory that is open-ended. */
const SAMPLES = 256

/** Walks the trie by the programme's choices and says what each chosen rule covers. */
export function draftsOf(root: PathNode, programme: Programme): Drafted {
	const drafted: Drafted = { drafts: [], openEnded: [] }
	visit(
		root,
		'',
		{ within: 'nothing', reads: null, ownReads: null, ownWrites: null, mayHold: true },
		{
			drafted,
			programme
		}
	)
	drafted.openEnded.sort((a, b) => compareText(a.path, b.path))
	return drafted
}

/** What covers a node from above. */
interface Cover {
	within: Within
	/** The recursive read rule around it. */
	reads: Draft | null
	/** Rules for the files directly in its directory. */
	ownReads: Draft | null
	ownWrites: Draft | null
	/** Whether anything from here down may become a directory rule. */
	mayHold: boolean
}

interface Walk {
	drafted: Drafted
	programme: Programme
}

function visit(node: PathNode, path: string, cover: Cover, walk: Walk): void {
	if (node.reads.length > 0) {
		const target = cover.reads ?? cover.ownReads ?? add(walk, 'file-read', path, node, null, cover.within)
		append(target, node.reads)
	}
	if (node.writes.length > 0) {
		append(cover.ownWrites ?? add(walk, 'file-write', path, node, null, cover.within), node.writes)
	}
	if (node.children.size === 0) return
	const isOwnCovered = cover.ownReads !== null && (node.writes.length === 0 || cover.ownWrites !== null)
	const choice = walk.programme.choiceOf(node, cover.within, isOwnCovered, cover.mayHold)
	if (choice === 'keep') keep(node, path, cover, walk)
	else if (choice === 'write-all') coverAll(node, path, cover, walk)
	else if (choice === 'read-all') {
		const reads = add(walk, 'file-read', `${path}/${ALL}`, node, choice, cover.within)
		each(node, path, { within: 'reads', reads, ownReads: null, ownWrites: null, mayHold: true }, walk)
	} else coverDirect(node, path, choice, cover, walk)
}

function keep(node: PathNode, path: string, cover: Cover, walk: Walk): void {
	const mayHold = cover.mayHold && walk.programme.holdsRules(node, cover.within)
	const below: Cover = { ...cover, ownReads: null, ownWrites: null, mayHold }
	const isOpen = cover.within === 'nothing' ? node.isOpen : node.isOpenForWrites
	if (isOpen) {
		walk.drafted.openEnded.push({ path, class: node.isOpenForWrites ? 'file-write' : 'file-read' })
	}
	const names = isOpen ? [...node.children.keys()].sort().slice(0, SAMPLES) : node.children.keys()
	for (const name of names) {
		const child = node.children.get(name)
		if (child) visit(child, `${path}/${name}`, below, walk)
	}
}

function coverDirect(
	node: PathNode,
	path: string,
	choice: 'read-any' | 'write-any',
	cover: Cover,
	walk: Walk
): void {
	const object = `${path}/${ANY}`
	const ownReads = add(walk, 'file-read', object, node, choice, cover.within)
	const ownWrites =
		choice === 'write-any' ? add(walk, 'file-write', object, node, choice, cover.within) : null
	each(node, path, { within: cover.within, reads: cover.reads, ownReads, ownWrites, mayHold: true }, walk)
}

/** Everything below becomes one rule per class. */
function coverAll(node: PathNode, path: string, cover: Cover, walk: Walk): void {
	const object = `${path}/${ALL}`
	const reads = cover.reads ?? add(walk, 'file-read', object, node, 'write-all', cover.within)
	const writes = add(walk, 'file-write', object, node, 'write-all', cover.within)
	const waiting = [...node.children.values()]
	for (let below = waiting.pop(); below; below = waiting.pop()) {
		append(reads, below.reads)
		append(writes, below.writes)
		for (const child of below.children.values()) waiting.push(child)
	}
}

function each(node: PathNode, path: string, cover: Cover, walk: Walk): void {
	for (const child of node.children.values()) visit(child, `${path}/${child.name}`, cover, walk)
}

function add(
	{ drafted }: Walk,
	of: Draft['class'],
	object: string,
	node: PathNode,
	choice: DirectoryChoice | null,
	within: Within
): Draft {
	const draft: Draft = { class: of, object, states: [], node, choice, within }
	drafted.drafts.push(draft)
	return draft
}

function append(draft: Draft, states: readonly BehaviourState[]): void {
	for (const state of states) draft.states.push(state)
}
