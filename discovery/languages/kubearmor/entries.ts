import type { Class, Verb } from '../../../collector/observation.js'
import { formOf } from './file-form.js'
import { directoryKeys, keyOf } from './rule-map.js'

/** What is counted of a rule. */
export interface Counted {
	class: Class
	object: string
	access: Verb[]
	sources: string[]
}

/**
 * How many entries of a container's map each rule of processes and files adds to those before it, by the
 * keys that KubeArmor itself would fill (`dirtoMap`). On a host a rule for any program names them all.
 */
export function entriesOf(rules: readonly Counted[], isHost: boolean): { each: number[]; total: number } {
	const keys = new Set<string>()
	const anySource = isHost ? everySource(rules) : ANY_SOURCE
	const each = rules.map((rule) => {
		const before = keys.size
		// In a container exec rules name no program: it would be compared with the parent.
		const isOpen = rule.sources.length === 0 || (rule.class === 'process' && !isHost)
		addKeys(keys, rule, isOpen ? anySource : rule.sources)
		return keys.size - before
	})
	return { each, total: keys.size }
}

const ANY_SOURCE: readonly string[] = ['']
/** Companions that are denied inside `/proc/`. */
const PROC_COMPANIONS = 5

function everySource(rules: readonly Counted[]): string[] {
	const named = new Set(rules.flatMap((rule) => rule.sources))
	for (const rule of rules) if (rule.class === 'process') named.add(rule.object)
	return named.size > 0 ? [...named] : ['']
}

function addKeys(keys: Set<string>, rule: Counted, sources: readonly string[]): void {
	const form = rule.object.includes('<') ? formOf(rule.object) : null
	for (const source of sources) {
		if (form === null) keys.add(keyOf(rule.object, source))
		else if (form.kind === 'directory') addDirectory(keys, form.directory, source)
		else if (form.kind === 'proc') {
			addDirectory(keys, '/proc/', source)
			for (let companion = 0; companion < PROC_COMPANIONS; companion++) {
				keys.add(`companion ${companion}\0${source}`)
			}
		}
	}
}

function addDirectory(keys: Set<string>, directory: string, source: string): void {
	const { asFile, hints } = directoryKeys(directory, source)
	keys.add(asFile).add(keyOf(directory, source))
	for (const hint of hints) keys.add(hint)
}
