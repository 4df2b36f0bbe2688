import { isByStart, isOfOneDay, type PathNode, type Seen } from './trie.js'

/** New names per hour under a directory, by the children that they concern. */
export interface Novelty {
	/** Of any child; of children that are written; of children that are directories; of both. */
	all: number
	writes: number
	folders: number
	folderWrites: number
}

/** The exposure that novelty is measured against. */
export interface Watched {
	exposedHours: number
	startCount: number
}

export const NO_NOVELTY: Novelty = { all: 0, writes: 0, folders: 0, folderWrites: 0 }

/** Less exposure than this counts as this much: one busy hour says little about two weeks. */
const EXPOSURE_MIN_HOURS = 24

/** Hours against which novelty is measured. */
export function exposureHours(watched: Watched): number {
	return Math.max(watched.exposedHours, EXPOSURE_MIN_HOURS) + 1
}

/** From so many hours on, one day alone says that a name does not come back: a log named by its date. */
const DAYS_TELL_HOURS = 96

/**
 * Leave-one-out novelty of one directory: in how many hours it grew by a child that was seen in that hour
 * only (or, watched for some days, in that day only), per exposed hour. What is seen at starts only is
 * measured per start. The hour in which the directory itself first appeared does not count: then the tree
 * grew further up.
 */
export function noveltyOf(node: PathNode, watched: Watched): Novelty {
	const hours = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()]
	const starts = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()]
	let isQuiet = true
	for (const child of node.children.values()) {
		const isFolder = child.children.size > 0
		for (const [seen, first, slot] of [
			[child.seen, node.seen, 0],
			[child.written, node.written, 1]
		] as const) {
			const units = isByStart(seen) ? starts : hours
			const unit = loneUnit(seen, first, watched)
			if (unit === null) continue
			isQuiet = false
			units[slot]?.add(unit)
			if (isFolder) units[slot + 2]?.add(unit)
		}
	}
	if (isQuiet) return NO_NOVELTY
	const rate = (slot: number) => rateOf(hours[slot]?.size ?? 0, starts[slot]?.size ?? 0, watched)
	return { all: rate(0), writes: rate(1), folders: rate(2), folderWrites: rate(3) }
}

/** The unit of something that was seen in only one, unless that is the first of the directory. */
function loneUnit(seen: Seen, directory: Seen, watched: Watched): number | null {
	if (isByStart(seen))
		return seen.start2 === Infinity && seen.start1 !== directory.start1 ? seen.start1 : null
	if (seen.hour1 === Infinity) return null
	if (seen.hour2 === Infinity) return seen.hour1 !== directory.hour1 ? seen.hour1 : null
	if (watched.exposedHours < DAYS_TELL_HOURS || !isOfOneDay(seen)) return null
	return seen.day1 !== directory.day1 ? seen.hour1 : null
}

function rateOf(hourCount: number, startCount: number, watched: Watched): number {
	const { startCount: starts } = watched
	const startsPerHour = Math.min(1, starts / Math.max(1, watched.exposedHours))
	return hourCount / exposureHours(watched) + (startCount / (starts + 1)) * startsPerHour
}
