/**
 * The nouns that the collector produces. Every later stage reads them from SQLite
 * and imports only their types from here.
 */

/** What can become ready, be approved, enforced and stepped back on its own (design: Class). */
export type Class = 'process' | 'file-write' | 'file-read' | 'network' | 'privilege'

/** The classes in the order in which people and files list them. */
export const CLASSES: readonly Class[] = ['process', 'file-read', 'file-write', 'network', 'privilege']

/**
 * What was done. Each verb belongs to exactly one class (`classOfVerb`), so the
 * store keeps the verb and derives the class.
 */
export type Verb =
	| 'exec'
	| 'read'
	| 'list'
	| 'write'
	| 'create'
	| 'delete'
	| 'rename'
	| 'link'
	| 'chmod'
	| 'chown'
	| 'mkdir'
	| 'mknod'
	| 'truncate'
	| 'setattr'
	| 'connect'
	| 'send'
	| 'bind'
	| 'listen'
	| 'accept'
	| 'resolve'
	| 'request'
	| 'capability'
	| 'ptrace'
	| 'mount'
	| 'namespace'
	| 'module'
	| 'raw-socket'
	| 'bpf'
	| 'setuid'

/** The class of each verb; the only place that says so. */
export const classOfVerb: Readonly<Record<Verb, Class>> = {
	exec: 'process',
	read: 'file-read',
	list: 'file-read',
	write: 'file-write',
	create: 'file-write',
	delete: 'file-write',
	rename: 'file-write',
	link: 'file-write',
	chmod: 'file-write',
	chown: 'file-write',
	mkdir: 'file-write',
	mknod: 'file-write',
	truncate: 'file-write',
	setattr: 'file-write',
	connect: 'network',
	send: 'network',
	bind: 'network',
	listen: 'network',
	accept: 'network',
	resolve: 'network',
	request: 'network',
	capability: 'privilege',
	ptrace: 'privilege',
	mount: 'privilege',
	namespace: 'privilege',
	module: 'privilege',
	'raw-socket': 'privilege',
	bpf: 'privilege',
	setuid: 'privilege'
}

/**
 * `allowed` includes EINPROGRESS; `denied` is EACCES and EPERM and is evidence of an
 * attempt, never of a need; `failed` (ENOENT …) is counted and is never a behaviour.
 */
export type Result = 'allowed' | 'denied' | 'failed'

/**
 * Who did something, as its source knows it. Turned into a workload row by
 * `identity.ts`; an owner that becomes known later is joined by `workloads.alias_of`.
 */
export type Subject =
	/** A container of a pod; `owner` when the source itself says it (`{kind:'Deployment',name}`). */
	| {
			kind: 'container'
			cluster: string
			namespace: string
			pod: string
			container: string
			owner?: { kind: string; name: string }
			node?: string
	  }
	/** Something on a host: systemd unit, cgroup path or program path; `unit` is its canonical name. */
	| { kind: 'host'; node: string; unit: string; cgroup?: string }

/**
 * One kind of act by one subject within one batch, with a count: the normal form that
 * every source decodes into. Texts are already redacted and escaped (`\xNN`, `\\`, and
 * `<` as `\x3c`, because `<…>` marks a typed token such as `/proc/<pid>/stat`).
 *
 * Object text by verb:
 * - exec and file verbs: a container-relative absolute path; typed tokens `<pid>`,
 *   `<container>`, `<uid>` (of a pod, also in `/var/log/pods/NS_POD_<uid>`); `/dir/<any>` is
 *   "files directly in /dir whose single names were not kept" (a collapsed directory).
 * - network: `egress/PROTO/PORT/PEER` or `ingress/PROTO/PORT/PEER`, PROTO in
 *   tcp udp sctp icmp icmpv6; PORT is the remote port for egress, the local one for
 *   ingress, 0 when there is none (or an ephemeral bind); PEER is a bare IPv4 or IPv6
 *   address (RFC 5952), `any`, `name:DNSNAME`, or `pod:NAMESPACE/POD` where the source
 *   itself names the peer. Unix sockets: `egress/unix/0/PATH`, `ingress/unix/0/PATH`,
 *   abstract names as `@NAME`. `resolve`: the DNS name. `request`: `METHOD HOST/PATH`.
 * - capability: `CAP_…`; ptrace: `attach` `traceme` `read` `write`; mount: `TYPE TARGET`;
 *   namespace: `user` `mount` `net` …; raw-socket: `AF_INET/icmp`, `AF_PACKET/0x0003`.
 */
export interface Sighting {
	subject: Subject
	/** Image digest or package version with configuration, when the source knows it. */
	version?: { digest: string; description: string }
	verb: Verb
	object: string
	/** Path of the executable that did it; '' when the source cannot say. */
	source: string
	result: Result
	count: number
	firstMs: number
	lastMs: number
	/** Pod name, or the host's unit instance; feeds the four smallest pods. */
	pod: string
	/** Implied by exec itself (the binary, its loader, its shebang chain). */
	required?: boolean
	/** Had a controlling terminal, or came from an exec into a container. */
	interactive?: boolean
	/** Redacted command line, parent executable: shown as evidence, never decides. */
	detail?: string
}

/** Why a source was blind. */
export type GapReason =
	| 'ring-full'
	| 'map-full'
	| 'alert-throttle'
	| 'stream-broken'
	| 'visibility-off'
	| 'agent-down'
	| 'started-before'
	| 'executable-32-bit'
	| 'io-uring'
	| 'clock-step'

/** An interval in which a source was blind. */
export interface Gap {
	/** `node:NAME`, `pod:CLUSTER/NAMESPACE/NAME`, or `workload:NAME`. */
	scope: string
	fromMs: number
	toMs: number
	reason: GapReason
	/** Events known to be lost; 0 when unknown. */
	lostCount: number
	detail: string
}

/** A start of a workload instance (first process in its cgroup, pod start, launcher's child). */
export interface Start {
	subject: Subject
	version?: { digest: string; description: string }
	pod: string
	atMs: number
}

/** A container of a pod, as its spec and status tell it. */
export interface InventoryContainer {
	name: string
	image: string
	id: string
	init: boolean
	ephemeral: boolean
	/**
	 * What the kubelet runs in the container by itself: exec probes and exec lifecycle hooks, each as
	 * the redacted words of its command line.
	 */
	probes?: { kind: 'exec'; command: string[] }[]
	/** Ports to which the kubelet connects by itself: HTTP, TCP and gRPC probes. */
	probePorts?: number[]
}

/** One object of the inventory with its validity; `toMs` null while it lives. */
export interface InventoryItem {
	cluster: string
	kind:
		| 'Pod'
		| 'Node'
		| 'Namespace'
		| 'Service'
		| 'EndpointSlice'
		| 'Deployment'
		| 'ReplicaSet'
		| 'StatefulSet'
		| 'DaemonSet'
		| 'Job'
		| 'CronJob'
		/**
		 * An address that a workload was told for a DNS name: `name` is the DNS name, `addresses` the
		 * address, `owner` and `namespace` who asked; valid from the hour of the answer until its time to
		 * live has passed.
		 */
		| 'DnsAnswer'
	namespace: string
	name: string
	uid: string
	fromMs: number
	toMs: number | null
	labels: Record<string, string>
	/** Pod IPs, node addresses, service cluster IPs. */
	addresses: string[]
	owner: { kind: string; name: string } | null
	node: string
	hostNetwork: boolean
	/** Pod containers; `init` and `ephemeral` as in the pod spec. */
	containers: InventoryContainer[]
	/** Service selector and ports. */
	selector: Record<string, string> | null
	ports: { name: string; port: number; targetPort: number | string; protocol: string }[]
	/** A CronJob's schedule. */
	schedule: string | null
	/** A Service's type, when it is told. */
	serviceType?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
	/** Annotations that say who will call a pod: `prometheus.io/…`. */
	annotations?: Record<string, string>
}

/** An entry of the 24 h timeline ring. */
export interface TimelineEntry {
	subject: Subject
	pod: string
	atMs: number
	kind: 'first-sight' | 'exec' | 'connect' | 'start' | 'exit'
	text: string
	count: number
}

/** Input that could not be used: kept as place, reason and hash, never as content. */
export interface BadInput {
	file: string
	line: number
	reason: string
	/** SHA-256 of the rejected bytes, hex. */
	hash: string
}

/** Where a batch comes from; the last sequence applied is stored with its data. */
export interface Delivery {
	/** `kernel:NODE`, or `file:SHA256` for a replayed file. */
	producer: string
	epoch: number
	sequence: number
}

/** What a source hands to the store in one transaction. */
export interface Batch {
	delivery: Delivery
	sightings: Sighting[]
	starts: Start[]
	gaps: Gap[]
	inventory: InventoryItem[]
	timeline: TimelineEntry[]
	bad: BadInput[]
	/** Hours (⌊UTC ms / 3 600 000⌋) in which each subject was watched; `lossy` above 0.1 %. */
	exposure: { subject: Subject; hour: number; lossy: boolean }[]
}

/** A source of telemetry; every folder in `sources/` exports one and passes the contract test. */
export interface Source {
	/** Short name shown to people: `kernel`, `replay`. */
	name: string
	/** Batches until the source ends or `stop` is called; each is applied in one transaction. */
	batches(): AsyncIterable<Batch>
	stop(): Promise<void>
}
