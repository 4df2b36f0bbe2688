/**
 * One drain → one batch. Keeps what earlier drains described (objects, command lines,
 * units) and the loss ledger; the clock is the drain's own. Everything else is a pure
 * function of the drain.
 */
import type { Drain } from '../../../native/drain.js'
import { lossKinds, operation, unitKind } from '../../../native/layout.js'
import type { NetworkDenial } from '../../../native/messages.js'
import { Aggregator } from '../../aggregate.js'
import { identify } from '../../identity.js'
import type {
	Batch,
	Gap,
	GapReason,
	Result,
	Sighting,
	Start,
	Subject,
	TimelineEntry,
	Verb
} from '../../observation.js'
import { decodeCounters, decodeOthers, isNumber, verbsOf } from './counters.js'
import type { Counter } from './counters.js'
import { decodeDenials } from './denials.js'
import { decodeFirstSights, numberTexts } from './described.js'
import type { Described } from './described.js'
import { Generations } from './generations.js'
import type { Units } from './units.js'

const hourMs = 3_600_000
/** Losing less than this part of an hour's events is noted, not a gap (design: Gap). */
const lossBudget = 0.001
/** More than the kernel can know at once: 40,000 described objects and 65,536 carried over (bpf/maps.h). */
const describedMax = 200_000
/** A larger step of the wall clock between two drains is a gap (design: Time). */
const clockStepMs = 5000

export interface Decoder {
	decode(drain: Drain): { batch: Batch; denials: NetworkDenial[] }
	/** The loss ledger so far, by sentence; zeros left out. */
	losses(): { kind: string; count: number }[]
}

/** `bootMs` is the wall time of the host's boot: what ran before us did so since then at the earliest. */
export function decoder(node: string, units: Units, startedMs: number, bootMs: number): Decoder {
	const objects = new Generations<bigint, Described>(describedMax)
	const execs = new Generations<string, KnownExec>(describedMax)
	const known = new Set<bigint>()
	const watched = new Map<bigint, number>()
	const ledger = { losses: [] as bigint[], eventCount: 0, hour: 0, remainders: new Map<string, bigint>() }
	let lastWall: { wallMs: number; bootNs: bigint } | null = null

	const describe = (drain: Drain, timeline: TimelineEntry[], toMs: (bootNs: bigint) => number): void => {
		const sights = decodeFirstSights(drain.firstSights)
		for (const sight of sights) {
			if (sight.cgroup) units.learn(sight.object, sight.cgroup.path, sight.cgroup.hierarchy)
			if (sight.described) {
				objects.set(sight.object, sight.described)
				units.learnProgram(sight.object, sight.described.text)
			}
			if (sight.exec) {
				const key = execKey(sight.exec.unit, sight.exec.asker, sight.object)
				const { commandLine, interpreter } = sight.exec
				const interpreters = execs.get(key)?.interpreters ?? new Set<bigint>()
				if (interpreter !== 0n) interpreters.add(interpreter)
				execs.set(key, { commandLine, interpreters })
			}
		}
		for (const sight of sights) {
			const subject = sight.described && sight.described.text !== '' ? units.subject(sight.unit) : null
			if (!subject || !sight.described) continue
			timeline.push({
				subject,
				pod: node,
				atMs: toMs(sight.atBootNs),
				kind: 'first-sight',
				text: sight.described.text,
				count: 1
			})
		}
	}

	return {
		decode(drain): { batch: Batch; denials: NetworkDenial[] } {
			const toMs = (bootNs: bigint): number => drain.wallMs - Number(drain.toBootNs - bootNs) / 1e6
			const fromMs = toMs(drain.fromBootNs)
			const timeline: TimelineEntry[] = []
			const starts: Start[] = []
			const gaps: Gap[] = []
			const gather = new Aggregator()
			const hour = Math.floor(drain.wallMs / hourMs)
			describe(drain, timeline, toMs)

			const counters = decodeCounters(drain.counters)
			const others = decodeOthers(drain.others)
			for (const counter of counters) {
				const subject = units.subject(counter.unit) ?? unknownUnit(node)
				watched.set(counter.unit, hour)
				ledger.eventCount += counter.count
				if (counter.operation === operation.start) {
					starts.push({ subject, pod: node, atMs: Math.floor(toMs(counter.firstBootNs)) })
					continue
				}
				const blind = blindSpot(counter, subject, fromMs, drain.wallMs, objects)
				if (blind) gaps.push(blind)
				for (const sighting of sightingsOf(counter, subject, objects, execs, node, toMs, drain.wallMs)) {
					gather.addSighting(sighting)
				}
				const entry = timelineEntry(counter, subject, objects, node, toMs)
				if (entry) timeline.push(entry)
			}
			for (const other of others) {
				const subject = units.subject(other.unit) ?? unknownUnit(node)
				watched.set(other.unit, hour)
				ledger.eventCount += other.count
				for (const verb of verbsOf(other.operation, false).slice(0, 1)) {
					gather.addSighting(
						withoutDetail(subject, verb, other.result, other.count, node, fromMs, drain.wallMs)
					)
				}
				gaps.push(gap(scopeOf(subject), fromMs, drain.wallMs, 'map-full', other.count, lossKinds[1]))
			}
			gaps.push(...earlierLives(counters, known, units, bootMs, startedMs))
			gaps.push(...ledgerGaps(drain, ledger, node, fromMs))
			if (lastWall) {
				const stepMs = drain.wallMs - lastWall.wallMs - Number(drain.toBootNs - lastWall.bootNs) / 1e6
				if (Math.abs(stepMs) > clockStepMs) {
					const [from, to] = [lastWall.wallMs, drain.wallMs].sort((a, b) => a - b)
					const sentence = `the wall clock stepped by ${Math.round(stepMs / 1000)} s`
					gaps.push(gap(`node:${node}`, from ?? fromMs, to ?? drain.wallMs, 'clock-step', 0, sentence))
				}
			}
			lastWall = { wallMs: drain.wallMs, bootNs: drain.toBootNs }
			const { sightings, exposure } = gather.take()
			return {
				batch: {
					delivery: { producer: `kernel:${node}`, epoch: drain.epoch, sequence: drain.sequence },
					sightings,
					starts,
					gaps,
					inventory: [],
					timeline: mergeTimeline(timeline),
					bad: [],
					// A drain that begins in an hour before this one tells of that hour, too.
					exposure: [...exposure.filter((one) => one.hour < hour), ...exposureOf(watched, units, hour)]
				},
				denials: decodeDenials(drain, objects, toMs)
			}
		},
		losses: () =>
			ledger.losses.flatMap((count, index) =>
				count === 0n ? [] : [{ kind: lossKinds[index] ?? `loss ${index}`, count: Number(count) }]
			)
	}
}

/**
 * What was running before us did things that nobody saw. A cgroup that was made while we watch has no
 * earlier life, nor has a program that a launcher started since.
 */
function earlierLives(
	counters: readonly Counter[],
	known: Set<bigint>,
	units: Units,
	bootMs: number,
	startedMs: number
): Gap[] {
	const started = new Set<bigint>()
	for (const { unit, operation: what } of counters) if (what === operation.start) started.add(unit)
	const gaps: Gap[] = []
	for (const { unit } of counters) {
		if (known.has(unit)) continue
		const subject = units.subject(unit)
		if (!subject) continue
		known.add(unit)
		const isProgram = Number(unit >> 56n) === unitKind.program
		if (isProgram ? started.has(unit) : units.isNew(unit)) continue
		gaps.push(gap(scopeOf(subject), bootMs, startedMs, 'started-before', 0, 'it ran before Whittle watched'))
	}
	return gaps
}

/** A unit whose cgroup was gone before anybody could read its name. */
function unknownUnit(node: string): Subject {
	return { kind: 'host', node, unit: '(gone before it could be named)' }
}

function sightingsOf(
	counter: Counter,
	subject: Subject,
	objects: Generations<bigint, Described>,
	execs: Generations<string, KnownExec>,
	node: string,
	toMs: (bootNs: bigint) => number,
	wallMs: number
): Sighting[] {
	const described = objects.get(counter.object)
	const verbs = verbsOf(counter.operation, described?.directory ?? false)
	const firstMs = Math.floor(toMs(counter.firstBootNs))
	const texts = isNumber(counter.operation)
		? numberTexts(counter.operation, counter.object)
		: [objectText(counter.operation, described)]
	const exec =
		counter.operation === operation.exec
			? execs.get(execKey(counter.unit, counter.source, counter.object))
			: undefined
	const sightings = verbs.flatMap((verb) =>
		texts.map(
			(object): Sighting => ({
				subject,
				verb,
				object: counter.result === 'failed' ? '' : object,
				source: objects.get(counter.source)?.text ?? '',
				result: counter.result,
				count: counter.count,
				firstMs,
				lastMs: counter.count > 1 ? Math.min(Math.floor(wallMs), hourEndMs(firstMs)) : firstMs,
				pod: node,
				...(counter.required ? { required: true } : {}),
				interactive: counter.interactive,
				...(exec ? { detail: exec.commandLine } : {})
			})
		)
	)
	return [...sightings, ...impliedReads(counter, sightings, exec, objects)]
}

/**
 * What exec itself opens, before any system call of the new program: the program (or the script that
 * an interpreter runs) and its loader. No tracepoint tells of it and every enforcer asks about it.
 */
function impliedReads(
	counter: Counter,
	sightings: readonly Sighting[],
	exec: KnownExec | undefined,
	objects: Generations<bigint, Described>
): Sighting[] {
	if (counter.operation !== operation.exec || counter.result !== 'allowed') return []
	const loaders = [...(exec?.interpreters ?? [])].map((object) => objects.get(object)?.text ?? '').sort()
	return sightings.flatMap(({ detail, ...executed }) =>
		[executed.object, ...loaders]
			.filter((object) => object !== '')
			.map((object): Sighting => {
				// The new program is what reads its loader; of a script, the interpreter is, which its own exec names.
				const source = counter.required ? executed.source : executed.object
				return { ...executed, verb: 'read', object, source, required: true }
			})
	)
}

/** What an exec record told of (unit, asker, executable). */
interface KnownExec {
	commandLine: string
	interpreters: Set<bigint>
}

function execKey(unit: bigint, asker: bigint, executable: bigint): string {
	return `${unit}|${asker}|${executable}`
}

/** Network objects get their direction from the operation; the rest is told as it was described. */
function objectText(what: number, described: Described | undefined): string {
	if (!described || described.text === '') return ''
	const egress = what === operation.connect || what === operation.send
	const ingress = what === operation.bind || what === operation.listen || what === operation.accept
	if (!egress && !ingress) return described.text
	const direction = egress ? 'egress' : 'ingress'
	const unix = described.text.startsWith('/') || described.text.startsWith('@')
	return unix ? `${direction}/unix/0/${described.text}` : `${direction}/${described.text}`
}

function withoutDetail(
	subject: Subject,
	verb: Verb,
	result: Result,
	count: number,
	node: string,
	fromMs: number,
	toMs: number
): Sighting {
	return {
		subject,
		verb,
		object: '',
		source: '',
		result,
		count,
		firstMs: Math.floor(fromMs),
		lastMs: Math.min(Math.floor(toMs), hourEndMs(fromMs)),
		pod: node
	}
}

/**
 * The last millisecond of an hour. A drain is forced at each hour's boundary and comes a moment
 * after it: what it counted is told for the hour in which it began, which is all that is known.
 */
function hourEndMs(ms: number): number {
	return (Math.floor(ms / hourMs) + 1) * hourMs - 1
}

function blindSpot(
	counter: Counter,
	subject: Subject,
	fromMs: number,
	toMs: number,
	objects: Generations<bigint, Described>
): Gap | null {
	if (counter.operation === operation.ioUring) {
		return gap(
			scopeOf(subject),
			fromMs,
			toMs,
			'io-uring',
			counter.count,
			'operations through io_uring are not seen'
		)
	}
	if (counter.operation === operation.exec32Bit) {
		const name = objects.get(counter.object)?.text ?? 'a program'
		return gap(
			scopeOf(subject),
			fromMs,
			toMs,
			'executable-32-bit',
			0,
			`${name} is a 32-bit program: its system calls are not seen`
		)
	}
	return null
}

function timelineEntry(
	counter: Counter,
	subject: Subject,
	objects: Generations<bigint, Described>,
	node: string,
	toMs: (bootNs: bigint) => number
): TimelineEntry | null {
	const source = objects.get(counter.source)?.text ?? ''
	const atMs = Math.floor(toMs(counter.firstBootNs))
	const entry = (kind: TimelineEntry['kind'], text: string): TimelineEntry => ({
		subject,
		pod: node,
		atMs,
		kind,
		text,
		count: counter.count
	})
	if (counter.operation === operation.exit) return entry('exit', source)
	const object = objectText(counter.operation, objects.get(counter.object))
	if (object === '' || counter.result === 'failed') return null
	if (counter.operation === operation.exec) return entry('exec', `${source} → ${object}`)
	if (counter.operation === operation.connect || counter.operation === operation.send) {
		return entry('connect', `${source} → ${object}${counter.result === 'denied' ? ' (denied)' : ''}`)
	}
	return null
}

/** The ring keeps one row for each (pod, time, kind, text): counts of one moment are added. */
function mergeTimeline(entries: TimelineEntry[]): TimelineEntry[] {
	const merged = new Map<string, TimelineEntry>()
	for (const entry of entries) {
		const key = `${scopeOf(entry.subject)}|${Math.floor(entry.atMs)}|${entry.kind}|${entry.text}`
		const before = merged.get(key)
		if (before) before.count += entry.count
		else merged.set(key, { ...entry, atMs: Math.floor(entry.atMs) })
	}
	return [...merged.values()]
}

/** What the ledger gained: a gap only where it was more than the budget of the hour's events. */
function ledgerGaps(
	drain: Drain,
	ledger: { losses: bigint[]; eventCount: number; hour: number; remainders: Map<string, bigint> },
	node: string,
	fromMs: number
): Gap[] {
	const gained = drain.losses.map((count, index) => Number(count - (ledger.losses[index] ?? 0n)))
	const gaps: Gap[] = []
	const hour = Math.floor(drain.wallMs / hourMs)
	if (hour !== ledger.hour) {
		ledger.hour = hour
		ledger.eventCount = 0
	}
	gained.forEach((count, index) => {
		const reason = reasonOf(index)
		if (count <= 0 || reason === null || count <= ledger.eventCount * lossBudget) return
		gaps.push(gap(`node:${node}`, fromMs, drain.wallMs, reason, count, lossKinds[index] ?? ''))
	})
	for (const { operation: what, result, count } of drain.remainders) {
		const key = `${what}|${result}`
		const more = Number(count - (ledger.remainders.get(key) ?? 0n))
		ledger.remainders.set(key, count)
		if (more > 0) gaps.push(gap(`node:${node}`, fromMs, drain.wallMs, 'map-full', more, lossKinds[2]))
	}
	ledger.losses = drain.losses
	return gaps
}

/** Which losses mean that a behaviour may have gone by without a trace of its own. */
function reasonOf(index: number): GapReason | null {
	if (index === 0 || index === 7) return 'ring-full'
	return index === 3 || index === 8 || index === 9 || index === 10 ? 'map-full' : null
}

function gap(
	scope: string,
	fromMs: number,
	toMs: number,
	reason: GapReason,
	lostCount: number,
	detail: string
): Gap {
	return { scope, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs), reason, lostCount, detail }
}

function scopeOf(subject: Subject): string {
	return subject.kind === 'host'
		? `workload:${identify(subject).name}`
		: `pod:${subject.cluster}/${subject.namespace}/${subject.pod}`
}

/** A unit is exposed while it can act, idle or not; a program's life is not tracked, so its activity counts. */
function exposureOf(watched: Map<bigint, number>, units: Units, hour: number): Batch['exposure'] {
	const exposure: Batch['exposure'] = []
	for (const [unit, seenHour] of watched) {
		const subject = units.subject(unit)
		const alive = seenHour === hour || (Number(unit >> 56n) !== 2 && units.lives(unit))
		if (!subject || !alive) watched.delete(unit)
		else exposure.push({ subject, hour, lossy: false })
	}
	return exposure
}
