import { CLASSES, type Class, classOfVerb } from '../../collector/observation.js'
import type { Reader, SqlValue } from '../../collector/store.js'
import { compareText } from '../../discovery/behaviour.js'
import { type Approval, approvalOf } from '../../enforcer/approval.js'
import { type Change, changeOf } from '../../enforcer/change.js'
import { type Lifecycle, lifecycle } from '../../enforcer/lifecycle.js'
import { integer, integerOrNull, text } from '../../enforcer/row.js'

/** A row of `workloads` under the name by which it is shown. */
export interface WorkloadRow {
	id: number
	name: string
	displayName: string
	form: 'container' | 'host'
	cluster: string
	namespace: string
	kind: string
	owner: string
	container: string
	node: string
	cgroup: string
	aliasOf: number | null
	firstMs: number
	lastMs: number
}

/** What discovery proposes now for one workload and class. */
export interface ProposalRow {
	policyId: number
	workloadId: number
	class: Class
	digest: string
	revision: number
	sinceMs: number
	createdMs: number
	notes: string
}

/** Everything that states are made of, read once per request. */
export interface Facts {
	/**
	 * Workloads that are nobody's alias, by name. A pod as a whole, as network sources see it, is
	 * listed only where none of its containers is known.
	 */
	workloads: WorkloadRow[]
	/** All rows, aliases too. */
	byId: Map<number, WorkloadRow>
	proposals: ProposalRow[]
	/**
	 * The workload that a class's policy is kept at: itself, or for the class network, which is
	 * per pod, the container of the same pod that holds the pod's policy.
	 */
	holderOf(workload: WorkloadRow, class_: Class): WorkloadRow
	stateOf(workload: WorkloadRow, class_: Class): Lifecycle
	proposalOf(workload: WorkloadRow, class_: Class): ProposalRow | undefined
	violationCountOf(workload: WorkloadRow): number
	/** Rows whose observations count for the class: aliases and, for the class network, the whole pod. */
	membersOf(workload: WorkloadRow, class_: Class): number[]
}

/** Reads the tables that states come from. Plans are left out: only their rows count here. */
export function readFacts(reader: Reader): Facts {
	const rows = readWorkloads(reader)
	const byId = new Map(rows.map((row) => [row.id, row]))
	const workloads = withoutWholePods(rows.filter((row) => row.aliasOf === null))
	const proposals = readProposals(reader)
	const proposalAt = new Map(proposals.map((one) => [keyOf(one.workloadId, one.class), one]))
	const approvals = groupBy(
		reader.all('SELECT * FROM approvals ORDER BY id').map(approvalOf),
		(one: Approval) => keyOf(one.workloadId, one.class)
	)
	const changes = groupBy(readChangesWithoutPlans(reader), (one) => keyOf(one.workloadId, one.class))
	const violations = readViolationCounts(reader)
	const seen = readSeen(reader, byId)
	const networkHolders = new Map<string, WorkloadRow>()
	for (const { workloadId, class: class_ } of proposals) {
		const row = byId.get(workloadId)
		if (row?.form === 'container' && class_ === 'network') networkHolders.set(podKey(row), row)
	}

	function holderOf(workload: WorkloadRow, class_: Class): WorkloadRow {
		if (class_ !== 'network' || workload.form !== 'container') return workload
		return networkHolders.get(podKey(workload)) ?? workload
	}

	return {
		workloads,
		byId,
		proposals,
		holderOf,
		stateOf(workload, class_) {
			const key = keyOf(holderOf(workload, class_).id, class_)
			const proposal = proposalAt.get(key)
			return lifecycle({
				hasBehaviours: seen.has(keyOf(workload.id, class_)) || proposal !== undefined,
				proposal: proposal ?? null,
				approvals: approvals.get(key) ?? [],
				changes: changes.get(key) ?? [],
				violationCount: violations.get(key) ?? 0
			})
		},
		proposalOf: (workload, class_) => proposalAt.get(keyOf(holderOf(workload, class_).id, class_)),
		membersOf(workload, class_) {
			const isPod = class_ === 'network' && workload.form === 'container'
			const parts = isPod
				? rows.filter((row) => row.aliasOf === null && podKey(row) === podKey(workload))
				: [workload]
			return [...new Set(parts.flatMap((part) => memberIds(byId, part)))].toSorted((a, b) => a - b)
		},
		violationCountOf: (workload) =>
			CLASSES.reduce((sum, class_) => sum + (violations.get(keyOf(workload.id, class_)) ?? 0), 0)
	}
}

/** All workload rows by name, with the names that people see. */
export function readWorkloads(reader: Reader): WorkloadRow[] {
	const rows = reader.all('SELECT * FROM workloads').map(workloadOf)
	const clusters = new Set(rows.filter((row) => row.form === 'container').map((row) => row.cluster))
	const isOne = clusters.size === 1
	for (const row of rows) row.displayName = displayNameOf(row.name, row, isOne)
	return rows.toSorted((a, b) => compareText(a.name, b.name))
}

/** Without the rows of whole pods of which a container is among the rows too. */
export function withoutWholePods(rows: readonly WorkloadRow[]): WorkloadRow[] {
	const known = new Set(rows.filter((row) => row.container !== '').map(podKey))
	return rows.filter((row) => row.form === 'host' || row.container !== '' || !known.has(podKey(row)))
}

/** The name of what the class's policy is about: for the class network, the pod without its container. */
export function policyName(name: string, workload: WorkloadRow, class_: Class): string {
	const isPod = class_ === 'network' && workload.form === 'container' && workload.container !== ''
	return isPod && name.endsWith(`/${workload.container}`)
		? name.slice(0, -workload.container.length - 1)
		: name
}

/** The ids of a workload and of everything that turned out to be it. */
export function memberIds(byId: ReadonlyMap<number, WorkloadRow>, workload: WorkloadRow): number[] {
	const ids = new Set([workload.id])
	// An alias of an alias is possible (Job → CronJob found after Pod → Job), so until nothing is added.
	for (let size = 0; size !== ids.size; ) {
		size = ids.size
		for (const row of byId.values()) if (row.aliasOf !== null && ids.has(row.aliasOf)) ids.add(row.id)
	}
	return [...ids].toSorted((a, b) => a - b)
}

export function keyOf(workloadId: number, class_: Class): string {
	return `${workloadId}/${class_}`
}

/** The same for all containers of a pod. */
export function podKey(row: WorkloadRow): string {
	return [row.form, row.cluster, row.namespace, row.kind, row.owner].join('/')
}

function displayNameOf(name: string, row: WorkloadRow, isOneCluster: boolean): string {
	const prefix = `${row.cluster}/`
	return isOneCluster && row.form === 'container' && row.cluster !== '' && name.startsWith(prefix)
		? name.slice(prefix.length)
		: name
}

function workloadOf(row: Record<string, SqlValue>): WorkloadRow {
	return {
		id: integer(row.id),
		name: text(row.name),
		displayName: text(row.name),
		form: text(row.form) === 'host' ? 'host' : 'container',
		cluster: text(row.cluster),
		namespace: text(row.namespace),
		kind: text(row.kind),
		owner: text(row.owner),
		container: text(row.container),
		node: text(row.node),
		cgroup: text(row.cgroup),
		aliasOf: integerOrNull(row.alias_of),
		firstMs: integer(row.first_ms),
		lastMs: integer(row.last_ms)
	}
}

function readProposals(reader: Reader): ProposalRow[] {
	const rows = reader.all(
		`SELECT policies.id, proposals.workload_id, proposals.class, digest, revision, since_ms, created_ms, notes
			FROM proposals JOIN policies ON policies.id = proposals.policy_id
			ORDER BY proposals.workload_id, proposals.class`
	)
	return rows.map((row) => ({
		policyId: integer(row.id),
		workloadId: integer(row.workload_id),
		class: text(row.class) as Class,
		digest: text(row.digest),
		revision: integer(row.revision),
		sinceMs: integer(row.since_ms),
		createdMs: integer(row.created_ms),
		notes: text(row.notes)
	}))
}

const NO_PLAN = JSON.stringify({ target: '', actions: [], undo: [], notes: [], refusals: [] })

function readChangesWithoutPlans(reader: Reader): Change[] {
	const rows = reader.all(
		`SELECT id, workload_id, class, digest, approval_id, action, target, state, actor, ? AS plan,
			outcome, reverts_id, at_ms FROM changes ORDER BY id`,
		NO_PLAN
	)
	return rows.map(changeOf)
}

function readViolationCounts(reader: Reader): Map<string, number> {
	const rows = reader.all(
		'SELECT workload_id, class, sum(count) AS n FROM violations GROUP BY workload_id, class'
	)
	return new Map(
		rows.map((row) => [keyOf(integer(row.workload_id), text(row.class) as Class), integer(row.n)])
	)
}

/** The classes in which a workload, under any of its names, was seen to do something. */
function readSeen(reader: Reader, byId: ReadonlyMap<number, WorkloadRow>): Set<string> {
	const seen = new Set<string>()
	const classes: Readonly<Record<string, Class>> = classOfVerb
	for (const row of reader.each(
		"SELECT DISTINCT workload_id, verb FROM observations WHERE result <> 'failed'"
	)) {
		const class_ = classes[text(row.verb)]
		let workload = byId.get(integer(row.workload_id))
		for (let depth = 0; workload && workload.aliasOf !== null && depth < 8; depth++) {
			workload = byId.get(workload.aliasOf)
		}
		if (class_ && workload) seen.add(keyOf(workload.id, class_))
	}
	return seen
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>()
	for (const item of items) {
		const group = groups.get(key(item))
		if (group) group.push(item)
		else groups.set(key(item), [item])
	}
	return groups
}
