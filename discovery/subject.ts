import type { Class, InventoryItem } from '../collector/observation.js'
import { compareText } from './behaviour.js'
import { createOwners } from './inventory.js'
import { podWorkloadName } from './workload.js'

/** A row of `workloads`, as far as discovery needs it. */
export interface WorkloadRow {
	id: number
	name: string
	form: 'container' | 'host'
	cluster: string
	namespace: string
	kind: string
	owner: string
	/** '' is the pod as a whole, as network sources see it. */
	container: string
	aliasOf: number | null
}

/** What policies are learned for: a host workload, a container, or, for the network, a whole pod. */
export interface Subject {
	/** The canonical workload name that its policies carry. */
	name: string
	form: 'container' | 'host'
	cluster: string
	classes: readonly Class[]
	/** The workload row that its policies hang on. */
	anchorId: number
	/** Rows whose observations count for it, sorted: its own, its aliases', for a pod all its containers'. */
	memberIds: number[]
}

const HOST_CLASSES: readonly Class[] = ['process', 'file-read', 'file-write', 'network', 'privilege']
const CONTAINER_CLASSES: readonly Class[] = ['process', 'file-read', 'file-write', 'privilege']
const POD_CLASSES: readonly Class[] = ['network']

/**
 * Who policies are learned for. Aliases are folded into what they turned out to be. A pod
 * has one network for all its containers, injected sidecars and init containers included;
 * for everything else each container, an init container too, is a workload of its own.
 * `ephemeral` names debug containers, which are never learned; `anchors` holds the rows on
 * which network policies already hang.
 */
export function subjectsOf(
	workloads: readonly WorkloadRow[],
	ephemeral: ReadonlySet<string>,
	anchors: ReadonlySet<number>
): Subject[] {
	const byId = new Map(workloads.map((workload) => [workload.id, workload]))
	const members = new Map<number, number[]>()
	for (const workload of workloads) {
		const root = rootOf(workload, byId)
		members.set(root.id, [...(members.get(root.id) ?? []), workload.id])
	}
	const subjects: Subject[] = []
	const pods = new Map<string, WorkloadRow[]>()
	for (const workload of workloads) {
		if (workload.aliasOf !== null || ephemeral.has(workload.name)) continue
		const { name, form, cluster } = workload
		const own = { name, form, cluster, anchorId: workload.id, memberIds: members.get(workload.id) ?? [] }
		if (form === 'host') subjects.push({ ...own, classes: HOST_CLASSES })
		else {
			if (workload.container !== '') subjects.push({ ...own, classes: CONTAINER_CLASSES })
			const pod = podOf(workload)
			pods.set(pod, [...(pods.get(pod) ?? []), workload])
		}
	}
	for (const [name, containers] of pods) subjects.push(podSubject(name, containers, members, anchors))
	return subjects.sort((a, b) => compareText(a.name, b.name))
}

/** Workload names of the ephemeral (debug) containers in the inventory. */
export function ephemeralContainers(items: readonly InventoryItem[]): Set<string> {
	const owners = createOwners(items)
	const ephemeral = new Set<string>()
	const lasting = new Set<string>()
	for (const pod of items) {
		if (pod.kind !== 'Pod') continue
		const workload = podWorkloadName(owners.of(pod))
		for (const container of pod.containers) {
			// Before its owner is known, a container is a workload of its pod.
			for (const owner of [workload, `${pod.cluster}/${pod.namespace}/Pod/${pod.name}`]) {
				;(container.ephemeral ? ephemeral : lasting).add(`${owner}/${container.name}`)
			}
		}
	}
	// The name of a debug container may be that of an ordinary one in another pod of the workload.
	for (const name of lasting) ephemeral.delete(name)
	return ephemeral
}

function podSubject(
	name: string,
	containers: readonly WorkloadRow[],
	members: ReadonlyMap<number, number[]>,
	anchors: ReadonlySet<number>
): Subject {
	const ids = containers.map((container) => container.id).sort((a, b) => a - b)
	const whole = containers.find((container) => container.container === '')
	const anchorId = ids.find((id) => anchors.has(id)) ?? whole?.id ?? ids[0] ?? 0
	return {
		name,
		form: 'container',
		cluster: containers[0]?.cluster ?? '',
		classes: POD_CLASSES,
		anchorId,
		memberIds: ids.flatMap((id) => members.get(id) ?? []).sort((a, b) => a - b)
	}
}

function podOf(workload: WorkloadRow): string {
	return `${workload.cluster}/${workload.namespace}/${workload.kind}/${workload.owner}`
}

/** The end of a chain of aliases (Pod → ReplicaSet → Deployment); a chain that loops ends where it began. */
export function rootOf(workload: WorkloadRow, byId: ReadonlyMap<number, WorkloadRow>): WorkloadRow {
	let root = workload
	for (let depth = 0; root.aliasOf !== null && depth < 8; depth++) {
		const next = byId.get(root.aliasOf)
		if (!next) break
		root = next
	}
	return root
}
