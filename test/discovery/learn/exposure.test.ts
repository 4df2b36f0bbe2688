import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blindHours, exposureOf, type WatchRows } from '../../../discovery/learn/exposure.js'
import { DAY, DAY_MS, HOUR_MS } from '../sighted.js'

const HOUR = DAY * 24
const NOW_MS = DAY_MS + 10 * HOUR_MS
const SUBJECT = {
	workloads: ['shop/Deployment/front/web'],
	pods: ['east/shop/front-1'],
	nodes: ['node-a']
}

test('hours count when they were watched, and little was lost', () => {
	const exposure = of({ hours: [hour(2), hour(0), { ...hour(1), lossy: true }] })
	assert.deepEqual(exposure.hours, [HOUR, HOUR + 2])
	assert.deepEqual(exposure.lossyHours, [HOUR + 1])
})

test('hours that a gap of the workload, its pod or its node touches do not count; other gaps do not matter', () => {
	const gap = (scope: string, from: number, to: number) => ({
		scope,
		fromMs: DAY_MS + from * HOUR_MS,
		toMs: DAY_MS + to * HOUR_MS,
		reason: 'ring-full'
	})
	const exposure = of({
		hours: [0, 1, 2, 3, 4, 5, 6].map(hour),
		gaps: [
			gap('workload:shop/Deployment/front/web', 0.5, 0.6),
			gap('pod:east/shop/front-1', 2, 3),
			gap('node:node-a', 4.9, 5.1),
			gap('node:node-b', 0, 10),
			gap('pod:east/shop/front-10', 0, 10),
			gap('workload:shop/Deployment/front', 0, 10)
		]
	})
	assert.deepEqual(exposure.hours, [HOUR + 1, HOUR + 3, HOUR + 6])
	assert.equal(exposure.gaps.length, 3)
	const isBlind = blindHours(exposure)
	assert.deepEqual(
		[0, 1, 2, 3, 4, 5, 6].map((at) => isBlind(HOUR + at)),
		[true, false, true, false, true, true, false]
	)
})

test('a source that is blind at every drain is one gap, whatever the order of its rows', () => {
	const rows = Array.from({ length: 3600 }, (_, second) => ({
		scope: 'node:node-a',
		fromMs: DAY_MS + second * 1000,
		toMs: DAY_MS + (second + 1) * 1000,
		reason: 'io-uring'
	}))
	const gaps = [{ fromMs: DAY_MS, toMs: DAY_MS + HOUR_MS, reason: 'io-uring' }]
	assert.deepEqual(of({ gaps: rows }).gaps, gaps)
	assert.deepEqual(of({ gaps: [...rows].reverse() }).gaps, gaps)
})

test('hours in which the enforcer hid what it permits are kept apart', () => {
	const exposure = of({
		hours: [0, 1, 2, 3].map(hour),
		censored: [{ fromMs: DAY_MS + 2 * HOUR_MS, toMs: Infinity }]
	})
	assert.deepEqual(exposure.hours, [HOUR, HOUR + 1])
	assert.deepEqual(exposure.censoredHours, [HOUR + 2, HOUR + 3])
})

test('an hour lived twice, delivered twice, or in two rows counts once; loss in either counts', () => {
	const exposure = of({ hours: [hour(1), hour(1), hour(2), { ...hour(2), lossy: true }] })
	assert.deepEqual([exposure.hours, exposure.lossyHours], [[HOUR + 1], [HOUR + 2]])
})

test('the hour in progress, the future and the years before telemetry give no exposure', () => {
	const century = Date.UTC(2100, 0, 1) / HOUR_MS
	const exposure = of({
		hours: [0, 1, Number.NaN, 10, 11].map(hour).concat([
			{ hour: 0, lossy: false },
			{ hour: century, lossy: false }
		]),
		startsMs: [DAY_MS + 5, DAY_MS + 5, DAY_MS, 0, century * HOUR_MS]
	})
	assert.deepEqual(exposure.hours, [HOUR, HOUR + 1])
	assert.deepEqual(exposure.starts, [DAY_MS, DAY_MS + 5])
})

test('a gap from before all time to the end of it leaves nothing, and takes no longer', () => {
	const gap = { scope: 'node:node-a', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, reason: 'started-before' }
	assert.deepEqual(of({ hours: [0, 1].map(hour), gaps: [gap] }).hours, [])
	const backwards = { scope: 'node:node-a', fromMs: DAY_MS + HOUR_MS, toMs: DAY_MS, reason: 'clock-step' }
	assert.deepEqual(of({ hours: [0, 1, 2].map(hour), gaps: [backwards] }).hours, [HOUR + 1, HOUR + 2])
})

test('nothing watched is an exposure too', () => {
	assert.deepEqual(of({}), { hours: [], lossyHours: [], censoredHours: [], starts: [], gaps: [] })
})

function of(rows: Partial<WatchRows>) {
	return exposureOf({ hours: [], startsMs: [], gaps: [], censored: [], ...rows }, SUBJECT, NOW_MS)
}

function hour(at: number) {
	return { hour: HOUR + at, lossy: false }
}
