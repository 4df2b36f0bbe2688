import { CLASSES, type Class, type InventoryItem } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { placeOf } from '../access.js'
import type { Observed } from '../behaviour.js'
import { readInventoryItems } from '../discover.js'
import { inventoryAt } from '../inventory.js'
import type { Context } from '../languages/language.js'
import { spansOf } from '../peers.js'
import { type HeldBehaviours, readHeld } from '../learner-rows.js'
import { createProbes, type Probes } from '../probes.js'
import { createEnds, type Ends } from './ends.js'
import type { Candidate, FindingKind, Shelf } from './findings.js'
import {
	type Actor,
	type Deed,
	type GapsByScope,
	readActors,
	readDeeds,
	readGaps,
	readOccurrences
} from './history.js'
import { ALLOWED, type Judged, type Panel } from './panel.js'

/** Which policies are tried on what history. */
export interface SimulationRequest {
	/** Manifests of any languages: what is tried. Each must be valid by its schema. */
	given: readonly Record<string, unknown>[]
	/** All other manifests that are known to be in force: enforcers add up. One of a given name gives way. */
	known: readonly Record<string, unknown>[]
	/** Only these (ids of `workloads`); without it, every workload that a given manifest selects. */
	workloadIds?: ReadonlySet<number>
	classes?: readonly Class[]
	/** What ended before it is left out; 0 for all that is stored. */
	sinceMs: number
	nowMs: number
	/** What a whitelist does with what it does not list, where the enforcer leaves that to a posture. */
	posture: 'audit' | 'block'
	/** Findings per kind. */
	limit: number
	/**
	 * True when the given manifests were learned: what the learner holds back until a person answers is then
	 * set aside. Whoever wrote a policy by hand is told of it as blocked, with the learner's doubt beside it.
	 */
	isLearned: boolean
	/** Why a behaviour that would be blocked is no need of the workload; null when it is one. */
	setAside?: (actor: Actor, deed: Deed) => string | null
	/** When an enforcer hid from the sources what it permits. */
	censored?: (workloadId: number) => readonly { fromMs: number; toMs: number }[]
}

/** Distinct behaviours of one class, and how often what would have been blocked happened. */
export interface ClassTally {
	class: Class
	behaviourCount: number
	count: number
	blocked: number
	blockedCount: number
	audited: number
	unsure: number
	setAside: number
	denied: number
}

/** A tally of nothing. */
export function emptyTally(of: Class): ClassTally {
	return {
		class: of,
		behaviourCount: 0,
		count: 0,
		blocked: 0,
		blockedCount: 0,
		audited: 0,
		unsure: 0,
		setAside: 0,
		denied: 0
	}
}

/** The history, opened once for all workloads. */
export interface History {
	reader: Reader
	request: SimulationRequest
	actors: Actor[]
	/** Past and present. */
	inventory: readonly InventoryItem[]
	ends: Ends
	probes: Probes
	/** What is held back until a person answers is no need yet, and is told apart. */
	held: HeldBehaviours
	gaps: GapsByScope
	placeOf(actor: Actor): Context
}

/** Reads what all workloads share. */
export function openHistory(reader: Reader, request: SimulationRequest): History {
	const inventory = readInventoryItems(reader)
	const today: InventoryItem[] = inventoryAt(inventory, request.nowMs)
	const { posture } = request
	const places = new Map<number, Context>()
	return {
		reader,
		request,
		actors: readActors(reader, inventory),
		inventory,
		ends: createEnds(inventory),
		probes: createProbes(inventory),
		held: readHeld(reader),
		gaps: readGaps(reader),
		placeOf(actor) {
			const place = places.get(actor.id) ?? {
				...placeOf(actor.name, today),
				posture: { file: posture, network: posture, capabilities: posture }
			}
			places.set(actor.id, place)
			return place
		}
	}
}

/** What was tried on one workload. */
export interface Run {
	behaviourCount: number
	blocked: number
	firstMs: number
	lastMs: number
}

/** Judges everything that one workload did. */
export function tryOn(
	history: History,
	actor: Actor,
	panel: Panel | null,
	tallies: ReadonlyMap<Class, ClassTally>,
	shelf: Shelf
): Run {
	const { reader, request } = history
	const run: Run = { behaviourCount: 0, blocked: 0, firstMs: Infinity, lastMs: 0 }
	const extent = { sinceMs: request.sinceMs, classes: request.classes ?? CLASSES }
	for (const deed of readDeeds(reader, actor, extent)) {
		run.firstMs = Math.min(run.firstMs, deed.firstMs)
		run.lastMs = Math.max(run.lastMs, deed.lastMs)
		const tally = tallies.get(deed.class)
		if (!tally) continue
		if (deed.isDenied) {
			tally.denied++
			shelf.add(
				candidateOf(actor, deed, panel ? judgeWhole(history, actor, deed, panel) : ALLOWED, 'denied', '')
			)
			continue
		}
		run.behaviourCount++
		tally.behaviourCount++
		tally.count += deed.count
		const candidate = panel && judge(history, actor, deed, panel)
		if (!candidate) continue
		if (candidate.kind === 'block') {
			run.blocked++
			tally.blocked++
			tally.blockedCount += candidate.count
		} else if (candidate.kind === 'audit') tally.audited++
		else if (candidate.kind === 'unsure') tally.unsure++
		else tally.setAside++
		shelf.add(candidate)
	}
	return run
}

function judge(history: History, actor: Actor, deed: Deed, panel: Panel): Candidate | null {
	const isSettled =
		deed.class !== 'network' ||
		history.ends.isSettled(deed.object, actor.cluster, { fromMs: deed.firstMs, toMs: deed.lastMs })
	if (!isSettled) return judgeParts(history, actor, deed, panel)
	const judged = judgeWhole(history, actor, deed, panel)
	return judged.verdict === 'allow' ? null : classified(history, actor, deed, judged)
}

function judgeWhole(history: History, actor: Actor, deed: Deed, panel: Panel): Judged {
	const span = { fromMs: deed.firstMs, toMs: deed.lastMs }
	return panel.judge(
		deed.verb,
		deed.source,
		history.ends.reached(deed.verb, deed.object, actor.cluster, [span])
	)
}

/** An address that changed hands is another peer in each part of its time. */
function judgeParts(history: History, actor: Actor, deed: Deed, panel: Panel): Candidate | null {
	const refused: { row: Observed; judged: Judged }[] = []
	for (const row of readOccurrences(history.reader, actor, deed, history.request.sinceMs)) {
		const reached = history.ends.reached(deed.verb, deed.object, actor.cluster, spansOf(row))
		const judged = panel.judge(deed.verb, deed.source, reached)
		if (judged.verdict !== 'allow') refused.push({ row, judged })
	}
	const certain = refused.filter(({ judged }) => judged.verdict === 'block' && !judged.isUnsure)
	const counted = certain.length > 0 ? certain : refused
	const [first] = counted
	if (!first) return null
	const rows = counted.map(({ row }) => row)
	return {
		...classified(history, actor, deed, first.judged),
		occurrences: rows,
		count: rows.reduce((sum, row) => sum + row.count, 0),
		rowCount: rows.length,
		firstMs: Math.min(...rows.map((row) => row.firstMs)),
		lastMs: Math.max(...rows.map((row) => row.lastMs))
	}
}

function classified(history: History, actor: Actor, deed: Deed, judged: Judged): Candidate {
	const held = history.held.reasonOf(actor.name, deed.verb, deed.object, deed.source)
	const aside =
		history.request.setAside?.(actor, deed) ??
		interactive(history, actor, deed) ??
		(history.request.isLearned ? held : null)
	if (aside !== null) return candidateOf(actor, deed, judged, 'set-aside', aside)
	if (judged.verdict === 'block' && judged.isUnsure) return candidateOf(actor, deed, judged, 'unsure', UNSURE)
	const doubt = deed.object.includes('<any>') ? NAMELESS : (held ?? '')
	return candidateOf(actor, deed, judged, judged.verdict === 'block' ? 'block' : 'audit', doubt)
}

const UNSURE = 'Nobody recorded who the other end was, and the policies let some in.'
const NAMELESS = 'The directory held too many names to keep them: a name that nobody has was tried.'

/** In a container, what happened in a terminal is a person's doing, unless it is a declared probe of the kubelet. */
function interactive(history: History, actor: Actor, deed: Deed): string | null {
	if (actor.form !== 'container' || !deed.isInteractive) return null
	if (deed.verb === 'exec') {
		const rows = readOccurrences(history.reader, actor, deed, history.request.sinceMs)
		if (rows.some((row) => history.probes.has(actor.name, row))) return null
	}
	return 'Seen only in interactive sessions: a person did that, not the workload.'
}

function candidateOf(actor: Actor, deed: Deed, judged: Judged, kind: FindingKind, reason: string): Candidate {
	const { count, rowCount, firstMs, lastMs } = deed
	return { kind, actor, deed, judged, reason, count, rowCount, firstMs, lastMs }
}
