/**
 * The fixed messages between the sensor and its service, as values. Their bytes are
 * `frame.ts`'s business; nothing here is parsed from telemetry or YAML.
 */

/** A permission in a cgroup's network table. Addresses are CIDRs in canonical form; `0.0.0.0/0` and `::/0` are any. */
export interface CgroupNetworkRule {
	direction: 'egress' | 'ingress'
	protocol: 'tcp' | 'udp' | 'any'
	/** Remote port for egress, local port for ingress; 0–65535 inclusive range. */
	portFrom: number
	portTo: number
	cidr: string
}

/** What the sensor holds for one v2 cgroup: everything not listed is denied (`block`) or only counted (`audit`). */
export interface CgroupNetworkPolicy {
	/** Path below the v2 root, e.g. `/system.slice/nginx.service`. */
	cgroup: string
	digest: string
	mode: 'audit' | 'block'
	rules: CgroupNetworkRule[]
}

/** What the self-test in a cgroup of its own showed. */
export interface SelfTest {
	deniedCorrectly: boolean
	allowedCorrectly: boolean
	/** One sentence for people. */
	sentence: string
}

/** The sensor's answer to a request to hold or lift a policy. */
export interface HoldResult {
	held: boolean
	selfTest: SelfTest | null
	/** One sentence: what is now in force, or why not. */
	sentence: string
}

/** A denial that the cgroup programs made since the last drain. */
export interface NetworkDenial {
	cgroup: string
	digest: string
	mode: 'audit' | 'block'
	verb: 'connect' | 'send' | 'bind'
	/** `egress/tcp/443/1.2.3.4` as in `Sighting.object`. */
	object: string
	/** Executable path; '' when unknown. */
	source: string
	pid: number
	count: number
	firstMs: number
	lastMs: number
}

/** One capability of this kernel, from loading and attaching, never from configuration. */
export interface ProbeItem {
	/** `process`, `file`, `network`, `privilege`, `enforce-network` … */
	object: string
	program: string
	works: boolean
	/** Plain sentence: what it observes or holds, or what is missing and what would bring it. */
	sentence: string
}

/** What `whittle probe` prints. */
export interface ProbeReport {
	kernel: string
	root: boolean
	btf: boolean
	cgroupVersion: 'v2' | 'hybrid' | 'v1' | 'none'
	cgroupRoot: string
	bpfLsmActive: boolean
	items: ProbeItem[]
	/** What is missing, each with what would bring it. */
	missing: string[]
}

/** What the service may ask of the sensor. There is no launch here: only the launch socket has one. */
export interface SensorService {
	probe(): Promise<ProbeReport>
	holdNetwork(policy: CgroupNetworkPolicy): Promise<HoldResult>
	liftNetwork(cgroup: string): Promise<HoldResult>
	/** What is held now; the rules themselves are the policy's, found by its digest. */
	heldNetwork(): Promise<Pick<CgroupNetworkPolicy, 'cgroup' | 'digest' | 'mode'>[]>
	/** Called at each drain with what was denied. */
	onDenials(listener: (denials: NetworkDenial[]) => void): void
}
