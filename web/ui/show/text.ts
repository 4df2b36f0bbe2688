// Control characters, line and paragraph separators, bidirectional controls (UAX #9) and other invisible
// format characters: everything that could make a name look like another one.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu

/**
 * Text from telemetry, with everything invisible made visible as `\u{…}`. The store has escaped its texts
 * already (`\xNN`); those are shown as they are. This is the page's own second line.
 */
export function visible(text: string): string {
	return text.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/**
 * Splits a long text into a head that may be cut and a tail that stays: the end of a path or of an address
 * says more than its middle. The cut is at a slash when one is near.
 */
export function headAndTail(text: string, tailLength: number): [string, string] {
	if (text.length <= 24) return ['', text]
	const length = Math.min(tailLength, Math.ceil(text.length / 2))
	const near = text.indexOf('/', text.length - length)
	const cut = near >= 0 && near < text.length - 4 ? near : text.length - length
	return [text.slice(0, cut), text.slice(cut)]
}

const NUMBER = new Intl.NumberFormat('en')

/** `12,345`; the page is in English, so its numbers are too. */
export function count(value: number): string {
	return NUMBER.format(value)
}

/** `1 rule`, `2 rules`. */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
	return `${count(value)} ${value === 1 ? singular : plural}`
}

/** `3.2 %`, `12 %`, `< 0.1 %`: a probability, as exactly as it can be believed. */
export function percent(share: number): string {
	const hundredths = share * 100
	if (hundredths > 0 && hundredths < 0.1) return '< 0.1 %'
	return `${hundredths < 9.95 ? Number(hundredths.toFixed(1)) : Math.round(hundredths)} %`
}

/** `40 s`, `3 min`, `5 h`, `2 d`: one unit, rounded down, because more would only look exact. */
export function duration(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000))
	if (seconds < 60) return `${seconds} s`
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
	if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
	return `${Math.floor(seconds / 86_400)} d`
}

/** `now`, `3 min ago`, `in 5 s`: what a person reads; the exact time is in the title. */
export function relative(ms: number, nowMs: number): string {
	const past = nowMs - ms
	if (Math.abs(past) < 5000) return 'now'
	return past < 0 ? `in ${duration(-past)}` : `${duration(past)} ago`
}

/** `14:05`, in the browser's zone. */
export function clockTime(ms: number): string {
	const at = new Date(ms)
	return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`
}

/** `2026-03-04T05:06:07.890Z`; '' when a Date cannot hold it. */
export function isoTime(ms: number): string {
	const at = new Date(ms)
	return Number.isNaN(at.getTime()) ? '' : at.toISOString()
}

/** Exact UTC and local time, for titles: `2026-03-04T05:06:07.890Z (local 06:06:07)`. Empty when it is no time. */
export function exactTime(ms: number): string {
	const iso = isoTime(ms)
	return iso === '' ? '' : `${iso} (local ${new Date(ms).toLocaleString('en-GB')})`
}

/** `2.4 MB`; decimal units, as `ls --si` and disk makers count. */
export function bytes(value: number): string {
	const units = ['B', 'kB', 'MB', 'GB', 'TB']
	let rest = value
	let unit = 0
	while (rest >= 1000 && unit < units.length - 1) {
		rest /= 1000
		unit += 1
	}
	return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit] ?? 'B'}`
}
