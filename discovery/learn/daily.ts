/**
 * The days on which a behaviour was seen, in one flat list: day, mask of 24 hours, count, ascending by day.
 * At most the latest 90 days are kept. "The largest 90 days of a union" is itself a union with forgetting
 * that no order changes: a day among the largest of the whole is among the largest of each part.
 */
const DAILY_DAYS_MAX = 90
const STRIDE = 3
const MS_PER_HOUR = 3_600_000

/** Adds one day in place: hours by OR, the count by maximum. */
export function noteDay(daily: number[], day: number, mask: number, count: number): void {
	let at = daily.length
	while (at > 0 && (daily[at - STRIDE] ?? day) > day) at -= STRIDE
	if (at > 0 && daily[at - STRIDE] === day) {
		daily[at - 2] = (daily[at - 2] ?? 0) | mask
		daily[at - 1] = Math.max(daily[at - 1] ?? 0, count)
		return
	}
	if (at === 0 && daily.length >= DAILY_DAYS_MAX * STRIDE) return
	if (at === daily.length) daily.push(day, mask, count)
	else daily.splice(at, 0, day, mask, count)
	if (daily.length > DAILY_DAYS_MAX * STRIDE) daily.splice(0, STRIDE)
}

/** The union of two such lists. */
export function mergeDaily(a: readonly number[], b: readonly number[]): number[] {
	const merged: number[] = []
	let i = 0
	let j = 0
	while (i < a.length || j < b.length) {
		const left = a[i] ?? Infinity
		const right = b[j] ?? Infinity
		const day = Math.min(left, right)
		let mask = 0
		let count = 0
		if (left === day) {
			mask |= a[i + 1] ?? 0
			count = Math.max(count, a[i + 2] ?? 0)
			i += STRIDE
		}
		if (right === day) {
			mask |= b[j + 1] ?? 0
			count = Math.max(count, b[j + 2] ?? 0)
			j += STRIDE
		}
		merged.push(day, mask, count)
	}
	return merged.slice(Math.max(0, merged.length - DAILY_DAYS_MAX * STRIDE))
}

/** Every hour (⌊UTC ms / 3 600 000⌋) of the kept days, ascending. */
export function hoursOfDaily(daily: readonly number[]): number[] {
	const hours: number[] = []
	for (let i = 0; i < daily.length; i += STRIDE) {
		const day = daily[i] ?? 0
		for (let rest = daily[i + 1] ?? 0; rest !== 0; rest &= rest - 1) {
			hours.push(day * 24 + 31 - Math.clz32(rest & -rest))
		}
	}
	return hours
}

/** How many hours the kept days hold. */
export function hourCountOf(daily: readonly number[]): number {
	let count = 0
	for (let i = 1; i < daily.length; i += STRIDE) {
		for (let rest = daily[i] ?? 0; rest !== 0; rest &= rest - 1) count++
	}
	return count
}

/** The bit of the hour of a day in which a time lies; the nearest one when it lies in another day. */
export function hourBit(day: number, atMs: number): number {
	const hour = Math.floor(atMs / MS_PER_HOUR) - day * 24
	return 1 << Math.max(0, Math.min(23, hour))
}
