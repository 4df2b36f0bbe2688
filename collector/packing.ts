import {
	type Batch,
	classOfVerb,
	type Result,
	type Sighting,
	type Subject,
	type TimelineEntry,
	type Verb
} from './observation.js'

/**
 * A batch on its way to the writer's thread. Thousands of small objects cost more to clone
 * than to store, so sightings and timeline go as columns; the rest is small and goes as it is.
 */
export interface PackedBatch {
	rest: Omit<Batch, 'sightings' | 'timeline'>
	subjects: Subject[]
	versions: NonNullable<Sighting['version']>[]
	/** Texts that repeat: sources, pods, details. */
	texts: string[]
	sightings: {
		objects: string[]
		/** Per sighting `SIGHTING_FIELDS` numbers. */
		numbers: Float64Array
	}
	timeline: {
		texts: string[]
		/** Per entry `TIMELINE_FIELDS` numbers. */
		numbers: Float64Array
	}
}

/** The same batch in columns; `unpackBatch` gives it back. */
export function packBatch(batch: Batch): PackedBatch {
	const { sightings, timeline, ...rest } = batch
	const subjects = new Numbering<Subject>()
	const versions = new Numbering<NonNullable<Sighting['version']>>()
	const texts = new Numbering<string>()

	const numbers = new Float64Array(sightings.length * SIGHTING_FIELDS)
	const objects: string[] = []
	let at = 0
	for (const {
		subject,
		version,
		verb,
		object,
		source,
		result,
		count,
		firstMs,
		lastMs,
		pod,
		required,
		interactive,
		detail
	} of sightings) {
		objects.push(object)
		numbers[at++] = subjects.of(subject)
		numbers[at++] = version === undefined ? NONE : versions.of(version)
		numbers[at++] = VERB_NUMBERS.get(verb) ?? NONE
		numbers[at++] = RESULTS.indexOf(result)
		numbers[at++] = texts.of(source)
		numbers[at++] = texts.of(pod)
		numbers[at++] = detail === undefined ? NONE : texts.of(detail)
		numbers[at++] = mark(required) + 3 * mark(interactive)
		numbers[at++] = count
		numbers[at++] = firstMs
		numbers[at++] = lastMs
	}

	const timelineNumbers = new Float64Array(timeline.length * TIMELINE_FIELDS)
	const timelineTexts: string[] = []
	at = 0
	for (const { subject, pod, atMs, kind, text, count } of timeline) {
		timelineTexts.push(text)
		timelineNumbers[at++] = subjects.of(subject)
		timelineNumbers[at++] = texts.of(pod)
		timelineNumbers[at++] = KINDS.indexOf(kind)
		timelineNumbers[at++] = atMs
		timelineNumbers[at++] = count
	}
	return {
		rest,
		subjects: subjects.values,
		versions: versions.values,
		texts: texts.values,
		sightings: { objects, numbers },
		timeline: { texts: timelineTexts, numbers: timelineNumbers }
	}
}

/** What has to be moved rather than copied. */
export function transferOf({ sightings, timeline }: PackedBatch): ArrayBuffer[] {
	return [sightings.numbers.buffer, timeline.numbers.buffer].filter((buffer) => buffer instanceof ArrayBuffer)
}

/** The batch that was packed. A number without its value is a bug, and stops. */
export function unpackBatch({ rest, subjects, versions, texts, sightings, timeline }: PackedBatch): Batch {
	return {
		...rest,
		sightings: sightings.objects.map((object, index) => {
			const at = index * SIGHTING_FIELDS
			const number = (field: number): number => sightings.numbers[at + field] ?? NONE
			const sighting: Sighting = {
				subject: entryOf(subjects, number(0)),
				verb: entryOf(VERBS, number(2)),
				object,
				source: entryOf(texts, number(4)),
				result: entryOf(RESULTS, number(3)),
				count: number(8),
				firstMs: number(9),
				lastMs: number(10),
				pod: entryOf(texts, number(5))
			}
			const required = unmark(number(7) % 3)
			const interactive = unmark(Math.floor(number(7) / 3))
			if (number(1) !== NONE) sighting.version = entryOf(versions, number(1))
			if (number(6) !== NONE) sighting.detail = entryOf(texts, number(6))
			if (required !== undefined) sighting.required = required
			if (interactive !== undefined) sighting.interactive = interactive
			return sighting
		}),
		timeline: timeline.texts.map((text, index) => {
			const at = index * TIMELINE_FIELDS
			const number = (field: number): number => timeline.numbers[at + field] ?? NONE
			return {
				subject: entryOf(subjects, number(0)),
				pod: entryOf(texts, number(1)),
				kind: entryOf(KINDS, number(2)),
				atMs: number(3),
				text,
				count: number(4)
			}
		})
	}
}

const NONE = -1
const SIGHTING_FIELDS = 11
const TIMELINE_FIELDS = 5
const RESULTS: readonly Result[] = ['allowed', 'denied', 'failed']
const KINDS: readonly TimelineEntry['kind'][] = ['first-sight', 'exec', 'connect', 'start', 'exit']
const VERBS: readonly Verb[] = Object.keys(classOfVerb).filter((name): name is Verb => name in classOfVerb)
const VERB_NUMBERS = new Map(VERBS.map((verb, index) => [verb, index]))

/** Numbers values in the order in which they come. */
class Numbering<Value> {
	values: Value[] = []
	#numbers = new Map<Value, number>()

	of(value: Value): number {
		const known = this.#numbers.get(value)
		if (known !== undefined) return known
		this.#numbers.set(value, this.values.length)
		return this.values.push(value) - 1
	}
}

function entryOf<Value>(values: readonly Value[], index: number): Value {
	const value = values[index]
	if (value === undefined) throw new Error(`a packed batch refers to value ${index} of ${values.length}`)
	return value
}

/** Absent, false, true. */
function mark(value: boolean | undefined): number {
	return value === undefined ? 0 : value ? 2 : 1
}

function unmark(value: number): boolean | undefined {
	return value === 0 ? undefined : value === 2
}
