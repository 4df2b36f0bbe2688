import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { readFacts } from '../../web/operations/facts.js'
import { simulate } from '../../web/operations/simulate.js'
import { withStory } from './context.js'
import { stories } from './inputs.js'

type Simulation = z.output<typeof simulate.output>

for (const story of stories()) {
	test(`${story}: what was learned from it would have blocked nothing of it`, async () => {
		for (const [name, result] of await simulated(story)) {
			const blocked = result.findings.filter((one) => one.kind === 'block' || one.kind === 'unsure')
			assert.deepEqual(
				blocked.map((one) => `${one.verb} ${one.object} by ${one.source}: ${one.rule}`),
				[],
				name
			)
			assert.ok(result.manifests.length > 0, `${name} has policies`)
			for (const denied of result.findings.filter((one) => one.kind === 'denied'))
				assert.notEqual(denied.count, 0, `${name}: denied attempts are listed apart`)
			const tested = result.daily?.days.filter((day) => day.state === 'tested') ?? []
			assert.ok(tested.length <= 3, 'no story is longer')
		}
	})
}

test('cluster-shop: the first day of each new thing is a surprise, and no other', async () => {
	const [, api] = (await simulated('cluster-shop')).find(([name]) => name === 'shop/Deployment/api/api') ?? []
	const surprises = (api?.daily?.surprises ?? []).map((one) => `${one.class} ${one.object}`)
	assert.ok(surprises.includes('file-read /app/payments.js'), 'the new version reads a file of its own')
	assert.ok(surprises.includes('network egress/tcp/443/203.0.113.20'), 'and speaks to somebody new')
	assert.ok(api?.daily?.surprises.every((one) => one.days.length === 1))
})

/** What is proposed for each workload, tried on everything that it did; debug containers have nothing. */
async function simulated(story: string): Promise<[name: string, result: Simulation][]> {
	return withStory(story, async (context) => {
		const facts = readFacts(context.reader)
		const learned = new Set(facts.proposals.map((one) => one.workloadId))
		const results: [string, Simulation][] = []
		for (const workload of facts.workloads.filter((one) => learned.has(one.id))) {
			const input = simulate.input.parse({ workload: String(workload.id), days: 30 })
			results.push([workload.displayName, simulate.output.parse(await simulate.run(context, input))])
		}
		return results
	})
}
