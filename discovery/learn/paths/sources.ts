import type { Verb } from '../../../collector/observation.js'
import { compareText } from '../../behaviour.js'
import { isSensitive } from '../sensitive.js'
import { isInterpreter } from '../sensitive-programs.js'
import type { BehaviourState } from '../state.js'
import type { PathOptions } from './facts.js'
import { exposureHours, type Watched } from './novelty.js'
import { EXEC_WEIGHT, placeWeight, READ_WEIGHT, WRITE_WEIGHT } from './weight.js'

/** Behaviours of one object and class, before it is said who may do them. */
export interface Unsourced {
	class: 'process' | 'file-read' | 'file-write'
	object: string
	states: BehaviourState[]
}

/** One rule's programs (none: any program) with what they did. */
export interface Sourced {
	sources: string[]
	access: Verb[]
	states: BehaviourState[]
	/** Why the rule names no program although some are known; '' otherwise. */
	openness: '' | 'library' | 'novelty'
}

export interface SourceSetting extends Watched {
	options: PathOptions
	mu: number
	/** How many programs the workload is known to have. */
	executableCount: number
	/** Sources of the rules in force, by class and object: what is as good stays. */
	previous: ReadonlyMap<string, boolean>
}

/**
 * Says which programs a rule is for. Naming them forbids the object to all others, which is worth more
 * the more sensitive the object and the more others there are; it costs map entries, and a false block
 * whenever another program comes to need it. Credentials always name their programs, libraries never do.
 * A program outside the image is held before it comes here; if a person let it in, it is named.
 */
export function sourcedRules(rule: Unsourced, setting: SourceSetting): Sourced[] {
	const bySource = new Map<string, BehaviourState[]>()
	for (const state of rule.states) {
		// Whoever executes a program makes the kernel read it; which executable that was means nothing.
		const source = state.required ? '' : state.source
		const known = bySource.get(source)
		if (known) known.push(state)
		else bySource.set(source, [state])
	}
	if (bySource.size === 1 && bySource.has('')) return [whole(rule.states, '')]
	const openness = bySource.has('') ? '' : opennessOf(rule, bySource, setting)
	return openness === '' ? groupsOf(bySource) : [whole(rule.states, openness)]
}

/** A key for what is known of a rule in force. */
export function sourceKey(of: string, object: string): string {
	return `${of} ${object}`
}

function whole(states: BehaviourState[], openness: Sourced['openness']): Sourced {
	return { sources: [], access: verbsOf(states), states, openness }
}

/** What is as good as what is in force (within 5 %) does not replace it. */
const STABLE = 1.05
/** An interpreter does what it is told: to name it says little about who asked. */
const INTERPRETER_WEIGHT = 0.25

function opennessOf(
	rule: Unsourced,
	bySource: ReadonlyMap<string, BehaviourState[]>,
	setting: SourceSetting
): Sourced['openness'] {
	const { object } = rule
	if (isSensitive(object, rule.class === 'file-write' ? 'write' : 'read')) return ''
	if (rule.class === 'file-read' && LIBRARY.test(object)) return 'library'
	const { options, mu, executableCount } = setting
	const names = [...bySource.keys()]
	const alpha =
		rule.class === 'process' ? EXEC_WEIGHT : rule.class === 'file-write' ? WRITE_WEIGHT : READ_WEIGHT
	const weight = placeWeight(object) * (names.some(isInterpreter) ? INTERPRETER_WEIGHT : 1)
	// One more than those that are known: a program that was never seen (Laplace).
	const others = Math.max(0, executableCount - names.length) + 1
	const gain = options.lambda * alpha * weight * Math.log2(1 + others)
	const entries = object.includes('<') ? 2 : 1
	const price = mu * entries * (names.length - 1) + options.cfb * options.hf * sourceHazard(bySource, setting)
	const wasNamed = setting.previous.get(sourceKey(rule.class, object))
	const factor = wasNamed === undefined ? 1 : wasNamed ? STABLE : 1 / STABLE
	return gain * factor > price ? '' : 'novelty'
}

const LIBRARY = /^\/(?:usr\/(?:local\/)?)?lib(?:32|64|x32)?\/.*\.so(?:\.[\d.]+)?$/

/**
 * How often another program came to use the rule's object, per hour: programs that did so in one hour
 * only, which was not the object's first (leave-one-out, as for names).
 */
function sourceHazard(bySource: ReadonlyMap<string, BehaviourState[]>, setting: SourceSetting): number {
	const { a0 } = setting.options
	if (bySource.size < 2) return a0 / exposureHours(setting)
	let first = Infinity
	for (const states of bySource.values()) {
		for (const state of states) first = Math.min(first, state.hours[0] ?? Infinity)
	}
	const lone = new Set<number>()
	for (const states of bySource.values()) {
		const hours = new Set(states.flatMap((state) => state.hours))
		const [hour] = hours
		if (hours.size === 1 && hour !== undefined && hour !== first) lone.add(hour)
	}
	return (lone.size + a0) / exposureHours(setting)
}

/** Programs that did the same things share a rule; what an unknown program did, any program may. */
function groupsOf(bySource: ReadonlyMap<string, BehaviourState[]>): Sourced[] {
	const anybody = [...(bySource.get('') ?? [])]
	const anybodyMay = new Set(anybody.map((state) => state.verb))
	const groups = new Map<string, { sources: string[]; access: Verb[]; states: BehaviourState[] }>()
	for (const [source, states] of bySource) {
		if (source === '') continue
		const access = verbsOf(states)
		if (access.every((verb) => anybodyMay.has(verb))) {
			for (const state of states) anybody.push(state)
			continue
		}
		const key = access.join()
		const group = groups.get(key)
		if (group) {
			group.sources.push(source)
			for (const state of states) group.states.push(state)
		} else groups.set(key, { sources: [source], access, states: [...states] })
	}
	const rules = [...groups.values()].map((group): Sourced => {
		group.sources.sort(compareText)
		return { ...group, openness: '' }
	})
	if (anybody.length > 0) rules.push(whole(anybody, ''))
	return rules
}

function verbsOf(states: readonly BehaviourState[]): Verb[] {
	const [first] = states
	if (states.length === 1 && first) return [first.verb]
	return [...new Set(states.map((state) => state.verb))].sort(compareText)
}
