import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sighted } from '../../../../discovery/learn/exact.js'
import { generaliseFiles } from '../../../../discovery/learn/paths/generalise.js'
import { stateOf } from '../../../../discovery/learn/state.js'

const DAY_MS = 86_400_000
const FIRST_DAY = 20_400

/** A log that is named by its date: written in every hour of one day, and never again. */
function logOf(day: number): Sighted {
	const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
	const object = `/var/log/app/app-${date}.log`
	return {
		...{ class: 'file-write', verb: 'write', object, raw: object, source: '/usr/bin/app', result: 'allowed' },
		...{ version: '', day, hours: 0xffffff, pods: ['app-1'], count: 24, required: false, interactive: false },
		...{ firstMs: day * DAY_MS, lastMs: (day + 1) * DAY_MS - 1, detail: '' }
	}
}

test('a log named by its date is covered tomorrow, though no hour of it is its only one', () => {
	const rows = Array.from({ length: 7 }, (_, at) => logOf(FIRST_DAY + at))
	const facts = { exposedHours: 7 * 24, startCount: 3, files: null }
	const [rule, ...others] = generaliseFiles(stateOf(rows, []), facts)
	assert.equal(rule?.object, '/var/log/app/app-<date>.log')
	assert.deepEqual(others, [])
})

test('two days of such logs prove nothing', () => {
	const rows = [logOf(FIRST_DAY), logOf(FIRST_DAY + 1)]
	const rules = generaliseFiles(stateOf(rows, []), { exposedHours: 48, startCount: 3, files: null })
	assert.deepEqual(
		rules.map(({ object }) => object),
		['/var/log/app/app-2025-11-08.log', '/var/log/app/app-2025-11-09.log']
	)
})

test('a log of one day may end in the night of another zone', () => {
	const rows = Array.from({ length: 7 }, (_, at) => [
		{ ...logOf(FIRST_DAY + at), hours: 0xfffff0 },
		{ ...logOf(FIRST_DAY + at), day: FIRST_DAY + at + 1, hours: 0x00000f }
	]).flat()
	const facts = { exposedHours: 7 * 24, startCount: 3, files: null }
	assert.deepEqual(
		generaliseFiles(stateOf(rows, []), facts).map(({ object }) => object),
		['/var/log/app/app-<date>.log']
	)
})
