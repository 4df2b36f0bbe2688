import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Policy } from '../../discovery/policy.js'
import { isEmpty } from '../../enforcer/plan.js'
import type { Target, TargetContext } from '../../enforcer/targets/target.js'

/** A target in a world of its own, with two policies of one workload that it can hold. */
export interface TargetUnderTest {
	target: Target
	context: TargetContext
	first: Policy
	second: Policy
}

/** What every target promises, whatever it writes to. */
export function targetContract(name: string, open: (t: TestContext) => Promise<TargetUnderTest>): void {
	test(`${name}: planning changes nothing`, async (t) => {
		const { target, context, first } = await open(t)
		const plan = await target.plan([first], context)
		assert.deepEqual(plan.refusals, [])
		assert.notDeepEqual(plan.actions, [])
		assert.equal(plan.undo.length, plan.actions.length)
		assert.deepEqual(await target.observe(), [])
	})

	test(`${name}: what is applied is held, and planning it again gives nothing to do`, async (t) => {
		const { target, context, first } = await open(t)
		const outcome = await target.apply(await target.plan([first], context))
		assert.notEqual(outcome.state, 'failed', outcome.sentence)
		assert.notDeepEqual(await target.observe(), [])
		assert.ok(isEmpty(await target.plan([first], context)))
	})

	test(`${name}: revert brings back what was there before`, async (t) => {
		const { target, context, first, second } = await open(t)
		const one = await target.plan([first], context)
		await target.apply(one)
		const held = await target.observe()
		const two = await target.plan([second], context)
		await target.apply(two)
		assert.notDeepEqual(await target.observe(), held)
		await target.revert(two)
		assert.deepEqual(await target.observe(), held)
		await target.revert(one)
		assert.deepEqual(await target.observe(), [])
	})

	test(`${name}: no policies means nothing is held`, async (t) => {
		const { target, context, first } = await open(t)
		await target.apply(await target.plan([first], context))
		const lifting = await target.plan([], context)
		assert.deepEqual(lifting.refusals, [], 'nothing keeps anybody from lifting')
		await target.apply(lifting)
		assert.deepEqual(await target.observe(), [])
		assert.ok(isEmpty(await target.plan([], context)))
	})

	test(`${name}: what is never enforced on is refused`, async (t) => {
		const { target, context, first } = await open(t)
		const sshd = {
			...context.subject,
			name: 'host/n1/ssh.service',
			form: 'host' as const,
			owner: 'ssh.service'
		}
		const plan = await target.plan([first], { ...context, subject: sshd })
		assert.ok(plan.refusals.some((note) => note.code === 'never.unit'))
	})
}
