import type { Class, Verb } from '../../collector/observation.js'
import { compareText, type Observed } from '../behaviour.js'
import type { Note, Rule, RuleEvidence } from '../policy.js'

/** An observation whose network peer has been resolved; `raw` is the object as it was seen. */
export interface Sighted extends Observed {
	raw: string
}

export interface Learned {
	/** Sorted by object, access and sources; the same for any order of the observations. */
	rules: Rule[]
	/** `evidence[i]` belongs to `rules[i]`. */
	evidence: RuleEvidence[]
	notes: Note[]
}

/**
 * The rules that a workload needs in one class: exactly what it was seen to do, no more.
 * Objects arrive with typed tokens already in them (`/proc/<pid>/stat`), and those are the
 * only generalisation. Pure, and independent of order, batching and duplication.
 *
 * `observations` are those of all classes, because an exec implies that its program is read.
 * `form` says where they come from: in a container, what happened in an interactive session
 * (`kubectl exec`) is a person's doing and never the workload's need.
 */
export function learn(observations: readonly Sighted[], of: Class, form: 'container' | 'host'): Learned {
	const trusted = observations.filter((seen) => isTrusted(seen, form))
	const needs = trusted.filter((seen) => seen.class === of)
	if (of === 'file-read' && needs.length > 0) needs.push(...impliedReads(trusted))
	const rules = groupBySources(needs)
	rules.sort((a, b) => compareRules(a.rule, b.rule))
	return {
		rules: rules.map(({ rule }) => rule),
		evidence: rules.map(({ rule, seen }) => evidenceOf(rule, seen)),
		notes: notesOn(observations, trusted, of, form)
	}
}

/**
 * A denied attempt is evidence of an attempt, never of a need (an attacker's denied exec must
 * not enter the next policy), and a failed one (ENOENT …) needed nothing.
 */
export function isTrusted(seen: Sighted, form: 'container' | 'host'): boolean {
	return seen.result === 'allowed' && !(form === 'container' && seen.interactive)
}

/**
 * Exec opens the program for reading, before any system call of the new program, so sources
 * that watch system calls never report it; an enforcer that hooks file_open asks all the same.
 */
function impliedReads(trusted: readonly Sighted[]): Sighted[] {
	return trusted
		.filter((seen) => seen.verb === 'exec')
		.map((seen) => ({ ...seen, class: 'file-read', verb: 'read', required: true }))
}

interface RuleSeen {
	rule: Rule
	seen: Sighted[]
}

/** One rule per object, set of verbs and set of sources that used exactly these verbs. */
function groupBySources(needs: readonly Sighted[]): RuleSeen[] {
	const byObject = new Map<string, Map<string, Sighted[]>>()
	for (const seen of needs) {
		// Whoever executes a program makes the kernel read it; which executable that was means nothing.
		const source = seen.required ? '' : seen.source
		const bySource = byObject.get(seen.object) ?? new Map<string, Sighted[]>()
		byObject.set(seen.object, bySource)
		bySource.set(source, [...(bySource.get(source) ?? []), seen])
	}
	return [...byObject].flatMap(([object, bySource]) => rulesOfObject(object, bySource))
}

function rulesOfObject(object: string, bySource: Map<string, Sighted[]>): RuleSeen[] {
	// A source that is unknown may be any executable; what others did within its verbs is covered by it.
	const anybody = bySource.get('') ?? []
	const anybodyMay = new Set(anybody.map((seen) => seen.verb))
	const groups = new Map<string, { sources: string[]; seen: Sighted[] }>()
	for (const [source, seen] of bySource) {
		const verbs = verbsOf(seen)
		if (source !== '' && verbs.every((verb) => anybodyMay.has(verb))) anybody.push(...seen)
		else if (source !== '') {
			const group = groups.get(verbs.join()) ?? { sources: [], seen: [] }
			groups.set(verbs.join(), group)
			group.sources.push(source)
			group.seen.push(...seen)
		}
	}
	const rules = [...groups.values()]
	if (anybody.length > 0) rules.push({ sources: [], seen: anybody })
	return rules.map(({ sources, seen }) => ({
		rule: { effect: 'allow', object, access: verbsOf(seen), sources: sources.sort(compareText) },
		seen
	}))
}

function verbsOf(seen: readonly Sighted[]): Verb[] {
	return [...new Set(seen.map((one) => one.verb))].sort(compareText)
}

function compareRules(a: Rule, b: Rule): number {
	return (
		compareText(a.object, b.object) ||
		compareText(a.access.join(), b.access.join()) ||
		compareText(a.sources.join('\0'), b.sources.join('\0'))
	)
}

const COVERS_MAX = 256
const SAMPLES_MAX = 3
const PODS_MAX = 4

function evidenceOf(rule: Rule, seen: readonly Sighted[]): RuleEvidence {
	const covers = coversOf(seen)
	const hours = new Set<number>()
	for (const one of seen) {
		for (let hour = 0; hour < 24; hour++) if (one.hours & (1 << hour)) hours.add(one.day * 24 + hour)
	}
	return {
		covers: covers.slice(0, COVERS_MAX),
		coveredCount: covers.length,
		count: seen.reduce((sum, one) => sum + one.count, 0),
		firstMs: seen.reduce((first, one) => Math.min(first, one.firstMs), Infinity),
		lastMs: seen.reduce((last, one) => Math.max(last, one.lastMs), -Infinity),
		hourCount: hours.size,
		dayCount: new Set(seen.map((one) => one.day)).size,
		pods: sortedUnique(seen.flatMap((one) => one.pods)).slice(0, PODS_MAX),
		versions: sortedUnique(seen.map((one) => one.version)),
		samples: sortedUnique(seen.map((one) => one.detail)).slice(0, SAMPLES_MAX),
		required: seen.some((one) => one.required),
		interactive: seen.every((one) => one.interactive),
		why: whyOf(rule, seen),
		beyond: beyondOf(rule)
	}
}

function coversOf(seen: readonly Sighted[]): RuleEvidence['covers'] {
	const covers = new Map<string, RuleEvidence['covers'][number]>()
	for (const { raw, verb, source, count } of seen) {
		const key = `${raw}\0${verb}\0${source}`
		const known = covers.get(key)
		if (known) known.count += count
		else covers.set(key, { object: raw, verb, source, count })
	}
	return [...covers.values()].sort(
		(a, b) =>
			compareText(a.object, b.object) || compareText(a.verb, b.verb) || compareText(a.source, b.source)
	)
}

/** Tokens that observations may carry, with what they stand for. */
const TOKENS: readonly [token: string, stands: string][] = [
	['<pid>', 'any process id'],
	['<container>', 'any container id'],
	['<uid>', 'any pod UID'],
	['<any>', 'any file directly in this directory, because it held too many names to keep them']
]

export const PROBE_WHY =
	'The kubelet runs it by itself: the pod declares it as an exec probe or lifecycle hook of this container.'

function whyOf(rule: Rule, seen: readonly Sighted[]): string {
	if (seen.every((one) => one.required))
		return 'Exec itself opens it: the program, its loader or its interpreter.'
	if (seen.some((one) => one.isProbe)) return PROBE_WHY
	const tokens = TOKENS.filter(([token]) => rule.object.includes(token))
	if (tokens.length > 0)
		return `${tokens.map(([token, stands]) => `${token} stands for ${stands}`).join('; ')}.`
	const raws = sortedUnique(seen.map((one) => one.raw))
	const first = raws[0] ?? rule.object
	if (rule.object !== first && !rule.object.includes('/cidr:')) {
		const others = raws.length > 1 ? ` and ${raws.length - 1} more` : ''
		return `The inventory says who ${first}${others} was at that time.`
	}
	return 'Exactly what was seen.'
}

function beyondOf(rule: Rule): string {
	if (rule.object.includes('<any>')) return 'Files in this directory that were never seen.'
	if (rule.object.includes('<')) return 'The same file of other processes, containers or pods.'
	return ''
}

function notesOn(
	observations: readonly Sighted[],
	trusted: readonly Sighted[],
	of: Class,
	form: 'container' | 'host'
): Note[] {
	const notes: Note[] = []
	const ofClass = observations.filter((seen) => seen.class === of)
	const denied = new Set(ofClass.filter((seen) => seen.result === 'denied').map(identity))
	if (denied.size > 0) {
		notes.push({
			code: 'learn.denied',
			severity: 'info',
			text: `${counted(denied.size, 'denied attempt')} left out: an attempt is not a need.`
		})
	}
	const interactive = ofClass.filter((seen) => seen.result === 'allowed' && seen.interactive).map(identity)
	const held = new Set(form === 'container' ? interactive : [])
	for (const seen of trusted) held.delete(identity(seen))
	if (held.size > 0) {
		notes.push({
			code: 'learn.interactive',
			severity: 'warning',
			text: `${counted(held.size, 'behaviour')} seen only in interactive sessions left out: a person did that, not the workload.`
		})
	}
	const execs = trusted.some((seen) => seen.verb === 'exec')
	if (of === 'file-read' && execs && !trusted.some((seen) => seen.class === of && seen.required)) {
		notes.push({
			code: 'learn.loader-unseen',
			severity: 'warning',
			text: 'No source reported what exec itself opens, so dynamic loaders and script interpreters may be missing; watch it with Whittle’s kernel source, or keep this class in audit.'
		})
	}
	return notes
}

function identity(seen: Sighted): string {
	return `${seen.verb}\0${seen.object}\0${seen.source}`
}

function counted(count: number, what: string): string {
	return count === 1 ? `1 ${what} was` : `${count} ${what}s were`
}

function sortedUnique(values: readonly string[]): string[] {
	return [...new Set(values)].filter((value) => value !== '').sort(compareText)
}
