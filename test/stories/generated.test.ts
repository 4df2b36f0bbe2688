import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generate } from '../../fixtures/cluster-shop/generate.js'
import { fixture, readLines } from './inputs.js'

test('the inputs of cluster-shop are what its generator writes today', () => {
	for (const [name, text] of generate()) {
		const lines = text.split('\n').slice(0, -1)
		// Compared line by line: another zlib may compress the same text to other bytes.
		assert.deepEqual(readLines(fixture('cluster-shop', name)), lines, `${name}: run generate.ts again`)
	}
})
