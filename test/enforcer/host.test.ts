import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomeOfHold } from '../../enforcer/targets/host/host.js'

const passed = { deniedCorrectly: true, allowedCorrectly: true, sentence: 'seen.' }

test('enforced means proven: the self-test saw one denial and one permission', () => {
	const held = { held: true, sentence: 'It is held.' }
	assert.equal(outcomeOfHold({ ...held, selfTest: passed }, 'block').state, 'enforced')
	assert.equal(
		outcomeOfHold({ ...held, selfTest: { ...passed, deniedCorrectly: false } }, 'block').state,
		'applied'
	)
	assert.equal(
		outcomeOfHold({ ...held, selfTest: { ...passed, allowedCorrectly: false } }, 'block').state,
		'applied'
	)
	assert.equal(outcomeOfHold({ ...held, selfTest: null }, 'block').state, 'applied')
	assert.equal(outcomeOfHold({ ...held, selfTest: passed }, 'audit').state, 'audit', 'audit denies nothing')
	assert.deepEqual(outcomeOfHold({ held: false, selfTest: passed, sentence: 'No such cgroup.' }, 'block'), {
		state: 'failed',
		sentence: 'No such cgroup.'
	})
})
