import { type Behaviour, compareText } from '../behaviour.js'
import { type BundleSeed, bundlesOf } from './bundle.js'
import { behaviourKey, contentPrior, type PoolView } from './pool.js'
import { createPrograms, type Doubt } from './program.js'
import { type Sensitivity, sensitivity as sensitivityOf } from './sensitive.js'
import type { BehaviourState, FileList } from './state.js'
import { heldSentence } from './trust-sentence.js'

/** Why a behaviour is held; '' when it is trusted. */
export type Cause =
	| ''
	/** A person judged it malicious. */
	| 'rejected'
	/** Only ever done in an interactive session of a container. */
	| 'interactive'
	/** The program came after the image: missing from its files, dropped, or written here. */
	| 'not-in-image'
	/** Sensitive, in no clean peer, and on fewer than four days. */
	| 'sensitive'
	/** Seen on too few days, in too few pods, by too few peers: time alone may resolve it. */
	| 'support'
	/** First done in the same hour by the same processes as something that is held. */
	| 'bundle'

export interface Judged {
	state: BehaviourState
	standing: 'trusted' | 'held'
	sensitivity: Sensitivity
	support: number
	need: number
	/** One sentence for people. */
	reason: string
	cause: Cause
	/**
	 * Sensitive, and no person has said yes: no auto-enforce rule may carry it, whatever its support
	 * (design §5.2). Trusted items may need a person as well.
	 */
	needsPerson: boolean
	/** Trusted without counting any peer. Only such count as peers, so that two cannot vouch for each other. */
	alone: boolean
	/** How many others of the same image do it and may be believed, of how many. */
	peers: { count: number; of: number }
	/** Names the items that are to be judged together. */
	bundle?: string
	/** Anomaly, in weighted bits: higher is stranger. */
	score: number
}

/** What a person said about one behaviour; the latest about the same one counts. */
export interface Decision {
	/** `behaviourKey` of what it is about. */
	key: string
	decision: 'needed' | 'malicious'
	actor: string
	atMs: number
}

export interface TrustFacts {
	form: 'container' | 'host'
	/** The files of the image or host; null when nobody knows them. */
	files: FileList | null
	pool: PoolView
	/** Rows of `holdings` that a person decided. */
	decisions?: readonly Decision[]
	/**
	 * Executables that configuration names: the command of a container, the ExecStart of a unit, the
	 * program that a host workload is called by. A person put them there, so they count as listed and
	 * ordinary; sensitive ones still need a person.
	 */
	programs?: readonly string[]
	/** True for an executable that came with the image of this version and was not in the one before (`version.ts`). */
	arrived?: (path: string) => boolean
	/**
	 * A person ran this command in order to learn it (`whittle learn -- CMD`), once, and reads the policy
	 * that comes of it: that person vouches for what it did, shell and all, where a count of days and
	 * pods could never be reached. Sensitive items still say that they need a person.
	 */
	vouched?: boolean
}

/**
 * Decides for each behaviour of one workload (all classes together) whether it is learned or held for
 * a person. States hold what was allowed, so a denied attempt never comes here.
 * The answer is in the order of `states` and the same for any order of them.
 *
 * An interactive state beside one of the same behaviour outside sessions (`outsideSessions` keeps them
 * apart) never adds to its support.
 */
export function judge(states: readonly BehaviourState[], facts: TrustFacts): Judged[] {
	const programs = createPrograms(states, facts)
	const decisions = latestDecisions(facts.decisions ?? [])
	const judged = states.map((state) => judgeOne(state, facts, programs.doubtOf(state), decisions))
	return holdBundles(judged, decisions)
}

/**
 * The rows that may speak for a behaviour's need: where it was also seen outside interactive sessions,
 * those of sessions are left out, so that days and pods of a person's `kubectl exec` add no support.
 * On hosts a login session is a workload of its own, and every row counts.
 */
export function outsideSessions<Row extends Behaviour & { interactive: boolean }>(
	rows: readonly Row[],
	form: 'container' | 'host'
): readonly Row[] {
	if (form === 'host' || !rows.some((row) => row.interactive)) return rows
	const outside = new Set(rows.filter((row) => !row.interactive).map(behaviourKey))
	return rows.filter((row) => !row.interactive || !outside.has(behaviourKey(row)))
}

/** Held items by bundle, strangest first; an item without a bundle stands for itself. */
export function rankBundles(judged: readonly Judged[]): { bundle: string; score: number; items: Judged[] }[] {
	const bundles = new Map<string, Judged[]>()
	for (const item of judged) {
		if (item.standing !== 'held') continue
		const name = item.bundle ?? behaviourKey(item.state)
		const items = bundles.get(name)
		if (items) items.push(item)
		else bundles.set(name, [item])
	}
	return [...bundles]
		.map(([bundle, items]) => {
			items.sort((a, b) => b.score - a.score || compareText(behaviourKey(a.state), behaviourKey(b.state)))
			return { bundle, score: items.reduce((sum, item) => sum + item.score, 0), items }
		})
		.sort((a, b) => b.score - a.score || compareText(a.bundle, b.bundle))
}

/** Days and pods beyond these add nothing, and so do peers. */
const DAYS_COUNTED = 3
const PODS_COUNTED = 3
const PEERS_COUNTED = 3
/** A sensitive behaviour without a clean peer waits for so many distinct days. */
const SENSITIVE_DAYS = 4

type Decisions = ReadonlyMap<string, Decision>

function judgeOne(
	state: BehaviourState,
	facts: TrustFacts,
	doubt: Doubt | undefined,
	decisions: Decisions
): Judged {
	const sensitivity = sensitivityOf(state)
	const c = state.verb === 'exec' ? weightOf(state.object, sensitivity, facts) : sensitivity
	const { k, n } = facts.pool.of(state)
	const own =
		Math.min(Math.max(state.pods.length, 1), PODS_COUNTED) + Math.min(state.days.length, DAYS_COUNTED) - 1
	const support = own + Math.min(k, PEERS_COUNTED)
	const need = 1 + c + (doubt === undefined ? 0 : 2)
	const decision = decisions.size === 0 ? undefined : decisions.get(behaviourKey(state))
	const isSession = facts.form === 'container' && state.interactive

	let cause: Cause = ''
	let alone = false
	if (decision) {
		cause = decision.decision === 'needed' ? '' : 'rejected'
		alone = cause === ''
	} else if (!facts.vouched) {
		const isUnripe = c === 2 && state.days.length < SENSITIVE_DAYS
		if (isSession) cause = 'interactive'
		else if (doubt !== undefined && k === 0) cause = 'not-in-image'
		else if (isUnripe && k === 0) cause = 'sensitive'
		else if (support < need) cause = 'support'
		alone = cause === '' && doubt === undefined && !isUnripe && own >= need
	}
	const standing = cause === '' ? 'trusted' : 'held'
	const facets = {
		c: sensitivity,
		k,
		n,
		support,
		isMissing: doubt !== undefined,
		isSession: state.interactive
	}
	return {
		state,
		standing,
		sensitivity,
		support,
		need,
		reason:
			cause === ''
				? trustedReason(state, k, n, decision, facts.vouched === true)
				: heldSentence(state, cause, { support, need, doubt, decision, files: facts.files }),
		cause,
		needsPerson: sensitivity === 2 && decision?.decision !== 'needed',
		alone,
		peers: { count: k, of: n },
		score: scoreOf(facets)
	}
}

/** What is known of an executable's origin makes it weigh less than others of its kind. */
function weightOf(program: string, sensitivity: Sensitivity, { programs, arrived }: TrustFacts): number {
	if (programs?.includes(program)) return 0
	// The image itself says that this is new software, not an intruder: one class less.
	return arrived?.(program) ? Math.max(0, sensitivity - 1) : sensitivity
}

/** Weight × (surprise against the pool, not in the image, terminal, little support). */
function scoreOf(of: {
	c: Sensitivity
	k: number
	n: number
	support: number
	isMissing: boolean
	isSession: boolean
}): number {
	const bits =
		-Math.log2(contentPrior(of.k, of.n)) +
		(of.isMissing ? 2 : 0) +
		(of.isSession ? 3 : 0) +
		Math.log2(1 + 1 / Math.max(of.support, 1))
	return 2 ** of.c * bits
}

/**
 * Holds what belongs to something that is held for its lineage, its program, or a person's word: an
 * intruder's steps are learned together or not at all.
 */
function holdBundles(judged: Judged[], decisions: Decisions): Judged[] {
	const seeds: BundleSeed[] = []
	for (const { state, cause } of judged) {
		if (cause === 'interactive' || cause === 'not-in-image' || cause === 'rejected')
			seeds.push({ state, cause })
	}
	if (seeds.length === 0) return judged
	const bundles = bundlesOf(
		judged.map((item) => item.state),
		seeds
	)
	return judged.map((item) => {
		const found = bundles.get(item.state)
		if (!found) return item
		const { bundle, seed } = found
		// A person has looked at this one; what is held already keeps its own reason, unless time would cure it.
		const isReleased = decisions.get(behaviourKey(item.state))?.decision === 'needed'
		if (isReleased || (item.standing === 'held' && item.cause !== 'support')) return { ...item, bundle }
		return {
			...item,
			bundle,
			standing: 'held',
			cause: 'bundle',
			alone: false,
			reason: heldSentence(item.state, 'bundle', { support: item.support, need: item.need, seed })
		}
	})
}

function trustedReason(
	state: BehaviourState,
	k: number,
	n: number,
	decision: Decision | undefined,
	vouched: boolean
): string {
	if (decision) return `released by ${decision.actor}, who said that it is needed`
	if (vouched) return 'vouched for by the person who ran this command in order to learn it'
	const days = `${state.dayCount} ${state.dayCount === 1 ? 'day' : 'days'}`
	const pods =
		state.pods.length > 1 ? ` in ${state.pods.length === 4 ? '4 or more' : state.pods.length} pods` : ''
	return `seen on ${days}${pods}${k > 0 ? `, and by ${k} of ${n} others of this image` : ''}`
}

function latestDecisions(decisions: readonly Decision[]): Decisions {
	const latest = new Map<string, Decision>()
	for (const one of decisions) {
		const known = latest.get(one.key)
		const isLater =
			!known || one.atMs > known.atMs || (one.atMs === known.atMs && one.decision === 'malicious')
		if (isLater) latest.set(one.key, one)
	}
	return latest
}
