import type { Class, Verb } from '../../../collector/observation.js'
import type { Rule } from '../../policy.js'
import type { BehaviourState, FileList } from '../state.js'
import type { Wall } from './walls.js'

/** The weights of the objective; see docs on the learner for what they mean and where they come from. */
export interface PathOptions {
	/** Price of one entry of the enforcer's map. */
	mu: number
	/** Price of one weighted bit of permission beyond what was seen. */
	lambda: number
	/** Price of one hour with a false block. */
	cfb: number
	/** Hours that the policy is meant to live. */
	hf: number
	/** Novelty that every directory has before anything is known of it, in events. */
	a0: number
	/** Entries that process and file rules of one container may take together. */
	budget: number
	/** False only in experiments: sensitive objects are no walls. */
	walls: boolean
	/** False only in experiments: names are never typed. */
	tokens: boolean
}

/** 256 entries of KubeArmor's map, less five postures, a reserve of 16 for foreign rules, and 27 for network and privilege. */
export const PATH_OPTIONS: PathOptions = {
	mu: 0.02,
	lambda: 0.18,
	cfb: 1,
	hf: 336,
	a0: 0.005,
	budget: 208,
	walls: true,
	tokens: true
}

/** What the generalisation of files may look at besides the behaviours. */
export interface PathFacts {
	/** Exposed hours and starts of the workload. */
	exposedHours: number
	startCount: number
	/** The files of the image or host; null when nobody knows them. */
	files: FileList | null
	/** On a host every KubeArmor rule names its programs, which takes more entries. Default `container`. */
	form?: 'container' | 'host'
	/** The rules in force: what is as good as they are does not replace them. */
	previous?: readonly (Rule & { class?: Class })[]
	/** Further objects that no generalisation may cover, such as those that are held. */
	walls?: readonly Wall[]
	options?: Partial<PathOptions>
}

/** Where siblings were merged, and what proved that they are one class. */
export interface TokenProof {
	/** The path up to and with the typed segment. */
	path: string
	memberCount: number
	/** How many bits shorter its names are by the class; 0 when the source or a policy in force already typed them. */
	gainBits: number
}

/** A rule of class process, file-read or file-write, with what it rests on and what it costs. */
export interface FileRule {
	class: 'process' | 'file-read' | 'file-write'
	effect: 'allow'
	object: string
	access: Verb[]
	sources: string[]
	covers: BehaviourState[]
	/** One sentence: why it has this shape. */
	why: string
	/** What it grants beyond what was seen; '' when exactly what was seen. */
	beyond: string
	/** Entries of KubeArmor's map that it adds to those of the rules before it. */
	entries: number
	/** Files that it grants and nobody saw used: counted by the list of files, else assumed. */
	unseenCount: number
	/** Those as weighted bits. */
	bits: number
	/** Cost of keeping exact rules below it, and of this rule; equal for exact rules. */
	costKeep: number
	costRule: number
	/** New names per 1,000 hours that exact rules would have met. */
	hazardRemoved: number
	/** Hours with a false block that exact rules would cause in the policy's life (`hf`). */
	exactBlocksExpected: number
	/** Sensitive objects that the rule was checked against; 0 for exact rules. */
	wallCount: number
	tokens: TokenProof[]
	/** The directory held more names than can be told one by one. */
	isOpen: boolean
}
