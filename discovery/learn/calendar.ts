/**
 * Schedules as people declare them, read for one number: how long to wait for a full firing. Time zones do
 * not matter for that (a change to summer time moves one firing a year by an hour), so they are skipped.
 */

/** The minutes, hours, days, months and weekdays on which something fires. */
interface Calendar {
	minutes: Set<number>
	hours: Set<number>
	days: Set<number>
	months: Set<number>
	weekdays: Set<number>
	/** Cron fires when either the day of the month or the weekday fits, if both are restricted; systemd wants both. */
	either: boolean
}

/**
 * The longest time between two firings of a cron schedule, in whole hours, rounded up. Understands five
 * fields with names, lists, ranges and steps, `@daily` and its kin, `@every 1h30m`, and a leading `TZ=` or
 * `CRON_TZ=`. Null when it cannot be read, or hardly ever fires.
 */
export function cronPeriodHours(text: string): number | null {
	const words = wordsOf(text).filter((word) => !/^(CRON_)?TZ=/.test(word))
	const first = (words[0] ?? '').toLowerCase()
	if (first === '@every' && words.length === 2) return spanHours(words[1] ?? '')
	const fields = first.startsWith('@') && words.length === 1 ? CRON_WORDS.get(first) : words
	if (fields?.length !== 5) return null
	const [minutes, hours, days, months, weekdays] = fields.map((field, i) =>
		setOf(field, CRON_FIELDS[i] ?? NO_FIELD, '-')
	)
	if (!minutes || !hours || !days || !months || !weekdays) return null
	if (weekdays.has(7)) weekdays.add(0)
	const either = !isStar(fields[2] ?? '') && !isStar(fields[4] ?? '')
	return longestGapHours({ minutes, hours, days, months, weekdays, either })
}

/** `*` restricts nothing and `/2` after it does, as Kubernetes reads it (robfig/cron v3, `getRange`). */
function isStar(field: string): boolean {
	return /^[*?](\/1)?$/.test(field)
}

/**
 * The same for `OnCalendar=` of a systemd timer: `daily`, `Mon *-*-* 04:00:00`, `*-*-01/2`, `Mon..Fri 9,17:30`.
 * A date that names a year fires once or for a while, and has no period: null.
 */
export function timerPeriodHours(text: string): number | null {
	const words = wordsOf(SYSTEMD_WORDS.get(text.trim().toLowerCase()) ?? text)
	const weekday = /^[a-z]+([.,]+[a-z]+)*,?$/i.test(words[0] ?? '') ? (words.shift() ?? '') : '*'
	const date = /^[\d*]/.test(words[0] ?? '') && /-/.test(words[0] ?? '') ? (words.shift() ?? '') : '*-*-*'
	const time = /:/.test(words[0] ?? '') ? (words.shift() ?? '') : '0:0'
	// Only a time zone may be left.
	if (words.length > 1 || (words.length === 1 && !/^[A-Z][A-Za-z_]*(\/[A-Za-z_+-]+)*$/.test(words[0] ?? '')))
		return null

	const dateParts = date.split('-')
	if (dateParts.length === 3 && dateParts.shift() !== '*') return null
	const timeParts = time.split(':')
	if (dateParts.length !== 2 || timeParts.length < 2 || timeParts.length > 3) return null
	const [months, days] = [setOf(dateParts[0] ?? '', MONTH, '..'), setOf(dateParts[1] ?? '', DAY, '..')]
	const [hours, minutes] = [setOf(timeParts[0] ?? '', HOUR, '..'), setOf(timeParts[1] ?? '', MINUTE, '..')]
	const weekdays = setOf(weekday.replace(/,$/, ''), WEEKDAY, '..')
	if (!months || !days || !hours || !minutes || !weekdays) return null
	return longestGapHours({ minutes, hours, days, months, weekdays, either: false })
}

/** A systemd or Go time span (`1h 30min`, `1d`, `90` seconds) in whole hours, rounded up; null when unreadable. */
export function spanHours(text: string): number | null {
	const compact = text.replace(/\s+/g, '')
	if (compact === '' || compact.length > TEXT_MAX || !/^(\d+(\.\d+)?[a-zA-Zµ]*)+$/.test(compact)) return null
	let seconds = 0
	for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)([a-zA-Zµ]*)/g)) {
		const factor = SPAN_SECONDS.get(unit === 'M' ? 'months' : (unit ?? '').toLowerCase())
		if (factor === undefined) return null
		seconds += Number(amount) * factor
	}
	const hours = Math.ceil(seconds / 3600)
	return hours > 0 && hours <= PERIOD_HOURS_MAX ? hours : null
}

const TEXT_MAX = 256
/** Ten years: what fires more rarely than that is no schedule to wait for. */
const PERIOD_HOURS_MAX = 10 * 366 * 24

interface Field {
	min: number
	max: number
	names: readonly string[]
	/** The number of the first name. */
	namesFrom: number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const NO_FIELD: Field = { min: 0, max: -1, names: [], namesFrom: 0 }
const MINUTE: Field = { min: 0, max: 59, names: [], namesFrom: 0 }
const HOUR: Field = { min: 0, max: 23, names: [], namesFrom: 0 }
const DAY: Field = { min: 1, max: 31, names: [], namesFrom: 0 }
const MONTH: Field = { min: 1, max: 12, names: MONTHS, namesFrom: 1 }
const WEEKDAY: Field = { min: 0, max: 7, names: WEEKDAYS, namesFrom: 0 }
const CRON_FIELDS = [MINUTE, HOUR, DAY, MONTH, WEEKDAY]

const CRON_WORDS = new Map([
	['@hourly', '0 * * * *'.split(' ')],
	['@daily', '0 0 * * *'.split(' ')],
	['@midnight', '0 0 * * *'.split(' ')],
	['@weekly', '0 0 * * 0'.split(' ')],
	['@monthly', '0 0 1 * *'.split(' ')],
	['@yearly', '0 0 1 1 *'.split(' ')],
	['@annually', '0 0 1 1 *'.split(' ')]
])

/** systemd.time(7), “Calendar Events”. */
const SYSTEMD_WORDS = new Map([
	['minutely', '*-*-* *:*'],
	['hourly', '*-*-* *:00'],
	['daily', '*-*-* 00:00'],
	['weekly', 'Mon *-*-* 00:00'],
	['monthly', '*-*-01 00:00'],
	['quarterly', '*-01,04,07,10-01 00:00'],
	['semiannually', '*-01,07-01 00:00'],
	['yearly', '*-01-01 00:00'],
	['annually', '*-01-01 00:00']
])

/** systemd.time(7), “Parsing Time Spans”; no unit means seconds. */
const SPAN_SECONDS = new Map<string, number>(
	(
		[
			[1e-9, 'ns nsec'],
			[1e-6, 'us usec µs'],
			[1e-3, 'ms msec'],
			[1, ' s sec second seconds'],
			[60, 'm min minute minutes'],
			[3600, 'h hr hour hours'],
			[86_400, 'd day days'],
			[604_800, 'w week weeks'],
			[30.44 * 86_400, 'month months'],
			[365.25 * 86_400, 'y year years']
		] as const
	).flatMap(([seconds, units]) => units.split(' ').map((unit): [string, number] => [unit, seconds]))
)

function wordsOf(text: string): string[] {
	return text.length > TEXT_MAX ? [] : text.trim().split(/\s+/)
}

/** `*`, `?`, values, names, ranges and steps of one field; null when it is none of these. */
function setOf(text: string, field: Field, range: '-' | '..'): Set<number> | null {
	const set = new Set<number>()
	for (const part of text.split(',')) {
		const [span = '', step, ...tooMany] = part.split('/')
		const [low = '', high, ...tooHigh] = span.split(range)
		if (tooMany.length > 0 || tooHigh.length > 0) return null
		const every = step === undefined ? 1 : /^\d{1,2}$/.test(step) ? Number(step) : 0
		const all = low === '*' || low === '?'
		const from = all && high === undefined ? field.min : numberOf(low, field)
		// `5/15` runs on to the end of the field; a lone `5` does not. Day 7 is Sunday again.
		const end = field === WEEKDAY ? 6 : field.max
		const open = all || step !== undefined ? end : from
		const to = high === undefined ? open : numberOf(high, field)
		if (every === 0 || from === null || to === null) return null
		// systemd lets weekdays wrap around (`Fri..Mon`); cron does not.
		if (from > to && !(range === '..' && field === WEEKDAY)) return null
		for (let value = from; value <= (from > to ? to + 7 : to); value += every)
			set.add(field === WEEKDAY ? value % 7 : value)
	}
	return set
}

function numberOf(text: string, field: Field): number | null {
	const named = text.length >= 3 ? field.names.findIndex((name) => isNameOf(text.toLowerCase(), name)) : -1
	if (named >= 0) return named + field.namesFrom
	if (!/^\d{1,2}$/.test(text)) return null
	const value = Number(text)
	return value >= field.min && value <= field.max ? value : null
}

const LONG_NAMES =
	'january february march april may june july august september october november december sunday monday tuesday wednesday thursday friday saturday'.split(
		' '
	)

function isNameOf(text: string, name: string): boolean {
	return text === name || (text.startsWith(name) && LONG_NAMES.includes(text))
}

/** Twelve years with three leap days: enough for everything that fires at least every four years. */
const SURVEY_FROM_DAY = Date.UTC(2001, 0, 1) / 86_400_000
const SURVEY_DAYS = 12 * 365 + 3

function longestGapHours(calendar: Calendar): number | null {
	const minutes = [...calendar.hours]
		.flatMap((hour) => [...calendar.minutes].map((minute) => hour * 60 + minute))
		.sort((a, b) => a - b)
	const [first, last] = [minutes[0], minutes.at(-1)]
	if (first === undefined || last === undefined) return null

	let longest = 0
	for (const [i, minute] of minutes.entries())
		longest = Math.max(longest, minute - (minutes[i - 1] ?? minute))
	let before: number | undefined
	for (let day = SURVEY_FROM_DAY; day < SURVEY_FROM_DAY + SURVEY_DAYS; day++) {
		if (!firesOn(calendar, day)) continue
		if (before !== undefined) longest = Math.max(longest, (day - before) * 1440 - last + first)
		before = day
	}
	// One firing in twelve years says nothing about the next one.
	return before === undefined || longest === 0 ? null : Math.ceil(longest / 60)
}

function firesOn(calendar: Calendar, day: number): boolean {
	const date = new Date(day * 86_400_000)
	if (!calendar.months.has(date.getUTCMonth() + 1)) return false
	const ofMonth = calendar.days.has(date.getUTCDate())
	const ofWeek = calendar.weekdays.has(date.getUTCDay())
	return calendar.either ? ofMonth || ofWeek : ofMonth && ofWeek
}
