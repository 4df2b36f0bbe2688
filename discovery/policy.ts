import type { Class, Verb } from '../collector/observation.js'

/**
 * One rule: `effect` on `object` for `access` by `sources` (executable paths, sorted;
 * empty means any). Object text is that of `Sighting`, except that a network peer has
 * been resolved through the inventory at the time of the flow (`peers.ts`):
 * `workload:[CLUSTER/]NAMESPACE/KIND/NAME`, `pods:[CLUSTER/]NAMESPACE?KEY=VALUE&…` (whatever pods carry
 * these labels), `service:NAMESPACE/NAME`, `node:NAME`, `node:*` (any node of the cluster),
 * `cidr:ADDRESS/LENGTH`, `name:DNSNAME`, `name:*.SUFFIX` (one label more) or `any`. Ports may be a
 * range: `egress/tcp/8000-8010/PEER`. A policy of the class network is per
 * pod, so its workload name has no container.
 */
export interface Rule {
	effect: 'allow' | 'deny'
	object: string
	access: Verb[]
	sources: string[]
}

/** What the digest covers, and nothing else. `workload` is the canonical workload name. */
export interface PolicyBody {
	workload: string
	class: Class
	rules: Rule[]
}

/** An immutable revision. */
export interface Policy extends PolicyBody {
	/** `sha256:HEX` of the canonical JSON (RFC 8785) of the body. */
	digest: string
}

/** What a rule rests on; one per rule, in a table of its own. */
export interface RuleEvidence {
	/** The raw objects that the rule covers, sorted, at most 256, with how often each was seen. */
	covers: { object: string; verb: Verb; source: string; count: number }[]
	coveredCount: number
	count: number
	firstMs: number
	lastMs: number
	/** Distinct clock hours, UTC days, pods (smallest four) and versions in which it was seen. */
	hourCount: number
	dayCount: number
	pods: string[]
	versions: string[]
	/** Redacted examples: command lines, parents. */
	samples: string[]
	/** True when exec itself implies it. */
	required: boolean
	/** Seen only with a terminal or an exec into the container. */
	interactive: boolean
	/** One sentence: why the rule has the shape it has. */
	why: string
	/** What the rule grants beyond what was seen; '' when exactly what was seen. */
	beyond: string
	/** The numbers behind its shape; absent in revisions of before the learner weighed anything. */
	reckoning?: Reckoning
}

/** What a rule costs and saves, as the learner weighed it. */
export interface Reckoning {
	/** Seen; or told by the inventory; or something that was seen cannot work without it. */
	origin: 'observed' | 'inferred' | 'required'
	/** Entries of an enforcer's map that it takes. */
	entryCount: number
	/** Files, addresses, ports or names that it grants and nobody saw used; as weighted bits. */
	unseenCount: number
	bits: number
	/** Hours with a false block that an exact list would cause in the life of a policy (14 days). */
	exactBlocksExpected: number
	/** The objective for exact rules in its place, and for this one; equal for exact rules. */
	costKeep: number
	costRule: number
	/** Sensitive objects that it was checked against; 0 for exact rules. */
	wallCount: number
	/** Where names were merged, and how many bits shorter the class tells them. */
	tokens: { path: string; memberCount: number; gainBits: number }[]
	/** How much harm its objects can do: 0 ordinary, 1 guarded, 2 sensitive (needs a person). */
	sensitivity: 0 | 1 | 2
	/** How many others of the same image do some of it and may be believed, of how many others there are. */
	peers: { count: number; of: number }
}

/** Something that a person must know about a policy, a manifest or a rule. */
export interface Note {
	/** Stable code, e.g. `kubearmor.unix-socket`. */
	code: string
	severity: 'info' | 'warning' | 'refusal'
	/** One plain sentence. */
	text: string
	/** Index of the rule it is about, when it is about one. */
	rule?: number
}
