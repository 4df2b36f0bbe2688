import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Approval } from '../../enforcer/approval.js'
import type { Change } from '../../enforcer/change.js'
import { before, inForce } from '../../enforcer/change.js'
import { type LifecycleFacts, lifecycle } from '../../enforcer/lifecycle.js'

const A = `sha256:${'a'.repeat(64)}`
const B = `sha256:${'b'.repeat(64)}`
const nothing: LifecycleFacts = {
	hasBehaviours: false,
	proposal: null,
	approvals: [],
	changes: [],
	violationCount: 0
}
const proposed: LifecycleFacts = {
	...nothing,
	hasBehaviours: true,
	proposal: { digest: A, revision: 3, sinceMs: 1000 }
}

const cases: [string, LifecycleFacts, string, RegExp][] = [
	['nothing was ever seen', nothing, 'none', /never seen/],
	['something was seen', { ...nothing, hasBehaviours: true }, 'learning', /waits for evidence/],
	['a policy exists', proposed, 'proposed', /waits for a person/],
	[
		'it was approved',
		{ ...proposed, approvals: [decision('approved', A, 2000)] },
		'proposed',
		/approved by ann and waits to be applied/
	],
	[
		'it was rejected',
		{ ...proposed, approvals: [decision('rejected', A, 2000)] },
		'learning',
		/rejected by ann \(“why”\)/
	],
	[
		'another digest was approved',
		{ ...proposed, approvals: [decision('approved', B, 2000)] },
		'proposed',
		/waits for a person/
	],
	[
		'it was approved before it was proposed again',
		{ ...proposed, approvals: [decision('approved', A, 999)] },
		'proposed',
		/waits for a person/
	],
	[
		'it was applied and nothing proved it',
		{ ...proposed, changes: [change(1, 'applied', A)] },
		'applied',
		/applied, unproven/
	],
	['it is proven', { ...proposed, changes: [change(1, 'enforced', A)] }, 'enforced', /self-test/],
	[
		'it only counts',
		{ ...proposed, changes: [change(1, 'audit', A)], violationCount: 2 },
		'audit',
		/2 accesses would have been blocked/
	],
	[
		'a newer revision is proposed',
		{ ...proposed, changes: [change(1, 'enforced', B)] },
		'enforced',
		/Meanwhile revision 3/
	],
	['applying failed', { ...proposed, changes: [change(1, 'failed', A)] }, 'proposed', /waits for a person/],
	[
		'applying was interrupted',
		{ ...proposed, changes: [change(1, 'planned', A)] },
		'proposed',
		/interrupted/
	],
	[
		'it was rolled back',
		{ ...proposed, changes: [change(1, 'reverted', A), { ...change(2, 'reverted', A), action: 'revert' }] },
		'proposed',
		/waits/
	]
]
for (const [what, facts, state, sentence] of cases) {
	test(`${what}: ${state}`, () => {
		const result = lifecycle(facts)
		assert.equal(result.state, state)
		assert.match(result.sentence, sentence)
		assert.match(result.sentence, /\.$/)
	})
}

test('after a revert, the apply before it holds again', () => {
	const changes = [
		change(1, 'enforced', A),
		change(2, 'reverted', B),
		{ ...change(3, 'reverted', B), action: 'revert' as const }
	]
	assert.deepEqual(
		inForce(changes).map((one) => one.id),
		[1]
	)
	const two = [change(1, 'enforced', A), change(2, 'enforced', B)]
	assert.deepEqual(
		inForce(two).map((one) => one.id),
		[2]
	)
	assert.equal(before(two, two[1] ?? change(0, 'failed', A))?.id, 1)
})

function decision(decided: 'approved' | 'rejected', digest: string, atMs: number): Approval {
	return {
		id: 1,
		workloadId: 1,
		class: 'network',
		digest,
		decision: decided,
		actor: 'ann',
		reason: 'why',
		atMs
	}
}

function change(id: number, state: Change['state'], digest: string): Change {
	return {
		id,
		workloadId: 1,
		class: 'network',
		digest,
		approvalId: 1,
		action: 'apply',
		target: 'host',
		state,
		actor: 'ann',
		plan: { target: 'host', actions: [], undo: [], notes: [], refusals: [] },
		outcome: '',
		revertsId: null,
		atMs: id
	}
}
