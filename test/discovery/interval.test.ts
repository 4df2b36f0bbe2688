import assert from 'node:assert/strict'
import { test } from 'node:test'
import { perHundred, shareOf } from '../../discovery/backtest/interval.js'

const near = (actual: number | undefined, expected: number, within = 0.005) =>
	assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= within, `${actual} is not ${expected}`)

test('Garwood’s interval, by the tables of it', () => {
	// 95 % limits of a Poisson mean for 0, 1, 2, 10 and 50 events (Garwood 1936; Ulm, Am J Epidemiol 131, 1990).
	const table: [number, number, number][] = [
		[0, 0, 3.689],
		[1, 0.0253, 5.572],
		[2, 0.2422, 7.225],
		[10, 4.795, 18.39],
		[50, 37.11, 65.92]
	]
	for (const [events, low, high] of table) {
		const rate = perHundred(events, 100)
		assert.equal(rate?.value, events)
		near(rate?.low, low)
		near(rate?.high, high)
	}
})

test('many events: the approximation continues where the exact form ends', () => {
	const exact = perHundred(300, 100)
	const approximate = perHundred(301, 100)
	assert.ok((approximate?.low ?? 0) > (exact?.low ?? Infinity))
	assert.ok((approximate?.low ?? 0) - (exact?.low ?? 0) < 1.2)
	assert.ok((approximate?.high ?? 0) > (exact?.high ?? Infinity))
	assert.ok((approximate?.high ?? 0) - (exact?.high ?? 0) < 1.2)
})

test('Wilson’s interval stays within 0 and 100 %', () => {
	near(shareOf(0, 10)?.high, 27.75)
	assert.equal(shareOf(0, 10)?.low, 0)
	near(shareOf(1, 10)?.low, 1.79)
	near(shareOf(1, 10)?.high, 40.42)
	assert.equal(shareOf(10, 10)?.high, 100)
})

test('without a tested day nothing is claimed', () => {
	assert.equal(perHundred(0, 0), null)
	assert.equal(shareOf(0, 0), null)
})
