import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type Class, CLASSES, classOfVerb, type Sighting } from '../../collector/observation.js'
import { decodeRecorded } from '../../collector/recording.js'
import type { Sighted } from '../../discovery/learn/exact.js'
import { stateOf } from '../../discovery/learn/state.js'
import type { Generaliser } from './baselines.js'
import { createJudge, type Judge } from './grant.js'
import { type Image, type ImageKind, loadImage } from './image.js'
import { expandRule, MAIN_PROGRAMS, readBlockRules } from './probes.js'

/** Programs that were recorded with the real sensor under two drivers (`recordings/`). */
export const RECORDED: readonly { program: string; kind: ImageKind }[] = [
	{ program: 'nginx', kind: 'nginx' },
	{ program: 'postgresql', kind: 'postgres' }
]

/** What a policy that was learned from some runs does to others. */
export interface RealScore {
	program: string
	learned: string
	tested: string
	generaliser: string
	/** Distinct behaviours of the test, and those that are denied; by acts, in %. */
	distinct: number
	denied: number
	deniedEventPercent: number
	/** By class: distinct denied of distinct. */
	byClass: { class: Class; denied: number; distinct: number }[]
	/** Examples of what is denied. */
	examples: string[]
	grants: number
	probesBlockedPercent: number
}

/** Learns from the first driver's runs (half, or all) and tests on its other half, or on the second driver. */
export function scoreRecordings(generalisers: readonly Generaliser[]): RealScore[] {
	return RECORDED.flatMap(({ program, kind }) => {
		const usual = readRuns(`${program}-a`)
		const other = readRuns(`${program}-b`)
		const half = usual.length / 2
		const image = loadImage(kind)
		const trials = [
			{
				learned: `${half} runs`,
				tested: 'later runs of the same driver',
				from: usual.slice(0, half),
				on: usual.slice(half)
			},
			{ learned: `${usual.length} runs`, tested: 'another driver', from: usual, on: other }
		]
		return trials.flatMap(({ learned, tested, from, on }) =>
			generalisers.map((generaliser) => {
				const { grants } = generaliser.generalise(stateOf(from.flat(), [], 0), {
					// Each run stands for an hour that was watched, and is a start.
					exposedHours: from.length,
					startCount: from.length,
					image
				})
				const judge = createJudge(grants)
				return {
					...{ program, learned, tested, generaliser: generaliser.name, grants: grants.length },
					...deny(on.flat(), judge),
					probesBlockedPercent: probesBlocked(judge, image, usual.flat().concat(other.flat()))
				}
			})
		)
	})
}

/** The rows of each run of a driver. */
export function readRuns(driver: string): Sighted[][] {
	const file = new URL(`./recordings/${driver}.jsonl.gz`, import.meta.url)
	const runs = new Map<number, Sighted[]>()
	for (const line of gunzipSync(readFileSync(file)).toString('utf8').split('\n')) {
		if (line === '') continue
		const decoded = decodeRecorded(JSON.parse(line))
		if ('refused' in decoded) throw new Error(`${driver}: ${decoded.refused}`)
		if (!('sighting' in decoded.recorded)) continue
		const row = rowOf(decoded.recorded.sighting)
		if (row.result === 'allowed') runs.set(row.day, [...(runs.get(row.day) ?? []), row])
	}
	return [...runs].sort(([a], [b]) => a - b).map(([, rows]) => rows)
}

const HOUR_MS = 3_600_000

function rowOf(seen: Sighting): Sighted {
	const hour = Math.floor(seen.firstMs / HOUR_MS)
	return {
		class: classOfVerb[seen.verb],
		verb: seen.verb,
		object: seen.object,
		raw: seen.object,
		source: seen.source,
		result: seen.result,
		version: '',
		day: Math.floor(hour / 24),
		hours: 1 << (hour % 24),
		pods: [seen.pod],
		count: seen.count,
		firstMs: seen.firstMs,
		lastMs: seen.lastMs,
		required: seen.required ?? false,
		interactive: seen.interactive ?? false,
		detail: ''
	}
}

function deny(
	rows: readonly Sighted[],
	judge: Judge
): Pick<RealScore, 'distinct' | 'denied' | 'deniedEventPercent' | 'byClass' | 'examples'> {
	const seen = new Map<string, { row: Sighted; allowed: boolean }>()
	let [events, deniedEvents] = [0, 0]
	for (const row of rows) {
		const key = `${row.class} ${row.object} ${row.source}`
		const allowed = seen.get(key)?.allowed ?? judge.allowedBy(row.class, row.object, row.source) >= 0
		seen.set(key, { row, allowed })
		events += row.count
		if (!allowed) deniedEvents += row.count
	}
	const all = [...seen.values()]
	const denied = all.filter(({ allowed }) => !allowed)
	return {
		distinct: all.length,
		denied: denied.length,
		deniedEventPercent: (100 * deniedEvents) / Math.max(1, events),
		byClass: CLASSES.map((of) => ({
			class: of,
			denied: denied.filter(({ row }) => row.class === of).length,
			distinct: all.filter(({ row }) => row.class === of).length
		})),
		examples: denied.slice(0, 5).map(({ row }) => `${row.verb} ${row.object}`)
	}
}

/** Probes of the library on the image's own files, without what any recorded run needed. */
function probesBlocked(judge: Judge, image: Image, needed: readonly Sighted[]): number {
	const needs = new Set(needed.map((row) => `${row.class} ${row.object}`))
	for (const row of needed) if (row.verb === 'exec') needs.add(`file-read ${row.object}`)
	const seen = new Set<string>()
	let [count, blocked] = [0, 0]
	for (const rule of readBlockRules()) {
		for (const { verb, object, source, standing } of expandRule(rule, image, MAIN_PROGRAMS[image.kind])
			.probes) {
			const key = `${classOfVerb[verb]} ${object}`
			if (standing !== 'own' || needs.has(key) || seen.has(`${key} ${source}`)) continue
			seen.add(`${key} ${source}`)
			count++
			if (judge.allowedBy(classOfVerb[verb], object, source) < 0) blocked++
		}
	}
	return (100 * blocked) / Math.max(1, count)
}
