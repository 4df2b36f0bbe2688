import { CLASSES } from '../collector/observation.js'
import type { Reader } from '../collector/store.js'
import { type Blind, type Sight, sightOf } from './backtest/blind.js'
import {
	type Candidate,
	createShelf,
	FINDING_KINDS,
	type Finding,
	type FindingKind,
	findingOf,
	type Shelf
} from './backtest/findings.js'
import { type Actor, readOccurrences, readWatch } from './backtest/history.js'
import { preparePanels } from './backtest/panel.js'
import {
	type ClassTally,
	emptyTally,
	type History,
	openHistory,
	type Run,
	type SimulationRequest,
	tryOn
} from './backtest/trial.js'
import { fieldOf, textOf } from './languages/manifest.js'
import { exposureOf } from './learn/exposure.js'
import type { Note } from './policy.js'

export interface SimulatedWorkload extends Omit<Sight, 'blind'> {
	id: number
	name: string
	/** False when no given manifest selects it. */
	isSelected: boolean
	/** The history that was tried; 0 when there is none. */
	firstMs: number
	lastMs: number
	behaviourCount: number
	blocked: number
	/** The newest 200 intervals for which the history cannot speak, by start. */
	blind: Blind[]
	blindCount: number
}

export interface Simulation {
	workloads: SimulatedWorkload[]
	classes: ClassTally[]
	/** By kind; within a kind what happened on most days first. */
	findings: Finding[]
	/** Of each kind, also beyond the limit. */
	totals: Record<FindingKind, number>
	notes: Note[]
}

/**
 * What these policies would have done to everything in the store: each distinct behaviour of a workload is
 * judged once and weighted by what is known of it. Denied attempts were denied already and never count as
 * blocked; failed ones are no behaviours.
 */
export function simulate(reader: Reader, request: SimulationRequest): Simulation {
	const history = openHistory(reader, request)
	const union = unionOf(request.given, request.known)
	const panelAt = preparePanels(union)
	const givenAt = preparePanels(request.given)
	const shelf = createShelf(request.limit)
	const tallies = new Map(CLASSES.map((of) => [of, emptyTally(of)]))
	const workloads: SimulatedWorkload[] = []
	const notes: Note[] = []
	const chosen = history.actors.filter((actor) => request.workloadIds?.has(actor.id) ?? true)
	for (const actor of chosen) {
		const place = history.placeOf(actor)
		const isSelected = givenAt(place) !== null
		if (!isSelected && request.workloadIds === undefined) continue
		const panel = panelAt(place)
		const run = tryOn(history, actor, panel, tallies, shelf)
		workloads.push(simulatedOf(history, actor, isSelected, run))
		if (actor.form === 'container' && Object.keys(place.podLabels).length === 0) notes.push(noLabels(actor))
	}
	notes.push(...idleNotes(request.given, history))
	if (request.workloadIds?.size && chosen.length === 0) notes.push(NOT_TRIED)
	return {
		workloads,
		classes: [...tallies.values()],
		findings: shelf.best().map((candidate) => detailed(history, candidate)),
		totals: totalsOf(shelf),
		notes
	}
}

/** Given manifests take the place of known ones of the same name. */
function unionOf(
	given: readonly Record<string, unknown>[],
	known: readonly Record<string, unknown>[]
): Record<string, unknown>[] {
	const names = new Set(given.map(nameKey))
	return [...given, ...known.filter((manifest) => !names.has(nameKey(manifest)))]
}

function nameKey(manifest: Record<string, unknown>): string {
	const { name, namespace } = nameOf(manifest)
	return `${String(manifest.kind)}\0${namespace}\0${name}`
}

function detailed(history: History, candidate: Candidate): Finding {
	const { actor, deed, occurrences } = candidate
	const rows = occurrences ?? readOccurrences(history.reader, actor, deed, history.request.sinceMs)
	return findingOf(candidate, rows)
}

/** No telemetry is older (as in learn/exposure.ts): a clock that was never set makes no endless blind interval. */
const EARLIEST_MS = Date.UTC(2020, 0, 1)
const BLIND_MAX = 200
const HOUR_MS = 3_600_000

function simulatedOf(history: History, actor: Actor, isSelected: boolean, run: Run): SimulatedWorkload {
	const { request } = history
	const { rows, subject } = readWatch(history.reader, actor, history.gaps, history.inventory)
	const censored = request.censored?.(actor.id) ?? []
	const exposure = exposureOf({ ...rows, censored }, subject, request.nowMs)
	const hasHistory = run.lastMs > 0
	const fromMs = Math.max(request.sinceMs, EARLIEST_MS, hasHistory ? run.firstMs : request.nowMs)
	// Of the hour in progress nobody can say yet whether it was watched.
	const toMs = Math.min(Math.floor(request.nowMs / HOUR_MS) * HOUR_MS, run.lastMs)
	const { blind, ...hours } = sightOf(exposure, fromMs, Math.max(fromMs, toMs))
	return {
		id: actor.id,
		name: actor.name,
		isSelected,
		firstMs: hasHistory ? run.firstMs : 0,
		lastMs: run.lastMs,
		behaviourCount: run.behaviourCount,
		blocked: run.blocked,
		...hours,
		blind: blind.slice(-BLIND_MAX),
		blindCount: blind.length
	}
}

function totalsOf(shelf: Shelf): Record<FindingKind, number> {
	const totals: Record<FindingKind, number> = { block: 0, audit: 0, unsure: 0, 'set-aside': 0, denied: 0 }
	for (const kind of FINDING_KINDS) totals[kind] = shelf.countOf(kind)
	return totals
}

const NOT_TRIED: Note = {
	code: 'backtest.not-tried',
	severity: 'warning',
	text: 'Nothing was tried: a debug container is a person’s, so no policy is learned or tested by what it does.'
}

function noLabels(actor: Actor): Note {
	return {
		code: 'backtest.no-labels',
		severity: 'warning',
		text: `No pod of ${actor.name} is in the inventory, so no label selects it: feed the inventory (pods with their labels).`
	}
}

/** Manifests that select no workload that the store knows: a mistyped label looks like safety. */
function idleNotes(given: readonly Record<string, unknown>[], history: History): Note[] {
	return given.flatMap((manifest) => {
		const at = preparePanels([manifest])
		if (history.actors.some((actor) => at(history.placeOf(actor)) !== null)) return []
		const { name, namespace } = nameOf(manifest)
		const where = namespace === '' ? '' : ` in the namespace ${namespace}`
		const text = `${String(manifest.kind)} ${name}${where} selects no workload that the store knows.`
		return [{ code: 'backtest.selects-nothing', severity: 'warning', text }]
	})
}

function nameOf(manifest: Record<string, unknown>): { name: string; namespace: string } {
	const metadata = fieldOf(manifest, 'metadata')
	return { name: textOf(metadata, 'name'), namespace: textOf(metadata, 'namespace') }
}
