import type { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { short } from '../../enforcer/approval.js'
import { readPolicy } from '../../enforcer/policies.js'
import { OperationError } from './error.js'
import { readEvidence, ruleRowOf } from './evidence.js'
import { type Facts, policyName, readFacts, type WorkloadRow } from './facts.js'
import { operation } from './operation.js'
import { findPolicy, notesOf } from './revision.js'
import { readinessDetails, readinessOf } from './readiness.js'
import { reckoningSentence } from './reckoning.js'
import { resolveWorkload } from './reference.js'
import { Explain, Explanation, type RuleRow } from './shape.js'

export const explain = operation({
	name: 'explain',
	method: 'GET',
	path: '/explain/:workload',
	summary: 'Where a workload, a class or a rule stands and why, in sentences.',
	input: Explain,
	output: Explanation,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const workload = resolveWorkload([...facts.byId.values()], input.workload, input.class)
		if (input.class === undefined) {
			if (input.rule !== undefined)
				throw new OperationError('invalid', 'A rule is of a class: name the class too.')
			return {
				workload: workload.displayName,
				class: null,
				rule: null,
				sentences: explainWorkload(reader, facts, workload)
			}
		}
		return {
			workload: policyName(workload.displayName, workload, input.class),
			class: input.class,
			rule: input.rule ?? null,
			sentences:
				input.rule === undefined
					? explainClass(reader, facts, workload, input.class)
					: explainRule(reader, facts, workload, input.class, input.rule)
		}
	}
})

function explainWorkload(reader: Reader, facts: Facts, workload: WorkloadRow): string[] {
	return [
		`${workload.displayName} was first seen ${iso(workload.firstMs)} and last ${iso(workload.lastMs)}.`,
		...CLASSES.map((class_) => {
			const readiness = readinessOf(reader, facts, workload, class_)
			const sentences = [facts.stateOf(workload, class_).sentence, ...(readiness ? [readiness.sentence] : [])]
			return `${class_}: ${sentences.join(' ')}`
		})
	]
}

function explainClass(reader: Reader, facts: Facts, workload: WorkloadRow, class_: Class): string[] {
	const holder = facts.holderOf(workload, class_)
	const readiness = readinessOf(reader, facts, workload, class_)
	const sentences = [
		facts.stateOf(workload, class_).sentence,
		...(readiness ? [readiness.sentence, ...readinessDetails(readiness)] : [])
	]
	const proposal = facts.proposalOf(holder, class_)
	if (!proposal) return sentences
	const policy = readPolicy(reader, holder.id, class_, proposal.digest)
	const evidence = readEvidence(reader, proposal.policyId)
	sentences.push(
		`Revision ${proposal.revision} (${short(proposal.digest)}) has ${plural(policy.rules.length, 'rule')}, proposed since ${iso(proposal.sinceMs)}.`
	)
	for (const [index, rule] of policy.rules.entries()) {
		sentences.push(ruleSentence(ruleRowOf(index, rule, evidence[index])))
	}
	sentences.push(...notesOf(proposal).map((note) => `${note.severity}: ${note.text}`))
	return sentences
}

function explainRule(
	reader: Reader,
	facts: Facts,
	workload: WorkloadRow,
	class_: Class,
	index: number
): string[] {
	const found = findPolicy(reader, facts, { workload: String(workload.id), class: class_ })
	const policy = readPolicy(reader, found.workload.id, class_, found.proposal.digest)
	const rule = policy.rules[index]
	const evidence = readEvidence(reader, found.proposal.policyId)[index]
	if (!rule || !evidence) {
		throw new OperationError(
			'not-found',
			`The policy has ${plural(policy.rules.length, 'rule')}, numbered from 0; there is no rule ${index}.`
		)
	}
	const row = ruleRowOf(index, rule, evidence)
	const covers = evidence.covers
		.slice(0, 10)
		.map((one) => `It covers ${describe(one)}, seen ${times(one.count)}.`)
	const moreCount = evidence.coveredCount - covers.length
	return [
		ruleSentence(row),
		row.why,
		row.beyond === ''
			? 'It grants nothing beyond what was seen.'
			: `Beyond what was seen it grants: ${row.beyond}`,
		whereSentence(evidence),
		reckoningSentence(evidence.reckoning ?? null, evidence),
		...(evidence.reckoning?.tokens ?? []).map(
			(token) =>
				`${token.path} stands for ${plural(token.memberCount, 'name')}, told ${token.gainBits.toFixed(0)} bits shorter as one class.`
		),
		...covers,
		...(moreCount > 0 ? [`It covers ${plural(moreCount, 'more object')}.`] : []),
		...evidence.samples.map((sample) => `For example: ${sample}`)
	].filter((sentence) => sentence !== '')
}

function ruleSentence(row: z.output<typeof RuleRow>): string {
	const who = row.sources.length === 0 ? 'any executable' : row.sources.join(', ')
	const verb = row.effect === 'allow' ? 'allows' : 'denies'
	const what = `Rule ${row.index} ${verb} ${who} to ${row.access.join(', ')} ${row.object}`
	// What the inventory implies, or what something seen cannot work without.
	if (row.count === 0) return `${what}: never seen itself.`
	return `${what}: seen ${times(row.count)} in ${plural(row.hourCount, 'hour')} on ${plural(row.dayCount, 'day')}, from ${iso(row.firstMs)} to ${iso(row.lastMs)}.`
}

/** In which pods and versions; '' where neither is known. */
function whereSentence({ pods, versions }: { pods: string[]; versions: string[] }): string {
	const parts = [
		...(pods.length > 0 ? [`in ${pods.join(', ')}`] : []),
		...(versions.length > 0
			? [`in ${versions.length === 1 ? 'version' : 'versions'} ${versions.map(short).join(', ')}`]
			: [])
	]
	return parts.length === 0 ? '' : `Seen ${parts.join(', ')}.`
}

function describe(one: { object: string; verb: string; source: string }): string {
	return `${one.verb} ${one.object}${one.source === '' ? '' : ` by ${one.source}`}`
}

function times(count: number): string {
	return count === 1 ? 'once' : `${count} times`
}

function plural(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? '' : 's'}`
}

function iso(ms: number): string {
	return new Date(ms).toISOString()
}
