import assert from 'node:assert/strict'
import { z } from 'zod'
import type { InventoryItem } from '../collector/observation.js'
import type { SqlValue } from '../collector/store.js'
import { type Answers, createAnswers, currentAnswers } from './answers.js'
import { compareText } from './behaviour.js'
import { podWorkloadName, type WorkloadRef } from './workload.js'

/**
 * One row of `inventory`: its columns, and the rest of the item as JSON. The rest came from a
 * cluster, so it is checked here; what is missing gets its empty value.
 */
export function parseInventoryRow(row: Record<string, SqlValue>): InventoryItem {
	const item: unknown = JSON.parse(String(row.item))
	assert(typeof item === 'object' && item !== null, 'an inventory item must be a JSON object')
	return itemShape.parse({
		...item,
		// As in workload names: a cluster that nobody named is called `default`.
		cluster: row.cluster === '' ? 'default' : row.cluster,
		kind: row.kind,
		namespace: row.namespace,
		name: row.name,
		uid: row.uid,
		fromMs: Number(row.from_ms),
		toMs: row.to_ms === null ? null : Number(row.to_ms)
	})
}

const itemShape = z.object({
	cluster: z.string(),
	kind: z.enum([
		'Pod',
		'Node',
		'Namespace',
		'Service',
		'EndpointSlice',
		'Deployment',
		'ReplicaSet',
		'StatefulSet',
		'DaemonSet',
		'Job',
		'CronJob',
		'DnsAnswer'
	]),
	namespace: z.string(),
	name: z.string(),
	uid: z.string(),
	fromMs: z.number(),
	toMs: z.number().nullable(),
	labels: z.record(z.string(), z.string()).default({}),
	addresses: z.array(z.string()).default([]),
	owner: z.object({ kind: z.string(), name: z.string() }).nullable().default(null),
	node: z.string().default(''),
	hostNetwork: z.boolean().default(false),
	containers: z
		.array(
			z.object({
				name: z.string(),
				image: z.string().default(''),
				id: z.string().default(''),
				init: z.boolean().default(false),
				ephemeral: z.boolean().default(false),
				probes: z.array(z.object({ kind: z.literal('exec'), command: z.array(z.string()) })).exactOptional(),
				probePorts: z.array(z.number()).exactOptional()
			})
		)
		.default([]),
	selector: z.record(z.string(), z.string()).nullable().default(null),
	ports: z
		.array(
			z.object({
				name: z.string().default(''),
				port: z.number(),
				targetPort: z.union([z.number(), z.string()]),
				protocol: z.string().default('TCP')
			})
		)
		.default([]),
	schedule: z.string().nullable().default(null),
	serviceType: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).exactOptional(),
	annotations: z.record(z.string(), z.string()).exactOptional()
})

/** Finds the top of owner chains: ReplicaSet → Deployment, Job → CronJob. */
export interface Owners {
	/** The workload that a pod belongs to; the pod itself when nothing owns it. */
	of(pod: InventoryItem): WorkloadRef
}

/** Builds the owner chains from all items, past and present: a chain never changes in an object's life. */
export function createOwners(items: readonly InventoryItem[]): Owners {
	const ownerOf = new Map<string, { kind: string; name: string }>()
	for (const item of items) {
		if (item.owner) ownerOf.set(objectKey(item.cluster, item.kind, item.namespace, item.name), item.owner)
	}
	return {
		of(pod) {
			let { kind, name }: { kind: string; name: string } = pod
			let owner = pod.owner
			// Chains are two long; the bound only guards against an inventory that loops.
			for (let depth = 0; owner && owner.kind !== 'Node' && depth < 8; depth++) {
				kind = owner.kind
				name = owner.name
				owner = ownerOf.get(objectKey(pod.cluster, kind, pod.namespace, name)) ?? null
			}
			if (kind === 'ReplicaSet') {
				// The ReplicaSet was never listed. Its name is the Deployment's plus the hash that the pod carries as a label.
				const hash = pod.labels['pod-template-hash']
				if (hash && name.endsWith(`-${hash}`)) {
					kind = 'Deployment'
					name = name.slice(0, -hash.length - 1)
				}
			}
			return { cluster: pod.cluster, namespace: pod.namespace, kind, name }
		}
	}
}

/**
 * The items that are valid at `atMs`, and of workloads without a running pod (a CronJob between two
 * runs) the last one they had, for its labels; of DNS names what they stood for when they were last
 * asked for. In their order.
 */
export function inventoryAt(items: readonly InventoryItem[], atMs: number): InventoryItem[] {
	const isLive = (item: InventoryItem) => item.toMs === null || item.toMs > atMs
	const owners = createOwners(items)
	const running = new Set<string>()
	for (const item of items)
		if (item.kind === 'Pod' && isLive(item)) running.add(podWorkloadName(owners.of(item)))
	const lastPods = new Map<string, InventoryItem>()
	for (const pod of items) {
		if (pod.kind !== 'Pod' || isLive(pod)) continue
		const workload = podWorkloadName(owners.of(pod))
		const last = lastPods.get(workload)
		if (!running.has(workload) && (!last || (last.toMs ?? 0) < (pod.toMs ?? 0))) lastPods.set(workload, pod)
	}
	const kept = new Set([...lastPods.values(), ...currentAnswers(items, atMs)])
	return items.filter((item) => kept.has(item) || (item.kind !== 'DnsAnswer' && isLive(item)))
}

/** The inventory arranged for rendering: live pods by workload and namespace, services, nodes, owners. */
export interface Inventory extends Answers {
	/** Live pods of a workload (name without container), sorted by name. */
	podsOf(workload: string): readonly InventoryItem[]
	/** All live pods of a namespace, sorted by name. */
	podsIn(cluster: string, namespace: string): readonly InventoryItem[]
	find(
		kind: InventoryItem['kind'],
		namespace: string,
		name: string,
		cluster: string
	): InventoryItem | undefined
	/** Nodes of a cluster, sorted by name; of every cluster when none is named. */
	nodesIn(cluster: string): readonly InventoryItem[]
	/** Live services of a namespace, sorted by name. */
	servicesIn(cluster: string, namespace: string): readonly InventoryItem[]
	/** Addresses in the EndpointSlices of a service, sorted. */
	endpointsOf(service: InventoryItem): string[]
	/** The workload name (without container) of a pod. */
	workloadOf(pod: InventoryItem): string
}

const arranged = new WeakMap<readonly InventoryItem[], Inventory>()

/**
 * Arranges the items of a `RenderContext`. Thousands of workloads are rendered with one
 * context, so the arrangement is kept for as long as its array lives.
 */
export function arrangeInventory(items: readonly InventoryItem[]): Inventory {
	const known = arranged.get(items)
	if (known) return known
	const owners = createOwners(items)
	const sorted = [...items].sort(
		(a, b) => compareText(a.name, b.name) || compareText(a.cluster, b.cluster) || compareText(a.uid, b.uid)
	)
	const byWorkload = new Map<string, InventoryItem[]>()
	const byNamespace = new Map<string, InventoryItem[]>()
	const byName = new Map<string, InventoryItem>()
	const workloadNames = new Map<InventoryItem, string>()
	const endpoints = new Map<string, string[]>()
	const nodes: InventoryItem[] = []
	const services = new Map<string, InventoryItem[]>()
	for (const item of sorted) {
		if (item.kind === 'Node') nodes.push(item)
		if (item.kind === 'Service' && item.toMs === null)
			append(services, `${item.cluster}/${item.namespace}`, item)
		byName.set(objectKey(item.cluster, item.kind, item.namespace, item.name), item)
		const anywhere = objectKey('', item.kind, item.namespace, item.name)
		if (!byName.has(anywhere)) byName.set(anywhere, item)
		if (item.kind === 'EndpointSlice') {
			const service = item.labels['kubernetes.io/service-name'] ?? item.name
			for (const address of item.addresses)
				append(endpoints, `${item.cluster}/${item.namespace}/${service}`, address)
		}
		if (item.kind !== 'Pod') continue
		const workload = podWorkloadName(owners.of(item))
		workloadNames.set(item, workload)
		append(byWorkload, workload, item)
		append(byNamespace, `${item.cluster}/${item.namespace}`, item)
	}
	const inventory: Inventory = {
		podsOf: (workload) => byWorkload.get(workload) ?? [],
		podsIn: (cluster, namespace) => byNamespace.get(`${cluster}/${namespace}`) ?? [],
		find: (kind, namespace, name, cluster) => byName.get(objectKey(cluster, kind, namespace, name)),
		nodesIn: (cluster) => nodes.filter((node) => cluster === '' || node.cluster === cluster),
		servicesIn: (cluster, namespace) => services.get(`${cluster}/${namespace}`) ?? [],
		...createAnswers(sorted, owners),
		endpointsOf: ({ cluster, namespace, name }) =>
			[...new Set(endpoints.get(`${cluster}/${namespace}/${name}`) ?? [])].sort(compareText),
		workloadOf: (pod) => workloadNames.get(pod) ?? podWorkloadName(owners.of(pod))
	}
	arranged.set(items, inventory)
	return inventory
}

/** Labels of a namespace; every one carries its own name (KEP-2161). */
export function namespaceLabels(
	inventory: Inventory,
	cluster: string,
	namespace: string
): Record<string, string> {
	const item =
		inventory.find('Namespace', '', namespace, cluster) ??
		inventory.find('Namespace', namespace, namespace, cluster)
	return { ...item?.labels, 'kubernetes.io/metadata.name': namespace }
}

function objectKey(cluster: string, kind: string, namespace: string, name: string): string {
	return `${cluster}/${kind}/${namespace}/${name}`
}

/** Adds a value to the list under a key. */
export function append<V>(map: Map<string, V[]>, key: string, value: V): void {
	const list = map.get(key)
	if (list) list.push(value)
	else map.set(key, [value])
}
