import type { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { integer, text } from '../../enforcer/row.js'
import { pageOf } from './cursor.js'
import { type Facts, memberIds, readFacts, type WorkloadRow } from './facts.js'
import { filterWithFacets, matches } from './filter.js'
import { operation } from './operation.js'
import { type Briefs, readBriefs } from './readiness.js'
import { resolveWorkload } from './reference.js'
import {
	type ClassState,
	GetWorkload,
	ListWorkloads,
	type Workload,
	WorkloadDetail,
	WorkloadPage
} from './shape.js'

export const listWorkloads = operation({
	name: 'listWorkloads',
	method: 'GET',
	path: '/workloads',
	summary: 'What runs, with the state of each class.',
	input: ListWorkloads,
	output: WorkloadPage,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const briefs = readBriefs(reader, facts)
		const states = new Map(facts.workloads.map((row) => [row.id, statesOf(facts, row)]))
		const statesAt = (row: WorkloadRow) => states.get(row.id) ?? []
		const found = facts.workloads.filter((row) => matches(input.search, [row.name, row.cgroup]))
		const { items, facets } = filterWithFacets(found, {
			cluster: { valuesOf: (row) => [row.cluster], wanted: input.cluster },
			namespace: { valuesOf: (row) => [row.namespace], wanted: input.namespace },
			kind: { valuesOf: (row) => [row.kind], wanted: input.kind },
			class: {
				valuesOf: (row) =>
					statesAt(row)
						.filter((one) => one.state !== 'none')
						.map((one) => one.class),
				wanted: input.class
			},
			state: {
				valuesOf: (row) =>
					statesAt(row)
						.filter((one) => input.class === undefined || one.class === input.class)
						.map((one) => one.state)
						.filter((state) => state !== 'none'),
				wanted: input.state
			}
		})
		const page = pageOf(
			`workloads by ${input.sort}`,
			items,
			(row) => (input.sort === 'last' ? [row.lastMs, row.name] : [row.name]),
			input
		)
		return {
			items: page.items.map((row) => shown(reader, facts, briefs, row, statesAt(row))),
			continue: page.continue,
			total: items.length,
			facets
		}
	}
})

export const getWorkload = operation({
	name: 'getWorkload',
	method: 'GET',
	path: '/workloads/:workload',
	summary: 'One workload, with its versions, pods and how long it was watched.',
	input: GetWorkload,
	output: WorkloadDetail,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const row = resolveWorkload([...facts.byId.values()], input.workload)
		const ids = memberIds(facts.byId, row)
		const among = `workload_id IN (${ids.map(() => '?').join()})`
		const versions = reader.all(
			`SELECT digest, max(description) AS description, min(first_ms) AS first_ms, max(last_ms) AS last_ms
				FROM versions WHERE ${among} GROUP BY digest ORDER BY first_ms, digest`,
			...ids
		)
		const pods = reader.all(`SELECT DISTINCT pod FROM starts WHERE ${among} ORDER BY pod LIMIT 100`, ...ids)
		const exposure = reader.get(
			`SELECT count(*) AS hours, coalesce(sum(lossy), 0) AS lossy FROM
				(SELECT max(lossy) AS lossy FROM exposure WHERE ${among} GROUP BY hour)`,
			...ids
		)
		return {
			...shown(reader, facts, readBriefs(reader, facts), row, statesOf(facts, row)),
			versions: versions.map((version) => ({
				digest: text(version.digest),
				description: text(version.description),
				firstMs: integer(version.first_ms),
				lastMs: integer(version.last_ms)
			})),
			exposedHourCount: integer(exposure?.hours),
			lossyHourCount: integer(exposure?.lossy),
			pods: pods.map((one) => text(one.pod)),
			aliases: ids.filter((id) => id !== row.id).map((id) => facts.byId.get(id)?.name ?? '')
		}
	}
})

/** How often any of these rows started, each pod and time once. */
export function startCountOf(reader: Reader, ids: readonly number[]): number {
	const row = reader.get(
		`SELECT count(*) AS n FROM (SELECT DISTINCT pod, at_ms FROM starts WHERE workload_id IN (${ids.map(() => '?').join()}))`,
		...ids
	)
	return integer(row?.n)
}

/** How many rules the proposed policy has: each has one row of evidence. */
export function ruleCountOf(reader: Reader, policyId: number): number {
	return integer(reader.get('SELECT count(*) AS n FROM evidence WHERE policy_id = ?', policyId)?.n)
}

type StateOf = { class: Class; state: z.output<typeof ClassState>['state'] }

function statesOf(facts: Facts, row: WorkloadRow): StateOf[] {
	return CLASSES.map((class_) => ({ class: class_, state: facts.stateOf(row, class_).state }))
}

function shown(
	reader: Reader,
	facts: Facts,
	briefs: Briefs,
	row: WorkloadRow,
	states: readonly StateOf[]
): z.output<typeof Workload> {
	const { aliasOf: _, ...columns } = row
	return {
		...columns,
		startCount: startCountOf(reader, memberIds(facts.byId, row)),
		violationCount: facts.violationCountOf(row),
		classes: states.map(({ class: class_ }) => {
			const proposal = facts.proposalOf(row, class_)
			return {
				class: class_,
				...facts.stateOf(row, class_),
				digest: proposal?.digest ?? null,
				ruleCount: proposal ? ruleCountOf(reader, proposal.policyId) : 0,
				readiness: briefs.of(row, class_)
			}
		})
	}
}
