import { behaviourKey } from './pool.js'
import type { BehaviourState, Exposure, FileList } from './state.js'

/** How far one version is from another. `unknown`: at least one of them does not say. */
export type Step = 'patch' | 'minor' | 'major' | 'unknown'

/** Share of behaviours that such a step keeps, before the fleet has told better. */
const START_RETENTION: Readonly<Record<Step, number>> = { patch: 0.9, minor: 0.7, major: 0.4, unknown: 0.4 }
/** The start value weighs as much as so many upgrades. */
const START_WEIGHT = 5

/**
 * The step between two version texts: image tags (`1.25.3-alpine`, `v2`) or package versions
 * (`1:2.3-4`). The same numbers are a patch: an image that was built again.
 */
export function stepBetween(before: string, after: string): Step {
	const [a, b] = [numbersOf(before), numbersOf(after)]
	if (!a || !b) return 'unknown'
	if (a[0] !== b[0]) return 'major'
	return a[1] !== b[1] ? 'minor' : 'patch'
}

/** |before ∩ after| ÷ |before|; null when there was nothing before. */
export function retentionBetween(
	before: readonly BehaviourState[],
	after: readonly BehaviourState[]
): number | null {
	if (before.length === 0) return null
	const kept = new Set(after.map(behaviourKey))
	return before.filter((state) => kept.has(behaviourKey(state))).length / before.length
}

/** What the fleet's upgrades by such a step kept, with a start value for the first ones. */
export function retentionOf(step: Step, upgrades: readonly { step: Step; retention: number }[]): number {
	const same = upgrades.filter((upgrade) => upgrade.step === step)
	const sum = same.reduce((total, { retention }) => total + retention, START_WEIGHT * START_RETENTION[step])
	return sum / (same.length + START_WEIGHT)
}

/** Exposed hours that a new version may count as its own: T_eff = r · T of the old one. */
export function effectiveHours(exposedHours: number, retention: number): number {
	return exposedHours * Math.min(1, Math.max(0, retention))
}

/** A version of one container or program, from when it was first seen. */
export interface Release {
	firstMs: number
	/** An image reference or a package version. */
	description: string
}

/**
 * When the present version may be said to have been watched: of what was watched before each release only
 * the latest share that such a step is known to keep. Its evidence stays; how sure that makes anybody does not.
 * `lines` are the versions of each container or program, in any order.
 */
export function carriedExposure(
	exposure: Exposure,
	lines: readonly (readonly Release[])[]
): { exposure: Exposure; setAsideHours: number } {
	const steps = lines
		.flatMap((line) => {
			const releases = [...line].sort((a, b) => a.firstMs - b.firstMs)
			return releases.slice(1).map(({ firstMs, description }, index) => {
				const step = stepBetween(tagOf(releases[index]?.description ?? ''), tagOf(description))
				return { hour: Math.floor(firstMs / MS_PER_HOUR), retention: retentionOf(step, []) }
			})
		})
		.sort((a, b) => a.hour - b.hour)
	let { hours } = exposure
	for (const { hour, retention } of steps) {
		const before = hours.filter((one) => one < hour)
		hours = hours.slice(before.length - Math.floor(effectiveHours(before.length, retention)))
	}
	const setAsideHours = exposure.hours.length - hours.length
	return { exposure: setAsideHours === 0 ? exposure : { ...exposure, hours }, setAsideHours }
}

const MS_PER_HOUR = 3_600_000

/** `registry/shop/api:2.3.0@sha256:…` → `2.3.0`; what is no image reference stands for itself. */
function tagOf(description: string): string {
	const name = description.split('@')[0] ?? ''
	const last = name.slice(name.lastIndexOf('/') + 1)
	const colon = last.indexOf(':')
	return name.includes('/') && colon >= 0 ? last.slice(colon + 1) : last
}

/** What a new version starts with. */
export interface Carried {
	/** Evidence of the old version that holds for the new one too. */
	kept: BehaviourState[]
	/** Carried, unverified: the same behaviour under the path that the new image has in its place. */
	renamed: { from: BehaviourState; to: BehaviourState; why: string }[]
	/** Programs that the new image no longer has, and what they did. */
	dropped: { state: BehaviourState; why: string }[]
	/** True for a file that came with the new image: new software, not an intruder. */
	arrived(path: string): boolean
}

/**
 * The evidence of the old version that the new one starts with. Without file lists everything is kept:
 * then nothing can be said about what changed. In the order of `states`.
 */
export function carry(
	states: readonly BehaviourState[],
	images: { before: FileList | null; after: FileList | null }
): Carried {
	const { before, after } = images
	const arrived = (path: string) => before !== null && after?.has(path) === true && !before.has(path)
	const carried: Carried = { kept: [], renamed: [], dropped: [], arrived }
	if (after === null) return { ...carried, kept: [...states] }

	const gone = new Set<string>()
	for (const { class: of, object, source } of states) {
		for (const path of of === 'network' || of === 'privilege' ? [source] : [object, source]) {
			if (!gone.has(path) && isGone(path, before, after)) gone.add(path)
		}
	}
	const successors = successorsOf(gone, after)
	for (const state of states) {
		const moved = (path: string) => (gone.has(path) ? (successors.get(path) ?? null) : path)
		const isFile = state.class !== 'network' && state.class !== 'privilege'
		const object = isFile ? moved(state.object) : state.object
		const source = moved(state.source)
		if (source === null || (object === null && state.verb === 'exec')) {
			const program = source === null ? state.source : state.object
			carried.dropped.push({ state, why: `${program} is not among the files of ${after.origin} any more` })
		} else if ((object ?? state.object) === state.object && source === state.source) carried.kept.push(state)
		else {
			const to = { ...state, object: object ?? state.object, raw: object ?? state.raw, source }
			const [old, now] =
				object === null || object === state.object ? [state.source, source] : [state.object, object]
			carried.renamed.push({ from: state, to, why: `carried, unverified: ${now} is where ${old} was` })
		}
	}
	return carried
}

/** A path of the old image that the new one does not have; what no image carried (volumes, /tmp) is not gone. */
function isGone(path: string, before: FileList | null, after: FileList): boolean {
	if (!path.startsWith('/') || path.includes('<') || after.has(path)) return false
	if (before !== null) return before.has(path)
	// Without the old list only programs and libraries can be told from files that were made at run time.
	if (!/\/(?:s?bin|lib(?:32|64|exec|x32)?)\//.test(path)) return false
	return !after.partial || after.countBelow(path.slice(0, path.lastIndexOf('/')), true) > 0
}

/**
 * For each path that is gone the one in its place: the same but for version numbers, with the fewest
 * numbers changed. Where two fit equally well there is none.
 */
function successorsOf(gone: ReadonlySet<string>, after: FileList): Map<string, string> {
	const wanted = new Map<string, string[]>()
	for (const path of gone) {
		const template = templateOf(path)
		if (template === path) continue
		const list = wanted.get(template)
		if (list) list.push(path)
		else wanted.set(template, [path])
	}
	const successors = new Map<string, string>()
	if (wanted.size === 0) return successors
	const best = new Map<string, { changedCount: number; isTied: boolean }>()
	for (const candidate of after.below('')) {
		for (const path of wanted.get(templateOf(candidate)) ?? []) {
			const changedCount = changedNumbers(path, candidate)
			const known = best.get(path)
			if (known && known.changedCount < changedCount) continue
			const isTied = known?.changedCount === changedCount
			best.set(path, { changedCount, isTied })
			if (isTied) successors.delete(path)
			else successors.set(path, candidate)
		}
	}
	return successors
}

const NUMBER = /\d+(?:\.\d+)*/g

function templateOf(path: string): string {
	return path.replace(NUMBER, '<semver>')
}

/** How many version numbers differ between two paths of the same template. */
function changedNumbers(a: string, b: string): number {
	const others = b.match(NUMBER) ?? []
	return (a.match(NUMBER) ?? []).filter((number, index) => number !== others[index]).length
}

function numbersOf(version: string): [major: number, minor: number] | null {
	// A package's epoch is no part of the software's own version (deb-version(7)).
	const match = /^(?:\d+:)?[a-z._-]{0,32}?(\d{1,9})(?:\.(\d{1,9}))?(?![0-9a-f]{6})/i.exec(version)
	return match?.[1] === undefined ? null : [Number(match[1]), Number(match[2] ?? 0)]
}
