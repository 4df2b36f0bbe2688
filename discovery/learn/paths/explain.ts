import type { PathOptions } from './facts.js'
import type { FileRule, TokenProof } from './facts.js'
import type { Draft } from './draft.js'
import type { Novelty } from './novelty.js'
import type { Programme } from './programme.js'
import type { Site } from './site.js'
import type { Sourced } from './sources.js'
import { pathOf, type PathNode } from './trie.js'
import type { Walls } from './walls.js'
import type { BehaviourState, FileList } from '../state.js'

/** What explanations are made of, besides the rule. */
export interface Setting {
	options: PathOptions
	exposedHours: number
	files: FileList | null
	walls: Walls
	programme: Programme
	/** The price of entries was raised until the policy fitted. */
	isSqueezed: boolean
}

/** A rule with its numbers and its sentence; `entries` are counted by the caller. */
export function explained(draft: Draft, rule: Sourced, entries: number, setting: Setting): FileRule {
	const base: FileRule = {
		class: draft.class,
		effect: 'allow',
		object: draft.object,
		access: rule.access,
		sources: rule.sources,
		covers: rule.states,
		why: '',
		beyond: '',
		entries,
		unseenCount: 0,
		bits: 0,
		costKeep: 0,
		costRule: 0,
		hazardRemoved: 0,
		exactBlocksExpected: 0,
		wallCount: 0,
		tokens: draft.object.includes('<') ? tokensOf(draft.node) : [],
		isOpen: draft.node.isOpen && draft.choice !== null
	}
	const shaped = draft.choice === null ? exactRule(base, rule) : directoryRule(base, draft, setting)
	shaped.why += OPENNESS[rule.openness]
	return shaped
}

const OPENNESS: Readonly<Record<Sourced['openness'], string>> = {
	'': '',
	library: ' Libraries are open to any program.',
	novelty: ' Open to any program: naming those that used it would gain less than it costs.'
}

function exactRule(rule: FileRule, { states }: Sourced): FileRule {
	if (states.every((state) => state.required)) {
		return { ...rule, why: 'Exec itself opens it: the program, its loader or its interpreter.' }
	}
	if (!rule.object.includes('<')) return { ...rule, why: 'Exactly what was seen.' }
	const proofs = rule.tokens.map(proofSentence)
	const carried = proofs.length === 0 ? [carriedSentence(rule.object)] : proofs
	const beyond = rule.object.endsWith('<any>')
		? 'Files in this directory that were never seen.'
		: 'Names of the same kind that were never seen.'
	return { ...rule, why: carried.join(' '), beyond }
}

function proofSentence({ path, memberCount, gainBits }: TokenProof): string {
	const what = `${path} stands for ${memberCount} names of one kind`
	return gainBits > 0
		? `${what}: new ones keep appearing, and telling them by their kind takes ${Math.round(gainBits)} bits less.`
		: `${what}.`
}

const CARRIED: Readonly<Record<string, string>> = {
	'<pid>': 'any process id',
	'<container>': 'any container id',
	'<uid>': 'any pod UID',
	'<any>': 'any file directly in this directory, because it held too many names to keep them'
}

function carriedSentence(object: string): string {
	const tokens = [...new Set(object.match(/<[a-z]+>/g))]
	return `${tokens.map((token) => `${token} stands for ${CARRIED[token] ?? 'a made-up name'}`).join('; ')}.`
}

function tokensOf(node: PathNode): TokenProof[] {
	const proofs: TokenProof[] = []
	for (let at: PathNode | null = node; at; at = at.parent) {
		if (at.token) proofs.unshift({ path: pathOf(at), ...at.token })
	}
	return proofs
}

function directoryRule(rule: FileRule, draft: Draft, setting: Setting): FileRule {
	const { programme, options, walls } = setting
	const choice = draft.choice ?? 'read-any'
	const site = programme.siteOf(draft.node)
	const granted = site.bits[choice]
	const costs = programme.costsOf(draft.node, draft.within, choice)
	const hazard = removedHazard(choice, site)
	const numbers: FileRule = {
		...rule,
		unseenCount: granted?.unseenCount ?? 0,
		bits: granted?.bits ?? 0,
		costKeep: costs.keep,
		costRule: costs.rule,
		hazardRemoved: hazard * 1000,
		exactBlocksExpected: hazard * options.hf,
		wallCount: options.walls ? walls.count : 0
	}
	return { ...numbers, why: directorySentence(numbers, hazard, setting), beyond: beyondOf(numbers, setting) }
}

function removedHazard(choice: string, { novelty, total }: Site): number {
	if (choice === 'write-all') return total.all
	if (choice === 'read-all') return Math.max(0, total.all - total.writes)
	return Math.max(0, novelty.all - leftBy(choice, novelty))
}

function leftBy(choice: string, novelty: Novelty): number {
	return choice === 'write-any'
		? novelty.folders
		: novelty.folders + Math.max(0, novelty.writes - novelty.folderWrites)
}

/** `Directory /app/cache/ (rw): 412 distinct files in 71 of 72 h; a new name every 1.0 h; …` */
function directorySentence(rule: FileRule, hazard: number, setting: Setting): string {
	const recursive = rule.object.endsWith('<all>')
	const directory = rule.object.slice(0, rule.object.lastIndexOf('<'))
	const access = rule.class === 'file-write' ? 'rw' : 'r'
	const names = new Set(rule.covers.map((state) => state.object)).size
	const hours = hourCountOf(rule.covers)
	const parts = [
		`Directory ${directory} (${access}${recursive ? ', with what is below' : ''}): ${counted(names, 'distinct file')} in ${hours} of ${Math.max(hours, setting.exposedHours)} h`
	]
	if (rule.isOpen) parts.push('open-ended: more names than can be kept')
	if (hazard > 0) {
		parts.push(`a new name every ${rounded(1 / hazard)} h`)
		parts.push(
			`an exact list would cause ~${rounded(rule.exactBlocksExpected)} false blocks in ${rounded(setting.options.hf / 24)} d`
		)
	} else {
		parts.push(
			setting.isSqueezed
				? `an exact list would not fit ${setting.options.budget} entries`
				: 'an exact list would cost more entries than it saves permission'
		)
	}
	parts.push(`${setting.files ? 'grants' : 'grants an assumed'} ${counted(rule.unseenCount, 'unseen file')}`)
	parts.push(setting.options.walls ? 'no sensitive object below' : 'sensitive objects were not looked at')
	return `${parts.join('; ')}.`
}

function beyondOf(rule: FileRule, { files }: Setting): string {
	const directory = rule.object.slice(0, rule.object.lastIndexOf('<'))
	const where = rule.object.endsWith('<all>') ? 'anywhere below' : 'directly in'
	const how = files ? `by ${files.origin}` : 'assumed: nobody listed them'
	return `${counted(rule.unseenCount, 'file')} ${where} ${directory} that ${rule.unseenCount === 1 ? 'was' : 'were'} never seen used (${how}).`
}

/** Distinct hours in which any of it was seen, as far as days are kept. */
function hourCountOf(states: readonly BehaviourState[]): number {
	const days = new Map<number, number>()
	const few = new Set<number>()
	for (const { daily, hours } of states) {
		for (let at = 0; at + 1 < daily.length; at += 3) {
			const day = daily[at] ?? 0
			days.set(day, (days.get(day) ?? 0) | (daily[at + 1] ?? 0))
		}
		for (const hour of hours) few.add(hour)
	}
	let count = 0
	for (const mask of days.values()) {
		for (let rest = mask; rest !== 0; rest &= rest - 1) count++
	}
	return Math.max(count, few.size)
}

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? '' : 's'}`
}

function rounded(value: number): string {
	return value >= 10 ? String(Math.round(value)) : value.toFixed(1)
}
