/**
 * Reading the objects of file rules: literal paths, typed tokens inside segments, `/dir/<any>` (files
 * directly in it) and `/dir/<all>` (everything below it). A real `<` is stored escaped, so what stands in
 * brackets is a token.
 */

/** What each token stands for, as a regular expression. */
export const TOKEN_PATTERNS: Readonly<Record<string, string>> = {
	pid: '[0-9]+',
	int: '[0-9]+',
	container: '[0-9a-f]{12,64}',
	uid: '[0-9a-fA-F]{8}(?:[-_]?[0-9a-fA-F]{4}){3}[-_]?[0-9a-fA-F]{12}',
	uuid: '[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}',
	// Two digits are what caches spread their files by (`/cache/a3/4f/…`).
	hex: '(?:[0-9a-f]{8,}|[0-9A-F]{8,}|[0-9a-f]{2})',
	date: '20[0-9]{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12][0-9]|3[01])(?:[T_.-]?(?:[01][0-9]|2[0-3])[:_.-]?[0-5][0-9](?:[:_.-]?[0-5][0-9](?:[.,_][0-9]+)?)?Z?)?',
	semver: '[0-9]+\\.[0-9]+\\.[0-9]+',
	random: '[A-Za-z0-9_]{4,}'
}

export const ANY = '<any>'
export const ALL = '<all>'

/** Whether a rule's object covers a path; tokens in the path itself match the same tokens only. */
export function covers(object: string, path: string): boolean {
	if (!object.includes('<')) return object === path
	return object === path || matcherOf(object).test(path)
}

/** `/dir/<any>` and `/dir/<all>` taken apart; null for any other object. */
export function directoryOf(object: string): { directory: string; recursive: boolean } | null {
	if (object.endsWith(`/${ALL}`)) return { directory: object.slice(0, -ALL.length - 1), recursive: true }
	if (object.endsWith(`/${ANY}`)) return { directory: object.slice(0, -ANY.length - 1), recursive: false }
	return null
}

/** One segment with tokens as an expression for the names that it stands for. */
export function segmentPattern(segment: string): RegExp {
	return new RegExp(`^${patternOf(segment)}$`, 's')
}

/** An expression for the paths that an object stands for. */
function matcherOf(object: string): RegExp {
	const known = matchers.get(object)
	if (known) return known
	const whole = directoryOf(object)
	const source = whole
		? `^${patternOf(whole.directory)}/${whole.recursive ? '.+' : '[^/]+'}$`
		: `^${patternOf(object)}$`
	const matcher = new RegExp(source, 's')
	// A cache, not a store: it starts afresh when it has grown beyond what one pass needs.
	if (matchers.size >= MATCHERS_MAX) matchers.clear()
	matchers.set(object, matcher)
	return matcher
}

const MATCHERS_MAX = 10_000
const matchers = new Map<string, RegExp>()

function patternOf(text: string): string {
	return text
		.split(/(<[a-z]+>)/)
		.map((part, index) => {
			if (index % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
			const pattern = TOKEN_PATTERNS[part.slice(1, -1)]
			return pattern === undefined ? part : `(?:${pattern}|${part})`
		})
		.join('')
}
