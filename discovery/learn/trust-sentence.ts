import type { Verb } from '../../collector/observation.js'
import type { BundleSeed } from './bundle.js'
import type { Doubt } from './program.js'
import type { BehaviourState, FileList } from './state.js'
import type { Cause, Decision } from './trust.js'

/** What a held item's sentence is made of, beside the item itself. */
export interface HeldFacts {
	support: number
	need: number
	doubt?: Doubt | undefined
	decision?: Decision | undefined
	files?: FileList | null
	seed?: BundleSeed
}

/** What is held, why, and what a person can do about it. */
export function heldSentence(state: BehaviourState, cause: Exclude<Cause, ''>, facts: HeldFacts): string {
	const what = subjectOf(state)
	const did = DONE[state.verb]
	switch (cause) {
		case 'rejected':
			return `held: ${facts.decision?.actor ?? 'a person'} judged malicious that ${what} was ${did}; answer “needed” to learn it after all.`
		case 'interactive':
			return `held: ${what} was ${did} only from an interactive session${inPod(state)}; approve it if the workload itself needs it.`
		case 'not-in-image':
			return `held: ${doubtClause(state, facts)}; approve it if you put it there.`
		case 'sensitive':
			return `held: ${what} is sensitive, was ${did} on ${daysOf(state)}, and no other workload of this image needed it; approve it if this one does.`
		case 'support':
			return `held: ${what} was ${did} on ${daysOf(state)}${inPod(state)} (support ${facts.support} of ${facts.need}); seen again on another day or in another pod it is learned, or approve it.`
		case 'bundle':
			return `held: ${what} was first ${did} in the same hour and by the same processes as something that is held (${facts.seed ? seedClause(facts.seed) : 'another item'}); judge them together.`
	}
}

const DONE: Readonly<Record<Verb, string>> = {
	exec: 'run',
	read: 'read',
	list: 'listed',
	write: 'written',
	create: 'created',
	delete: 'deleted',
	rename: 'renamed',
	link: 'linked',
	chmod: 'changed in mode',
	chown: 'changed in owner',
	mkdir: 'made',
	mknod: 'made',
	truncate: 'truncated',
	setattr: 'changed',
	connect: 'connected to',
	send: 'sent to',
	bind: 'bound',
	listen: 'listened on',
	accept: 'accepted from',
	resolve: 'looked up',
	request: 'requested',
	capability: 'used',
	ptrace: 'used',
	mount: 'mounted',
	namespace: 'entered',
	module: 'loaded',
	'raw-socket': 'opened',
	bpf: 'used',
	setuid: 'used'
}

/** Objects of these verbs are single words that say little alone. */
const NAMED_BY_VERB: ReadonlySet<Verb> = new Set<Verb>([
	'ptrace',
	'namespace',
	'raw-socket',
	'bpf',
	'setuid',
	'module'
])

function subjectOf({ verb, object }: BehaviourState): string {
	return NAMED_BY_VERB.has(verb) ? `${verb} ${object}` : object
}

function doubtClause(state: BehaviourState, { doubt, files }: HeldFacts): string {
	const program = doubt?.program ?? state.source
	const by =
		state.verb === 'exec' && program === state.object ? '' : `${subjectOf(state)} was ${DONE[state.verb]} by `
	switch (doubt?.why) {
		case 'written':
			return `${by}${program}${by === '' ? '' : ', which'} was written by this workload before or while it ran`
		case 'temporary':
			return `${by}${program}${by === '' ? '' : ', which'} lies where nothing is installed, only dropped`
		case 'unknown':
			return `${by}${program}${by === '' ? '' : ', which'} cannot be checked against the image by its name`
		default:
			return `${by}${program}${by === '' ? '' : ', which'} is not among the files of ${files?.origin ?? 'the image'}, so it came later`
	}
}

function seedClause({ state, cause }: BundleSeed): string {
	const what = `${subjectOf(state)} ${DONE[state.verb]}`
	if (cause === 'interactive') return `${what} from an interactive session`
	return cause === 'rejected'
		? `${what}, which a person judged malicious`
		: `${what} by a program that came later`
}

function daysOf({ dayCount }: BehaviourState): string {
	return dayCount === 1 ? '1 day' : `${dayCount} days`
}

function inPod({ pods }: BehaviourState): string {
	const [first] = pods
	if (first === undefined || first === '') return ''
	return pods.length === 1 ? ` in pod ${first}` : ` in pod ${first} and ${pods.length - 1} more`
}
