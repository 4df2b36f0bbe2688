import type { Database } from 'better-sqlite3'
import type { Batch, Delivery } from './observation.js'
import { prepareAliases } from './rows/aliases.js'
import { prepareInventory } from './rows/inventory.js'
import { prepareObjects } from './rows/objects.js'
import { prepareObservations } from './rows/observations.js'
import { prepareTimeline } from './rows/timeline.js'
import { prepareWorkloads } from './rows/workloads.js'
import type { Applied } from './store.js'

const HOUR_MS = 3_600_000

/** Applies batches to an open store; `forgetRows` after somebody else changed what it may have cached. */
export interface Applier {
	/** One transaction. Returns what it did and which tables changed. */
	apply(batch: Batch): { applied: Applied; tables: string[] }
	forgetRows(): void
}

/**
 * Prepares every statement once. Nothing in a batch depends on what came before it: rows
 * merge by union, minimum, maximum and sum, so any order of deliveries ends in the same rows.
 */
export function prepareApply(db: Database): Applier {
	const objects = prepareObjects(db)
	const workloads = prepareWorkloads(db)
	const observations = prepareObservations(db)
	const inventory = prepareInventory(db)
	const aliases = prepareAliases(db)
	const timeline = prepareTimeline(db)

	const delivered = db.prepare<[string], { epoch: number; sequence: number }>(
		'SELECT epoch, sequence FROM deliveries WHERE producer = ?'
	)
	const deliver = db.prepare(
		`INSERT INTO deliveries (producer, epoch, sequence) VALUES (?, ?, ?)
		 ON CONFLICT DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence`
	)
	const addStart = db.prepare(
		'INSERT INTO starts (workload_id, version_id, pod, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'
	)
	const addExposure = db.prepare(
		`INSERT INTO exposure (workload_id, hour, lossy) VALUES (?, ?, ?)
		 ON CONFLICT DO UPDATE SET lossy = excluded.lossy WHERE lossy < excluded.lossy`
	)
	const addEvidence = db.prepare('UPDATE workloads SET evidence = evidence + 1 WHERE id = ?')
	const addTally = db.prepare('UPDATE workloads SET tallies = tallies + 1 WHERE id = ?')
	const addGap = db.prepare(
		`INSERT INTO gaps (producer, scope, from_ms, to_ms, reason, lost_count, detail) VALUES (?, ?, ?, ?, ?, ?, ?)
		 ON CONFLICT DO UPDATE SET to_ms = max(to_ms, excluded.to_ms),
		   lost_count = lost_count + excluded.lost_count, detail = whittle_text(detail, excluded.detail)`
	)
	const addBad = db.prepare(
		'INSERT INTO bad_inputs (producer, file, line, reason, hash) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
	)

	function isDuplicate({ producer, epoch, sequence }: Delivery): boolean {
		const last = delivered.get(producer)
		if (last === undefined) return false
		return epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence)
	}

	/** Interns first and writes in the order of the primary key: neighbours land on the same pages. */
	function addSightings({ sightings }: Batch, news: Set<number>, tallies: Set<number>): number {
		const rows = sightings.map((sighting) => {
			const { subject, version, firstMs, lastMs } = sighting
			const workloadId = workloads.touch(subject, firstMs, lastMs).id
			const versionId = workloads.touchVersion(workloadId, version, firstMs, lastMs)
			return {
				workloadId,
				versionId,
				objectId: objects.idOf(sighting.object),
				sourceId: objects.idOf(sighting.source),
				sighting
			}
		})
		rows.sort((one, other) => one.workloadId - other.workloadId || one.objectId - other.objectId)
		let rowCount = 0
		for (const { workloadId, versionId, objectId, sourceId, sighting } of rows) {
			const added = observations.add(workloadId, versionId, objectId, sourceId, sighting)
			rowCount += added.rowCount
			if (added.isNews) news.add(workloadId)
			else tallies.add(workloadId)
		}
		return rowCount
	}

	function addLife(batch: Batch, news: Set<number>): void {
		for (const { subject, version, pod, atMs } of batch.starts) {
			const { id } = workloads.touch(subject, atMs, atMs)
			const { changes } = addStart.run(id, workloads.touchVersion(id, version, atMs, atMs), pod, atMs)
			if (changes > 0) news.add(id)
		}
		for (const { subject, hour, lossy } of batch.exposure) {
			// Being watched for an hour says nothing about when in it: it must not move an exact first sight.
			const { id } = workloads.touch(subject, hour * HOUR_MS + HOUR_MS - 1, hour * HOUR_MS)
			// Told again with every batch of the hour; only the first time is news.
			if (addExposure.run(id, hour, lossy ? 1 : 0).changes > 0) news.add(id)
		}
		for (const entry of batch.timeline) {
			timeline.add(workloads.touch(entry.subject, entry.atMs, entry.atMs).id, entry)
		}
		timeline.trim()
	}

	const applyOnce = db.transaction((batch: Batch): Applied => {
		const { producer, epoch, sequence } = batch.delivery
		if (isDuplicate(batch.delivery)) return { duplicate: true, observationCount: 0 }
		const news = new Set<number>()
		const tallies = new Set<number>()
		const observationCount = addSightings(batch, news, tallies)
		addLife(batch, news)
		for (const gap of batch.gaps) {
			addGap.run(producer, gap.scope, gap.fromMs, gap.toMs, gap.reason, gap.lostCount, gap.detail)
		}
		for (const item of batch.inventory) inventory.add(item)
		for (const { file, line, reason, hash } of batch.bad) addBad.run(producer, file, line, reason, hash)
		const unsettled = workloads.write()
		for (const id of news) addEvidence.run(id)
		for (const id of tallies) if (!news.has(id)) addTally.run(id)
		if (aliases.settle(unsettled, batch.inventory)) workloads.forget()
		deliver.run(producer, epoch, sequence)
		return { duplicate: false, observationCount }
	}).immediate

	return {
		apply(batch) {
			try {
				const applied = applyOnce(batch)
				return { applied, tables: applied.duplicate ? [] : tablesOf(batch) }
			} catch (error) {
				objects.forget()
				workloads.forget()
				timeline.forget()
				throw error
			}
		},
		forgetRows() {
			objects.forget()
			workloads.forget()
		}
	}
}

function tablesOf(batch: Batch): string[] {
	const tables = ['deliveries']
	if (batch.sightings.length > 0) tables.push('objects', 'observations')
	if (batch.sightings.length + batch.starts.length > 0) tables.push('versions')
	if (batch.starts.length > 0) tables.push('starts')
	if (batch.exposure.length > 0) tables.push('exposure')
	if (batch.timeline.length > 0) tables.push('timeline')
	if (batch.gaps.length > 0) tables.push('gaps')
	if (batch.inventory.length > 0) tables.push('inventory')
	if (batch.bad.length > 0) tables.push('bad_inputs')
	if (tables.some((table) => WITH_WORKLOADS.has(table))) tables.push('workloads')
	return tables.sort()
}

const WITH_WORKLOADS = new Set(['observations', 'starts', 'exposure', 'timeline', 'inventory'])
