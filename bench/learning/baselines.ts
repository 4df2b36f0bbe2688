import type { Class } from '../../collector/observation.js'
import { compareText } from '../../discovery/behaviour.js'
import type { BehaviourState } from '../../discovery/learn/state.js'
import type { Grant } from './grant.js'
import type { Image } from './image.js'

/** What a generaliser may know besides the needs. */
export interface Facts {
	exposedHours: number
	startCount: number
	image: Image
}

export interface Generalised {
	grants: Grant[]
	/** Classes of which some part is endless: no list covers it, and it is never ready. */
	openEnded: readonly Class[]
}

/** Turns what was seen, in all classes, into what is granted. */
export interface Generaliser {
	name: string
	generalise(needs: readonly BehaviourState[], facts: Facts): Generalised
}

/** Exactly what was seen. */
export const exactUnion: Generaliser = {
	name: 'exact union',
	generalise: (needs) => grantsOf(needs, (objects) => objects, false)
}

/** Every file stands for the files beside it; programs stay exact. */
export const parentDirectory: Generaliser = {
	name: 'parent directory',
	generalise: (needs) =>
		grantsOf(
			needs,
			(objects) => objects.map((object) => `${object.slice(0, object.lastIndexOf('/'))}/<any>`),
			false
		)
}

/**
 * The rule of accuknox/discovery-engine (src/common/pathAggregator.go, Apache-2.0), restated: a node of the
 * path tree with more than 3 children loses them and becomes a directory, from the leaves up; /tmp always
 * is one. It does so for programs too. Reads and writes are aggregated apart here, which is kinder to it.
 */
export const childrenOver3: Generaliser = {
	name: 'children > 3',
	generalise: (needs) => grantsOf(needs, aggregateOver3, true)
}

/**
 * The rule of kubescape/storage (pkg/registry/file/dynamicpathdetector, Apache-2.0), restated without the
 * order in which paths came: where a node has more than 50 children (100 below /etc), its next segment is a
 * wildcard; neighbouring wildcards are one of any depth. Programs stay exact.
 */
export const childrenOver50: Generaliser = {
	name: 'children > 50/100',
	generalise: (needs) => grantsOf(needs, aggregateOver50, false)
}

export const BASELINES: readonly Generaliser[] = [exactUnion, childrenOver3, childrenOver50, parentDirectory]

const FILE_CLASSES: readonly Class[] = ['process', 'file-read', 'file-write']

/** One grant per distinct object of each class; `shape` rewrites those of files (and of programs, if asked). */
function grantsOf(
	needs: readonly BehaviourState[],
	shape: (objects: string[]) => string[],
	programs: boolean
): Generalised {
	const byClass = new Map<Class, Set<string>>()
	const note = (of: Class, object: string) => {
		const objects = byClass.get(of) ?? new Set()
		byClass.set(of, objects.add(object))
	}
	for (const need of needs) {
		note(need.class, need.object)
		// Exec reads the program.
		if (need.class === 'process') note('file-read', need.object)
	}
	const grants = [...byClass].flatMap(([of, objects]) => {
		const shaped = FILE_CLASSES.includes(of) && (of !== 'process' || programs)
		const texts = shaped ? new Set(shape([...objects].sort(compareText))) : objects
		return [...texts]
			.sort(compareText)
			.map((object): Grant => ({ class: of, object, sources: [], effect: 'allow' }))
	})
	return { grants, openEnded: [] }
}

interface Node {
	children: Map<string, Node>
	isFile: boolean
}

function treeOf(objects: readonly string[]): Node {
	const root: Node = { children: new Map(), isFile: false }
	for (const object of objects) {
		let node = root
		for (const segment of object.split('/').slice(1)) {
			let child = node.children.get(segment)
			if (!child) {
				child = { children: new Map(), isFile: false }
				node.children.set(segment, child)
			}
			node = child
		}
		node.isFile = true
	}
	return root
}

const CHILDREN_3 = 3

function aggregateOver3(objects: readonly string[]): string[] {
	const results: string[] = []
	for (const [segment, node] of treeOf(objects).children) {
		if (segment === 'tmp') results.push('/tmp/<all>')
		else collectOver3(node, `/${segment}`, results)
	}
	return results
}

/** True when the node itself became a directory. */
function collectOver3(node: Node, path: string, results: string[]): void {
	if (node.children.size > CHILDREN_3) {
		results.push(`${path}/<all>`)
		return
	}
	if (node.children.size === 0 || node.isFile) results.push(path)
	for (const [segment, child] of node.children) collectOver3(child, `${path}/${segment}`, results)
}

const CHILDREN_50 = 50
const CHILDREN_IN_ETC = 100

function aggregateOver50(objects: readonly string[]): string[] {
	const results: string[] = []
	collectOver50([treeOf(objects)], '', results)
	return results
}

/** `nodes` stand for the same text: where a wildcard stands, all that it replaced. */
function collectOver50(nodes: readonly Node[], path: string, results: string[]): void {
	const names = new Set(nodes.flatMap((node) => [...node.children.keys()]))
	if (nodes.some((node) => node.isFile)) results.push(path)
	const max = path.startsWith('/etc') ? CHILDREN_IN_ETC : CHILDREN_50
	if (names.size > max) {
		const below = nodes.flatMap((node) => [...node.children.values()])
		if (path.endsWith('/<any>')) results.push(`${path.slice(0, -'/<any>'.length)}/<all>`)
		else collectOver50(below, `${path}/<any>`, results)
		return
	}
	for (const name of names) {
		const below = nodes.flatMap((node) => node.children.get(name) ?? [])
		collectOver50(below, `${path}/${name}`, results)
	}
}
