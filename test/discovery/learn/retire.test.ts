import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rule } from '../../../discovery/policy.js'
import { proposeRemovals, type RuleUse } from '../../../discovery/learn/retire.js'
import type { BehaviourState, Exposure } from '../../../discovery/learn/state.js'
import { HOUR, state } from './states.js'

/** The hours (after the first of day 20 000) of something that happens every so often, up to a day. */
function every(periodHours: number, fromDay: number, untilDay: number): number[] {
	const hours: number[] = []
	for (let hour = fromDay * 24; hour < untilDay * 24; hour += periodHours) hours.push(hour)
	return hours
}

interface Life {
	object: string
	hours: number[]
	more?: Partial<BehaviourState>
	peersLastDay?: number
}

/** Sixty days of a workload whose policy is enforced from day 10 on. */
const ENFORCED_DAY = 10
const DAYS = 60
const LIVES: readonly Life[] = [
	{ object: '/srv/hourly', hours: every(1, 0, DAYS) },
	{ object: '/srv/daily', hours: every(24, 0, DAYS) },
	{ object: '/srv/stopped', hours: every(24, 0, 6) },
	{ object: '/srv/stopped-late', hours: every(24, 0, 40) },
	{ object: '/srv/weekly-stopped', hours: every(168, 0, 27) },
	{ object: '/srv/monthly', hours: [0, 30 * 24] },
	{ object: '/srv/once', hours: [3] },
	{ object: '/srv/irregular', hours: [0, 24, 14 * 24] },
	{ object: '/srv/at-start', hours: every(24, 0, 4), more: { startOnly: true } },
	{ object: '/srv/with-peers', hours: every(24, 0, 6), peersLastDay: 20_000 + 55 },
	{ object: '/srv/peers-stopped-too', hours: every(24, 0, 6), peersLastDay: 20_000 + 7 },
	{ object: '/usr/lib/ld.so', hours: every(24, 0, 6), more: { required: true } }
]

/** What is stored of these lives when their sightings end where nobody sees them any more. */
function usesOf(seenUntilDay: number): RuleUse[] {
	return LIVES.map(({ object, hours, more, peersLastDay = -1 }) => {
		const seen = hours.filter((hour) => hour < seenUntilDay * 24)
		const rule: Rule = { effect: 'allow', object, access: ['read'], sources: [] }
		return { rule, covers: [state('read', object, seen, more)], peersLastDay }
	})
}

function exposure(censoredFromDay: number, more: Partial<Exposure> = {}): Exposure {
	const all = Array.from({ length: DAYS * 24 }, (_, index) => HOUR + index)
	const from = HOUR + censoredFromDay * 24
	return {
		hours: all.filter((hour) => hour < from),
		lossyHours: [],
		censoredHours: all.filter((hour) => hour >= from),
		starts: [],
		gaps: [],
		...more
	}
}

function removalsOf(uses: readonly RuleUse[], seen: Exposure, declaredPeriods: number[] = []): string[] {
	return proposeRemovals(uses, seen, { nowHour: HOUR + DAYS * 24, declaredPeriods }).map(
		({ rule }) => rule.object
	)
}

test('sixty days enforced by what hides what it permits: no removal is ever proposed', () => {
	for (let day = 1; day <= DAYS; day++) {
		const now = HOUR + day * 24
		const { hours, censoredHours, ...rest } = exposure(ENFORCED_DAY)
		const upToNow = {
			...rest,
			hours: hours.filter((hour) => hour < now),
			censoredHours: censoredHours.filter((hour) => hour < now)
		}
		// KubeArmor tells nothing of what an Allow policy lets pass: nothing is seen from the day of enforcement on.
		const uses = usesOf(Math.min(day, ENFORCED_DAY)).filter(({ covers }) => (covers[0]?.hourCount ?? 0) > 0)
		assert.deepEqual(proposeRemovals(uses, upToNow, { nowHour: now }), [], `day ${day}`)
	}
})

test('the same sixty days with hidden hours listed as watched by mistake are still hidden', () => {
	const both = exposure(ENFORCED_DAY)
	assert.deepEqual(
		removalsOf(usesOf(ENFORCED_DAY), { ...both, hours: [...both.hours, ...both.censoredHours] }),
		[]
	)
})

test('sixty days watched by the kernel source: exactly what went out of use is proposed', () => {
	assert.deepEqual(removalsOf(usesOf(DAYS), exposure(DAYS)), [
		'/srv/stopped',
		'/srv/irregular',
		'/srv/peers-stopped-too'
	])
	const [first] = proposeRemovals(usesOf(DAYS), exposure(DAYS), { nowHour: HOUR + DAYS * 24 })
	assert.equal(first?.lastHour, HOUR + 5 * 24)
	assert.deepEqual([first?.unusedHours, first?.neededHours], [DAYS * 24 - 5 * 24 - 1, 720])
	assert.match(first?.reason ?? '', /^Not used in 54 watched days \(1319 hours\)/)
})

test('what is done at starts only is unused when it stayed out of three of them', () => {
	const startsAt = (...days: number[]) => days.map((day) => (HOUR + day * 24) * 3_600_000)
	const has = (starts: number[]) =>
		removalsOf(usesOf(DAYS), exposure(DAYS, { starts })).includes('/srv/at-start')
	assert.equal(has(startsAt(0, 1, 2, 3)), false)
	assert.equal(has(startsAt(0, 20, 30)), false)
	assert.equal(has(startsAt(0, 20, 30, 40)), true)
})

test('a declared weekly schedule keeps what fits it', () => {
	const twice: RuleUse = {
		rule: { effect: 'allow', object: '/srv/fortnight', access: ['read'], sources: [] },
		covers: [
			state(
				'read',
				'/srv/fortnight',
				[0, 336, 504].map((hour) => hour - 1)
			)
		],
		peersLastDay: -1
	}
	const long = Array.from({ length: 200 * 24 }, (_, index) => HOUR + index)
	const watched = { ...exposure(DAYS), hours: long, censoredHours: [] }
	const at = { nowHour: HOUR + 200 * 24 }
	assert.equal(proposeRemovals([twice], watched, at).length, 1)
	assert.deepEqual(proposeRemovals([twice], watched, { ...at, declaredPeriods: [168] }), [])
})

test('weekly and monthly jobs are never proposed, however long they stay out', () => {
	const long = Array.from({ length: 400 * 24 }, (_, index) => HOUR + index)
	const watched = { ...exposure(DAYS), hours: long, censoredHours: [] }
	const uses = [every(168, 0, 22), every(730, 0, 62), [0, 1, 2, 168, 169, 336, 337]].map((hours, index) => ({
		rule: { effect: 'allow' as const, object: `/srv/${index}`, access: ['read' as const], sources: [] },
		covers: [state('read', `/srv/${index}`, hours)],
		peersLastDay: -1
	}))
	assert.deepEqual(proposeRemovals(uses, watched, { nowHour: HOUR + 400 * 24 }), [])
})

test('a rule is used while anything that it covers is; denials and rules without evidence stay', () => {
	const covers = [state('read', '/srv/a', every(24, 0, 5)), state('read', '/srv/b', every(24, 0, DAYS))]
	const rule: Rule = { effect: 'allow', object: '/srv/<any>', access: ['read'], sources: [] }
	assert.deepEqual(removalsOf([{ rule, covers, peersLastDay: -1 }], exposure(DAYS)), [])
	assert.deepEqual(removalsOf([{ rule, covers: [], peersLastDay: -1 }], exposure(DAYS)), [])
	const deny: Rule = { ...rule, effect: 'deny' }
	assert.deepEqual(
		removalsOf([{ rule: deny, covers: covers.slice(0, 1), peersLastDay: -1 }], exposure(DAYS)),
		[]
	)
})
