import type { Class, InventoryItem } from '../collector/observation.js'
import type { Reader } from '../collector/store.js'
import { type Actor, type GapsByScope, readActors, readGaps, readWatch } from './backtest/history.js'
import { inventoryAt } from './inventory.js'
import { type Threshold, UNCALIBRATED_TAU } from './learn/calibrate.js'
import { shippedHazard } from './learn/coefficients.js'
import type { Sighted } from './learn/exact.js'
import { exposureOf, type WatchedSubject, type WatchRows } from './learn/exposure.js'
import { type Item, itemOf } from './learn/history.js'
import { type Maturity, maturityOf } from './learn/maturity.js'
import type { Exposure } from './learn/state.js'
import type { Decision } from './learn/trust.js'
import { carriedExposure, type Release } from './learn/version.js'
import { readFileLists } from './file-lists.js'
import type { Peers } from './peers.js'
import { type Circumstances, type Learning, schedulesOf } from './proposal.js'
import type { Subject } from './subject.js'

/** When a subject was watched, as the tables say it. */
export interface Watched {
	rows: Omit<WatchRows, 'censored'>
	subject: WatchedSubject
}

/** How ready a class is, with its items in rule space. */
export interface Readiness {
	maturity: Maturity
	items: readonly Item[]
	/** The last exposed hour; predictions are logged for it. */
	hour: number | null
	computedMs: number
}

/** What the store says about a subject besides what it did; read when the first subject of a pass asks. */
export interface Surroundings {
	of(subject: Subject): { circumstances: Omit<Circumstances, 'vouched' | 'pool'>; watched: Watched }
	readiness(
		subject: Subject,
		learning: Learning,
		observations: readonly Sighted[],
		watched: Watched
	): Readiness
}

const MS_PER_HOUR = 3_600_000
/** Loss is looked at over the last two days: one bad hour long ago says nothing of what is seen now. */
const LOSS_WINDOW_HOURS = 48

export function createSurroundings(
	reader: Reader,
	items: readonly InventoryItem[],
	peers: Peers,
	thresholds: ReadonlyMap<Class, Threshold>,
	nowMs: number
): Surroundings {
	let once: { actors: Map<number, Actor>; gaps: GapsByScope; inventory: InventoryItem[] } | undefined
	const files = readFileLists(reader)
	const read = () => {
		once ??= {
			actors: actorsByMember(readActors(reader, items)),
			gaps: readGaps(reader),
			// The day of the run must not change a policy: what counts is when something was last told.
			inventory: inventoryAt(items, lastEvidenceMs(reader, items))
		}
		return once
	}
	return {
		of(subject) {
			const { actors, gaps, inventory } = read()
			const watched = watchOf(reader, subject, actors, gaps, items)
			const exposure = exposureOf({ ...watched.rows, censored: [] }, watched.subject, endOfEvidence(watched))
			return {
				watched,
				circumstances: {
					exposure,
					files: files.of(actors.get(subject.anchorId)),
					decisions: readDecisions(reader, subject),
					peers,
					inventory
				}
			}
		},
		readiness(subject, learning, observations, watched) {
			const { inventory } = read()
			const whole = exposureOf({ ...watched.rows, censored: [] }, watched.subject, nowMs)
			const { exposure, setAsideHours } = carriedExposure(whole, readReleases(reader, subject))
			const { facts } = schedulesOf(subject, observations, inventory)
			const seen = [...learning.items, ...learning.held.map((one) => itemOf([one.state]))]
			const threshold = thresholds.get(learning.class)
			const maturity = maturityOf(seen, exposure, facts, {
				of: learning.class,
				tau: threshold?.tau ?? UNCALIBRATED_TAU,
				calibrated: threshold?.calibrated ?? false,
				heldSensitiveCount: learning.held.filter((one) => one.sensitivity === 2 && one.cause !== 'rejected')
					.length,
				dropRate: recentLoss(exposure),
				capped: learning.isOpenEnded,
				hazard: shippedHazard(),
				setAsideHours
			})
			return { maturity, items: seen, hour: exposure.hours.at(-1) ?? null, computedMs: nowMs }
		}
	}
}

/** Actors by each of their rows. */
export function actorsByMember(actors: readonly Actor[]): Map<number, Actor> {
	const byMember = new Map<number, Actor>()
	for (const actor of actors) for (const id of actor.memberIds) byMember.set(id, actor)
	return byMember
}

/** A pod's network is watched while any of its containers is. */
export function watchOf(
	reader: Reader,
	subject: Subject,
	actors: ReadonlyMap<number, Actor>,
	gaps: GapsByScope,
	items: readonly InventoryItem[]
): Watched {
	const own = [...new Set(subject.memberIds.flatMap((id) => actors.get(id) ?? []))]
	const [first] = own
	if (!first)
		return {
			rows: { hours: [], startsMs: [], gaps: [] },
			subject: { workloads: [subject.name], pods: [], nodes: [] }
		}
	return readWatch(
		reader,
		{ ...first, memberIds: subject.memberIds, memberNames: own.flatMap((actor) => actor.memberNames) },
		gaps,
		items
	)
}

/** The end of the last hour of which anything is on record. */
function endOfEvidence({ rows }: Watched): number {
	const lastHour = rows.hours.reduce((last, { hour }) => Math.max(last, hour), 0)
	const lastStart = rows.startsMs.reduce((last, atMs) => Math.max(last, atMs), 0)
	return Math.max((lastHour + 1) * MS_PER_HOUR, lastStart)
}

function lastEvidenceMs(reader: Reader, items: readonly InventoryItem[]): number {
	const seen = Number(reader.get('SELECT MAX(last_ms) AS last FROM workloads')?.last ?? 0)
	return items.reduce((last, item) => Math.max(last, item.fromMs, item.toMs ?? 0), seen)
}

/** The versions of each container or program of a subject. */
function readReleases(reader: Reader, subject: Subject): Release[][] {
	const lines = new Map<number, Release[]>()
	const rows = reader.tuples(
		`SELECT workload_id, first_ms, description FROM versions WHERE digest <> ''
			AND workload_id IN (${subject.memberIds.map(() => '?').join()}) ORDER BY workload_id, first_ms`,
		...subject.memberIds
	)
	for (const [id, firstMs, description] of rows) {
		const line = lines.get(Number(id)) ?? []
		line.push({ firstMs: Number(firstMs), description: String(description) })
		lines.set(Number(id), line)
	}
	return [...lines.values()]
}

/** What people said about single behaviours of the subject, the latest last. */
export function readDecisions(reader: Reader, subject: Subject): Decision[] {
	const rows = reader.all(
		`SELECT verb, object, source, decision, actor, at_ms FROM decisions
			WHERE workload_id IN (${subject.memberIds.map(() => '?').join()}) ORDER BY id`,
		...subject.memberIds
	)
	return rows.map((row) => ({
		key: `${row.verb}\0${row.object}\0${row.source}`,
		decision: row.decision === 'needed' ? 'needed' : 'malicious',
		actor: String(row.actor),
		atMs: Number(row.at_ms)
	}))
}

function recentLoss(exposure: Exposure): number {
	const last = Math.max(exposure.hours.at(-1) ?? 0, exposure.lossyHours.at(-1) ?? 0)
	const isRecent = (hour: number) => hour > last - LOSS_WINDOW_HOURS
	const lossy = exposure.lossyHours.filter(isRecent).length
	const all = lossy + exposure.hours.filter(isRecent).length
	return all === 0 ? 0 : lossy / all
}
