import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from '../../web/operations/explain.js'
import { readFacts } from '../../web/operations/facts.js'
import { getReadiness } from '../../web/operations/readiness.js'
import { withStory } from './context.js'
import { stories } from './inputs.js'

for (const story of stories()) {
	test(`${story}: every workload, class and rule says for itself where it stands and why`, async () => {
		await withStory(story, async (context) => {
			const facts = readFacts(context.reader)
			assert.ok(facts.proposals.length > 0)
			for (const { workloadId, class: of } of facts.proposals) {
				const workload = String(workloadId)
				const say = async (more: object) =>
					(await explain.run(context, explain.input.parse({ workload, ...more }))).sentences
				const ofClass = await say({ class: of })
				assert.match(ofClass.join('\n'), /^A new behaviour within 24 h: [\d.<]+ ?[\d.]* % \(/m)
				assert.match(
					ofClass.join('\n'),
					/^It is not ready to be enforced: .*Nothing new for \d+ of 168 hours\./m
				)
				assert.match(ofClass.join('\n'), /^The fitted model, version \S+ \(\S+\), says .* \(log-odds\)\.$/m)
				const ruleCount = ofClass.filter((sentence) => /^Rule \d+ /.test(sentence)).length
				for (let rule = 0; rule < ruleCount; rule++) {
					const [what = '', ...reasons] = await say({ class: of, rule: String(rule) })
					const where = `${workload}/${of}/${rule}: ${what}`
					const isSeen = !what.endsWith(': never seen itself.')
					if (isSeen) {
						assert.match(
							what,
							/^Rule \d+ (?:allows|denies) .+ to .+: seen .+ in \d+ hours? on \d+ days?, from \S+Z to \S+Z\.$/
						)
					}
					const has = (pattern: RegExp) => reasons.some((one) => pattern.test(one))
					assert.ok(has(isSeen ? /^(?:Observed|Inferred|Required)/ : /^(?:Inferred|Required)/), where)
					assert.equal(has(/^It covers /), isSeen, `${where}: what it covers`)
					assert.equal(has(/^Seen in /), isSeen, `${where}: in which pods and versions`)
					assert.ok(has(/beyond what was seen/i), `${where}: what it grants beyond what was seen`)
				}
			}
			for (const { id } of facts.workloads) {
				const { items } = await getReadiness.run(context, getReadiness.input.parse({ workload: String(id) }))
				for (const { risk24, curve, quietHours, blockers } of items) {
					assert.ok(risk24 >= 0 && risk24 <= 1)
					assert.equal(curve.at(-1)?.risk ?? risk24, risk24, 'the curve ends now')
					assert.ok(quietHours >= 168 || blockers.length > 0)
				}
			}
		})
	})
}
