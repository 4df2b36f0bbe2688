import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Generations } from '../../collector/sources/kernel/generations.js'

test('what is used stays, what is not goes after two generations', () => {
	const known = new Generations<number, string>(10)
	known.set(-1, 'used')
	known.set(-2, 'unused')
	for (let i = 0; i < 100; i++) {
		known.set(i, String(i))
		assert.equal(known.get(-1), 'used')
	}
	assert.equal(known.get(-2), undefined)
	assert.equal(known.get(99), '99')
	assert.equal(known.get(50), undefined)
})

test('setting what is known again ends no generation', () => {
	const known = new Generations<string, number>(2)
	known.set('a', 1)
	known.set('b', 2)
	for (let i = 0; i < 10; i++) known.set('a', i)
	assert.deepEqual([known.get('a'), known.get('b')], [9, 2])
})
