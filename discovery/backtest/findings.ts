import type { Class, Verb } from '../../collector/observation.js'
import { compareText, type Observed } from '../behaviour.js'
import type { Verdict } from '../languages/language.js'
import type { Actor, Deed } from './history.js'
import type { Judged } from './panel.js'

/**
 * `block` and `audit`: what the policies would have done to something that the workload did. `unsure`: it
 * may have been blocked, and nobody can say. `set-aside`: blocked, and no need of the workload (a person did
 * it). `denied`: an attempt that was denied when it happened: never a false block, whatever the policies say.
 */
export type FindingKind = 'block' | 'audit' | 'unsure' | 'set-aside' | 'denied'

export const FINDING_KINDS: readonly FindingKind[] = ['block', 'audit', 'unsure', 'set-aside', 'denied']

/** One behaviour that the policies would not have let pass, or that was denied already. */
export interface Finding {
	kind: FindingKind
	workloadId: number
	workload: string
	class: Class
	verb: Verb
	object: string
	source: string
	/** `allow` only for denied attempts. */
	verdict: Verdict['verdict']
	/** The language and the rule or posture that decided; '' where all allow it. */
	language: string
	rule: string
	count: number
	firstMs: number
	lastMs: number
	hourCount: number
	dayCount: number
	/** The smallest eight that are known. */
	pods: string[]
	/** Why it may have been otherwise, or why it does not count; '' for nothing of that. */
	reason: string
}

/** A finding before its rows were looked at. */
export interface Candidate {
	kind: FindingKind
	actor: Actor
	deed: Deed
	judged: Judged
	reason: string
	count: number
	rowCount: number
	firstMs: number
	lastMs: number
	/** Where only some rows of the deed are meant: these. */
	occurrences?: readonly Observed[]
}

/** Keeps the candidates that matter most, of each kind so many, and counts them all. */
export interface Shelf {
	add(candidate: Candidate): void
	/** By kind; within a kind what was seen most often first. */
	best(): Candidate[]
	countOf(kind: FindingKind): number
}

export function createShelf(limit: number): Shelf {
	const kept = new Map<FindingKind, Candidate[]>(FINDING_KINDS.map((kind) => [kind, []]))
	const counts = new Map<FindingKind, number>()
	return {
		add(candidate) {
			const list = kept.get(candidate.kind) ?? []
			list.push(candidate)
			counts.set(candidate.kind, (counts.get(candidate.kind) ?? 0) + 1)
			// Now and then, so that a million findings cost neither memory nor a sort each.
			if (list.length >= 4 * limit + 64) list.sort(byWeight).splice(limit)
		},
		best: () => FINDING_KINDS.flatMap((kind) => (kept.get(kind) ?? []).sort(byWeight).slice(0, limit)),
		countOf: (kind) => counts.get(kind) ?? 0
	}
}

/** The finding, with what its rows say. */
export function findingOf(candidate: Candidate, occurrences: readonly Observed[]): Finding {
	const { kind, actor, deed, judged, reason, count, firstMs, lastMs } = candidate
	const masks = new Map<number, number>()
	for (const { day, hours } of occurrences) masks.set(day, (masks.get(day) ?? 0) | hours)
	let hourCount = 0
	for (const mask of masks.values()) hourCount += bitCount(mask)
	const pods = [...new Set(occurrences.flatMap((one) => one.pods))].sort(compareText).slice(0, PODS_MAX)
	return {
		kind,
		workloadId: actor.id,
		workload: actor.name,
		class: deed.class,
		verb: deed.verb,
		object: deed.object,
		source: deed.source,
		verdict: judged.verdict,
		language: judged.language,
		rule: judged.rule,
		count,
		firstMs,
		lastMs,
		hourCount,
		dayCount: masks.size,
		pods,
		reason
	}
}

const PODS_MAX = 8

/** How many bits of a mask of hours are set. */
export function bitCount(mask: number): number {
	let count = 0
	for (let rest = mask; rest !== 0; rest &= rest - 1) count++
	return count
}

function byWeight(a: Candidate, b: Candidate): number {
	return (
		b.rowCount - a.rowCount ||
		b.count - a.count ||
		compareText(a.actor.name, b.actor.name) ||
		compareText(a.deed.object, b.deed.object) ||
		compareText(a.deed.verb, b.deed.verb) ||
		compareText(a.deed.source, b.deed.source)
	)
}
