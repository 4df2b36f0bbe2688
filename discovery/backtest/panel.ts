import type { Verb } from '../../collector/observation.js'
import type { Context, Judge, Language, Verdict } from '../languages/language.js'
import { LANGUAGES } from '../languages/registry.js'
import type { Reached } from './ends.js'

/** What all manifests together say of one act. */
export interface Judged {
	verdict: Verdict['verdict']
	/** True when it may have been allowed: somebody who is let in may have been the peer. */
	isUnsure: boolean
	/** The language and the rule that decided; '' where everything allows it. */
	language: string
	rule: string
}

/** All manifests, in all their languages, at one place. */
export interface Panel {
	judge(verb: Verb, source: string, reached: readonly Reached[]): Judged
}

/** Manifests of any languages, read once; a place that none of them selects has no panel. */
export function preparePanels(
	manifests: readonly Record<string, unknown>[]
): (place: Context) => Panel | null {
	const languages = LANGUAGES.map((language) => ({
		name: language.name,
		at: language.prepare(ofKinds(manifests, language))
	}))
	return (place) => {
		const judges: Seat[] = []
		for (const { name, at } of languages) {
			const judge = at(place)
			if (judge) judges.push({ language: name, judge })
		}
		return judges.length === 0
			? null
			: { judge: (verb, source, reached) => together(judges, verb, source, reached) }
	}
}

/** The language that reads this kind of object, or undefined. */
export function languageOfKind(kind: unknown): Language | undefined {
	return LANGUAGES.find((language) => language.kinds.some((known) => known === kind))
}

interface Seat {
	language: string
	judge: Judge
}

function ofKinds(
	manifests: readonly Record<string, unknown>[],
	language: Language
): Record<string, unknown>[] {
	return manifests.filter((manifest) => language.kinds.some((kind) => kind === manifest.kind))
}

/** The verdict where nothing speaks against it. */
export const ALLOWED: Judged = { verdict: 'allow', isUnsure: false, language: '', rule: '' }

/**
 * Enforcers add up: what one of them blocks is blocked. What an object stands for may be several things:
 * then the strictest verdict counts, and it is unsure when another of them would have been let through.
 */
function together(seats: readonly Seat[], verb: Verb, source: string, reached: readonly Reached[]): Judged {
	let strictest = ALLOWED
	let mildest = SEVERITY.block
	for (const { object, where } of reached) {
		let here = ALLOWED
		for (const { language, judge } of seats) {
			const { verdict, rule, isUnsure = false } = judge({ verb, object, source }, where)
			if (verdict === 'allow') continue
			const said = { verdict, isUnsure, language, rule }
			if (severityOf(said) > severityOf(here)) here = said
		}
		if (severityOf(here) > severityOf(strictest)) strictest = here
		mildest = Math.min(mildest, severityOf(here))
	}
	const isMixed = reached.length > 1 && strictest.verdict === 'block' && mildest < SEVERITY.audit
	return isMixed ? { ...strictest, isUnsure: true } : strictest
}

const SEVERITY = { allow: 0, audit: 1, unsure: 2, block: 3 }

function severityOf({ verdict, isUnsure }: Judged): number {
	return verdict === 'block' && isUnsure ? SEVERITY.unsure : SEVERITY[verdict]
}
