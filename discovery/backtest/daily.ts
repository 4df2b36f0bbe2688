import { CLASSES, type Class, type InventoryItem } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { placeOf } from '../access.js'
import { readInventoryItems, readObservations } from '../discover.js'
import { inventoryAt } from '../inventory.js'
import type { Context, Language } from '../languages/language.js'
import { classesOf } from '../languages/manifest.js'
import { LANGUAGES } from '../languages/registry.js'
import type { Sighted } from '../learn/exact.js'
import { exposureOf, type WatchedSubject, type WatchRows } from '../learn/exposure.js'
import { NO_PEERS } from '../learn/pool.js'
import { behaviourKey } from '../learn/pool.js'
import { createPeers, type Peers, spansOf } from '../peers.js'
import type { Note, Policy } from '../policy.js'
import { createProbes } from '../probes.js'
import { learnSubject } from '../proposal.js'
import { renderWorkload } from '../selfcheck.js'
import type { Subject } from '../subject.js'
import { readDecisions } from '../surroundings.js'
import { createEnds, type Ends } from './ends.js'
import { countRows, readActors, readGaps, readSubjects, readWatch } from './history.js'
import { type Judged, type Panel, preparePanels } from './panel.js'
import { type Enforced, type Prequential, rehearse } from './prequential.js'

/** What is proposed for the subject from this evidence, all of it from before the day. */
export type LearnPast = (before: readonly Sighted[], day: number, subject: Subject) => Policy[]

export interface DailyRequest {
	/** Id of the workload. */
	workloadId: number
	classes?: readonly Class[]
	/** So many days at most, the latest ones. */
	dayCount: number
	nowMs: number
	/** Rendered in these; without it in every one that carries a class. */
	languages?: readonly Language[]
	learn?: LearnPast
	/** When an enforcer hid from the sources what it permits. */
	censored?: readonly { fromMs: number; toMs: number }[]
}

export interface DailyBacktest extends Prequential {
	/** Languages that carried something of it on some day. */
	languages: string[]
	/** Why days were not carried, and what else people must know. */
	notes: Note[]
}

/** More rows than this are the history of something that never settles; learning it thirty times over would take minutes. */
const ROWS_MAX = 250_000
const DAY_MS = 86_400_000
const BLOCKING = { file: 'block', network: 'block', capabilities: 'block' } as const

/**
 * The prequential backtest of one workload: for each past day, the policy that the evidence before it leads
 * to, rendered, and tried on that day. Its network is that of its pod. A workload of no rows, or of one day,
 * has no tested day.
 */
export function backtestDaily(reader: Reader, request: DailyRequest): DailyBacktest {
	const items = readInventoryItems(reader)
	const actor = readActors(reader, items).find((one) => one.id === request.workloadId)
	const wanted = request.classes ?? CLASSES
	const languages = request.languages ?? LANGUAGES
	const subjects = actor
		? readSubjects(reader, actor, items).filter((subject) =>
				subject.classes.some((of) => wanted.includes(of))
			)
		: []
	const refused = tooMany(reader, subjects)
	if (!actor || refused) return { ...nothing(), languages: [], notes: refused ? [refused] : [] }
	const probes = createProbes(items)
	const bySubject = subjects.map((subject) => ({ subject, rows: readObservations(reader, subject, probes) }))
	const rows = bySubject.flatMap((one) => one.rows).sort((a, b) => a.day - b.day)
	const { rows: watchRows, subject: watched } = readWatch(reader, actor, readGaps(reader), items)
	const exposure = exposureOf({ ...watchRows, censored: request.censored ?? [] }, watched, request.nowMs)
	const hours = new Map<number, number>()
	for (const hour of exposure.hours)
		hours.set(Math.floor(hour / 24), (hours.get(Math.floor(hour / 24)) ?? 0) + 1)
	const [firstDay, lastDay] = spanOf(rows, hours, request.nowMs)
	const stage = createStage(items, languages, subjects, wanted)
	const learn =
		request.learn ??
		pastLearner(createPeers(items), items, { ...watchRows, censored: request.censored ?? [] }, watched)
	const malicious = readMalicious(reader, subjects)
	const result = rehearse({
		rows,
		fromDay: Math.max(firstDay, lastDay - request.dayCount + 1),
		toDay: lastDay,
		watchedHoursOf: (day) => hours.get(day) ?? 0,
		learn: (before, day) =>
			subjects.flatMap((subject) =>
				learn(
					before.filter((row) => subject.classes.includes(row.class)),
					day,
					subject
				)
			),
		enforce: stage.enforce,
		isSetAside: (row) => (actor.form === 'container' && row.interactive) || malicious.has(behaviourKey(row))
	})
	return { ...result, languages: stage.languages(), notes: stage.notes() }
}

/** What a person has called malicious: blocking that was right, whatever day it was. */
function readMalicious(reader: Reader, subjects: readonly Subject[]): Set<string> {
	const latest = subjects.flatMap((subject) => [
		...new Map(readDecisions(reader, subject).map((one) => [one.key, one.decision]))
	])
	return new Set(latest.filter(([, decision]) => decision === 'malicious').map(([key]) => key))
}

/**
 * The learner as it would have judged at the start of a day: by what was on record then. What people
 * answered since is left out, and so are lists of files and peers of the image, which tell of today.
 */
export function pastLearner(
	peers: Peers,
	items: readonly InventoryItem[],
	watch: WatchRows,
	watched: WatchedSubject
): LearnPast {
	const inventories = new Map<number, InventoryItem[]>()
	const inventoryOf = (day: number) => {
		const startMs = day * DAY_MS
		const known =
			inventories.get(day) ??
			inventoryAt(
				items.filter((item) => item.fromMs < startMs),
				startMs
			)
		inventories.set(day, known)
		return known
	}
	return (before, day, subject) =>
		learnSubject(subject, before, {
			exposure: exposureOf(
				{ ...watch, startsMs: watch.startsMs.filter((atMs) => atMs < day * DAY_MS) },
				watched,
				day * DAY_MS
			),
			files: null,
			decisions: [],
			vouched: false,
			pool: NO_PEERS,
			peers,
			inventory: inventoryOf(day)
		}).flatMap((learning) => learning.proposal?.policy ?? [])
}

/** Where policies of a past day are put in force: with the inventory of that day, and nothing of what came later. */
function createStage(
	items: readonly InventoryItem[],
	languages: readonly Language[],
	subjects: readonly Subject[],
	wanted: readonly Class[]
): {
	enforce(policies: readonly Policy[], day: number): Enforced | null
	languages(): string[]
	notes(): Note[]
} {
	const ends: Ends = createEnds(items)
	const notes = new Map<string, Note>()
	const carriers = new Set<string>()
	return {
		enforce(policies, day) {
			const startMs = day * DAY_MS
			const inventory = inventoryAt(
				items.filter((item) => item.fromMs < startMs),
				startMs
			)
			const carried = new Set<Class>()
			const panels = new Map<Class, { panel: Panel; subject: Subject }>()
			for (const subject of subjects) {
				const own = policies.filter((policy) => policy.workload === subject.name)
				const renderings = languages.map((language) => {
					const rendering = renderWorkload(own, language, { inventory })
					if (rendering.manifests.length > 0) carriers.add(language.name)
					return rendering
				})
				const objects = renderings.flatMap((one) => one.manifests.map((manifest) => manifest.object))
				for (const note of renderings.flatMap((one) => one.notes))
					if (note.severity === 'refusal') notes.set(note.text, note)
				const place: Context = { ...placeOf(subject.name, inventory), posture: BLOCKING }
				const panel = preparePanels(objects)(place)
				if (!panel) continue
				for (const of of objects.flatMap(classesOf)) if (wanted.includes(of)) carried.add(of)
				for (const of of subject.classes) panels.set(of, { panel, subject })
			}
			if (carried.size === 0) return null
			return {
				carried,
				judge(row): Judged {
					const found = panels.get(row.class)
					if (!found) return { verdict: 'allow', isUnsure: false, language: '', rule: '' }
					const reached = ends.reached(row.verb, row.raw, found.subject.cluster, spansOf(row))
					return found.panel.judge(row.verb, row.source, reached)
				}
			}
		},
		languages: () => languages.map(({ name }) => name).filter((name) => carriers.has(name)),
		notes: () => [...notes.values()]
	}
}

/** The first day with evidence, and the last one with evidence or a watched hour; never a day to come. */
function spanOf(
	rows: readonly Sighted[],
	hours: ReadonlyMap<number, number>,
	nowMs: number
): [first: number, last: number] {
	const today = Math.floor(nowMs / DAY_MS)
	const first = rows[0]?.day ?? today
	const last = [...hours.keys()].reduce((latest, day) => Math.max(latest, day), rows.at(-1)?.day ?? 0)
	return [first, Math.min(last, today)]
}

function tooMany(reader: Reader, subjects: readonly Subject[]): Note | null {
	const rowCount = subjects.reduce((sum, one) => sum + countRows(reader, one.memberIds, one.classes), 0)
	if (rowCount <= ROWS_MAX) return null
	return {
		code: 'backtest.too-many-rows',
		severity: 'warning',
		text: `${rowCount} observations are more than the ${ROWS_MAX} that are learned again for each day: what this workload does never settles.`
	}
}

function nothing(): Prequential {
	return rehearse({
		rows: [],
		fromDay: 1,
		toDay: 0,
		watchedHoursOf: () => 0,
		learn: () => [],
		enforce: () => null,
		isSetAside: () => true
	})
}
