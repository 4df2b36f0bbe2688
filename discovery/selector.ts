import type { InventoryItem } from '../collector/observation.js'
import { compareText } from './behaviour.js'
import type { Inventory } from './inventory.js'
import { parseWorkloadName, podWorkloadName } from './workload.js'

/** Labels that select a workload's pods. */
export interface Selector {
	/** Keys sorted; empty when nothing is known to select by. */
	labels: Record<string, string>
	/** Names of pods in the namespace that belong to others and match too, sorted; empty when exact. */
	strangers: string[]
}

/**
 * The labels that select exactly the workload's pods. First what its owner selects by, since
 * that cannot change in the owner's life; else the fewest labels that all its pods carry and no
 * other pod of the namespace does. `workload` is a name with or without its container.
 */
export function selectorOf(workload: string, inventory: Inventory): Selector {
	const name = parseWorkloadName(workload)
	if (name?.form !== 'container') return { labels: {}, strangers: [] }
	const podName = podWorkloadName(name)
	const own = inventory.podsOf(podName)
	const others = inventory
		.podsIn(name.cluster, name.namespace)
		.filter((pod) => inventory.workloadOf(pod) !== podName)
	const owner = ownerKind(name.kind)
		? inventory.find(name.kind, name.namespace, name.name, name.cluster)
		: undefined
	const selector = Object.entries(owner?.selector ?? {})
	// A Job selects by its own uid, which the next Job does not have.
	if (selector.length > 0 && !selector.some(([key]) => isVolatile(key))) {
		const labels = byKey(selector)
		if (strangersTo(labels, others).length === 0) return { labels, strangers: [] }
	}
	return fewestLabels(own, others)
}

/**
 * The fewest labels that select exactly the pods of several workloads of one namespace together, and
 * no other pod there; null when no shared label does. Names with or without their containers.
 */
export function sharedSelectorOf(
	workloads: readonly string[],
	inventory: Inventory
): Record<string, string> | null {
	const names = workloads.map(parseWorkloadName).filter((name) => name?.form === 'container')
	const [first] = names
	if (!first || names.length < workloads.length) return null
	if (names.some((name) => name.cluster !== first.cluster || name.namespace !== first.namespace)) return null
	const members = new Set(names.map(podWorkloadName))
	const own: InventoryItem[] = []
	for (const member of members) {
		const pods = inventory.podsOf(member)
		// Nobody knows what labels its pods will carry.
		if (pods.length === 0) return null
		own.push(...pods)
	}
	// Most workloads have no label in common that lasts; then nobody else's need be looked at.
	if (commonLabels(own).length === 0) return null
	const others = inventory
		.podsIn(first.cluster, first.namespace)
		.filter((pod) => !members.has(inventory.workloadOf(pod)))
	const { labels, strangers } = fewestLabels(own, others)
	// `podsPeer` separates by characters that no label of a cluster has, and hostile ones might.
	const isPlain = Object.entries(labels).every(([key, value]) => !/[&=?]/.test(key + value))
	return Object.keys(labels).length > 0 && strangers.length === 0 && isPlain ? labels : null
}

/** The peer `pods:[CLUSTER/]NAMESPACE?KEY=VALUE&…`: whatever pods carry these labels there. */
export function podsPeer(cluster: string, namespace: string, labels: Record<string, string>): string {
	const pairs = sorted(Object.entries(labels)).map(([key, value]) => `${key}=${value}`)
	return `pods:${cluster === '' ? '' : `${cluster}/`}${namespace}?${pairs.join('&')}`
}

/** The reverse of `podsPeer`, without its `pods:`; null when it is none. */
export function parsePodsPeer(
	rest: string
): { cluster: string; namespace: string; labels: Record<string, string> } | null {
	const [place = '', query = ''] = rest.split('?')
	const [namespace, cluster = '', ...more] = place.split('/').reverse()
	const labels: [string, string][] = []
	for (const pair of query.split('&')) {
		const equals = pair.indexOf('=')
		if (equals <= 0) return null
		labels.push([pair.slice(0, equals), pair.slice(equals + 1)])
	}
	if (!namespace || more.length > 0 || labels.length === 0) return null
	return { cluster, namespace, labels: Object.fromEntries(labels) }
}

/** True when the pod carries all the labels; no labels at all select every pod. */
export function selects(labels: Record<string, string>, podLabels: Record<string, string>): boolean {
	return Object.entries(labels).every(([key, value]) => podLabels[key] === value)
}

function fewestLabels(own: readonly InventoryItem[], others: readonly InventoryItem[]): Selector {
	const candidates = commonLabels(own)
	if (candidates.length === 0) return { labels: {}, strangers: [] }
	for (let size = 1; size <= Math.min(LABELS_MAX, candidates.length); size++) {
		for (const chosen of choose(candidates, size)) {
			const labels = byKey(chosen)
			if (strangersTo(labels, others).length === 0) return { labels, strangers: [] }
		}
	}
	const all = byKey(candidates)
	return { labels: all, strangers: strangersTo(all, others) }
}

/** More than three labels say what an instance is, not what the workload is. */
const LABELS_MAX = 3

/** Labels that every pod carries with the same value, those that name workloads first. */
function commonLabels(pods: readonly InventoryItem[]): [string, string][] {
	const [first, ...rest] = pods
	if (!first) return []
	return Object.entries(first.labels)
		.filter(([key, value]) => !isVolatile(key) && rest.every((pod) => pod.labels[key] === value))
		.sort(([a], [b]) => rank(a) - rank(b) || compareText(a, b))
		.slice(0, CANDIDATES_MAX)
}

const CANDIDATES_MAX = 12

/** Keys by which people name workloads, best first. */
const NAMING_KEYS = [
	'app.kubernetes.io/name',
	'app',
	'k8s-app',
	'name',
	'app.kubernetes.io/component',
	'component',
	'app.kubernetes.io/instance'
]

function rank(key: string): number {
	const place = NAMING_KEYS.indexOf(key)
	return place === -1 ? NAMING_KEYS.length : place
}

/** Labels that change with a rollout, a pod or a release: a selector with them would select nothing tomorrow. */
function isVolatile(key: string): boolean {
	return VOLATILE_KEYS.has(key) || key.startsWith('batch.kubernetes.io/') || key.startsWith('checksum/')
}

const VOLATILE_KEYS = new Set([
	'pod-template-hash',
	'controller-revision-hash',
	'pod-template-generation',
	'statefulset.kubernetes.io/pod-name',
	'apps.kubernetes.io/pod-index',
	'job-name',
	'controller-uid',
	'helm.sh/chart',
	'app.kubernetes.io/version'
])

function strangersTo(labels: Record<string, string>, others: readonly InventoryItem[]): string[] {
	return others.filter((pod) => selects(labels, pod.labels)).map((pod) => pod.name)
}

function* choose(from: [string, string][], size: number, start = 0): Generator<[string, string][]> {
	if (size === 0) {
		yield []
		return
	}
	for (let i = start; i <= from.length - size; i++) {
		const label = from[i]
		if (!label) continue
		for (const rest of choose(from, size - 1, i + 1)) yield [label, ...rest]
	}
}

function byKey(labels: readonly [string, string][]): Record<string, string> {
	return Object.fromEntries(sorted(labels))
}

function sorted(labels: readonly [string, string][]): [string, string][] {
	return [...labels].sort(([a], [b]) => compareText(a, b))
}

function ownerKind(kind: string): kind is 'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'DaemonSet' | 'Job' {
	return ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'].includes(kind)
}
