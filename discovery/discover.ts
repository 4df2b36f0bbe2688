import { type Class, classOfVerb, type InventoryItem } from '../collector/observation.js'
import type { Reader, Statement, Writer } from '../collector/store.js'
import { OBSERVATION_COLUMNS, OBSERVATION_JOINS, parseObservation, VERBS } from './behaviour.js'
import { inventoryAt, parseInventoryRow } from './inventory.js'
import type { RenderContext } from './languages/language.js'
import type { Sighted } from './learn/exact.js'
import { learnerStatements } from './learner-rows.js'
import { createPeers, type Peers } from './peers.js'
import { createProbes, type Probes } from './probes.js'
import type { Threshold } from './learn/calibrate.js'
import { type Summary, summarise } from './learn/pool.js'
import { createPooling } from './pooling.js'
import { judgeAlone, learnSubject } from './proposal.js'
import { fingerprintOf, statementsFor } from './revision.js'
import { ephemeralContainers, type Subject, subjectsOf, type WorkloadRow } from './subject.js'
import { createSurroundings } from './surroundings.js'
import { readThresholds } from './thresholds.js'

/** What one pass did. */
export interface Discovered {
	/** Policies that were looked at because their observations (or the inventory) changed. */
	examinedCount: number
	/** New revisions. */
	revisionCount: number
	/** Policies whose digest stayed while their evidence or notes changed. */
	refreshedCount: number
}

/**
 * Looks for changes whenever it is called, and remembers what it has seen: a pass over an
 * unchanged store reads a few aggregates and writes nothing.
 */
export interface Discoverer {
	discover(nowMs: number): Promise<Discovered>
}

export interface DiscoverOptions {
	/** A person ran what was recorded in order to learn it (`whittle learn -- CMD`). */
	vouched?: boolean
}

/**
 * One pass over the whole store: for each workload and class with trusted behaviours, the
 * policy it needs now. The stage's only file that touches the store.
 */
export function discover(
	reader: Reader,
	writer: Writer,
	nowMs: number,
	options: DiscoverOptions = {}
): Promise<Discovered> {
	return createDiscoverer(reader, writer, options).discover(nowMs)
}

/** What rendering may look at, at `atMs`. */
export function readRenderContext(reader: Reader, atMs: number): RenderContext {
	return { inventory: inventoryAt(readInventoryItems(reader), atMs) }
}

/** All items of the inventory, past and present, sorted. */
export function readInventoryItems(reader: Reader): InventoryItem[] {
	return reader.all(INVENTORY_SQL).map(parseInventoryRow)
}

const INVENTORY_SQL = 'SELECT * FROM inventory ORDER BY cluster, kind, namespace, name, uid, from_ms'

/** A discoverer that lives as long as its store is open. Its passes must not overlap. */
export function createDiscoverer(reader: Reader, writer: Writer, options: DiscoverOptions = {}): Discoverer {
	const learned = new Map<string, Learned>()
	const written = new Map<string, string>()
	let inventory: Inventory | undefined
	let summaries: ReadonlyMap<string, Summary> = new Map()
	let thresholds: { hour: number; of: ReadonlyMap<Class, Threshold> } = { hour: -1, of: new Map() }

	return {
		async discover(nowMs) {
			const inventoryMarker = markerOfInventory(reader)
			const inventoryChanged = inventory?.marker !== inventoryMarker
			if (!inventory || inventoryChanged) inventory = readInventory(reader, inventoryMarker)
			const { ephemeral, probes } = inventory
			const changes = changeMarkers(reader)
			const workloads = readWorkloads(reader)
			const done: Discovered = { examinedCount: 0, revisionCount: 0, refreshedCount: 0 }
			const batch = createBatch(writer)
			const newlyLearned = new Map<string, Learned>()
			const newlyWritten = new Map<string, string>()
			const hour = Math.floor(nowMs / MS_PER_HOUR)
			if (thresholds.hour !== hour) thresholds = { hour, of: readThresholds(reader, imageReader(reader)) }
			const { items, peers } = inventory
			const surroundings = createSurroundings(reader, items, peers, thresholds.of, nowMs)
			const subjects = subjectsOf(workloads, ephemeral, anchorsOf(reader))
			const pooling = createPooling(inventory.items, subjects, summaries)
			const vouched = options.vouched === true
			const markerOf = (subject: Subject) =>
				`${subject.memberIds.map((id) => `${id}:${changes.get(id)?.news ?? ''}`).join(' ')} ${probes.markerOf(subject.name)}`
			const talliesOf = (subject: Subject) => subject.memberIds.map((id) => changes.get(id)?.tallies).join()
			const isDirty = (subject: Subject) => {
				const before = learned.get(keyOf(subject))
				if (before?.marker !== markerOf(subject)) return true
				if (inventoryChanged && subject.classes.includes('network')) return true
				return before.tallies !== talliesOf(subject) && nowMs - before.atMs >= before.waitMs
			}
			const dirty = new Set(subjects.filter(isDirty).map(keyOf))
			// First what each says of itself, then what all learn, so that their order does not matter.
			const stirred = new Set<string>()
			for (const subject of subjects) {
				if (!dirty.has(keyOf(subject)) || !pooling.hasPeers(subject)) continue
				const observations = readObservations(reader, subject, probes)
				const { circumstances } = surroundings.of(subject)
				const judged = judgeAlone(subject, observations, { ...circumstances, vouched })
				if (pooling.tell(subject, (of) => summarise(of, judged))) {
					for (const name of pooling.peersOf(subject)) stirred.add(name)
				}
			}
			for (const subject of subjects) {
				if (!dirty.has(keyOf(subject)) && !stirred.has(subject.name)) continue
				const observations = readObservations(reader, subject, probes)
				const { circumstances, watched } = surroundings.of(subject)
				const pool = pooling.view(subject)
				for (const learning of learnSubject(subject, observations, { ...circumstances, vouched, pool })) {
					done.examinedCount++
					const { class: of, proposal } = learning
					const readiness = surroundings.readiness(subject, learning, observations, watched)
					await batch.add(learnerStatements(reader, subject, learning, readiness))
					if (!proposal) continue
					const fingerprint = fingerprintOf(proposal.policy.digest, proposal.evidence, proposal.notes)
					const slot = `${subject.anchorId} ${of}`
					const before = written.get(slot) ?? writtenBefore(reader, subject.anchorId, of)
					if (before === fingerprint) continue
					if (before?.startsWith(proposal.policy.digest)) done.refreshedCount++
					else done.revisionCount++
					await batch.add(statementsFor(subject.anchorId, proposal, nowMs))
					newlyWritten.set(slot, fingerprint)
				}
				const before = learned.get(keyOf(subject))
				const marker = markerOf(subject)
				const waitMs =
					before?.marker === marker ? Math.min(before.waitMs * 2, LONGEST_WAIT_MS) : SHORTEST_WAIT_MS
				newlyLearned.set(keyOf(subject), { marker, tallies: talliesOf(subject), atMs: nowMs, waitMs })
			}
			await batch.add(withdrawn(reader, workloads, ephemeral))
			await batch.flush()
			// Only what is committed is remembered: after a failed write the next pass tries again.
			summaries = pooling.summaries
			for (const [key, last] of newlyLearned) learned.set(key, last)
			for (const [slot, fingerprint] of newlyWritten) written.set(slot, fingerprint)
			return done
		}
	}
}

const MS_PER_HOUR = 3_600_000
/**
 * How long a workload of which nothing but counts grew waits until its evidence is refreshed: soon after
 * news, then ever less often. A busy machine counts more of the same in every second of the year.
 */
const SHORTEST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 600_000

/** What was known of a subject when it was last learned. */
interface Learned {
	marker: string
	tallies: string
	atMs: number
	waitMs: number
}

/** What runs the same image is alike: its latest version, else the workload itself. */
function imageReader(reader: Reader): (workloadId: number) => string {
	const digests = new Map<number, string>()
	for (const [id, digest] of reader.tuples('SELECT workload_id, digest FROM versions ORDER BY last_ms, id')) {
		if (digest !== '') digests.set(Number(id), String(digest))
	}
	return (workloadId) => digests.get(workloadId) ?? `workload ${workloadId}`
}

/** A pod and a container of the same name are two subjects. */
function keyOf(subject: Subject): string {
	return `${subject.classes.join()} ${subject.name}`
}

interface Inventory {
	marker: string
	items: InventoryItem[]
	peers: Peers
	ephemeral: Set<string>
	probes: Probes
}

function readWorkloads(reader: Reader): WorkloadRow[] {
	return reader
		.all(
			'SELECT id, name, form, cluster, namespace, kind, owner, container, alias_of FROM workloads ORDER BY id'
		)
		.map((row) => ({
			id: Number(row.id),
			name: String(row.name),
			form: row.form === 'host' ? 'host' : 'container',
			cluster: String(row.cluster),
			namespace: String(row.namespace),
			kind: String(row.kind),
			owner: String(row.owner),
			container: String(row.container),
			aliasOf: row.alias_of === null ? null : Number(row.alias_of)
		}))
}

/** Per workload: what differs whenever there is news (evidence, answers, lists of files), and when only counts grew. */
function changeMarkers(reader: Reader): Map<number, { news: string; tallies: number }> {
	const lists = reader.all('SELECT scope, digest FROM image_files ORDER BY scope')
	const files = lists.map((row) => row.digest).join()
	const answers = new Map<number, string>()
	for (const [id, last] of reader.tuples('SELECT workload_id, MAX(id) FROM decisions GROUP BY workload_id'))
		answers.set(Number(id), String(last))
	const changes = new Map<number, { news: string; tallies: number }>()
	for (const [id, evidence, tallies] of reader.tuples('SELECT id, evidence, tallies FROM workloads')) {
		const news = `${evidence} ${answers.get(Number(id)) ?? ''} ${files}`
		changes.set(Number(id), { news, tallies: Number(tallies) })
	}
	return changes
}

function markerOfInventory(reader: Reader): string {
	const row = reader.get(
		'SELECT COUNT(*) AS items, MAX(from_ms) AS last, COUNT(to_ms) AS ended, SUM(LENGTH(item)) AS bytes,' +
			' MAX(to_ms) AS last_end FROM inventory'
	)
	return JSON.stringify(row ?? {}, (_, value: unknown) =>
		typeof value === 'bigint' ? value.toString() : value
	)
}

function readInventory(reader: Reader, marker: string): Inventory {
	const items = reader.all(INVENTORY_SQL).map(parseInventoryRow)
	return {
		marker,
		items,
		peers: createPeers(items),
		ephemeral: ephemeralContainers(items),
		probes: createProbes(items)
	}
}

/** Where the network policies of pods were kept before, so that their revisions stay in one line. */
function anchorsOf(reader: Reader): Set<number> {
	const rows = reader.all("SELECT DISTINCT workload_id FROM policies WHERE class = 'network'")
	return new Set(rows.map((row) => Number(row.workload_id)))
}

/** Everything that was seen of a subject in its classes; a kubelet's probe is no person's doing. */
export function readObservations(reader: Reader, subject: Subject, probes: Probes): Sighted[] {
	const ids = subject.memberIds
	const verbs = VERBS.filter((verb) => subject.classes.includes(classOfVerb[verb]))
	const rows = reader.each(
		`SELECT ${OBSERVATION_COLUMNS} FROM ${OBSERVATION_JOINS} WHERE o.workload_id IN (${ids.map(() => '?').join()})` +
			` AND o.verb IN (${verbs.map(() => '?').join()})`,
		...ids,
		...verbs
	)
	const observations: Sighted[] = []
	for (const row of rows) {
		const seen = parseObservation(row)
		// No copy but of the few: ten thousand copies take as long as learning from them.
		observations.push(probes.has(subject.name, seen) ? { ...seen, interactive: false, isProbe: true } : seen)
	}
	return observations
}

/** The fingerprint of what the store holds, for the first look at a policy in this process. */
function writtenBefore(reader: Reader, workloadId: number, of: Class): string | undefined {
	const policy = reader.get(
		'SELECT policy.id, policy.digest, policy.notes FROM proposals proposal' +
			' JOIN policies policy ON policy.id = proposal.policy_id WHERE proposal.workload_id = ? AND proposal.class = ?',
		workloadId,
		of
	)
	if (!policy) return undefined
	const evidence = reader
		.all('SELECT data FROM evidence WHERE policy_id = ? ORDER BY rule', policy.id ?? null)
		.map((row): unknown => JSON.parse(String(row.data)))
	return fingerprintOf(String(policy.digest), evidence, JSON.parse(String(policy.notes)))
}

/** What turned out to be part of another workload, or a debug container, proposes nothing any more. */
function withdrawn(
	reader: Reader,
	workloads: readonly WorkloadRow[],
	ephemeral: ReadonlySet<string>
): Statement[] {
	const gone = new Set(
		workloads
			.filter((workload) => workload.aliasOf !== null || ephemeral.has(workload.name))
			.map((workload) => workload.id)
	)
	if (gone.size === 0) return []
	return reader
		.all('SELECT DISTINCT workload_id FROM proposals ORDER BY workload_id')
		.map((row) => Number(row.workload_id))
		.filter((id) => gone.has(id))
		.map((id) => ({ sql: 'DELETE FROM proposals WHERE workload_id = ?', params: [id] }))
}

/** Statements in transactions of a few thousand: the writer is shared with the collector. */
function createBatch(writer: Writer): {
	add(statements: Statement[]): Promise<void>
	flush(): Promise<void>
} {
	let pending: Statement[] = []
	const flush = async () => {
		if (pending.length === 0) return
		const statements = pending
		pending = []
		await writer.transact(statements)
	}
	return {
		async add(statements) {
			pending.push(...statements)
			if (pending.length >= TRANSACTION_STATEMENTS) await flush()
		},
		flush
	}
}

const TRANSACTION_STATEMENTS = 3000
