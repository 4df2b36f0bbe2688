import type { z } from 'zod'
import type { Reader } from '../../collector/store.js'
import { readApprovals } from '../../enforcer/approval.js'
import { readChanges } from '../../enforcer/change.js'
import { decisionOn } from '../../enforcer/lifecycle.js'
import { readPolicy } from '../../enforcer/policies.js'
import { integer, text } from '../../enforcer/row.js'
import { type Position, pageOf } from './cursor.js'
import { readEvidence, ruleRowOf } from './evidence.js'
import { type Facts, policyName, type ProposalRow, readFacts, type WorkloadRow } from './facts.js'
import { filterWithFacets, matches } from './filter.js'
import { approvalShown, changeShown } from './history.js'
import { operation } from './operation.js'
import { type Briefs, readBriefs } from './readiness.js'
import { resolveWorkload } from './reference.js'
import { findPolicy, notesOf } from './revision.js'
import { GetPolicy, ListPolicies, PolicyDetail, type Suggestion, SuggestionPage } from './shape.js'
import { startCountOf } from './workloads.js'

export const listPolicies = operation({
	name: 'listPolicies',
	method: 'GET',
	path: '/policies',
	summary: 'The suggested policies: what is proposed now for each workload and class.',
	input: ListPolicies,
	output: SuggestionPage,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const only = input.workload
			? resolveWorkload([...facts.byId.values()], input.workload, input.class)
			: null
		const briefs = readBriefs(reader, facts)
		const rows = facts.proposals.flatMap((proposal) => {
			const workload = facts.byId.get(proposal.workloadId)
			if (!workload || workload.aliasOf !== null) return []
			if (only && facts.holderOf(only, proposal.class).id !== workload.id) return []
			return [
				{
					proposal,
					workload,
					...facts.stateOf(workload, proposal.class),
					readiness: briefs.of(workload, proposal.class),
					span: lazySpan(reader, proposal, workload)
				}
			]
		})
		const found = rows.filter((row) =>
			matches(input.search, [
				policyName(row.workload.name, row.workload, row.proposal.class),
				row.proposal.class
			])
		)
		const { items, facets } = filterWithFacets(found, {
			cluster: { valuesOf: (row) => [row.workload.cluster], wanted: input.cluster },
			namespace: { valuesOf: (row) => [row.workload.namespace], wanted: input.namespace },
			kind: { valuesOf: (row) => [row.workload.kind], wanted: input.kind },
			class: { valuesOf: (row) => [row.proposal.class], wanted: input.class },
			state: { valuesOf: (row) => [row.state], wanted: input.state },
			decision: { valuesOf: (row) => [row.decision], wanted: input.decision },
			readiness: {
				valuesOf: (row) => (row.readiness === null ? [] : [row.readiness.standing]),
				wanted: input.readiness
			}
		})
		const page = pageOf(`policies by ${input.sort}`, items, (row) => positionOf(row, input.sort), input)
		return {
			items: page.items.map((row) => suggestionOf(reader, facts, briefs, row, row.span())),
			continue: page.continue,
			total: items.length,
			facets
		}
	}
})

export const getPolicy = operation({
	name: 'getPolicy',
	method: 'GET',
	path: '/policies/:workload/:class',
	summary: 'One policy with its rules, notes, revisions, decisions and changes.',
	input: GetPolicy,
	output: PolicyDetail,
	versionOf: (policy) =>
		[policy.digest, policy.state, policy.decision, policy.approvals[0]?.id, policy.changes[0]?.id].join(' '),
	run({ reader }, input) {
		const facts = readFacts(reader)
		const { workload, proposal } = findPolicy(reader, facts, input)
		const policy = readPolicy(reader, workload.id, input.class, proposal.digest)
		const evidence = readEvidence(reader, proposal.policyId)
		const current = facts.proposalOf(workload, input.class)
		const approvals = readApprovals(reader, workload.id, input.class)
		const revisions = reader.all(
			`SELECT id, digest, revision, created_ms, json_array_length(body, '$.rules') AS rules FROM policies
				WHERE workload_id = ? AND class = ? ORDER BY revision DESC LIMIT 100`,
			workload.id,
			input.class
		)
		return {
			...suggestionOf(
				reader,
				facts,
				readBriefs(reader, facts),
				{ workload, proposal },
				readSpan(reader, proposal.policyId, workload)
			),
			current: current?.digest === proposal.digest,
			createdMs: proposal.createdMs,
			rules: policy.rules.map((rule, index) => ruleRowOf(index, rule, evidence[index])),
			notes: notesOf(proposal),
			revisions: revisions.map((row) => ({
				digest: text(row.digest),
				revision: integer(row.revision),
				createdMs: integer(row.created_ms),
				ruleCount: integer(row.rules),
				current: text(row.digest) === current?.digest,
				decision:
					text(row.digest) === current?.digest
						? decisionOn(current, approvals)
						: (approvals.findLast((one) => one.digest === text(row.digest))?.decision ?? 'none')
			})),
			approvals: approvals.toReversed().map((one) => approvalShown(one, workload)),
			changes: readChanges(reader, workload.id, input.class)
				.toReversed()
				.map((one) => changeShown(one, workload))
		}
	}
})

type Row = {
	proposal: ProposalRow
	workload: WorkloadRow
	state: string
	readiness: ReturnType<Briefs['of']>
	span(): Span
}

/** Read only for what is shown or sorted by it. */
function lazySpan(reader: Reader, proposal: ProposalRow, workload: WorkloadRow): () => Span {
	let span: Span | undefined
	return () => {
		span ??= readSpan(reader, proposal.policyId, workload)
		return span
	}
}

const STATE_ORDER = ['learning', 'proposed', 'audit', 'applied', 'enforced']

function positionOf(row: Row, sort: z.output<typeof ListPolicies>['sort']): Position {
	const { proposal, workload } = row
	const unique = [policyName(workload.name, workload, proposal.class), proposal.class, workload.id]
	switch (sort) {
		case 'class':
			return [proposal.class, ...unique]
		case 'state':
			return [STATE_ORDER.indexOf(row.state), ...unique]
		case 'rules':
			return [row.span().ruleCount, ...unique]
		case 'notes':
			return [notesOf(proposal).length, ...unique]
		case 'last':
			return [row.span().lastMs, ...unique]
		case 'since':
			return [proposal.sinceMs, ...unique]
		case 'risk':
			// What nothing is known of stands after everything else.
			return [row.readiness?.risk24 ?? 2, ...unique]
		case 'hours':
			return [row.span().hourCount, ...unique]
		default:
			return unique
	}
}

function suggestionOf(
	reader: Reader,
	facts: Facts,
	briefs: Briefs,
	{ workload, proposal }: Pick<Row, 'workload' | 'proposal'>,
	span: Span
): z.output<typeof Suggestion> {
	const notes = notesOf(proposal)
	return {
		key: `${workload.id}/${proposal.class}`,
		workloadId: workload.id,
		workload: policyName(workload.name, workload, proposal.class),
		displayName: policyName(workload.displayName, workload, proposal.class),
		cluster: workload.cluster,
		namespace: workload.namespace,
		kind: workload.kind,
		class: proposal.class,
		digest: proposal.digest,
		revision: proposal.revision,
		...facts.stateOf(workload, proposal.class),
		noteCount: notes.length,
		warningCount: notes.filter((note) => note.severity !== 'info').length,
		sinceMs: proposal.sinceMs,
		...span,
		startCount: startCountOf(reader, facts.membersOf(workload, proposal.class)),
		readiness: briefs.of(workload, proposal.class)
	}
}

/** What a policy that is proposed rests on, summed up. Rules keep no sets of hours, so the widest one speaks. */
interface Span {
	ruleCount: number
	firstMs: number
	lastMs: number
	count: number
	hourCount: number
	dayCount: number
	podCount: number
}

/**
 * Evidence is the largest table, so its JSON is summed up where it is. A policy without rules
 * rests on the workload having been watched while it did nothing of the kind.
 */
function readSpan(reader: Reader, policyId: number, workload: WorkloadRow): Span {
	const row = reader.get(
		`SELECT count(*) AS rules, min(json_extract(data, '$.firstMs')) AS first_ms,
				max(json_extract(data, '$.lastMs')) AS last_ms, sum(json_extract(data, '$.count')) AS n,
				max(json_extract(data, '$.hourCount')) AS hours, max(json_extract(data, '$.dayCount')) AS days
			FROM evidence WHERE policy_id = ?`,
		policyId
	)
	const pods = reader.get(
		"SELECT count(DISTINCT pod.value) AS n FROM evidence, json_each(data, '$.pods') AS pod WHERE policy_id = ?",
		policyId
	)
	return {
		ruleCount: integer(row?.rules),
		firstMs: integer(row?.first_ms ?? workload.firstMs),
		lastMs: integer(row?.last_ms ?? workload.lastMs),
		count: integer(row?.n ?? 0),
		hourCount: integer(row?.hours ?? 0),
		dayCount: integer(row?.days ?? 0),
		podCount: integer(pods?.n)
	}
}
