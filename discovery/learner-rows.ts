import { z } from 'zod'
import type { Reader, Statement } from '../collector/store.js'
import { compareText } from './behaviour.js'
import type { Judged } from './learn/trust.js'
import type { Learning } from './proposal.js'
import type { Subject } from './subject.js'
import type { Readiness } from './surroundings.js'
import { parseWorkloadName, podWorkloadName } from './workload.js'

/** A behaviour that is held back, as it is stored: `data` of table `held`. */
export interface HeldItem {
	/** The object as it was seen, where a network peer has been resolved. */
	raw: string
	/** One sentence: why, and what a person can do. */
	reason: string
	cause: Exclude<Judged['cause'], ''>
	sensitivity: 0 | 1 | 2
	support: number
	need: number
	/** Names the items that are to be judged together; '' when it stands alone. */
	bundle: string
	/** Strangeness in weighted bits. */
	score: number
	count: number
	firstMs: number
	lastMs: number
	pods: string[]
	samples: string[]
}

const HORIZON_HOURS = 24

/**
 * What is to be stored of a class beside its policy: how ready it is, the prediction of the last watched
 * hour, the outcome of predictions whose horizon has passed, and what is held. Rows that hold it already
 * stay untouched.
 */
export function learnerStatements(
	reader: Reader,
	subject: Subject,
	learning: Learning,
	readiness: Readiness
): Statement[] {
	const nothing = learning.proposal === null && learning.held.length === 0
	return [
		...(nothing ? [] : maturityStatements(subject, learning, readiness)),
		...outcomeStatements(reader, subject, learning, readiness),
		...heldStatements(reader, subject, learning)
	]
}

function maturityStatements(subject: Subject, learning: Learning, readiness: Readiness): Statement[] {
	const { maturity, hour, computedMs } = readiness
	const { class: of } = learning
	const statements: Statement[] = [
		{
			sql:
				'INSERT INTO maturity (workload_id, class, data, computed_ms) VALUES (?, ?, ?, ?)' +
				' ON CONFLICT (workload_id, class) DO UPDATE SET data = excluded.data, computed_ms = excluded.computed_ms' +
				' WHERE data <> excluded.data',
			params: [subject.anchorId, of, JSON.stringify(maturity), computedMs]
		}
	]
	if (hour !== null) {
		const { risk24, tau, exposedHours, features, onlyRisk } = maturity
		statements.push({
			// The first word on an hour stands: what is learned later must not improve a prediction.
			sql:
				'INSERT INTO predictions (workload_id, class, hour, risk, tau, exposed_hours, features, eligible)' +
				' VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workload_id, class, hour) DO NOTHING',
			params: [
				subject.anchorId,
				of,
				hour,
				risk24,
				tau,
				exposedHours,
				JSON.stringify(features),
				onlyRisk ? 1 : 0
			]
		})
	}
	return statements
}

/** A prediction came true when anything, in rule space, was first seen in the horizon after its hour. */
function outcomeStatements(
	reader: Reader,
	subject: Subject,
	{ class: of }: Learning,
	{ items, hour }: Readiness
): Statement[] {
	if (hour === null) return []
	const open = reader.all(
		'SELECT hour FROM predictions WHERE workload_id = ? AND class = ? AND outcome IS NULL AND hour <= ? ORDER BY hour',
		subject.anchorId,
		of,
		hour - HORIZON_HOURS
	)
	const firsts = items.flatMap((item) => item.hours[0] ?? []).sort((a, b) => a - b)
	return open.map((row) => {
		const at = Number(row.hour)
		const next = firsts.find((first) => first > at)
		return {
			sql: 'UPDATE predictions SET outcome = ? WHERE workload_id = ? AND class = ? AND hour = ?',
			params: [next !== undefined && next <= at + HORIZON_HOURS ? 1 : 0, subject.anchorId, of, at]
		}
	})
}

function heldStatements(reader: Reader, subject: Subject, { class: of, held }: Learning): Statement[] {
	const before = new Map(
		reader
			.all(
				'SELECT verb, object, source, data FROM held WHERE workload_id = ? AND class = ?',
				subject.anchorId,
				of
			)
			.map((row) => [`${row.verb}\0${row.object}\0${row.source}`, String(row.data)])
	)
	const now = new Map(
		held
			.slice(0, HELD_MAX)
			.map((one) => [
				`${one.state.verb}\0${one.state.object}\0${one.state.source}`,
				JSON.stringify(itemOf(one))
			])
	)
	const gone = [...before.keys()].filter((key) => !now.has(key)).sort(compareText)
	const changed = [...now].filter(([key, data]) => before.get(key) !== data)
	return [
		...gone.map((key) => ({
			sql: 'DELETE FROM held WHERE workload_id = ? AND class = ? AND verb = ? AND object = ? AND source = ?',
			params: [subject.anchorId, of, ...key.split('\0')]
		})),
		...changed.map(([key, data]) => ({
			sql:
				'INSERT INTO held (workload_id, class, verb, object, source, data) VALUES (?, ?, ?, ?, ?, ?)' +
				' ON CONFLICT (workload_id, class, verb, object, source) DO UPDATE SET data = excluded.data',
			params: [subject.anchorId, of, ...key.split('\0'), data]
		}))
	]
}

/** The strangest so many are kept one by one; nobody reads more, and an intruder chooses how many there are. */
const HELD_MAX = 1000

function itemOf(one: Judged): HeldItem {
	const { state, cause, sensitivity, support, need, reason, bundle, score } = one
	return {
		raw: state.raw,
		reason,
		cause: cause === '' ? 'support' : cause,
		sensitivity,
		support,
		need,
		bundle: bundle ?? '',
		score: Math.round(score * 100) / 100,
		count: state.count,
		firstMs: state.firstMs,
		lastMs: state.lastMs,
		pods: state.pods,
		samples: state.samples
	}
}

/** What is held of any workload, as findings of a backtest ask for it. */
export interface HeldBehaviours {
	/** Why this behaviour of a workload is held; null when it is not. `raw` is the object as it was seen. */
	reasonOf(workload: string, verb: string, raw: string, source: string): string | null
}

/** Reads everything that is held. A pod's network is held for all its containers. */
export function readHeld(reader: Reader): HeldBehaviours {
	const reasons = new Map<string, string>()
	const rows = reader.each(
		'SELECT w.name, h.class, h.verb, h.source, h.data FROM held h JOIN workloads w ON w.id = h.workload_id'
	)
	for (const row of rows) {
		const { raw, reason } = heldText.parse(JSON.parse(String(row.data)))
		const name = String(row.name)
		const owner = row.class === 'network' ? podOf(name) : name
		reasons.set(`${owner}\0${row.verb}\0${raw}\0${row.source}`, reason)
	}
	return {
		reasonOf(workload, verb, raw, source) {
			const behaviour = `${verb}\0${raw}\0${source}`
			return (
				reasons.get(`${workload}\0${behaviour}`) ?? reasons.get(`${podOf(workload)}\0${behaviour}`) ?? null
			)
		}
	}
}

const heldText = z.object({ raw: z.string(), reason: z.string() })

function podOf(workload: string): string {
	const name = parseWorkloadName(workload)
	return name?.form === 'container' ? podWorkloadName(name) : workload
}
