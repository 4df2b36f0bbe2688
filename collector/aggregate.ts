import { identify } from './identity.js'
import type { Batch, Sighting, Subject } from './observation.js'

const HOUR_MS = 3_600_000

/** A sighting before it is counted: what was done, without when and how often. */
export type Draft = Omit<Sighting, 'count' | 'firstMs' | 'lastMs'>

/** A sighting that is still growing. Callers may keep it and `bump` it until the next `take`. */
export type Cell = Sighting

/**
 * Counts events as sightings before the database sees them: one cell per subject, version,
 * pod, hour, verb, object, source and result. Merging is the same as the store's (counts
 * add, `required` is any, `interactive` is all, the smallest detail wins), so how events
 * are split over batches never shows in the result. The caller takes the cells out when
 * `size` reaches its limit; that bounds the memory.
 */
export class Aggregator {
	#cells = new Map<string, Cell>()
	#subjects = new Map<string, number>()
	#numbers = new WeakMap<Subject, number>()

	/** Distinct sightings held now. */
	get size(): number {
		return this.#cells.size
	}

	/** Adds `count` events at `atMs`; returns the cell that holds them. */
	add(draft: Draft, atMs: number, count = 1): Cell {
		const key = `${this.#numberOf(draft.subject)}|${Math.floor(atMs / HOUR_MS)}|${draft.verb}|${draft.result}|${draft.pod}|${draft.version?.digest ?? ''}|${draft.source}\n${draft.object}`
		const cell = this.#cells.get(key)
		if (cell === undefined) {
			const created: Cell = { ...draft, count, firstMs: atMs, lastMs: atMs }
			this.#cells.set(key, created)
			return created
		}
		bump(cell, atMs, count)
		mergeMarks(cell, draft)
		return cell
	}

	/** Adds a sighting that is a count already, such as one kernel counter of one drain. */
	addSighting(sighting: Sighting): void {
		const cell = this.add(sighting, sighting.firstMs, sighting.count)
		if (sighting.lastMs > cell.lastMs) cell.lastMs = sighting.lastMs
	}

	/** Takes everything out: the sightings, and the hours in which each subject was seen to be watched. */
	take(): Pick<Batch, 'sightings' | 'exposure'> {
		const sightings = [...this.#cells.values()]
		const exposure = new Map<string, Batch['exposure'][number]>()
		for (const { subject, firstMs } of sightings) {
			const hour = Math.floor(firstMs / HOUR_MS)
			const key = `${this.#numberOf(subject)}|${hour}`
			if (!exposure.has(key)) exposure.set(key, { subject, hour, lossy: false })
		}
		this.#cells = new Map()
		this.#subjects = new Map()
		this.#numbers = new WeakMap()
		return { sightings, exposure: [...exposure.values()] }
	}

	/** Short keys: a subject is a number within one batch. */
	#numberOf(subject: Subject): number {
		const known = this.#numbers.get(subject)
		if (known !== undefined) return known
		const name = subjectKey(subject)
		const number = this.#subjects.get(name) ?? this.#subjects.size
		this.#subjects.set(name, number)
		this.#numbers.set(subject, number)
		return number
	}
}

/** Counts one more event in a cell that is known to be of the same hour. */
export function bump(cell: Cell, atMs: number, count = 1): void {
	cell.count += count
	if (atMs < cell.firstMs) cell.firstMs = atMs
	if (atMs > cell.lastMs) cell.lastMs = atMs
}

/** The smaller text that says anything: a choice that does not depend on order. */
export function smallerText(one: string, other: string): string {
	if (one === '') return other
	if (other === '') return one
	return other < one ? other : one
}

function mergeMarks(cell: Cell, draft: Draft): void {
	if (draft.required === true) cell.required = true
	if (draft.interactive !== true && cell.interactive === true) cell.interactive = false
	if (draft.detail !== undefined) cell.detail = smallerText(cell.detail ?? '', draft.detail)
	if (cell.version !== undefined && draft.version !== undefined && cell.version !== draft.version) {
		const description = smallerText(cell.version.description, draft.version.description)
		cell.version = { digest: cell.version.digest, description }
	}
}

/** The pod is part of the cell already; two pods of one owner are one subject. */
function subjectKey(subject: Subject): string {
	const identity = identify(subject)
	return identity.cgroup === '' ? identity.name : `${identity.name}\n${identity.cgroup}`
}
