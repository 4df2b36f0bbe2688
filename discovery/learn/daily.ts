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

/** Whether days may have been forgotten. */
export function isFull(daily: readonly number[]): boolean {
	return daily.length >= DAILY_DAYS_MAX * STRIDE
}

/**
 * The days as bytes in base64: the distance to the day before with a bit for "the same hours again", the
 * mask where it changed, the count; each as a number of seven bits per byte, the lowest first.
 */
export function packDaily(daily: readonly number[]): string {
	const bytes: number[] = []
	const put = (value: number) => {
		for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80)
		bytes.push(value)
	}
	let before = 0
	let maskBefore = 0
	for (let i = 0; i < daily.length; i += STRIDE) {
		const [day = 0, mask = 0, count = 0] = [daily[i], daily[i + 1], daily[i + 2]]
		const distance = day - before
		put(zigzag(distance) * 2 + (mask === maskBefore ? 1 : 0))
		if (mask !== maskBefore) put(mask)
		put(count)
		before = day
		maskBefore = mask
	}
	return Buffer.from(bytes).toString('base64url')
}

/** The reverse of `packDaily`; a text that it cannot have written ends where it stops making sense. */
export function unpackDaily(text: string): number[] {
	const bytes = Buffer.from(text, 'base64url')
	const daily: number[] = []
	let at = 0
	const take = (): number => {
		let value = 0
		for (let factor = 1; ; factor *= 0x80) {
			const byte = bytes[at++] ?? 0
			value += (byte & 0x7f) * factor
			if (byte < 0x80 || factor > MAX_FACTOR) return value
		}
	}
	let day = 0
	let mask = 0
	while (at < bytes.length) {
		const head = take()
		day += unzigzag(Math.floor(head / 2))
		if (head % 2 === 0) mask = take() & 0xffffff
		const count = take()
		noteDay(daily, day, mask, count)
	}
	return daily
}

/** 2^49: numbers beyond it are no counts of anything. */
const MAX_FACTOR = 0x80 ** 7

/** Days before 1970 are possible where a clock is wrong. */
function zigzag(value: number): number {
	return value >= 0 ? value * 2 : -value * 2 - 1
}

function unzigzag(value: number): number {
	return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** The bit of the hour of a day in which a time lies; the nearest one when it lies in another day. */
export function hourBit(day: number, atMs: number): number {
	const hour = Math.floor(atMs / MS_PER_HOUR) - day * 24
	return 1 << Math.max(0, Math.min(23, hour))
}
