import { identify } from './identity.js'
import type { Batch, Sighting, Subject } from './observation.js'

const HOUR_MS = 3_600_000

/** Who did something, without what, when and how often. */
export type Actor = Omit<Sighting, 'verb' | 'object' | 'count' | 'firstMs' | 'lastMs'>

/** What was done. */
export type Act = Pick<Sighting, 'verb' | 'object'>

/**
 * A sighting that is still growing. Callers may keep it and `bump` it until the next `take`.
 * All cells have one shape: half a million of them a minute is what the garbage collector sees.
 */
export interface Cell {
	actor: Actor
	act: Act
	version: Sighting['version']
	count: number
	firstMs: number
	lastMs: number
	required: boolean
	interactive: boolean
	detail: string
}

/**
 * Counts events as sightings before the database sees them: one cell per subject, version,
 * pod, hour, verb, object, source and result. Merging is the same as the store's (counts
 * add, `required` is any, `interactive` is all, the smallest detail wins), so how events
 * are split over batches never shows in the result. The caller takes the cells out when
 * `size` reaches its limit; that bounds the memory.
 */
export class Aggregator {
	#cells = new Map<string, Cell>()
	/** Everything of a key but the object, as a number: the keys of the cells stay short. */
	#groups = new Map<string, number>()
	#subjects = new Map<string, number>()
	#numbers = new WeakMap<Subject, number>()

	#textLength = 0

	/** Characters of text held now: hostile paths are long, so a number of cells alone bounds nothing. */
	get textLength(): number {
		return this.#textLength
	}

	/** Distinct sightings held now. */
	get size(): number {
		return this.#cells.size
	}

	/** Adds `count` events at `atMs`; returns the cell that holds them. */
	add(actor: Actor, act: Act, atMs: number, count = 1): Cell {
		const key = `${this.#groupOf(actor, act, atMs)}\n${act.object}`
		const cell = this.#cells.get(key)
		if (cell === undefined) {
			const created: Cell = {
				actor,
				act,
				version: actor.version,
				count,
				firstMs: atMs,
				lastMs: atMs,
				required: actor.required === true,
				interactive: actor.interactive === true,
				detail: actor.detail ?? ''
			}
			this.#cells.set(key, created)
			this.#textLength += act.object.length + actor.source.length + created.detail.length
			return created
		}
		bump(cell, atMs, count)
		mergeMarks(cell, actor)
		return cell
	}

	/** Adds a sighting that is a count already, such as one kernel counter of one drain. */
	addSighting(sighting: Sighting): void {
		const cell = this.add(sighting, sighting, sighting.firstMs, sighting.count)
		if (sighting.lastMs > cell.lastMs) cell.lastMs = sighting.lastMs
	}

	/** Takes everything out: the sightings, and the hours in which each subject was seen to be watched. */
	take(): Pick<Batch, 'sightings' | 'exposure'> {
		const sightings: Sighting[] = []
		const exposure = new Map<string, Batch['exposure'][number]>()
		for (const cell of this.#cells.values()) {
			sightings.push(sightingOf(cell))
			const { subject } = cell.actor
			const hour = Math.floor(cell.firstMs / HOUR_MS)
			const key = `${this.#numberOf(subject)}|${hour}`
			if (!exposure.has(key)) exposure.set(key, { subject, hour, lossy: false })
		}
		this.#cells = new Map()
		this.#textLength = 0
		this.#groups = new Map()
		this.#subjects = new Map()
		this.#numbers = new WeakMap()
		return { sightings, exposure: [...exposure.values()] }
	}

	#groupOf({ subject, version, pod, source, result }: Actor, { verb }: Act, atMs: number): number {
		const hour = Math.floor(atMs / HOUR_MS)
		const key = `${this.#numberOf(subject)}|${hour}|${verb}|${result}|${pod}|${source}|${version?.digest ?? ''}`
		const known = this.#groups.get(key)
		if (known !== undefined) return known
		this.#groups.set(key, this.#groups.size)
		return this.#groups.size - 1
	}

	/** A subject is a number within one batch. */
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

function mergeMarks(cell: Cell, { required, interactive, detail, version }: Actor): void {
	if (required === true) cell.required = true
	if (interactive !== true) cell.interactive = false
	if (detail !== undefined) cell.detail = smallerText(cell.detail, detail)
	if (cell.version !== undefined && version !== undefined && cell.version !== version) {
		const description = smallerText(cell.version.description, version.description)
		cell.version = { digest: version.digest, description }
	}
}

function sightingOf({
	actor,
	act,
	version,
	count,
	firstMs,
	lastMs,
	required,
	interactive,
	detail
}: Cell): Sighting {
	const { subject, source, result, pod } = actor
	const sighting: Sighting = {
		subject,
		verb: act.verb,
		object: act.object,
		source,
		result,
		count,
		firstMs,
		lastMs,
		pod
	}
	if (version !== undefined) sighting.version = version
	if (required) sighting.required = true
	if (interactive) sighting.interactive = true
	if (detail !== '') sighting.detail = detail
	return sighting
}

/** The pod is part of the cell already; two pods of one owner are one subject. */
function subjectKey(subject: Subject): string {
	const identity = identify(subject)
	return identity.cgroup === '' ? identity.name : `${identity.name}\n${identity.cgroup}`
}
