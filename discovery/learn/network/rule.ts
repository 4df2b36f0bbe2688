import type { InventoryItem, Verb } from '../../../collector/observation.js'
import { compareText } from '../../behaviour.js'
import type { Note } from '../../policy.js'
import type { BehaviourState } from '../state.js'
import type { Weights } from './growth.js'
import type { SegmentTyping } from './requests.js'

/** What is known about the workload and its surroundings besides what it did. */
export interface NetworkFacts {
	/** The canonical name, with or without its container. */
	workload: string
	/** Hours in which it was watched. */
	exposedHours: number
	/**
	 * Items that are valid now, and the last pod of workloads without a running one (`readRenderContext`).
	 * One array for all workloads: what is found out about it is kept as long as it lives.
	 */
	inventory: readonly InventoryItem[]
	/** True when it reads its service account token, which is for the API server. */
	readsToken?: boolean
	/** True when a peer (as in `Rule.object`) is known to listen on a port; services' ports are known anyway. */
	listens?: (peer: string, protocol: string, port: number) => boolean
	/** Finds tokens among the segments of HTTP paths; left out, as in file paths. */
	typing?: SegmentTyping
	weights?: Partial<Weights>
}

/** A rule of the class network, with what it rests on. */
export interface NetworkRule {
	effect: 'allow'
	object: string
	/** Sorted. */
	access: Verb[]
	/** Executables, sorted; empty is any. */
	sources: string[]
	/** What it covers, in the order of states; empty when nothing of it was seen. */
	covers: BehaviourState[]
	/** One sentence or more: why the rule has the shape it has, or why it is there at all. */
	why: string
	/** What it grants beyond what was seen; '' when exactly what was seen. */
	beyond: string
	/** Seen; or told by the inventory; or something that was seen cannot work without it. */
	origin: 'observed' | 'inferred' | 'required'
	/** Entries of a policy that it takes. */
	entries: number
	/** Addresses, ports or names granted and never seen. */
	unseenCount: number
	/** Weighted bits granted beyond the evidence. */
	bits: number
	/** New behaviours per hour that it takes in and a list would not. */
	hazardRemoved: number
}

export interface LearnedNetwork {
	/** Sorted by object, access and sources; the same for any order of the needs. */
	rules: NetworkRule[]
	notes: Note[]
	/** What no list covers: `egress/tcp`, `resolve` … Sorted; such a part can never become ready. */
	openEnded: string[]
}

/** What makes a rule out of the needs that it stands for. */
export interface Shape {
	object: string
	why: string
	beyond: string
	unseenCount: number
	bits: number
	hazardRemoved: number
}

/** One rule for everything that several needs did: what was generalised is no program's own any more. */
export function ruleOfAll(shape: Shape, states: readonly BehaviourState[]): NetworkRule {
	const sources = sortedUnique(states.map((state) => state.source))
	return ruleOf(shape, states, sources.includes('') ? [] : sources)
}

/**
 * Rules for one object, one per set of verbs, each with the executables that used exactly these
 * verbs. What a source did within the verbs of nobody in particular is covered by those.
 */
export function rulesBySource(shape: Shape, states: readonly BehaviourState[]): NetworkRule[] {
	const [first] = states
	if (first && states.length === 1) return [ruleOf(shape, states, first.source === '' ? [] : [first.source])]
	const bySource = new Map<string, BehaviourState[]>()
	for (const state of states) {
		const same = bySource.get(state.source)
		if (same) same.push(state)
		else bySource.set(state.source, [state])
	}
	const anybody = bySource.get('') ?? []
	const anybodyMay = new Set(anybody.map((state) => state.verb))
	const groups = new Map<string, BehaviourState[]>()
	for (const [source, own] of bySource) {
		const verbs = verbsOf(own)
		if (source === '') continue
		if (verbs.every((verb) => anybodyMay.has(verb))) anybody.push(...own)
		else groups.set(verbs.join(), [...(groups.get(verbs.join()) ?? []), ...own])
	}
	const rules = [...groups.values()].map((own) =>
		ruleOf(shape, own, sortedUnique(own.map((state) => state.source)))
	)
	if (anybody.length > 0) rules.push(ruleOf(shape, anybody, []))
	return rules
}

/** The order of rules: by object, access and sources. */
export function compareRules(a: NetworkRule, b: NetworkRule): number {
	return (
		compareText(a.object, b.object) ||
		compareText(a.access.join(), b.access.join()) ||
		compareText(a.sources.join('\0'), b.sources.join('\0'))
	)
}

/** `5 addresses`, `1 port`. */
export function counted(count: number, what: string): string {
	return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : what.endsWith('s') ? 'es' : 's'}`
}

function ruleOf(shape: Shape, states: readonly BehaviourState[], sources: string[]): NetworkRule {
	return {
		effect: 'allow',
		object: shape.object,
		access: verbsOf(states),
		sources,
		covers: [...states].sort(compareCovered),
		why: shape.why,
		beyond: shape.beyond,
		origin: 'observed',
		entries: 1,
		unseenCount: shape.unseenCount,
		bits: shape.bits,
		hazardRemoved: shape.hazardRemoved
	}
}

function verbsOf(states: readonly BehaviourState[]): Verb[] {
	const [first] = states
	if (first && states.length === 1) return [first.verb]
	return [...new Set(states.map((state) => state.verb))].sort(compareText)
}

function compareCovered(a: BehaviourState, b: BehaviourState): number {
	return (
		compareText(a.object, b.object) ||
		compareText(a.verb, b.verb) ||
		compareText(a.source, b.source) ||
		compareText(a.raw, b.raw)
	)
}

function sortedUnique(texts: readonly string[]): string[] {
	return [...new Set(texts)].sort(compareText)
}
