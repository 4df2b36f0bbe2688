import type { BehaviourState } from '../state.js'
import { ANY, segmentPattern } from './object.js'

/**
 * When something was seen, as far as it matters here: its two smallest hours and starts, its three
 * smallest days. `Infinity` is "no such". Merges by union, so order and duplication never matter.
 */
export interface Seen {
	hour1: number
	hour2: number
	day1: number
	day2: number
	day3: number
	start1: number
	start2: number
	/** All of it belongs to starts: then starts are its units, and hours say nothing. */
	startOnly: boolean
}

/** One segment of the paths that a workload used, with everything below it. */
export interface PathNode {
	/** The segment: literal, with typed tokens, or `<any>`. */
	name: string
	parent: PathNode | null
	children: Map<string, PathNode>
	/** Reads and writes of exactly this path. */
	reads: BehaviourState[]
	writes: BehaviourState[]
	/** Executed: neither it nor a directory around it may become writable. */
	isExec: boolean
	/** Of everything here and below; reads that exec implies are no evidence of growth and not in it. */
	seen: Seen
	/** The same for writes alone. */
	written: Seen
	/** Set where siblings were merged into this segment. */
	token: { memberCount: number; gainBits: number } | null
	/** A token stands in it or above it; known once the trie has been surveyed. */
	isTyped: boolean
	/** More children than can be told one by one. */
	isOpen: boolean
	/** The same for children that are written. */
	isOpenForWrites: boolean
}

/** The trie of all files that the behaviours name; execs are in it as places where nothing may be written. */
export function trieOf(needs: readonly BehaviourState[]): PathNode {
	const root = nodeOf('', null)
	for (const need of needs) {
		const node = descend(root, need.object)
		if (need.verb === 'exec') node.isExec = true
		else if (need.class === 'file-write') node.writes.push(need)
		else node.reads.push(need)
	}
	return root
}

/** Fills `seen` and `written` of a node from its own behaviours and its children. */
export function summarise(node: PathNode): void {
	const seen = unseen()
	const written = unseen()
	for (const need of node.reads) if (!need.required) addState(seen, need)
	for (const need of node.writes) {
		addState(seen, need)
		addState(written, need)
	}
	for (const child of node.children.values()) {
		summarise(child)
		addSeen(seen, child.seen)
		addSeen(written, child.written)
	}
	node.seen = seen
	node.written = written
}

/**
 * The only hour, day or start in which something was seen, as a text that names it; null when there are more,
 * or none. A log that is named by its date is written in every hour, and in no other day.
 */
export function onlyUnit(seen: Seen): string | null {
	if (isByStart(seen)) return seen.start2 === Infinity ? `start ${seen.start1}` : null
	if (seen.hour1 === Infinity) return null
	if (seen.hour2 === Infinity) return `hour ${seen.hour1}`
	return isOfOneDay(seen) ? `day ${seen.day1}` : null
}

/** Seen on one day only, or on two in a row: a log of one day may end in the night, by another zone's clock. */
export function isOfOneDay(seen: Seen): boolean {
	if (seen.day3 !== Infinity || seen.day1 === Infinity) return false
	return seen.day2 === Infinity || seen.day2 === seen.day1 + 1
}

export function isByStart(seen: Seen): boolean {
	return seen.startOnly && seen.start1 !== Infinity
}

/** Makes one node of several siblings: their subtrees become one (the union of what is below them). */
export function mergeChildren(parent: PathNode, names: readonly string[], into: string): PathNode {
	const merged = parent.children.get(into) ?? nodeOf(into, parent)
	parent.children.set(into, merged)
	for (const name of names) {
		const child = parent.children.get(name)
		if (!child || child === merged) continue
		parent.children.delete(name)
		absorb(merged, child)
	}
	return merged
}

/** Children that carry tokens already take in those of their siblings that they stand for. */
export function absorbMatching(parent: PathNode, templates: Iterable<string>): void {
	for (const template of [...templates].sort()) {
		const names = matchingChildren(parent, template)
		if (names.length > 0) mergeChildren(parent, names, template)
	}
}

/** Children whose names a segment with tokens stands for. */
export function matchingChildren(parent: PathNode, template: string): string[] {
	if (template.includes(ANY)) return []
	const pattern = segmentPattern(template)
	return [...parent.children.keys()].filter((name) => name !== template && pattern.test(name))
}

/** The path of a node: '' for the root. */
export function pathOf(node: PathNode): string {
	let path = ''
	for (let at: PathNode | null = node; at?.parent; at = at.parent) path = `/${at.name}${path}`
	return path
}

function nodeOf(name: string, parent: PathNode | null): PathNode {
	return {
		name,
		parent,
		children: new Map(),
		reads: [],
		writes: [],
		isExec: false,
		seen: NEVER,
		written: NEVER,
		token: null,
		isTyped: false,
		isOpen: false,
		isOpenForWrites: false
	}
}

/** The root directory itself is the segment after the first slash: empty. */
function descend(root: PathNode, object: string): PathNode {
	let node = root
	let start = object.startsWith('/') ? 1 : 0
	for (;;) {
		const slash = object.indexOf('/', start)
		const name = slash < 0 ? object.slice(start) : object.slice(start, slash)
		let child = node.children.get(name)
		if (!child) {
			child = nodeOf(name, node)
			node.children.set(name, child)
		}
		node = child
		if (slash < 0) return node
		start = slash + 1
	}
}

function absorb(into: PathNode, from: PathNode): void {
	for (const read of from.reads) into.reads.push(read)
	for (const write of from.writes) into.writes.push(write)
	into.isExec ||= from.isExec
	into.seen = union(into.seen, from.seen)
	into.written = union(into.written, from.written)
	for (const [name, child] of from.children) {
		const known = into.children.get(name)
		if (known) absorb(known, child)
		else {
			child.parent = into
			into.children.set(name, child)
		}
	}
}

function unseen(): Seen {
	return {
		hour1: Infinity,
		hour2: Infinity,
		day1: Infinity,
		day2: Infinity,
		day3: Infinity,
		start1: Infinity,
		start2: Infinity,
		startOnly: true
	}
}

const NEVER: Seen = Object.freeze(unseen())

function union(a: Seen, b: Seen): Seen {
	const both = { ...a }
	addSeen(both, b)
	return both
}

function addState(to: Seen, state: BehaviourState): void {
	for (let i = 0; i < state.hours.length && i < 2; i++) addHour(to, state.hours[i] ?? Infinity)
	for (let i = 0; i < state.days.length && i < 3; i++) addDay(to, state.days[i] ?? Infinity)
	for (let i = 0; i < state.starts.length && i < 2; i++) addStart(to, state.starts[i] ?? Infinity)
	to.startOnly &&= state.startOnly
}

function addSeen(to: Seen, from: Seen): void {
	addHour(to, from.hour1)
	addHour(to, from.hour2)
	addDay(to, from.day1)
	addDay(to, from.day2)
	addDay(to, from.day3)
	addStart(to, from.start1)
	addStart(to, from.start2)
	to.startOnly &&= from.startOnly
}

function addHour(to: Seen, hour: number): void {
	if (hour === to.hour1 || hour >= to.hour2) return
	if (hour < to.hour1) {
		to.hour2 = to.hour1
		to.hour1 = hour
	} else to.hour2 = hour
}

function addDay(to: Seen, day: number): void {
	if (day >= to.day3 || day === to.day1 || day === to.day2) return
	if (day > to.day2) {
		to.day3 = day
		return
	}
	to.day3 = to.day2
	if (day < to.day1) {
		to.day2 = to.day1
		to.day1 = day
	} else to.day2 = day
}

function addStart(to: Seen, start: number): void {
	if (start === to.start1 || start >= to.start2) return
	if (start < to.start1) {
		to.start2 = to.start1
		to.start1 = start
	} else to.start2 = start
}
