import { type Class, CLASSES } from '../../collector/observation.js'
import { type Item, itemOf } from '../../discovery/learn/history.js'
import type { HazardModel } from '../../discovery/learn/hazard.js'
import { type Maturity, maturityOf } from '../../discovery/learn/maturity.js'
import { type ScheduleFacts, scheduleFacts } from '../../discovery/learn/schedule.js'
import { type BehaviourState, type Exposure, mergeStates, stateOf } from '../../discovery/learn/state.js'
import type { Facts, Generaliser } from './baselines.js'
import { type Workload, within } from './generator.js'
import { createJudge, type Grant, type Judge } from './grant.js'
import { CHECKPOINTS, type StopRule, TEST_DAYS } from './stops.js'

/** A generaliser with the stopping rules that it is tried with. */
export interface Contender {
	generaliser: Generaliser
	stops: readonly StopRule[]
	/** The threshold of the maturity rule, by class. */
	taus: Readonly<Record<Class, number>>
	calibrated: boolean
	/** The quiet period; the product's own unless told. */
	quietHours?: number
	hazard?: HazardModel
	/** What of the schedule risk's facts is used; an ablation takes them away. */
	schedule?: (facts: ScheduleFacts) => ScheduleFacts
	/** Another estimate than the product's: an ablation. */
	mature?: (items: readonly Item[], exposure: Exposure, tau: number) => { mature: boolean; risk24: number }
}

/** One class of one workload, from the moment at which a stopping rule enforced it. */
export interface Decision {
	class: Class
	generaliser: string
	stop: string
	/** Hours learned; null when it was never enforced within the time. */
	hour: number | null
	/** Predicted at that moment: something new within 24 hours. */
	risk24: number
	/** And whether it came. */
	happened: boolean
	/** Hours (absolute) with a false block within the test, how many acts and distinct behaviours that were. */
	falseHours: number[]
	/** The same without what began with an unannounced change. */
	foreseeableHours: number[]
	falseEvents: number
	falseDistinct: number
	testEvents: number
	grants: Grant[]
	judge: Judge
}

/** What the maturity rule said at a checkpoint, and what came: for calibration. */
export interface Forecast {
	class: Class
	generaliser: string
	elapsedHours: number
	risk24: number
	/** Everything but the risk would have let it pass. */
	eligible: boolean
	happened: boolean
	/** What the second stage looks at, in the order of `FEATURES`. */
	features: number[]
}

export interface Trial {
	workload: Workload
	decisions: Decision[]
	forecasts: Forecast[]
}

/** Lives through the checkpoints of a workload and tries every contender's stopping rules. */
export function tryWorkload(workload: Workload, contenders: readonly Contender[]): Trial {
	const trial: Trial = { workload, decisions: [], forecasts: [] }
	const pending = contenders.map((contender) => ({
		contender,
		open: CLASSES.flatMap((of) => contender.stops.map((stop) => ({ of, stop })))
	}))
	const history = createHistory(workload)
	for (const hour of CHECKPOINTS) {
		if (pending.every(({ open }) => open.length === 0)) break
		const { states, facts, exposure, schedule } = history.until(hour)
		for (const one of pending) {
			if (one.open.length === 0) continue
			const { grants, openEnded } = one.contender.generaliser.generalise(states, facts)
			const judge = createJudge(grants)
			for (const of of new Set(one.open.map((entry) => entry.of))) {
				const items = itemsOf(states, of, judge)
				const ripe = ripeness(one.contender, of, items, exposure, schedule, openEnded.includes(of))
				const at = { hour, of, grants, judge, risk24: ripe.risk24 }
				trial.forecasts.push({
					class: of,
					generaliser: one.contender.generaliser.name,
					elapsedHours: hour,
					risk24: ripe.risk24,
					eligible: ripe.eligible,
					features: ripe.features,
					happened: somethingNew(workload, of, judge, hour)
				})
				const progress = {
					elapsedHours: hour,
					quietHours: history.firstHour + hour - lastFirst(items, history.firstHour),
					mature: ripe.mature
				}
				const stopping = one.open.filter((entry) => entry.of === of && entry.stop.stops(progress))
				if (stopping.length === 0) continue
				const tested = test(workload, at)
				for (const { stop } of stopping) {
					trial.decisions.push({ ...tested, generaliser: one.contender.generaliser.name, stop: stop.name })
				}
				one.open = one.open.filter((entry) => !stopping.includes(entry))
			}
		}
	}
	for (const { contender, open } of pending) {
		for (const { of, stop } of open) trial.decisions.push(never(of, contender.generaliser.name, stop.name))
	}
	return trial
}

/** What was known of a workload so many hours after it was first watched. */
export interface Known {
	states: BehaviourState[]
	facts: Facts
	exposure: Exposure
	schedule: ScheduleFacts
}

/** The states of a workload as they grow; hours must ascend. People's sessions are left out. */
export function createHistory(workload: Workload): { firstHour: number; until(hour: number): Known } {
	const firstHour = workload.firstDay * 24
	let states: BehaviourState[] = []
	let done = 0
	return {
		firstHour,
		until(hour) {
			const rows = rowsBetween(workload.rows, done, hour).filter((row) => !row.interactive)
			const startsMs = workload.startsMs.filter((atMs) => atMs < (firstHour + hour) * HOUR_MS)
			states = mergeStates(states, stateOf(rows, startsMs))
			done = hour
			const exposure = cut(workload.exposure, firstHour + hour)
			const execs = states.filter((state) => state.verb === 'exec').map((state) => state.object)
			return {
				states,
				exposure,
				facts: {
					exposedHours: exposure.hours.length,
					startCount: exposure.starts.length,
					image: workload.family.image
				},
				schedule: scheduleFacts({ crons: [], timers: [], execs }).facts
			}
		}
	}
}

const HOUR_MS = 3_600_000

/** Rows of hours [from, to) after the first, cut at these hours. */
export function rowsBetween(rows: Workload['rows'], from: number, to: number): Workload['rows'][number] {
	const found: Workload['rows'][number] = []
	for (let day = Math.floor(from / 24); day * 24 < to; day++) {
		const low = Math.max(0, from - day * 24)
		const high = Math.min(24, to - day * 24)
		if (low === 0 && high === 24) {
			for (const row of rows[day] ?? []) found.push(row)
			continue
		}
		const mask = (2 ** high - 1) & ~(2 ** low - 1)
		for (const row of rows[day] ?? []) {
			if ((row.hours & mask) !== 0) found.push(within(row, row.hours & mask))
		}
	}
	return found
}

function cut(exposure: Exposure, hour: number): Exposure {
	const before = (hours: number[]) => hours.filter((one) => one < hour)
	return {
		hours: before(exposure.hours),
		lossyHours: before(exposure.lossyHours),
		censoredHours: before(exposure.censoredHours),
		starts: exposure.starts.filter((atMs) => atMs < hour * HOUR_MS),
		gaps: exposure.gaps.filter((gap) => gap.fromMs < hour * HOUR_MS)
	}
}

/** Behaviours of a class in rule space: those that one grant covers are one. */
export function itemsOf(states: readonly BehaviourState[], of: Class, judge: Judge): Item[] {
	const covered = new Map<number, BehaviourState[]>()
	const items: Item[] = []
	for (const state of states) {
		if (state.class !== of) continue
		const at = judge.allowedBy(of, state.object, state.source)
		if (at < 0) items.push(itemOf([state]))
		else {
			const list = covered.get(at)
			if (list) list.push(state)
			else covered.set(at, [state])
		}
	}
	for (const list of covered.values()) items.push(itemOf(list))
	return items
}

/** The latest hour in which an item was first seen. */
function lastFirst(items: readonly Item[], firstHour: number): number {
	return items.reduce((last, item) => Math.max(last, item.hours[0] ?? firstHour), firstHour)
}

interface Ripe {
	mature: boolean
	risk24: number
	eligible: boolean
	features: number[]
}

function ripeness(
	contender: Contender,
	of: Class,
	items: readonly Item[],
	exposure: Exposure,
	schedule: ScheduleFacts,
	capped: boolean
): Ripe {
	const tau = contender.taus[of]
	const maturity: Maturity = maturityOf(items, exposure, contender.schedule?.(schedule) ?? schedule, {
		of,
		tau,
		calibrated: contender.calibrated,
		heldSensitiveCount: 0,
		dropRate: 0,
		capped,
		...(contender.quietHours === undefined ? {} : { quietHours: contender.quietHours }),
		...(contender.hazard ? { hazard: contender.hazard } : {})
	})
	if (contender.mature) {
		const other = contender.mature(items, exposure, tau)
		return { ...other, eligible: other.mature, features: [] }
	}
	return {
		mature: maturity.mature,
		risk24: maturity.risk24,
		eligible: maturity.onlyRisk,
		features: maturity.features
	}
}

/** Whether the class meets something that is not allowed within 24 hours. */
export function somethingNew(workload: Workload, of: Class, judge: Judge, hour: number): boolean {
	return rowsBetween(workload.needs, hour, hour + 24).some(
		(row) => row.class === of && judge.allowedBy(of, row.object, row.source) < 0
	)
}

/** Enforces a class for the two weeks after `hour`, on everything that the workload then really does. */
export function test(
	workload: Workload,
	at: { hour: number; of: Class; grants: Grant[]; judge: Judge; risk24: number }
): Omit<Decision, 'generaliser' | 'stop'> {
	const { hour, of, judge } = at
	const falseHours = new Set<number>()
	const foreseeable = new Set<number>()
	const distinct = new Set<string>()
	let falseEvents = 0
	let testEvents = 0
	for (const row of rowsBetween(workload.needs, hour, hour + TEST_DAYS * 24)) {
		if (row.class !== of) continue
		testEvents += row.count
		if (judge.allowedBy(of, row.object, row.source) >= 0) continue
		falseEvents += row.count
		distinct.add(`${row.object} ${row.source}`)
		const isForeseeable = !workload.unannounced.has(`${row.verb} ${row.object} ${row.source}`)
		for (let bit = 0; bit < 24; bit++) {
			if ((row.hours & (1 << bit)) === 0) continue
			falseHours.add(row.day * 24 + bit)
			if (isForeseeable) foreseeable.add(row.day * 24 + bit)
		}
	}
	const from = workload.firstDay * 24 + hour
	const hours = [...falseHours].sort((a, b) => a - b)
	return {
		class: of,
		hour,
		risk24: at.risk24,
		happened: hours.some((one) => one >= from && one < from + 24),
		falseHours: hours,
		foreseeableHours: [...foreseeable],
		falseEvents,
		falseDistinct: distinct.size,
		testEvents,
		grants: at.grants,
		judge
	}
}

function never(of: Class, generaliser: string, stop: string): Decision {
	return {
		class: of,
		generaliser,
		stop,
		hour: null,
		risk24: 1,
		happened: false,
		falseHours: [],
		foreseeableHours: [],
		falseEvents: 0,
		falseDistinct: 0,
		testEvents: 0,
		grants: [],
		judge: EMPTY
	}
}

const EMPTY = createJudge([])
