import type { Class } from '../../collector/observation.js'
import { classOfVerb } from '../../collector/observation.js'
import { compareText, parseNetworkObject } from '../../discovery/behaviour.js'
import type { Sighted } from '../../discovery/learn/exact.js'
import type { Exposure } from '../../discovery/learn/state.js'
import type { Family, Job, RareEvent, Trigger } from './family.js'
import { createRandom, type Random } from './random.js'
import { type Act, parseAct } from './template.js'

/** A workload's whole life, in the rows that the store would hold of it. */
export interface Workload {
	name: string
	family: Family
	/** The first UTC day; rows are by day from there. */
	firstDay: number
	dayCount: number
	/** Rows of day `firstDay + index`, what was lost in gaps left out. */
	rows: Sighted[][]
	/** The same with what happened in gaps: an enforcer is not blind when a source is. */
	needs: Sighted[][]
	exposure: Exposure
	startsMs: number[]
	pods: string[]
	/** `VERB OBJECT SOURCE` of what began with an unannounced change: nobody could have waited for it. */
	unannounced: ReadonlySet<string>
	/** Whether the workload may ever do this; by class, as enforcers hold it. */
	isLegitimate(of: Class, object: string): boolean
}

const HOUR_MS = 3_600_000
/** 2025-01-06, a Monday: where weeks are counted from. */
const MONDAY = 20_094
/** In an hour in which a new name could be made, one is with this chance; else the last one is used again. */
const FRESH_CHANCE = 0.35
const VERSION = 'sha256:1'

/** Lives one workload of a family for so many days. Everything follows from the seed. */
export function live(family: Family, name: string, seed: string, dayCount: number): Workload {
	const random = createRandom(`${seed}/${name}`)
	const firstDay = MONDAY + random.integer(0, 27)
	const life = createLife(family, firstDay, dayCount, random)
	const hours = dayCount * 24
	// Workloads of one image use different parts of it, at rates that differ by a factor e (learning.md 1.6).
	const triggers = family.triggers.filter((_, at) => at === 0 || !random.chance(0.2))
	const perHour = random.logUniform(4, 2000) * Math.exp(random.normal())
	const quietest = 0.1 + 0.8 * random.next()
	const weekend = 0.2 + 0.8 * random.next()

	runStarts(life, family, hours, random.child('starts'))
	const traffic = random.child('traffic')
	for (let hour = 0; hour < hours; hour++) {
		const rate = perHour * rhythm(firstDay * 24 + hour, quietest, weekend)
		for (const trigger of triggers) {
			const hits = traffic.poisson(rate * trigger.share)
			if (hits > 0) life.fire(trigger, hour, hits)
		}
	}
	for (const job of family.jobs) if (random.chance(job.inWorkloads)) runJob(life, job, hours, random)
	for (const event of family.rare) if (random.chance(event.inWorkloads)) runRare(life, event, hours, random)
	runOperator(life, family, hours, random.child('operator'))
	return life.finish(family, name)
}

/** Traffic by hour of the day and day of the week, 1 at the busiest. */
function rhythm(hour: number, quietest: number, weekend: number): number {
	const day = Math.floor(hour / 24)
	const daily = (1 - Math.cos((2 * Math.PI * (hour % 24)) / 24)) / 2
	const weekly = (day - MONDAY) % 7 >= 5 ? weekend : 1
	return (quietest + (1 - quietest) * daily) * weekly
}

interface Life {
	fire(trigger: Trigger, hour: number, hits: number): void
	/** All that happens at a start, minutes after `atMs`. */
	start(acts: readonly Act[], atMs: number, pod: number): void
	/** New pods with new names. */
	replacePods(): void
	/** A person in the container, with a terminal. */
	visit(acts: readonly Act[], hour: number): void
	readonly startMs: number
	readonly podCount: number
	readonly startsMs: number[]
	finish(family: Family, name: string): Workload
}

function createLife(family: Family, firstDay: number, dayCount: number, random: Random): Life {
	const fresh = random.child('fresh')
	const needs = Array.from({ length: dayCount }, () => new Map<string, Sighted>())
	const startMs = firstDay * 24 * HOUR_MS
	const startsMs: number[] = []
	const truth = createTruth()
	const unannounced = new Set<string>()
	const podCount = random.integer(1, 4)
	let pods: string[] = []
	const allPods: string[] = []
	const replacePods = () => {
		pods = Array.from({ length: podCount }, () => `${family.name}-${drawSuffix(fresh)}`)
		allPods.push(...pods)
	}
	replacePods()

	const names = new Map<string, { hour: number; object: string }>()
	/** What a text with names to fill in stands for this hour. */
	const current = (act: Act, hour: number): string => {
		const last = names.get(act.text)
		if (last && (last.hour === hour || !fresh.chance(FRESH_CHANCE))) return last.object
		const object = act.emit(fresh, hour)
		names.set(act.text, { hour, object })
		return object
	}

	const note = (act: Act, atMs: number, hits: number, pod: string, interactive: boolean) => {
		const hour = Math.floor(atMs / HOUR_MS)
		const rows = needs[Math.floor(hour / 24) - firstDay]
		if (!rows) return
		if (!interactive) truth.add(act)
		addRow(rows, act, act.fixed ?? current(act, hour), atMs, hits, pod, interactive)
	}
	return {
		startMs,
		podCount,
		startsMs,
		replacePods,
		fire(trigger, hour, hits) {
			if (trigger.name === CHANGE) {
				for (const { verb, text, source } of trigger.acts) unannounced.add(`${verb} ${text} ${source}`)
			}
			const atMs = startMs + hour * HOUR_MS + fresh.integer(0, HOUR_MS - 1)
			const pod = fresh.pick(pods)
			for (const act of trigger.acts) note(act, atMs, hits, pod, false)
		},
		start(acts, atMs, pod) {
			for (const act of acts) note(act, atMs + fresh.integer(500, 240_000), 1, pods[pod] ?? '', false)
		},
		visit(acts, hour) {
			const atMs = startMs + hour * HOUR_MS + fresh.integer(0, HOUR_MS - 1)
			for (const act of acts) note(act, atMs, 1, pods[0] ?? '', true)
		},
		finish(family, name) {
			truth.addAll([...family.start, ...family.branches.flatMap((branch) => branch.acts)])
			for (const { acts } of [...family.triggers, ...family.jobs, ...family.rare]) truth.addAll(acts)
			startsMs.sort((a, b) => a - b)
			const gap = random.chance(0.15) ? drawGap(startMs, dayCount, random) : null
			const days = needs.map((day) => [...day.values()].sort(compareRows))
			return {
				name,
				family,
				firstDay,
				dayCount,
				needs: days.map((rows) => rows.filter((row) => !row.interactive)),
				rows: gap ? days.map((rows) => rows.flatMap((row) => outside(row, gap))) : days,
				exposure: exposureOf(firstDay, dayCount, startsMs, gap, random),
				startsMs,
				pods: [...new Set(allPods)].sort(compareText),
				unannounced,
				isLegitimate: truth.has
			}
		}
	}
}

function drawSuffix(random: Random): string {
	const letters = 'bcdfghjklmnpqrstvwxz2456789'
	return Array.from({ length: 5 }, () => letters[random.integer(0, letters.length - 1)]).join('')
}

function addRow(
	rows: Map<string, Sighted>,
	act: Act,
	object: string,
	atMs: number,
	count: number,
	pod: string,
	interactive: boolean
): void {
	const key = `${act.verb} ${object} ${act.source} ${interactive}`
	const bit = 1 << (Math.floor(atMs / HOUR_MS) % 24)
	const row = rows.get(key)
	if (row) {
		row.hours |= bit
		row.count += count
		row.firstMs = Math.min(row.firstMs, atMs)
		row.lastMs = Math.max(row.lastMs, atMs)
		if (row.pods.length < 4 && !row.pods.includes(pod)) row.pods = [...row.pods, pod].sort(compareText)
		return
	}
	rows.set(key, {
		class: classOfVerb[act.verb],
		verb: act.verb,
		object,
		raw: rawOf(object),
		source: act.source,
		result: 'allowed',
		version: VERSION,
		day: Math.floor(atMs / HOUR_MS / 24),
		hours: bit,
		pods: [pod],
		count,
		firstMs: atMs,
		lastMs: atMs,
		required: false,
		interactive,
		detail: ''
	})
}

/** What a source sees of a peer: an address. Workloads and services have one each here. */
function rawOf(object: string): string {
	const flow = parseNetworkObject(object)
	if (!flow) return object
	const cidr = /^cidr:(.+)\/\d+$/.exec(flow.peer)
	const peer = cidr?.[1] ?? (flow.peer.includes(':') ? addressOf(flow.peer) : flow.peer)
	return `${flow.direction}/${flow.protocol}/${flow.port}/${peer}`
}

function addressOf(name: string): string {
	let hash = 0
	for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) >>> 0
	return `10.244.${(hash >> 8) & 255}.${hash & 255 || 1}`
}

/** What the workload may do, by class: everything that its family's texts can stand for. */
function createTruth() {
	const acts = new Set<Act>()
	const fixed = new Set<string>()
	const patterns = new Map<Class, RegExp[]>()
	const add = (act: Act) => {
		if (acts.has(act)) return
		acts.add(act)
		// Exec reads the program.
		const classes: Class[] = act.verb === 'exec' ? ['process', 'file-read'] : [classOfVerb[act.verb]]
		for (const of of classes) {
			if (act.fixed !== null) fixed.add(`${of} ${act.fixed}`)
			else patterns.set(of, [...(patterns.get(of) ?? []), act.pattern])
		}
	}
	return {
		add,
		addAll: (all: readonly Act[]) => all.forEach(add),
		has: (of: Class, object: string) =>
			fixed.has(`${of} ${object}`) || (patterns.get(of) ?? []).some((pattern) => pattern.test(object))
	}
}

/** Pods start, restart at random, and are replaced by deploys; each start does the start-up set. */
function runStarts(life: Life, family: Family, hours: number, random: Random): void {
	const meanDays = random.logUniform(2, 25)
	for (let pod = 0; pod < life.podCount; pod++) {
		startPod(life, family, pod, random.integer(0, 60_000), random)
		let atHour = random.exponential(meanDays * 24)
		for (; atHour < hours; atHour += random.exponential(meanDays * 24)) {
			startPod(life, family, pod, Math.floor(atHour * HOUR_MS), random)
		}
	}
}

function startPod(life: Life, family: Family, pod: number, afterMs: number, random: Random): void {
	const atMs = life.startMs + afterMs
	life.startsMs.push(atMs)
	const taken = family.branches.filter((branch) => random.chance(branch.probability))
	life.start([...family.start, ...taken.flatMap((branch) => branch.acts)], atMs, pod)
}

function runJob(life: Life, job: Job, hours: number, random: Random): void {
	for (let hour = random.integer(0, job.everyHours - 1); hour < hours; hour += job.everyHours)
		life.fire(job, hour, 1)
}

function runRare(life: Life, event: RareEvent, hours: number, random: Random): void {
	const mean = event.everyDays * 24
	for (let at = random.exponential(mean); at < hours; at += random.exponential(mean)) {
		life.fire(event, Math.floor(at), 1)
		if (!event.restart) continue
		life.replacePods()
		for (let pod = 0; pod < life.podCount; pod++) {
			life.startsMs.push(life.startMs + Math.floor(at * HOUR_MS))
		}
	}
}

/** Once in 42 days somebody changes what the workload does; once in 20 somebody looks inside. */
const CHANGE = 'unannounced change'
const NOVELTY_DAYS = 42
const VISIT_DAYS = 20

const NOVELTIES = [
	['read {file:/usr/lib}', 'read {file:/usr/lib}'],
	['connect egress/tcp/443/cidr:203.0.113.{build:of250}/32'],
	['connect egress/tcp/8443/workload:ops/Deployment/{build:low5}'],
	['create /srv/data/{build:low8}', 'write /srv/data/{build:low8}'],
	['read /etc/{build:low6}/{build:low6}.conf'],
	['exec {file:/usr/bin}']
]

const VISITS = ['exec /usr/bin/bash', 'exec /usr/bin/ls by /usr/bin/bash', 'read /etc/shadow by /usr/bin/cat']

function runOperator(life: Life, family: Family, hours: number, random: Random): void {
	const acts = (texts: readonly string[]) =>
		texts.map((text) => parseAct(text, family.main, family.image, random))
	for (
		let at = random.exponential(NOVELTY_DAYS * 24);
		at < hours;
		at += random.exponential(NOVELTY_DAYS * 24)
	) {
		const change: Trigger = { name: CHANGE, acts: acts(random.pick(NOVELTIES)), share: 0 }
		const every = random.logUniform(2, 240)
		for (let hour = at; hour < hours; hour += random.exponential(every))
			life.fire(change, Math.floor(hour), 1)
	}
	for (let at = random.exponential(VISIT_DAYS * 24); at < hours; at += random.exponential(VISIT_DAYS * 24)) {
		life.visit(acts(VISITS), Math.floor(at))
	}
}

interface Interval {
	fromMs: number
	toMs: number
}

function drawGap(startMs: number, dayCount: number, random: Random): Interval {
	const fromMs = startMs + random.integer(1, dayCount * 24 - 24) * HOUR_MS
	return { fromMs, toMs: fromMs + random.integer(2, 12) * HOUR_MS }
}

/** The row without the hours of the gap; none when nothing is left. */
function outside(row: Sighted, gap: Interval): Sighted[] {
	const dayMs = row.day * 24 * HOUR_MS
	if (gap.toMs <= dayMs || gap.fromMs >= dayMs + 24 * HOUR_MS) return [row]
	let hours = row.hours
	for (let hour = 0; hour < 24; hour++) {
		const atMs = dayMs + hour * HOUR_MS
		if (atMs >= gap.fromMs && atMs < gap.toMs) hours &= ~(1 << hour)
	}
	if (hours === row.hours) return [row]
	return hours === 0 ? [] : [within(row, hours)]
}

/** The row with only these of its hours. */
export function within(row: Sighted, hours: number): Sighted {
	const firstHour = row.day * 24 + 31 - Math.clz32(hours & -hours)
	const lastHour = row.day * 24 + 31 - Math.clz32(hours)
	return {
		...row,
		hours,
		firstMs: Math.max(row.firstMs, firstHour * HOUR_MS),
		lastMs: Math.min(row.lastMs, (lastHour + 1) * HOUR_MS - 1)
	}
}

function exposureOf(
	firstDay: number,
	dayCount: number,
	startsMs: number[],
	gap: Interval | null,
	random: Random
): Exposure {
	const hours: number[] = []
	const lossyHours: number[] = []
	for (let hour = firstDay * 24; hour < (firstDay + dayCount) * 24; hour++) {
		if (gap && hour * HOUR_MS >= gap.fromMs && hour * HOUR_MS < gap.toMs) continue
		// One hour in five hundred loses more than its budget.
		if (random.chance(0.002)) lossyHours.push(hour)
		else hours.push(hour)
	}
	const gaps = gap ? [{ ...gap, reason: 'agent-down' }] : []
	return { hours, lossyHours, censoredHours: [], starts: startsMs, gaps }
}

function compareRows(a: Sighted, b: Sighted): number {
	return compareText(a.object, b.object) || compareText(a.verb, b.verb) || compareText(a.source, b.source)
}
