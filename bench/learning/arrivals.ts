import type { Item } from '../../discovery/learn/history.js'
import type { Exposure } from '../../discovery/learn/state.js'
import type { Random } from './random.js'

/**
 * Workloads as nothing but arrivals of behaviours, for the statistics alone: triggers with Zipf rates that
 * fire correlated behaviours, traffic by hour and weekday, scheduled jobs, start-up sets with rare branches,
 * restarts, and now and then something that an operator does and nothing foretells.
 */
export interface Arrivals {
	/** As the learner would keep them after all the days. */
	items: Item[]
	exposure: Exposure
	/** Times (UTC ms) of each behaviour outside start phases; dense ones only until their third day. */
	times: number[][]
	/** Hour (index from the first one) in which each of these was first seen. */
	firstHours: number[]
	/** Periods of its scheduled jobs, in hours. */
	jobPeriods: number[]
}

const MS_PER_HOUR = 3_600_000
const HALF_HOUR_MS = MS_PER_HOUR / 2
/** A Monday, so that weekends fall where they should. */
const FROM_HOUR = Date.UTC(2025, 0, 6) / MS_PER_HOUR

export interface ArrivalOptions {
	days: number
	/** Without what operators do, and what schedules bring: arrivals whose rates never change. */
	stationary?: boolean
}

/** One workload, determined by the stream. */
export function generateArrivals(random: Random, { days, stationary = false }: ArrivalOptions): Arrivals {
	const spanHours = days * 24
	const times: number[][] = []
	const jobPeriods: number[] = []
	const bundle = (at: number[], size: number) => {
		for (let i = 0; i < size; i++) {
			const kept = i === 0 ? at : at.filter(() => random.chance(0.7))
			if (kept.length > 0) times.push(kept)
		}
	}
	const traffic = trafficOf(random, stationary)
	const triggerCount = Math.round(random.logUniform(8, 400))
	const exponent = 1.2 + 1.6 * random.next()
	const busiest = random.logUniform(0.5, 200)
	for (let rank = 1; rank <= triggerCount; rank++) {
		bundle(poissonTimes(random, busiest * rank ** -exponent, spanHours, traffic), random.integer(1, 10))
	}
	if (!stationary) {
		for (const [period, probability] of [
			[1, 0.3],
			[24, 0.6],
			[168, 0.3],
			[720, 0.15]
		] as const) {
			if (random.chance(probability)) {
				jobPeriods.push(period)
				bundle(periodicTimes(random.next() * period, period, spanHours), random.integer(1, 8))
			}
		}
		for (
			let at = random.exponential(OPERATOR_HOURS);
			at < spanHours;
			at += random.exponential(OPERATOR_HOURS)
		) {
			bundle([msOf(at)], random.integer(1, 6))
		}
	}
	const starts = [msOf(0)]
	const life = random.logUniform(12, 720)
	for (let at = random.exponential(life); at < spanHours; at += random.exponential(life))
		starts.push(msOf(at))

	const steady: Item[] = times.map((at) => {
		const hours = [...new Set(at.map((ms) => Math.floor(ms / MS_PER_HOUR)))]
		return { hours: hours.slice(0, 3), starts: [], startOnly: false, hourCount: hours.length }
	})
	return {
		items: [...steady, ...startItems(random, starts)],
		exposure: {
			hours: Array.from({ length: spanHours }, (_, hour) => FROM_HOUR + hour),
			lossyHours: [],
			censoredHours: [],
			starts,
			gaps: []
		},
		times,
		firstHours: steady.map(({ hours }) => (hours[0] ?? FROM_HOUR) - FROM_HOUR),
		jobPeriods
	}
}

/** Something unpredictable once in 42 days. */
const OPERATOR_HOURS = 42 * 24

function msOf(hour: number): number {
	return Math.floor((FROM_HOUR + hour) * MS_PER_HOUR)
}

/** Between 0 and 1 by hour of the week. */
function trafficOf(random: Random, flat: boolean): (hour: number) => number {
	const night = flat ? 1 : 0.1 + 0.9 * random.next()
	const weekend = flat ? 1 : 0.2 + 0.8 * random.next()
	const noon = random.integer(10, 16)
	return (hour) => {
		const byDay = (1 + Math.cos(((hour - noon) / 12) * Math.PI)) / 2
		return (night + (1 - night) * byDay) * (Math.floor(hour / 24) % 7 >= 5 ? weekend : 1)
	}
}

/** Arrivals at a rate per hour; at most one in each half hour, and none after those of three days. */
function poissonTimes(
	random: Random,
	rate: number,
	spanHours: number,
	traffic: (hour: number) => number
): number[] {
	const times: number[] = []
	const days = new Set<number>()
	for (
		let at = random.exponential(1 / rate);
		at < spanHours && days.size <= 3;
		at += random.exponential(1 / rate)
	) {
		if (!random.chance(traffic(at))) continue
		const ms = msOf(at)
		times.push(ms)
		days.add(Math.floor(at / 24))
		at = (Math.floor(ms / HALF_HOUR_MS) + 1) / 2 - FROM_HOUR
	}
	return times
}

function periodicTimes(phase: number, period: number, spanHours: number): number[] {
	const times: number[] = []
	for (let at = phase; at < spanHours; at += period) times.push(msOf(at))
	return times
}

function startItems(random: Random, starts: readonly number[]): Item[] {
	const items: Item[] = []
	const add = (seen: readonly number[]) => {
		if (seen.length === 0) return
		const hours = [...new Set(seen.map((ms) => Math.floor(ms / MS_PER_HOUR)))].slice(0, 3)
		items.push({ hours, starts: seen.slice(0, 2), startOnly: true, hourCount: seen.length })
	}
	for (let i = random.integer(5, 40); i > 0; i--) add(starts)
	for (let branch = random.integer(0, 6); branch > 0; branch--) {
		const probability = random.logUniform(0.02, 0.8)
		const taken = starts.filter(() => random.chance(probability))
		for (let i = random.integer(1, 8); i > 0; i--) add(taken)
	}
	return items
}
