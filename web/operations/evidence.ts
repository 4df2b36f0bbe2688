import { z } from 'zod'
import type { Reader } from '../../collector/store.js'
import type { Rule } from '../../discovery/policy.js'
import { readPolicy } from '../../enforcer/policies.js'
import { integer, text } from '../../enforcer/row.js'
import { OperationError } from './error.js'
import { readFacts } from './facts.js'
import { scopesOf } from './gaps.js'
import { operation } from './operation.js'
import { findPolicy } from './revision.js'
import { reckoningSentence } from './reckoning.js'
import { GetRuleEvidence, Reckoning, RuleEvidence, type RuleRow } from './shape.js'

export const getRuleEvidence = operation({
	name: 'getRuleEvidence',
	method: 'GET',
	path: '/policies/:workload/:class/rules/:rule',
	summary: 'What one rule rests on: what was seen, when, where, by which programs, and why it has its shape.',
	input: GetRuleEvidence,
	output: RuleEvidence,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const { workload, proposal } = findPolicy(reader, facts, input)
		const policy = readPolicy(reader, workload.id, input.class, proposal.digest)
		const rule = policy.rules[input.rule]
		const evidence = readEvidence(reader, proposal.policyId)[input.rule]
		if (!rule || !evidence) {
			throw new OperationError(
				'not-found',
				`The policy has ${policy.rules.length} rules, numbered from 0; there is no rule ${input.rule}.`
			)
		}
		const scopes = scopesOf(reader, facts.byId, workload)
		const gaps = reader.get(
			`SELECT count(*) AS n FROM gaps WHERE scope IN (${scopes.map(() => '?').join()})`,
			...scopes
		)
		return {
			digest: proposal.digest,
			rule: ruleRowOf(input.rule, rule, evidence),
			account: reckoningSentence(evidence.reckoning ?? null, evidence),
			reckoning: evidence.reckoning ?? null,
			covers: evidence.covers,
			versions: evidence.versions,
			samples: evidence.samples,
			gapCount: integer(gaps?.n)
		}
	}
})

const evidenceShape = z.object({
	covers: z.array(z.object({ object: z.string(), verb: z.string(), source: z.string(), count: z.number() })),
	coveredCount: z.number(),
	count: z.number(),
	firstMs: z.number(),
	lastMs: z.number(),
	hourCount: z.number(),
	dayCount: z.number(),
	pods: z.array(z.string()),
	versions: z.array(z.string()),
	samples: z.array(z.string()),
	required: z.boolean(),
	interactive: z.boolean(),
	why: z.string(),
	beyond: z.string(),
	reckoning: Reckoning.optional()
})

/** `RuleEvidence` of discovery, as `evidence.data` holds it. */
export type EvidenceRow = z.output<typeof evidenceShape>

/** The evidence of a policy's rules, in their order. */
export function readEvidence(reader: Reader, policyId: number): EvidenceRow[] {
	const rows = reader.all('SELECT data FROM evidence WHERE policy_id = ? ORDER BY rule', policyId)
	return rows.map((row) => evidenceShape.parse(JSON.parse(text(row.data))))
}

/** A rule with the short form of what it rests on. */
export function ruleRowOf(
	index: number,
	rule: Rule,
	evidence: EvidenceRow | undefined
): z.output<typeof RuleRow> {
	return {
		index,
		effect: rule.effect,
		object: rule.object,
		access: rule.access,
		sources: rule.sources,
		count: evidence?.count ?? 0,
		coveredCount: evidence?.coveredCount ?? 0,
		hourCount: evidence?.hourCount ?? 0,
		dayCount: evidence?.dayCount ?? 0,
		pods: evidence?.pods ?? [],
		firstMs: evidence?.firstMs ?? 0,
		lastMs: evidence?.lastMs ?? 0,
		required: evidence?.required ?? false,
		interactive: evidence?.interactive ?? false,
		why: evidence?.why ?? '',
		beyond: evidence?.beyond ?? ''
	}
}
