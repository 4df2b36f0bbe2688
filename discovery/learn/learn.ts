import { CLASSES, type Class, type InventoryItem } from '../../collector/observation.js'
import { compareText } from '../behaviour.js'
import type { Note, Reckoning, Rule, RuleEvidence } from '../policy.js'
import { PROBE_WHY, type Sighted } from './exact.js'
import { type Item, itemOf } from './history.js'
import { learnNotes } from './learn-notes.js'
import { generaliseNetwork } from './network/network.js'
import { type NetworkRule, rulesBySource } from './network/rule.js'
import type { FileRule } from './paths/facts.js'
import { generalise } from './paths/generalise.js'
import type { Wall } from './paths/walls.js'
import { behaviourKey, type PoolView } from './pool.js'
import { ruleEvidence } from './rule-evidence.js'
import type { Sensitivity } from './sensitive.js'
import { type BehaviourState, type Exposure, type FileList, stateOf } from './state.js'
import { type Decision, type Judged, judge, outsideSessions } from './trust.js'

/** Everything that the learner may look at besides what a workload did. */
export interface LearnFacts {
	/** The canonical name that the policies carry. */
	name: string
	form: 'container' | 'host'
	/** The classes that are wanted; the observations are of all of them. */
	classes: readonly Class[]
	/** When it was watched, up to the last evidence: the day of the run must not change a policy. */
	exposure: Exposure
	/** The files of its image or host; null when nobody listed them. */
	files: FileList | null
	pool: PoolView
	/** What people said about single behaviours. */
	decisions: readonly Decision[]
	/** Executables that configuration names as what the workload runs. */
	programs: readonly string[]
	/** A person ran it in order to learn it, and reads what comes of it (`whittle learn -- CMD`). */
	vouched: boolean
	/** Items of the inventory at the time of the last evidence. */
	inventory: readonly InventoryItem[]
}

/** What one class of a workload needs, and what is not known well enough to say so. */
export interface LearnedClass {
	class: Class
	/** Sorted by object, access and sources; the same for any order of the observations. */
	rules: Rule[]
	/** `evidence[i]` belongs to `rules[i]`. */
	evidence: RuleEvidence[]
	notes: Note[]
	/** Behaviours that wait for a person or for more evidence, strangest first. */
	held: Judged[]
	/** Its behaviours in rule space: what its readiness is measured on. */
	items: Item[]
	/** Some part held too much to keep, and no rule covers it. */
	isOpenEnded: boolean
}

/**
 * What a workload needs in each class: trusted behaviours, generalised where an exact list would block
 * tomorrow and the wider rule covers nothing sensitive. `observations` are day rows of all its classes,
 * network peers resolved. Pure, and independent of order, batching and duplication.
 */
export function learnWorkload(observations: readonly Sighted[], facts: LearnFacts): LearnedClass[] {
	return learnBehaviours(behavioursOf(observations, facts), observations, facts)
}

/** The merged behaviours of a workload: one for all day rows of one kind. */
export function behavioursOf(
	observations: readonly Sighted[],
	facts: Pick<LearnFacts, 'form' | 'exposure'>
): BehaviourState[] {
	return stateOf(outsideSessions(observations, facts.form), facts.exposure.starts)
}

/** From merged behaviours on; of the observations only what was denied, and what was a probe, is looked at. */
export function learnBehaviours(
	states: readonly BehaviourState[],
	observations: readonly Sighted[],
	facts: LearnFacts
): LearnedClass[] {
	const judged = judge(states, facts)
	const trusted = judged.filter((one) => one.standing === 'trusted')
	const needs = trusted.map((one) => one.state)
	const judgedOf = new Map(judged.map((one) => [one.state, one]))
	const probes = new Set<string>()
	const denied = new Map<Class, Set<string>>(CLASSES.map((of) => [of, new Set()]))
	for (const seen of observations) {
		if (seen.isProbe) probes.add(behaviourKey(seen))
		if (seen.result === 'denied') denied.get(seen.class)?.add(behaviourKey(seen))
	}
	const walls = judged.filter((one) => one.standing === 'held').flatMap((one) => wallOf(one.state))
	const drafts = [
		...fileDrafts(needs, walls, facts),
		...networkDrafts(needs, facts),
		...privilegeDrafts(needs)
	]
	return CLASSES.filter((of) => facts.classes.includes(of)).map((of) => {
		const draft = drafts.find((one) => one.class === of) ?? emptyDraft(of)
		const held = judged
			.filter((one) => one.standing === 'held' && one.state.class === of)
			.sort((a, b) => b.score - a.score || compareStateText(a.state, b.state))
		return {
			class: of,
			rules: draft.rules.map((rule) => ruleBody(rule)),
			evidence: draft.rules.map((rule) =>
				ruleEvidence(rule.covers, {
					why:
						probes.size > 0 && rule.covers.some((state) => probes.has(behaviourKey(state)))
							? PROBE_WHY
							: rule.why,
					beyond: rule.beyond,
					reckoning: { ...rule.reckoning, ...standingOf(rule.covers, judgedOf) }
				})
			),
			notes: [...learnNotes(of, denied.get(of)?.size ?? 0, needs, held), ...draft.notes],
			held,
			items: draft.rules.map((rule) => itemOf(rule.covers)),
			isOpenEnded: draft.isOpenEnded
		}
	})
}

interface DraftRule extends Rule {
	covers: readonly BehaviourState[]
	why: string
	beyond: string
	reckoning: Omit<Reckoning, 'sensitivity' | 'peers'>
}

interface ClassDraft {
	class: Class
	rules: DraftRule[]
	notes: Note[]
	isOpenEnded: boolean
}

function emptyDraft(of: Class): ClassDraft {
	return { class: of, rules: [], notes: [], isOpenEnded: false }
}

/** No directory may cover what is held: a wide rule would let in what a person has not answered. */
function wallOf({ class: of, object }: BehaviourState): Wall[] {
	if (of === 'file-read') return [{ path: object, access: 'read' }]
	return of === 'file-write' ? [{ path: object, access: 'write' }] : []
}

function fileDrafts(
	needs: readonly BehaviourState[],
	walls: readonly Wall[],
	facts: LearnFacts
): ClassDraft[] {
	const generalised = generalise(needs, {
		exposedHours: facts.exposure.hours.length,
		startCount: facts.exposure.starts.length,
		files: facts.files,
		form: facts.form,
		walls
	})
	return (['process', 'file-read', 'file-write'] as const).map((of) => {
		const notes = generalised.notes
			.filter((note) => note.class === of)
			.map(({ class: _, ...note }): Note => note)
		return {
			class: of,
			rules: generalised.rules.filter((rule) => rule.class === of).map(fileDraft),
			notes,
			isOpenEnded: notes.some((note) => note.severity === 'refusal')
		}
	})
}

function fileDraft(rule: FileRule): DraftRule {
	const { entries, unseenCount, bits, exactBlocksExpected, costKeep, costRule, wallCount, tokens } = rule
	return {
		...rule,
		reckoning: {
			origin: 'observed',
			entryCount: entries,
			unseenCount,
			bits,
			exactBlocksExpected,
			costKeep,
			costRule,
			wallCount,
			tokens: tokens.map(({ path, memberCount, gainBits }) => ({ path, memberCount, gainBits }))
		}
	}
}

function networkDrafts(needs: readonly BehaviourState[], facts: LearnFacts): ClassDraft[] {
	if (!facts.classes.includes('network')) return []
	const { rules, notes, openEnded } = generaliseNetwork(
		needs.filter((need) => need.class === 'network'),
		{
			workload: facts.name,
			exposedHours: facts.exposure.hours.length,
			inventory: facts.inventory,
			readsToken: needs.some((need) => need.object.startsWith(SERVICE_ACCOUNT))
		}
	)
	return [
		{ class: 'network', rules: rules.map(networkDraft), notes: [...notes], isOpenEnded: openEnded.length > 0 }
	]
}

/** Where the kubelet mounts the token for the API server. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/'
/** Hours that a policy is meant to live. */
const POLICY_LIFE_HOURS = 336

function networkDraft(rule: NetworkRule): DraftRule {
	return {
		...rule,
		reckoning: {
			origin: rule.origin,
			entryCount: rule.entries,
			unseenCount: rule.unseenCount,
			bits: rule.bits,
			exactBlocksExpected: rule.hazardRemoved * POLICY_LIFE_HOURS,
			costKeep: 0,
			costRule: 0,
			wallCount: 0,
			tokens: []
		}
	}
}

/** Capabilities and the like are few and each is a right of its own: exact, and each with its programs. */
function privilegeDrafts(needs: readonly BehaviourState[]): ClassDraft[] {
	const byObject = new Map<string, BehaviourState[]>()
	for (const need of needs) {
		if (need.class !== 'privilege') continue
		const same = byObject.get(need.object)
		if (same) same.push(need)
		else byObject.set(need.object, [need])
	}
	const rules = [...byObject].flatMap(([object, states]) =>
		rulesBySource(
			{ object, why: 'Exactly what was seen.', beyond: '', unseenCount: 0, bits: 0, hazardRemoved: 0 },
			states
		)
	)
	return [
		{
			class: 'privilege',
			rules: rules.map(networkDraft).sort(compareRules),
			notes: [],
			isOpenEnded: false
		}
	]
}

function compareRules(a: Rule, b: Rule): number {
	return (
		compareText(a.object, b.object) ||
		compareText(a.access.join(), b.access.join()) ||
		compareText(a.sources.join('\0'), b.sources.join('\0'))
	)
}

/** What the digest covers, and nothing else. */
function ruleBody({ effect, object, access, sources }: Rule): Rule {
	return { effect, object, access, sources }
}

/** The most sensitive of what a rule covers, and the most others that any of it has. */
function standingOf(
	covers: readonly BehaviourState[],
	judgedOf: ReadonlyMap<BehaviourState, Judged>
): Pick<Reckoning, 'sensitivity' | 'peers'> {
	let sensitivity: Sensitivity = 0
	let peers = { count: 0, of: 0 }
	for (const state of covers) {
		const own = judgedOf.get(state)
		if (!own) continue
		if (own.sensitivity > sensitivity) sensitivity = own.sensitivity
		if (own.peers.count > peers.count || own.peers.of > peers.of) {
			peers = { count: Math.max(peers.count, own.peers.count), of: Math.max(peers.of, own.peers.of) }
		}
	}
	return { sensitivity, peers }
}

function compareStateText(a: BehaviourState, b: BehaviourState): number {
	return compareText(a.object, b.object) || compareText(a.verb, b.verb) || compareText(a.source, b.source)
}
