import type { Inventory } from '../../inventory.js'
import { podsPeer, sharedSelectorOf } from '../../selector.js'
import { parseWorkloadName } from '../../workload.js'

/** A workload that was spoken to. */
export interface WorkloadNeed {
	/** `workload:[CLUSTER/]NAMESPACE/KIND/NAME` */
	peer: string
}

/** One peer for one workload or, where a label says exactly which, for several. */
export interface SelectedPeers<N extends WorkloadNeed> {
	peer: string
	members: N[]
	/** The labels, when several became one. */
	labels: Record<string, string> | null
}

/**
 * Three workloads of one namespace or more become one selector, but only where a shared label that
 * lasts selects exactly their pods and nobody else's there. So nothing is granted today that was not
 * used; what gets the label tomorrow is, and the rule says so. The same for any order of the needs.
 */
export function selectTogether<N extends WorkloadNeed>(
	needs: readonly N[],
	inventory: Inventory
): SelectedPeers<N>[] {
	const byNamespace = new Map<string, N[]>()
	for (const need of needs) {
		const name = parseWorkloadName(need.peer.slice('workload:'.length))
		const namespace = name?.form === 'container' ? `${name.cluster}/${name.namespace}` : need.peer
		const same = byNamespace.get(namespace)
		if (same) same.push(need)
		else byNamespace.set(namespace, [need])
	}
	return [...byNamespace.values()].flatMap((members) => together(members, inventory))
}

/** Two with a label in common are a coincidence. */
const WORKLOADS_MIN = 3

function together<N extends WorkloadNeed>(members: N[], inventory: Inventory): SelectedPeers<N>[] {
	const separate = () => members.map((need) => ({ peer: need.peer, members: [need], labels: null }))
	if (members.length < WORKLOADS_MIN) return separate()
	const workloads = members.map(({ peer }) => peer.slice('workload:'.length))
	const labels = sharedSelectorOf(workloads, inventory)
	const name = parseWorkloadName(workloads[0] ?? '')
	if (labels === null || name?.form !== 'container') return separate()
	return [{ peer: podsPeer(name.cluster, name.namespace, labels), members, labels }]
}
