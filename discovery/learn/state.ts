import type { Behaviour } from '../behaviour.js'

/**
 * Everything that the learner keeps of one behaviour of one workload: sets that merge by union
 * (bottom-k), so that order, batching, duplication and which node told it never matter. Counts are
 * shown, and never decide.
 */
export interface BehaviourState extends Behaviour {
	/** The object as it was seen; differs from `object` where a network peer has been resolved. */
	raw: string
	/** Digests of the versions in which it was seen, sorted. */
	versions: string[]
	/** The three smallest distinct clock hours (⌊UTC ms / 3 600 000⌋), ascending. */
	hours: number[]
	/** The latest hour. */
	lastHour: number
	/**
	 * The latest 90 UTC days on which it was seen, ascending, three numbers each: the day, its mask of
	 * 24 hours, its count. This is what makes `hourCount`, `dayCount` and `count` exact under any merge:
	 * days merge by union, masks by OR, counts of a day by maximum.
	 */
	daily: number[]
	/** Distinct hours and UTC days in `daily`: beyond 90 days a lower bound. */
	hourCount: number
	dayCount: number
	/** The four smallest distinct UTC days, ascending. */
	days: number[]
	/** The four smallest pod names, sorted. */
	pods: string[]
	/** The two smallest starts (UTC ms) in whose start phase it was seen, ascending. */
	starts: number[]
	/** Every sighting lies in the start phase of some start. */
	startOnly: boolean
	count: number
	firstMs: number
	lastMs: number
	/** Implied by exec itself. */
	required: boolean
	/** Every sighting came from an interactive session. */
	interactive: boolean
	/** At most three redacted examples, sorted. */
	samples: string[]
}

/** When a workload was watched, and how well. Hours are ⌊UTC ms / 3 600 000⌋, sorted and distinct. */
export interface Exposure {
	/** Hours in which it ran, was watched, and less than 0.1 % of its events were lost. */
	hours: number[]
	/** Watched, but with more loss than that: its sightings count, its silence does not. */
	lossyHours: number[]
	/** Enforced by something that hides what it permits (KubeArmor's Allow): silence says nothing. */
	censoredHours: number[]
	/** Starts of pods or processes (UTC ms), sorted. */
	starts: number[]
	/** Intervals of blindness that concern this workload, by start. */
	gaps: { fromMs: number; toMs: number; reason: string }[]
}

/** The files that an image or a host carries by its packages or layers. */
export interface FileList {
	/** Where the list comes from, as a person would say it: `dpkg of node-a`, `layers of sha256:…`. */
	origin: string
	/**
	 * Only what packages brought is listed (dpkg, apk, rpm): a program that was copied into the image or
	 * installed by hand is missing without having come later. Absent: every file is listed (image layers).
	 */
	partial?: boolean
	has(path: string): boolean
	/** How many listed files lie below the directory (given without a trailing slash); direct ones only if asked. */
	countBelow(directory: string, direct: boolean): number
	/** Listed files below the directory, sorted. */
	below(directory: string): Iterable<string>
}
