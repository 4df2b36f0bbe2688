import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run } from '../../bench/learning.js'

/**
 * The ship gates of the learner, on lives that no constant was chosen by: in CI the seed is the commit, so
 * that each commit is tried on others. `WHITTLE_BENCH_SEED=…` repeats a run.
 */
describe('the learner', async () => {
	const { gates = [], facts } = await run({ quick: true })
	process.stdout.write(`seed ${facts.seed}\n`)

	it('is held against all its gates', () => assert.ok(gates.length >= 12, `${gates.length} gates`))
	for (const { name, value, bar, pass } of gates) {
		it(`${name}: ${Number(value.toPrecision(4))}, and the bar is ${bar}`, () =>
			assert.ok(pass, `seed ${facts.seed}: measured ${value}, and the bar is ${bar}`))
	}
})
