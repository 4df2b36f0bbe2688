/** A workload's canonical name taken apart. `unit` may contain slashes; `container` is '' for a whole pod. */
export type WorkloadName =
	| { form: 'host'; node: string; unit: string }
	| { form: 'container'; cluster: string; namespace: string; kind: string; name: string; container: string }

/**
 * `[cluster/]namespace/Kind/name[/container]` or `host/NODE/UNIT` → its parts; null when it is
 * neither. Kinds are written with a capital and namespaces never are (RFC 1123), so the
 * second part tells whether a cluster stands in front.
 */
export function parseWorkloadName(name: string): WorkloadName | null {
	const parts = name.split('/')
	if (parts[0] === 'host' && parts.length >= 3) {
		const [, node, ...unit] = parts
		if (node === undefined) return null
		return { form: 'host', node, unit: unit.join('/') }
	}
	const hasCluster = !/^[A-Z]/.test(parts[1] ?? '')
	const rest = hasCluster ? parts.slice(1) : parts
	const [namespace, kind, owner, ...container] = rest
	if (namespace === undefined || kind === undefined || owner === undefined || container.length > 1)
		return null
	if (!/^[A-Z]/.test(kind)) return null
	const cluster = hasCluster ? (parts[0] ?? '') : ''
	return { form: 'container', cluster, namespace, kind, name: owner, container: container[0] ?? '' }
}

/** What a pod belongs to: the top of its owner chain. */
export interface WorkloadRef {
	cluster: string
	namespace: string
	kind: string
	name: string
}

/** `[cluster/]namespace/Kind/name`: the name of a whole pod's workload. */
export function podWorkloadName(ref: WorkloadRef): string {
	const name = `${ref.namespace}/${ref.kind}/${ref.name}`
	return ref.cluster === '' ? name : `${ref.cluster}/${name}`
}
