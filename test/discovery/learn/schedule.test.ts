import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cronPeriodHours, spanHours, timerPeriodHours } from '../../../discovery/learn/calendar.js'
import {
	createScheduleRisk,
	periodOf,
	periodText,
	priorsOf,
	scheduleFacts
} from '../../../discovery/learn/schedule.js'
import type { Exposure } from '../../../discovery/learn/state.js'

test('a cron schedule is waited for as long as its longest pause', () => {
	const periods: [schedule: string, hours: number][] = [
		['* * * * *', 1],
		['*/5 * * * *', 1],
		['0 * * * *', 1],
		['0 */6 * * *', 6],
		// 20:00 to 00:00 is shorter than the five hours before.
		['0 */5 * * *', 5],
		['0 8-18/2 * * *', 14],
		['30 4 * * *', 24],
		['0 3 * * 1-5', 72],
		['0 3 * * MON-FRI', 72],
		['0 3 * * sun', 168],
		['0 3 * * 7', 168],
		['0 0,12 1 */2 *', 62 * 24 - 12],
		['0 0 1 * *', 744],
		['0 0 31 * *', 61 * 24],
		// Either the thirteenth or a Friday, as cron has it.
		['0 0 13 * FRI', 168],
		['0 0 1 jan *', 366 * 24],
		['0 0 29 2 *', 1461 * 24],
		['@daily', 24],
		['@WEEKLY', 168],
		['@monthly', 744],
		['@every 1h30m', 2],
		['CRON_TZ=Europe/Berlin 0 6 * * *', 24],
		['  0   6 * * * ', 24]
	]
	for (const [schedule, hours] of periods) assert.equal(cronPeriodHours(schedule), hours, schedule)
})

test('what is no cron schedule, or never fires, has no period', () => {
	const bad = [
		'',
		'daily',
		'* * * *',
		'* * * * * *',
		'60 * * * *',
		'0 24 * * *',
		'0 0 0 * *',
		'0 0 1 13 *',
		'0 0 * * 8',
		'*/0 * * * *',
		'5-1 * * * *',
		'1-2-3 * * * *',
		'1/2/3 * * * *',
		'0 0 L * *',
		'0 0 30 2 *',
		'@reboot',
		'@every never',
		'0 0 * * mondayish',
		`${'0 '.repeat(10_000)}`,
		'1,'.repeat(100)
	]
	for (const schedule of bad) assert.equal(cronPeriodHours(schedule), null, schedule.slice(0, 40))
})

test('systemd calendars and time spans are read as systemd.time(7) has them', () => {
	const periods: [text: string, hours: number][] = [
		['minutely', 1],
		['hourly', 1],
		['daily', 24],
		['weekly', 168],
		['monthly', 744],
		['quarterly', 92 * 24],
		['Yearly', 366 * 24],
		['*-*-* 04:00:00', 24],
		['Mon *-*-*', 168],
		['Mon..Fri *-*-* 10:00', 72],
		['Fri..Mon 12:00', 96],
		['Mon,Thu', 96],
		['*-*-01 00:00:00 UTC', 744],
		['*-*-* 00/8:00:00', 8],
		['*-*-* 6,18:00 Europe/Berlin', 12],
		['09:30', 24]
	]
	for (const [text, hours] of periods) assert.equal(timerPeriodHours(text), hours, text)
	for (const text of ['', '2027-01-01', 'never', 'Mon..', '*-*-* 25:00', 'Mon Tue *-*-*', '@daily'])
		assert.equal(timerPeriodHours(text), null, text)

	const spans: [text: string, hours: number][] = [
		['15min', 1],
		['1d', 24],
		['1h 30min', 2],
		['1 week', 168],
		['3600', 1],
		['2M', 1462],
		['90m', 2]
	]
	for (const [text, hours] of spans) assert.equal(spanHours(text), hours, text)
	for (const text of ['', '0', 'soon', '5 parsecs', '99999999999999y', '-5min'])
		assert.equal(spanHours(text), null, text)
})

test('no text makes the readers of schedules fail', () => {
	const piece = fc.constantFrom('*', '/', '-', ',', '..', ' ', ':', '0', '59', 'mon', '@', 'every', '1h', '?')
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
			for (const read of [cronPeriodHours, timerPeriodHours, spanHours]) {
				const hours = read(pieces.join(''))
				assert.ok(hours === null || (Number.isInteger(hours) && hours > 0))
			}
		})
	)
})

test('what is declared is certain; what cannot be read is said', () => {
	const { facts, problems } = scheduleFacts({
		crons: [
			{ schedule: '0 3 * * *', by: 'shop/CronJob/report' },
			{ schedule: 'whenever', by: 'shop/CronJob/odd' }
		],
		timers: [{ onCalendar: ['weekly'], onUnitActiveSec: '3d', by: 'fstrim.timer' }],
		execs: ['/usr/sbin/logrotate', '/usr/bin/cat']
	})
	assert.deepEqual(facts.periods, [
		{ periodHours: 24, probability: 1, declaredBy: 'logrotate' },
		{ periodHours: 72, probability: 1, declaredBy: 'fstrim.timer' },
		{ periodHours: 168, probability: 1, declaredBy: 'fstrim.timer' },
		{ periodHours: 720, probability: 0.15, declaredBy: '' }
	])
	assert.deepEqual(problems, ['shop/CronJob/odd: the schedule "whenever" cannot be read.'])
})

test('unseen jobs: Bayes over the phases not watched yet', () => {
	const risk = createScheduleRisk(watched(range(0, 103)), fleet())
	assert.equal(risk.after(0, 24).toFixed(6), (1 - (1 - 0.6) * (1 - 0.3 / 7) * (1 - 0.15 / 30)).toFixed(6))
	// Daily: half a day watched, half of .6 excluded: .6·12/24 ÷ (.6·12/24 + .4).
	assert.equal(risk.unseenAfter(12, 24)[0]?.risk.toFixed(6), (0.3 / 0.7).toFixed(6))
	const [weekly, monthly] = risk.unseenAfter(103, 24)
	assert.deepEqual([weekly?.periodHours, weekly?.watchedHours], [168, 103])
	assert.equal(weekly?.risk.toFixed(6), '0.052516')
	assert.deepEqual([monthly?.periodHours, monthly?.watchedHours], [720, 103])
})

test('a declared job waits for one whole period, and is then done with', () => {
	const { facts } = scheduleFacts({
		crons: [{ schedule: '@weekly', by: 'backup' }],
		timers: [],
		execs: []
	})
	const risk = createScheduleRisk(watched(range(0, 168)), facts)
	// π = 1: 24 of the 65 phases left.
	assert.equal(
		risk
			.unseenAfter(103, 24)
			.find((one) => one.periodHours === 168)
			?.risk.toFixed(6),
		'0.369231'
	)
	assert.equal(risk.unseenAfter(167, 24).find((one) => one.periodHours === 168)?.risk, 1)
	assert.equal(
		risk.unseenAfter(168, 24).find((one) => one.periodHours === 168),
		undefined
	)
})

test('a blind hour leaves its phase open until it is watched; a night without running does not', () => {
	const office = range(0, 240).filter((hour) => hour % 24 >= 8 && hour % 24 < 18)
	assert.deepEqual(
		createScheduleRisk(watched(office), fleet())
			.unseenAfter(office.length, 24)
			.map((one) => one.periodHours),
		[720]
	)
	const blind = watched(range(0, 168).filter((hour) => hour !== 50))
	blind.lossyHours.push(FROM + 50)
	const [weekly] = createScheduleRisk(blind, fleet()).unseenAfter(167, 24)
	assert.deepEqual([weekly?.periodHours, weekly?.watchedHours], [168, 167])
	const gap = watched(range(0, 168).filter((hour) => hour !== 50))
	gap.gaps.push({
		fromMs: (FROM + 50) * 3_600_000,
		toMs: (FROM + 50) * 3_600_000 + 5000,
		reason: 'ring-full'
	})
	assert.equal(createScheduleRisk(gap, fleet()).unseenAfter(167, 24)[0]?.watchedHours, 167)
})

test('nothing watched, or nothing declared, is a clear answer', () => {
	assert.ok(createScheduleRisk(watched([]), fleet()).after(0, 24) > 0.6)
	assert.equal(createScheduleRisk(watched([]), { periods: [] }).after(0, 24), 0)
})

test('a period is accepted when every gap is within a tenth of it, three sightings at least', () => {
	assert.equal(periodOf([10, 34, 58]), 24)
	assert.equal(periodOf([10, 34, 60]), 24)
	assert.equal(periodOf([10, 34, 61]), null)
	assert.equal(periodOf([10, 34]), null)
	assert.equal(periodOf([0, 1, 2, 3]), 1)
	assert.equal(periodOf([0, 160, 340]), 168)
	assert.equal(periodOf([0, 24, 48, 1000]), null)
})

test('the fleet moves the start values as it grows', () => {
	const none = priorsOf([])
	assert.deepEqual([none.get(24), none.get(168), none.get(720)], [0.6, 0.3, 0.15])
	// Twenty workloads of three weeks, five with a late weekly job: (5 + 20 × .3) ÷ 40.
	const fleetOf = (count: number, late: number[]) =>
		Array.from({ length: count }, () => ({ watchedHours: 504, late }))
	const priors = priorsOf([...fleetOf(5, [168]), ...fleetOf(15, [])])
	assert.equal(priors.get(168)?.toFixed(6), '0.275000')
	assert.equal(priors.get(720), 0.15)
})

test('periods have names', () => {
	assert.deepEqual([24, 168, 744, 72, 5].map(periodText), [
		'daily',
		'weekly',
		'monthly',
		'every 3 days',
		'every 5 hours'
	])
})

/** A multiple of all periods, so that hours are phases. */
const FROM = 720 * 7 * 100

function watched(hours: number[]): Exposure {
	return {
		hours: hours.map((hour) => FROM + hour),
		lossyHours: [],
		censoredHours: [],
		starts: [],
		gaps: []
	}
}

function range(from: number, to: number): number[] {
	return Array.from({ length: to - from }, (_, i) => from + i)
}

function fleet() {
	return scheduleFacts({ crons: [], timers: [], execs: [] }).facts
}
