import type { InventoryItem, Verb } from '../../collector/observation.js'
import type { Note, Policy } from '../policy.js'

/** One attempted action in normal form; object and source as in `Rule`, but a concrete one. */
export interface Access {
	verb: Verb
	object: string
	source: string
}

/**
 * Where an access happens: everything that selectors and postures look at.
 * `peer` describes the other end of a network access, when it is known.
 */
export interface Context {
	workload: string
	namespace: string
	podLabels: Record<string, string>
	namespaceLabels: Record<string, string>
	container: string
	node: string
	nodeLabels: Record<string, string>
	/** KubeArmor posture of the namespace, per class group. */
	posture: { file: 'audit' | 'block'; network: 'audit' | 'block'; capabilities: 'audit' | 'block' }
	peer?: {
		namespace: string
		podLabels: Record<string, string>
		namespaceLabels: Record<string, string>
		address: string
		/** Port at the peer itself, where a service address was translated; else that of the access. */
		port?: number
	}
	/** Names that the pod which listens gives to its container ports. */
	portNames?: Record<string, number>
	/** True where nobody knows who the other end was: its source did not say, or the inventory does not. */
	isPeerUnknown?: boolean
}

/** What of a context differs from one access of a workload to the next. */
export type Whereabouts = Pick<Context, 'peer' | 'portNames' | 'isPeerUnknown'>

export interface Verdict {
	verdict: 'allow' | 'audit' | 'block'
	/** Name of the manifest and the rule that decided, as a person would say it. */
	rule: string
	/** True when somebody whom the manifests do let in may have been the unknown peer. */
	isUnsure?: boolean
}

/** Judges one access after the other at one place. */
export type Judge = (access: Access, where?: Whereabouts) => Verdict

/** One object in one enforcement language: the parsed form and its YAML view. */
export interface Manifest {
	/** `KubeArmorPolicy`, `NetworkPolicy`, `WhittleHostPolicy` … */
	kind: string
	/** Kubernetes-safe name; also the stem of the file name. */
	name: string
	namespace: string
	/** The object itself: canonical, signed form. */
	object: Record<string, unknown>
	/** The same as YAML, readable unchanged by YAML 1.1 and 1.2 parsers. */
	yaml: string
}

export interface Rendering {
	manifests: Manifest[]
	notes: Note[]
}

/** What `render` may look at besides the policies: labels and selectors come from the inventory. */
export interface RenderContext {
	/** Items that are valid now, and the last pod of workloads without a running one; sorted (`readRenderContext`). */
	inventory: InventoryItem[]
}

/** A folder of `languages/` exports one of these; all pass `test/discovery/language.contract.test.ts`. */
export interface Language {
	/** `kubearmor`, `network-policy`, `host`. */
	name: string
	/** Classes that it can carry. */
	classes: readonly string[]
	/** Kinds of objects that `evaluate` reads; it passes over all others. */
	kinds: readonly string[]
	/** Policies of ONE workload (all classes that are given) → manifests, or refusals in notes. */
	render(policies: Policy[], context: RenderContext): Rendering
	/** All live manifests (foreign ones too) × one access → verdict with the deciding rule. */
	evaluate(manifests: Record<string, unknown>[], access: Access, context: Context): Verdict
	/**
	 * `evaluate` for many accesses: reads the manifests once, then what selects a place once. Its judge
	 * says what `evaluate` says of the same access in `{ ...place, ...where }`; null where no manifest
	 * selects the place, so that all is allowed.
	 */
	prepare(manifests: readonly Record<string, unknown>[]): (place: Context) => Judge | null
	/**
	 * Why these manifests cannot deny an access that the policies do not need, as a sentence (the
	 * language cannot tell it from a need, or leaves that direction open); null when they can. The
	 * self-check shows the sentence instead of trying the canary.
	 */
	blindTo(
		access: Access,
		policies: readonly Policy[],
		manifests: readonly Record<string, unknown>[]
	): string | null
	/** Problems with a manifest against the enforcer's real schema and limits; empty when sound. */
	validate(manifest: Record<string, unknown>): Note[]
}
