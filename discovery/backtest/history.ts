import assert from 'node:assert/strict'
import { type Class, classOfVerb, type InventoryItem, type Verb } from '../../collector/observation.js'
import type { Reader, SqlValue } from '../../collector/store.js'
import {
	OBSERVATION_COLUMNS,
	OBSERVATION_JOINS,
	type Observed,
	parseObservation,
	VERBS
} from '../behaviour.js'
import { append, arrangeInventory } from '../inventory.js'
import type { WatchedSubject, WatchRows } from '../learn/exposure.js'
import { ephemeralContainers, rootOf, type Subject, subjectsOf, type WorkloadRow } from '../subject.js'
import { parseWorkloadName, podWorkloadName } from '../workload.js'

/** A workload with everything that turned out to be it. */
export interface Actor {
	id: number
	name: string
	form: 'container' | 'host'
	cluster: string
	namespace: string
	node: string
	/** Rows of `workloads` whose observations are its own, sorted, and their names. */
	memberIds: number[]
	memberNames: string[]
}

/** Everything that one workload was seen to do in one way: all its rows with one verb, object, source and result. */
export interface Deed {
	verb: Verb
	class: Class
	objectId: number
	object: string
	sourceId: number
	source: string
	isDenied: boolean
	/** Every sighting came from an interactive session. */
	isInteractive: boolean
	count: number
	rowCount: number
	firstMs: number
	lastMs: number
}

/** What of the history is asked for. */
export interface Extent {
	/** Rows that ended before it are left out. */
	sinceMs: number
	classes: readonly Class[]
}

/** All workloads but debug containers, by name; aliases are folded into what they turned out to be. */
export function readActors(reader: Reader, inventory: readonly InventoryItem[]): Actor[] {
	const workloads = readRows(reader)
	const byId = new Map<number, WorkloadRow>(workloads.map((one) => [one.id, one]))
	const ephemeral = ephemeralContainers(inventory)
	const actors = new Map<number, Actor>()
	for (const { id, name, form, cluster, namespace, node, aliasOf } of workloads) {
		if (aliasOf === null && !ephemeral.has(name))
			actors.set(id, { id, name, form, cluster, namespace, node, memberIds: [], memberNames: [] })
	}
	for (const one of workloads) {
		const actor = actors.get(rootOf(one, byId).id)
		actor?.memberIds.push(one.id)
		actor?.memberNames.push(one.name)
	}
	for (const actor of actors.values()) actor.memberIds.sort((a, b) => a - b)
	return [...actors.values()]
}

/** What policies of this workload are learned for: itself, and for the network its pod. */
export function readSubjects(reader: Reader, actor: Actor, inventory: readonly InventoryItem[]): Subject[] {
	return readAllSubjects(reader, inventory).filter((subject) => subject.memberIds.includes(actor.id))
}

/** What policies are learned for, all of it, by name. */
export function readAllSubjects(reader: Reader, inventory: readonly InventoryItem[]): Subject[] {
	const anchors = reader.all("SELECT DISTINCT workload_id FROM policies WHERE class = 'network'")
	return subjectsOf(
		readRows(reader),
		ephemeralContainers(inventory),
		new Set(anchors.map((row) => Number(row.workload_id)))
	)
}

function readRows(reader: Reader): (WorkloadRow & { node: string })[] {
	const rows = reader.all(
		'SELECT id, name, form, cluster, namespace, kind, owner, container, node, alias_of FROM workloads ORDER BY name'
	)
	return rows.map((row) => ({
		id: Number(row.id),
		name: String(row.name),
		form: row.form === 'host' ? 'host' : 'container',
		cluster: String(row.cluster),
		namespace: String(row.namespace),
		kind: String(row.kind),
		owner: String(row.owner),
		container: String(row.container),
		node: String(row.node),
		aliasOf: row.alias_of === null ? null : Number(row.alias_of)
	}))
}

/** What it did, each deed once; failed attempts are none. In no particular order, and one after the other. */
export function* readDeeds(reader: Reader, actor: Actor, extent: Extent): Generator<Deed> {
	const { sql, params } = conditionOf(actor, extent)
	const sources = createTexts(reader)
	// Grouped in SQLite, a million rows over 100,000 deeds cross into JavaScript as 100,000.
	const rows = reader.tuples(
		`SELECT deed.*, object.text FROM (
			SELECT verb, object_id, source_id, result, sum(count), count(*), min(first_ms), max(last_ms), min(flags & 2)
			FROM observations WHERE ${sql} AND result <> 'failed' GROUP BY verb, object_id, source_id, result
		) deed JOIN objects object ON object.id = deed.object_id`,
		...params
	)
	for (const row of rows) {
		const [verb, objectId, sourceId, result, count, rowCount, firstMs, lastMs, interactive, object] = row
		assert(isVerb(verb) && typeof object === 'string', 'observations hold known verbs and texts')
		yield {
			verb,
			class: classOfVerb[verb],
			objectId: Number(objectId),
			object,
			sourceId: Number(sourceId),
			source: sources.textOf(Number(sourceId)),
			isDenied: result === 'denied',
			isInteractive: interactive !== 0,
			count: Number(count),
			rowCount: Number(rowCount),
			firstMs: Number(firstMs),
			lastMs: Number(lastMs)
		}
	}
}

/** The rows of one deed, by time. */
export function readOccurrences(reader: Reader, actor: Actor, deed: Deed, sinceMs: number): Observed[] {
	const rows = reader.all(
		`SELECT ${OBSERVATION_COLUMNS} FROM ${OBSERVATION_JOINS}
			WHERE o.object_id = ? AND o.workload_id IN (${marks(actor.memberIds)}) AND o.verb = ?
				AND o.source_id = ? AND o.result = ? AND o.last_ms >= ?
			ORDER BY o.first_ms, o.last_ms, o.version_id, o.workload_id`,
		deed.objectId,
		...actor.memberIds,
		deed.verb,
		deed.sourceId,
		deed.isDenied ? 'denied' : 'allowed',
		sinceMs
	)
	return rows.map(parseObservation)
}

/** How many rows these workloads have in these classes. */
export function countRows(reader: Reader, memberIds: readonly number[], classes: readonly Class[]): number {
	const verbs = verbsOf(classes)
	const found = reader.get(
		`SELECT count(*) AS n FROM observations WHERE workload_id IN (${marks(memberIds)}) AND verb IN (${marks(verbs)})`,
		...memberIds,
		...verbs
	)
	return Number(found?.n)
}

/** Intervals of blindness by their scope. */
export type GapsByScope = ReadonlyMap<string, WatchRows['gaps'][number][]>

export function readGaps(reader: Reader): GapsByScope {
	const gaps = new Map<string, WatchRows['gaps'][number][]>()
	for (const row of reader.each('SELECT scope, from_ms, to_ms, reason FROM gaps')) {
		const scope = String(row.scope)
		append(gaps, scope, {
			scope,
			fromMs: Number(row.from_ms),
			toMs: Number(row.to_ms),
			reason: String(row.reason)
		})
	}
	return gaps
}

/** When it was watched, and by whom: what `exposureOf` takes. Gaps of its pods and of their nodes are its own. */
export function readWatch(
	reader: Reader,
	actor: Actor,
	gaps: GapsByScope,
	inventory: readonly InventoryItem[]
): { rows: Omit<WatchRows, 'censored'>; subject: WatchedSubject } {
	const { memberIds: ids, cluster, namespace } = actor
	const hours = reader.all(
		`SELECT hour, max(lossy) AS lossy FROM exposure WHERE workload_id IN (${marks(ids)}) GROUP BY hour`,
		...ids
	)
	const starts = reader.all(`SELECT pod, at_ms FROM starts WHERE workload_id IN (${marks(ids)})`, ...ids)
	const name = parseWorkloadName(actor.name)
	const pods = name?.form === 'container' ? arrangeInventory(inventory).podsOf(podWorkloadName(name)) : []
	const podNames = new Set([...starts.map((row) => String(row.pod)), ...pods.map((pod) => pod.name)])
	const subject = {
		workloads: actor.memberNames,
		nodes: [...new Set([actor.node, ...pods.map((pod) => pod.node)])].filter((node) => node !== ''),
		pods: actor.form === 'host' ? [] : [...podNames].map((pod) => `${cluster}/${namespace}/${pod}`)
	}
	const scopes = [
		...subject.workloads.map((name) => `workload:${name}`),
		...subject.nodes.map((node) => `node:${node}`),
		...subject.pods.map((pod) => `pod:${pod}`)
	]
	return {
		rows: {
			hours: hours.map((row) => ({ hour: Number(row.hour), lossy: row.lossy !== 0 })),
			startsMs: starts.map((row) => Number(row.at_ms)),
			gaps: scopes.flatMap((scope) => gaps.get(scope) ?? [])
		},
		subject
	}
}

function conditionOf(actor: Actor, extent: Extent): { sql: string; params: SqlValue[] } {
	const verbs = verbsOf(extent.classes)
	const isEvery = verbs.length === VERBS.length
	return {
		sql: [
			`workload_id IN (${marks(actor.memberIds)})`,
			...(extent.sinceMs > 0 ? ['last_ms >= ?'] : []),
			...(isEvery ? [] : [`verb IN (${marks(verbs)})`])
		].join(' AND '),
		params: [...actor.memberIds, ...(extent.sinceMs > 0 ? [extent.sinceMs] : []), ...(isEvery ? [] : verbs)]
	}
}

/** Texts of few different ids, each read once. */
function createTexts(reader: Reader): { textOf(id: number): string } {
	const known = new Map<number, string>()
	return {
		textOf(id) {
			let text = known.get(id)
			if (text === undefined) {
				text = String(reader.get('SELECT text FROM objects WHERE id = ?', id)?.text ?? '')
				known.set(id, text)
			}
			return text
		}
	}
}

function verbsOf(classes: readonly Class[]): Verb[] {
	return VERBS.filter((verb) => classes.includes(classOfVerb[verb]))
}

const KNOWN_VERBS: ReadonlySet<unknown> = new Set(VERBS)

function isVerb(value: SqlValue | undefined): value is Verb {
	return KNOWN_VERBS.has(value)
}

function marks(values: readonly unknown[]): string {
	return values.map(() => '?').join()
}
