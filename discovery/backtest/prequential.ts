import { CLASSES, type Class, type Verb } from '../../collector/observation.js'
import { compareText } from '../behaviour.js'
import type { Sighted } from '../learn/exact.js'
import type { Policy } from '../policy.js'
import { bitCount } from './findings.js'
import { perHundred, type Rate, shareOf } from './interval.js'
import type { Judged } from './panel.js'

/** What the past of one workload is tested with. All of it pure. */
export interface Rehearsal {
	/** All results, sorted by day. */
	rows: readonly Sighted[]
	/** The first and the last day to test. */
	fromDay: number
	toDay: number
	/** Hours of the day whose silence says something. */
	watchedHoursOf(day: number): number
	/** The policies that rest on these rows, all from before the day. */
	learn(before: readonly Sighted[], day: number): Policy[]
	/** The policies as they would have been enforced on that day; null when nothing could carry them. */
	enforce(policies: readonly Policy[], day: number): Enforced | null
	/** True for what is no need of the workload: it is not counted. */
	isSetAside(row: Sighted): boolean
}

export interface Enforced {
	judge(row: Sighted): Judged
	/** Classes that some manifest carries. */
	carried: ReadonlySet<Class>
}

/** `no-policy`: nothing had been seen before. `not-carried`: no language could carry what was learned. */
export type DayState = 'tested' | 'unwatched' | 'no-policy' | 'not-carried'

export interface TestedDay {
	/** UTC day. */
	day: number
	state: DayState
	watchedHours: number
	/** Hours in which something would have been blocked. */
	blockedHours: number
	/** Distinct behaviours that would have been, and how often they happened. */
	behaviourCount: number
	count: number
}

/** What would have been blocked on some day by the policy of the days before it. */
export interface Surprise {
	class: Class
	verb: Verb
	object: string
	source: string
	language: string
	rule: string
	count: number
	firstMs: number
	lastMs: number
	hourCount: number
	/** UTC days on which it would have been, ascending. */
	days: number[]
	pods: string[]
}

export interface ClassRecord {
	class: Class
	testedDays: number
	blockedDays: number
	blockedHours: number
	/** Hours with a block per 100 tested days (Garwood); null when no day was tested. */
	perHundredDays: Rate | null
	/** Days with a block, in percent of the tested ones (Wilson). */
	daysWithBlock: Rate | null
}

export interface Prequential {
	days: TestedDay[]
	/** Of all classes together. */
	total: Omit<ClassRecord, 'class'>
	classes: ClassRecord[]
	/** By first time. */
	surprises: Surprise[]
}

interface DayTally {
	/** Bit h: something of the class would have been blocked in hour h. */
	hours: Map<Class, number>
	carried: ReadonlySet<Class>
}

/**
 * For each day, the policy that the days before it lead to, tested on that day: what a person who had
 * enforced it the evening before would have met. A day on which it was not watched is not tested.
 */
export function rehearse(rehearsal: Rehearsal): Prequential {
	const { rows, fromDay, toDay } = rehearsal
	const days: TestedDay[] = []
	const tallies: DayTally[] = []
	const surprises = new Map<string, Surprise>()
	let enforced: Enforced | null = null
	let hasPolicy = false
	let learnedCount = -1
	let end = 0
	for (let day = fromDay; day <= toDay; day++) {
		while (end < rows.length && (rows[end]?.day ?? 0) < day) end++
		let after = end
		while (after < rows.length && rows[after]?.day === day) after++
		const today = rows.slice(end, after)
		const watchedHours = rehearsal.watchedHoursOf(day)
		if (watchedHours === 0) {
			days.push(emptyDay(day, 'unwatched', 0))
			continue
		}
		// Days without new rows are tested with what the day before was.
		if (learnedCount !== end) {
			const policies = rehearsal.learn(rows.slice(0, end), day)
			hasPolicy = policies.length > 0
			enforced = hasPolicy ? rehearsal.enforce(policies, day) : null
			learnedCount = end
		}
		if (!enforced) {
			days.push(emptyDay(day, hasPolicy ? 'not-carried' : 'no-policy', watchedHours))
			continue
		}
		const tally: DayTally = { hours: new Map(), carried: enforced.carried }
		days.push(testDay(rehearsal, enforced, today, emptyDay(day, 'tested', watchedHours), tally, surprises))
		tallies.push(tally)
	}
	return {
		days,
		total: recordOf(tallies, CLASSES),
		classes: CLASSES.map((of) => ({ class: of, ...recordOf(tallies, [of]) })),
		surprises: [...surprises.values()].sort(byTime)
	}
}

function testDay(
	rehearsal: Rehearsal,
	{ judge, carried }: Enforced,
	today: readonly Sighted[],
	result: TestedDay,
	tally: DayTally,
	surprises: Map<string, Surprise>
): TestedDay {
	const seen = new Set<string>()
	let hours = 0
	for (const row of today) {
		if (row.result !== 'allowed' || !carried.has(row.class) || rehearsal.isSetAside(row)) continue
		const judged = judge(row)
		if (judged.verdict !== 'block' || judged.isUnsure) continue
		const key = `${row.verb}\0${row.raw}\0${row.source}`
		seen.add(key)
		hours |= row.hours
		tally.hours.set(row.class, (tally.hours.get(row.class) ?? 0) | row.hours)
		result.count += row.count
		const known = surprises.get(key)
		if (known) addRow(known, row)
		else surprises.set(key, surpriseOf(row, judged.language, judged.rule))
	}
	return { ...result, behaviourCount: seen.size, blockedHours: bitCount(hours) }
}

function emptyDay(day: number, state: DayState, watchedHours: number): TestedDay {
	return { day, state, watchedHours, blockedHours: 0, behaviourCount: 0, count: 0 }
}

function surpriseOf(row: Sighted, language: string, rule: string): Surprise {
	return {
		class: row.class,
		verb: row.verb,
		object: row.raw,
		source: row.source,
		language,
		rule,
		count: row.count,
		firstMs: row.firstMs,
		lastMs: row.lastMs,
		hourCount: bitCount(row.hours),
		days: [row.day],
		pods: [...row.pods]
	}
}

function addRow(known: Surprise, row: Sighted): void {
	known.count += row.count
	known.firstMs = Math.min(known.firstMs, row.firstMs)
	known.lastMs = Math.max(known.lastMs, row.lastMs)
	// Rows of two versions on one day may share an hour; it is a count to show, not to decide by.
	known.hourCount += bitCount(row.hours)
	if (!known.days.includes(row.day)) known.days.push(row.day)
	known.pods = [...new Set([...known.pods, ...row.pods])].sort(compareText).slice(0, PODS_MAX)
}

const PODS_MAX = 8

/** A day counts for a class only when a policy of that class was in force. */
function recordOf(tallies: readonly DayTally[], classes: readonly Class[]): Omit<ClassRecord, 'class'> {
	let testedDays = 0
	let blockedDays = 0
	let blockedHours = 0
	for (const { hours, carried } of tallies) {
		if (!classes.some((of) => carried.has(of))) continue
		testedDays++
		const mask = classes.reduce((union, of) => union | (hours.get(of) ?? 0), 0)
		if (mask !== 0) blockedDays++
		blockedHours += bitCount(mask)
	}
	return {
		testedDays,
		blockedDays,
		blockedHours,
		perHundredDays: perHundred(blockedHours, testedDays),
		daysWithBlock: shareOf(blockedDays, testedDays)
	}
}

function byTime(a: Surprise, b: Surprise): number {
	return (
		a.firstMs - b.firstMs ||
		compareText(a.object, b.object) ||
		compareText(a.verb, b.verb) ||
		compareText(a.source, b.source)
	)
}
