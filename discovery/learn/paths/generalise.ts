import { type Class, classOfVerb } from '../../../collector/observation.js'
import { compareText } from '../../behaviour.js'
import { entriesOf } from '../../languages/kubearmor/entries.js'
import type { Note, Rule } from '../../policy.js'
import type { BehaviourState } from '../state.js'
import { type Draft, type Drafted, draftsOf } from './draft.js'
import { explained } from './explain.js'
import { type FileRule, PATH_OPTIONS, type PathFacts, type PathOptions } from './facts.js'
import { directoryOf } from './object.js'
import { type Programme, programmeOf } from './programme.js'
import type { Choice } from './site.js'
import { type Sourced, sourcedRules, sourceKey } from './sources.js'
import { summarise, trieOf } from './trie.js'
import { typedSegments, typeNames } from './typing.js'
import { type Walls, wallsOf } from './walls.js'

/** The rules of the classes process, file-read and file-write, and what a person must know about them. */
export interface Generalised {
	/** Sorted by class, object, access and sources; the same for any order of the needs. */
	rules: FileRule[]
	/** Severity `refusal`: the rules do not cover everything, and must not be enforced as they are. */
	notes: (Note & { class: FileRule['class'] })[]
	/** Entries of KubeArmor's map that the rules take together. */
	entryCount: number
	/** The price per entry at which they fitted; above `mu` when the budget was tight. */
	mu: number
}

/** `generalise` without what is said besides the rules. */
export function generaliseFiles(needs: readonly BehaviourState[], facts: PathFacts): FileRule[] {
	return generalise(needs, facts).rules
}

/**
 * The rules that a workload's files need, as narrow as it can be without breaking tomorrow. Executions
 * stay exact. `needs` are trusted behaviours; those of other classes are ignored. Pure, and independent
 * of order and duplication.
 */
export function generalise(needs: readonly BehaviourState[], facts: PathFacts): Generalised {
	const options = { ...PATH_OPTIONS, ...facts.options }
	const execs = inOrder(needs.filter((need) => need.class === 'process'))
	const reads = needs.filter((need) => need.class === 'file-read')
	const files = [...reads, ...needs.filter((need) => need.class === 'file-write')]
	// Exec opens the program before any system call of the new one, and enforcers ask about that too.
	if (reads.length > 0) files.push(...execs.map(impliedRead))
	const walls = wallsOf(files, facts.files, facts.walls ?? [])
	const previous = facts.previous ?? []
	const root = trieOf(inOrder([...files, ...execs]))
	summarise(root)
	if (options.tokens) typeNames(root, typedSegments(previous.map((rule) => rule.object)), walls)
	const { exposedHours, startCount } = facts
	const programme = programmeOf(root, {
		options,
		exposedHours,
		startCount,
		files: facts.files,
		walls,
		previous: choicesOf(previous, files)
	})
	const sourceSetting = {
		options,
		exposedHours,
		startCount,
		executableCount: executableCount(needs),
		previous: sourcesOf(previous)
	}
	const execDrafts = exactDrafts(execs)
	const attempt = (mu: number): Attempt => {
		programme.solve(mu)
		const { drafts, openEnded } = draftsOf(root, programme)
		const sourced = [...execDrafts, ...drafts]
			.filter((draft) => draft.states.length > 0)
			.flatMap((draft) => sourcedRules(draft, { ...sourceSetting, mu }).map((rule) => ({ draft, rule })))
			.sort(compareRules)
		return { sourced, openEnded, mu, counts: countsOf(sourced, facts) }
	}
	const fitted = fit(attempt, options)
	return finished(fitted, { options, facts, walls, programme })
}

interface DraftedRule {
	draft: Draft
	rule: Sourced
}

interface Attempt {
	sourced: DraftedRule[]
	openEnded: Drafted['openEnded']
	mu: number
	counts: { each: number[]; total: number }
}

function impliedRead(exec: BehaviourState): BehaviourState {
	return { ...exec, class: 'file-read', verb: 'read', source: '', required: true }
}

/** Sums of fractions depend on their order in the last digit, so the order is always the same. */
function inOrder(needs: BehaviourState[]): BehaviourState[] {
	return needs.sort(
		(a, b) =>
			compareText(a.object, b.object) || compareText(a.verb, b.verb) || compareText(a.source, b.source)
	)
}

function executableCount(needs: readonly BehaviourState[]): number {
	const programs = new Set<string>()
	for (const { verb, object, source } of needs) {
		if (source !== '') programs.add(source)
		if (verb === 'exec') programs.add(object)
	}
	return programs.size
}

/** What the rules in force make of each directory, and of those around them. */
function choicesOf(previous: readonly Rule[], needs: readonly BehaviourState[]): Map<string, Choice> {
	// A directory that was observed as one was never a choice.
	const observed = new Set(needs.map((need) => need.object).filter((object) => object.endsWith('>')))
	const choices = new Map<string, Choice>()
	for (const rule of previous) {
		if (classOf(rule) === 'process') continue
		const path = directoryOf(rule.object)?.directory ?? rule.object
		for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
			const above = path.slice(0, end)
			if (!choices.has(above)) choices.set(above, 'keep')
			if (end === 0) break
		}
	}
	for (const rule of previous) {
		const whole = directoryOf(rule.object)
		if (!whole || rule.effect === 'deny' || observed.has(rule.object)) continue
		const write = classOf(rule) === 'file-write'
		const known = choices.get(whole.directory)
		if (write) choices.set(whole.directory, whole.recursive ? 'write-all' : 'write-any')
		else if (known !== 'write-all' && known !== 'write-any') {
			choices.set(whole.directory, whole.recursive ? 'read-all' : 'read-any')
		}
	}
	return choices
}

function sourcesOf(previous: readonly (Rule & { class?: Class })[]): Map<string, boolean> {
	return new Map(
		previous.map((rule) => [sourceKey(rule.class ?? classOf(rule), rule.object), rule.sources.length > 0])
	)
}

function classOf(rule: Rule): Class {
	const [verb] = rule.access
	return verb === undefined ? 'file-read' : classOfVerb[verb]
}

const NOWHERE = trieOf([])

/** Executions are never generalised: one draft per program. */
function exactDrafts(execs: readonly BehaviourState[]): Draft[] {
	const drafts = new Map<string, Draft>()
	for (const exec of execs) {
		const known = drafts.get(exec.object)
		if (known) known.states.push(exec)
		else {
			drafts.set(exec.object, {
				class: 'process',
				object: exec.object,
				states: [exec],
				node: NOWHERE,
				choice: null,
				within: 'nothing'
			})
		}
	}
	return [...drafts.values()]
}

/** Each round of the budget makes entries dearer by this factor (a Lagrange multiplier), so often at most. */
const DEARER = 1.6
const ROUNDS = 18

/**
 * The cheapest attempt that fits, found by halving: dearer entries buy wider directories and open rules that
 * name several programs, so what fits at one price fits at higher ones. If nothing helps, the rules stay as
 * narrow as they were first, and are refused. The attempt that is returned is always the last that was made.
 */
function fit(attempt: (mu: number) => Attempt, options: PathOptions): Attempt {
	const fits = ({ counts }: Attempt) => counts.total <= options.budget
	const inRound = (round: number) => attempt(options.mu * DEARER ** round)
	const first = inRound(0)
	// What is open-ended is refused whatever its price.
	if (first.openEnded.length > 0 || fits(first)) return first
	let last = inRound(ROUNDS)
	if (!fits(last)) return inRound(0)
	let [tooCheap, fitting, tried] = [0, ROUNDS, ROUNDS]
	while (fitting - tooCheap > 1) {
		tried = (tooCheap + fitting) >> 1
		last = inRound(tried)
		if (fits(last)) fitting = tried
		else tooCheap = tried
	}
	return tried === fitting ? last : inRound(fitting)
}

function countsOf(sourced: readonly DraftedRule[], facts: PathFacts): { each: number[]; total: number } {
	return entriesOf(
		sourced.map(({ draft, rule }) => ({
			class: draft.class,
			object: draft.object,
			access: rule.access,
			sources: rule.sources
		})),
		facts.form === 'host'
	)
}

function finished(
	{ sourced, openEnded, mu, counts }: Attempt,
	setting: { options: PathOptions; facts: PathFacts; walls: Walls; programme: Programme }
): Generalised {
	const { options, facts, walls, programme } = setting
	const notes: Generalised['notes'] = []
	const rules: FileRule[] = []
	for (const [index, { draft, rule }] of sourced.entries()) {
		const exposed = options.walls ? exposedBy(draft, walls) : null
		if (exposed !== null) {
			notes.push({
				class: draft.class,
				code: 'learn.beside-sensitive',
				severity: 'refusal',
				text: `${draft.object} held too many names to keep them, and a rule for all of them would cover ${exposed}: it is left out.`
			})
			continue
		}
		rules.push(
			explained(draft, rule, counts.each[index] ?? 0, {
				options,
				exposedHours: facts.exposedHours,
				files: facts.files,
				walls,
				programme,
				isSqueezed: mu > options.mu
			})
		)
	}
	for (const { path, class: of } of openEnded) {
		notes.push({
			class: of,
			code: 'learn.open-ended',
			severity: 'refusal',
			text: `${path}/ held more names than can be told one by one, and as a whole it may not be opened: what this workload does there is open-ended.`
		})
	}
	if (counts.total > options.budget && openEnded.length === 0) {
		notes.push(...budgetNotes(rules, counts.total, options.budget))
	}
	return { rules, notes, entryCount: counts.total, mu }
}

/** Said of files, whose rules could have been wider; of programs only where there are no files. */
function budgetNotes(rules: readonly FileRule[], count: number, budget: number): Generalised['notes'] {
	const classes = (['file-read', 'file-write'] as const).filter((of) =>
		rules.some((rule) => rule.class === of)
	)
	return (classes.length > 0 ? classes : (['process'] as const)).map((of) => ({
		class: of,
		code: 'learn.budget',
		severity: 'refusal',
		text: `The rules take ${count} entries and ${budget} fit: the paths that are left lie beside sensitive objects or in directories that are never opened as a whole.`
	}))
}

/** A collapsed directory that was observed as one (`/etc/<any>`) is no evidence for what lies in it. */
function exposedBy(draft: Draft, walls: Walls): string | null {
	if (draft.choice !== null) return null
	const whole = directoryOf(draft.object)
	if (!whole) return null
	return walls.within(whole.directory, whole.recursive, draft.class === 'file-write' ? 'write' : 'read')
}

function compareRules(a: DraftedRule, b: DraftedRule): number {
	return (
		compareText(a.draft.class, b.draft.class) ||
		compareText(a.draft.object, b.draft.object) ||
		compareText(a.rule.access.join(), b.rule.access.join()) ||
		compareText(a.rule.sources.join('\0'), b.rule.sources.join('\0'))
	)
}
