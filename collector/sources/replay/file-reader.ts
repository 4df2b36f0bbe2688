import { createHash } from 'node:crypto'
import { type Actor, Aggregator, bump, type Cell } from '../../aggregate.js'
import type { Batch, Sighting, Start, TimelineEntry } from '../../observation.js'
import { sealText } from '../../path.js'
import { decodeRecorded, RECORDED_KEYS, type Recorded } from '../../recording.js'
import { type Decoded, type Events, type TimeWindow, timeProblem, UNPRINTABLE_NOTE } from './decoded.js'
import { DnsAnswers } from './dns-answer.js'
import { decodeHubble } from './hubble.js'
import { KubeArmorDecoder } from './kubearmor.js'
import { LINE_BYTES_MAX, type LineSink, LineSplitter } from './lines.js'

/**
 * Where a file is cut into deliveries. Changing these numbers changes which lines a replay
 * that was killed counts again when it resumes; raise EPOCH with them.
 */
const CELLS_MAX = 16_384
/** A stream that hardly repeats itself gains nothing from waiting: it is cut at so many distinct sightings. */
const CELLS_MAX_UNREPEATED = 8192
const REPEATED_RATIO = 1.5
const LINES_MAX = 262_144
const EPOCH = 1

/** A hostile file may be nothing but bad lines: so many are listed, the rest are counted in one more row. */
const BAD_LISTED_MAX = 10_000
const STARTS_HELD_MAX = 10_000
/** Characters of text that one batch holds: paths may be 4 kB long, recorded objects a megabyte. */
const TEXT_LENGTH_MAX = 16_777_216
const HOUR_MS = 3_600_000

/** Lines of one batch by what became of them; `used + skipped + refused` is all of them. */
export interface Tally {
	lineCount: number
	/** Lines that say something which is stored. */
	usedCount: number
	/** Lines that are understood and say nothing of use (replies, close(), blank lines). */
	skippedCount: number
	/** Lines that could not be used. */
	refusedCount: number
	/** Everything that was reported, refused or used, by reason. */
	reportedByReason: Map<string, number>
}

/** Turns one file's bytes into batches. Pure: no clock, no input or output of its own. */
export class FileReader implements LineSink {
	#file: string
	#sha256: string
	#window: TimeWindow
	#splitter = new LineSplitter(this)
	#kubearmor: KubeArmorDecoder
	#aggregator = new Aggregator()
	/** Where the events of a repeated line were counted in this batch, and in which hour. */
	#cells = new Map<Events, { hour: number; cells: Cell[] }>()
	#firstPrograms = new Map<string, Start>()
	#answers = new DnsAnswers()
	#batch: Batch
	#tally = emptyTally()
	#ready: { batch: Batch; tally: Tally }[] = []
	#badListedCount = 0
	/** Characters of the recorded lines in this batch. */
	#recordedLength = 0

	constructor({ file, sha256, window }: { file: string; sha256: string; window: TimeWindow }) {
		this.#file = sealText(file)
		this.#sha256 = sha256
		this.#window = window
		this.#kubearmor = new KubeArmorDecoder(window)
		this.#batch = this.#emptyBatch()
	}

	write(chunk: Buffer): void {
		this.#splitter.write(chunk)
	}

	/** The input is over; `failure` says why it ended before its end. */
	end(failure: string | undefined): void {
		this.#splitter.end(failure === undefined)
		if (failure !== undefined) this.#report(this.#splitter.number, failure, this.#sha256)
		if (this.#badListedCount > BAD_LISTED_MAX) {
			const reason = `${this.#badListedCount - BAD_LISTED_MAX} more lines were reported than are listed`
			this.#batch.bad.push({ file: this.#file, line: this.#splitter.number, reason, hash: this.#sha256 })
		}
		this.#takeStarts()
		this.#cut(this.#splitter.number + 1)
	}

	/** The batches that are complete. */
	takeBatches(): { batch: Batch; tally: Tally }[] {
		const ready = this.#ready
		this.#ready = []
		return ready
	}

	line(text: string, number: number, valid: boolean, bytes: () => Buffer): void {
		const record = parseRecord(number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text)
		if (record === undefined) this.#tally.skippedCount++
		else if (typeof record === 'string') this.#refuse(number, record, sha256(bytes()))
		else this.#record(record, text.length, number, valid, bytes)
		this.#ended(number)
	}

	tooLong(number: number, _byteCount: number, hash: string): void {
		this.#refuse(number, `the line is longer than ${LINE_BYTES_MAX} bytes`, hash)
		this.#ended(number)
	}

	#record(
		record: Record<string, unknown>,
		length: number,
		number: number,
		valid: boolean,
		bytes: () => Buffer
	): void {
		if ('Operation' in record || 'operation' in record) {
			this.#decoded(this.#kubearmor.decode(record), number, valid, bytes)
		} else if (RECORDED_KEYS.some((key) => key in record)) {
			this.#recordedLength += length
			this.#recorded(record, number, valid, bytes)
		} else if (HUBBLE_KEYS.some((key) => key in record)) {
			this.#decoded(decodeHubble(record, this.#window), number, valid, bytes)
		} else this.#refuse(number, 'the line is of no known kind', sha256(bytes()))
	}

	#decoded(decoded: Decoded, number: number, valid: boolean, bytes: () => Buffer): void {
		switch (decoded.is) {
			case 'refused':
				this.#refuse(number, decoded.reason, sha256(bytes()))
				return
			case 'nothing':
				this.#tally.skippedCount++
				break
			case 'gap':
				this.#tally.usedCount++
				this.#batch.gaps.push(decoded.gap)
				break
			case 'answers':
				this.#tally.usedCount++
				for (const answer of decoded.answers) this.#answers.add(answer)
				break
			case 'events':
				this.#tally.usedCount++
				this.#count(decoded.events, decoded.atMs, decoded.repeats)
				for (const answer of decoded.answers ?? []) this.#answers.add(answer)
		}
		const note = decoded.is === 'events' ? decoded.events.note : undefined
		if (note !== undefined || !valid) this.#report(number, note ?? INVALID_NOTE, sha256(bytes()))
	}

	#count(events: Events, atMs: number, repeats: boolean): void {
		const { actor, acts, startOf } = events
		const hour = Math.floor(atMs / HOUR_MS)
		const known = repeats ? this.#cells.get(events) : undefined
		if (known !== undefined && known.hour === hour) {
			for (const cell of known.cells) bump(cell, atMs)
		} else if (repeats) {
			this.#cells.set(events, { hour, cells: acts.map((act) => this.#aggregator.add(actor, act, atMs)) })
		} else {
			for (const act of acts) this.#aggregator.add(actor, act, atMs)
		}
		if (startOf !== undefined && startOf !== '') this.#started(startOf, actor, atMs)
	}

	#started(startOf: string, { subject, pod, version }: Actor, atMs: number): void {
		const start = this.#firstPrograms.get(startOf)
		if (start !== undefined) {
			if (atMs < start.atMs) start.atMs = atMs
			return
		}
		if (this.#firstPrograms.size >= STARTS_HELD_MAX) this.#takeStarts()
		this.#firstPrograms.set(startOf, { subject, pod, atMs, ...(version === undefined ? {} : { version }) })
	}

	#recorded(record: Record<string, unknown>, number: number, valid: boolean, bytes: () => Buffer): void {
		const decoded = decodeRecorded(record)
		const problem = 'refused' in decoded ? decoded.refused : recordedProblem(decoded.recorded, this.#window)
		if (problem !== undefined || 'refused' in decoded) {
			this.#refuse(number, problem ?? 'the line is of no known kind', sha256(bytes()))
			return
		}
		this.#tally.usedCount++
		const { recorded } = decoded
		if ('sighting' in recorded) this.#aggregator.addSighting(recorded.sighting)
		else if ('start' in recorded) this.#batch.starts.push(recorded.start)
		else if ('gap' in recorded) this.#batch.gaps.push(recorded.gap)
		else if ('exposure' in recorded) this.#batch.exposure.push(recorded.exposure)
		else this.#batch.inventory.push(recorded.inventory)
		if (!valid) this.#report(number, INVALID_NOTE, sha256(bytes()))
	}

	#refuse(number: number, reason: string, hash: string): void {
		this.#tally.refusedCount++
		this.#report(number, reason, hash)
	}

	#report(line: number, reason: string, hash: string): void {
		const { reportedByReason } = this.#tally
		reportedByReason.set(reason, (reportedByReason.get(reason) ?? 0) + 1)
		this.#badListedCount++
		if (this.#badListedCount <= BAD_LISTED_MAX) this.#batch.bad.push({ file: this.#file, line, reason, hash })
	}

	#ended(number: number): void {
		this.#tally.lineCount++
		const { starts, gaps, exposure, inventory } = this.#batch
		const listedCount = starts.length + gaps.length + exposure.length + inventory.length
		const heldCount = this.#aggregator.size + this.#answers.size + listedCount
		const { lineCount } = this.#tally
		const isUnrepeated = heldCount >= CELLS_MAX_UNREPEATED && lineCount < heldCount * REPEATED_RATIO
		const heldLength = this.#aggregator.textLength + this.#recordedLength
		const isFull = heldCount >= CELLS_MAX || heldLength >= TEXT_LENGTH_MAX || lineCount >= LINES_MAX
		if (isUnrepeated || isFull) this.#cut(number)
	}

	/** Ends a batch after line `sequence`. */
	#cut(sequence: number): void {
		const batch = this.#batch
		const { sightings, exposure } = this.#aggregator.take()
		batch.delivery = { producer: `file:${this.#sha256}`, epoch: EPOCH, sequence }
		batch.sightings = sightings
		batch.exposure.push(...exposure)
		batch.inventory.push(...this.#answers.take())
		batch.timeline = sightings.flatMap(timelineEntry)
		this.#ready.push({ batch, tally: this.#tally })
		this.#cells.clear()
		this.#recordedLength = 0
		this.#batch = this.#emptyBatch()
		this.#tally = emptyTally()
	}

	/** The first program of a container, at its earliest in the whole file, whatever order the lines are in. */
	#takeStarts(): void {
		this.#batch.starts.push(...this.#firstPrograms.values())
		this.#firstPrograms.clear()
	}

	#emptyBatch(): Batch {
		const delivery = { producer: `file:${this.#sha256}`, epoch: EPOCH, sequence: 0 }
		return {
			delivery,
			sightings: [],
			starts: [],
			gaps: [],
			inventory: [],
			timeline: [],
			bad: [],
			exposure: []
		}
	}
}

const HUBBLE_KEYS = ['flow', 'verdict', 'lost_events', 'node_status', 'agent_event', 'debug_event']
const INVALID_NOTE = UNPRINTABLE_NOTE.replace('a path', 'the line')

/** A JSON object, a reason why the line is none, or undefined for a blank line. */
function parseRecord(text: string): Record<string, unknown> | string | undefined {
	let value: unknown
	try {
		value = JSON.parse(text)
	} catch (error) {
		// The parser's own message quotes the line; bad lines are kept as hashes only.
		if (error instanceof SyntaxError) return text.trim() === '' ? undefined : 'the line is not JSON'
		throw error
	}
	return isRecord(value) ? value : 'the line is not a JSON object'
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function recordedProblem(recorded: Recorded, window: TimeWindow): string | undefined {
	if ('sighting' in recorded) return timeProblem(recorded.sighting.firstMs, window)
	if ('start' in recorded) return timeProblem(recorded.start.atMs, window)
	if ('gap' in recorded) return timeProblem(recorded.gap.fromMs, window)
	if ('exposure' in recorded) return timeProblem(recorded.exposure.hour * HOUR_MS, window)
	// An object of the inventory may be valid from long ago; only the future is a lie.
	return timeProblem(Math.max(recorded.inventory.fromMs, window.fromMs), window)
}

function timelineEntry({ subject, pod, firstMs, verb, object, detail, count }: Sighting): TimelineEntry[] {
	if (verb === 'exec') return [{ subject, pod, atMs: firstMs, kind: 'exec', text: detail || object, count }]
	return verb === 'connect' ? [{ subject, pod, atMs: firstMs, kind: 'connect', text: object, count }] : []
}

function emptyTally(): Tally {
	return { lineCount: 0, usedCount: 0, skippedCount: 0, refusedCount: 0, reportedByReason: new Map() }
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex')
}
