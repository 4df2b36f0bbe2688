import type { Subject } from './observation.js'
import { sealText } from './path.js'

/** The columns of a workload, and the one name under which it survives restarts. */
export interface WorkloadIdentity {
	/** `cluster/namespace/kind/name[/container]`, or `host/node/unit`. */
	name: string
	form: 'container' | 'host'
	cluster: string
	namespace: string
	/** `Deployment`, `Pod` …; `Host` for a unit, cgroup or program of a host. */
	kind: string
	/** Name of the owner object; of a host workload its unit. */
	owner: string
	/** '' means the pod as a whole: its network, as a network source sees it. */
	container: string
	node: string
	/** A host workload's own cgroup; '' when it has none. */
	cgroup: string
}

/** Kinds whose owner is another workload: rows of these kinds are joined to it by `alias_of`. */
export const OWNED_KINDS: readonly string[] = ['Pod', 'ReplicaSet', 'Job']

/** Who a subject is in the store. Telemetry is hostile: a `/` in a name cannot forge another workload. */
export function identify(subject: Subject): WorkloadIdentity {
	if (subject.kind === 'host') return identifyHost(subject.node, subject.unit, subject.cgroup ?? '')
	const kind = subject.owner === undefined ? 'Pod' : canonicalKind(subject.owner.kind)
	const owner = subject.owner === undefined ? subject.pod : subject.owner.name
	return identifyContainer(subject.cluster, subject.namespace, kind, owner, subject.container)
}

/** The workload of a container whose owner is known; container '' is the pod as a whole. */
export function identifyContainer(
	cluster: string,
	namespace: string,
	kind: string,
	owner: string,
	container: string
): WorkloadIdentity {
	const identity = {
		form: 'container' as const,
		cluster: part(cluster === '' ? 'default' : cluster),
		namespace: part(namespace),
		kind: part(kind),
		owner: part(owner),
		container: container === '' ? '' : part(container),
		node: '',
		cgroup: ''
	}
	const pod = `${identity.cluster}/${identity.namespace}/${identity.kind}/${identity.owner}`
	return { name: identity.container === '' ? pod : `${pod}/${identity.container}`, ...identity }
}

/** `deployment`, `DEPLOYMENT` and `Deployment` are one kind. */
export function canonicalKind(kind: string): string {
	return KINDS.get(kind.toLowerCase()) ?? kind
}

const KINDS = new Map(
	[
		'Pod',
		'ReplicaSet',
		'Deployment',
		'StatefulSet',
		'DaemonSet',
		'Job',
		'CronJob',
		'ReplicationController',
		'Node'
	].map((kind) => [kind.toLowerCase(), kind])
)

function identifyHost(node: string, unit: string, cgroup: string): WorkloadIdentity {
	const nodeName = part(node)
	const unitName = unit === '' ? 'unknown' : sealText(unit)
	return {
		// A cgroup or program path begins with the `/` that separates it from the node.
		name: `host/${nodeName}${unitName.startsWith('/') ? '' : '/'}${unitName}`,
		form: 'host',
		cluster: '',
		namespace: '',
		kind: 'Host',
		owner: unitName,
		container: '',
		node: nodeName,
		cgroup: sealText(cgroup)
	}
}

const PLAIN_PART = /^[A-Za-z0-9._:@-]+$/

function part(text: string): string {
	if (PLAIN_PART.test(text)) return text
	if (text === '') return 'unknown'
	return sealText(text).replaceAll('/', '\\x2f')
}
