import { compareText } from '../../behaviour.js'
import { segmentPattern } from '../paths/object.js'
import { templatesOf } from '../paths/tokens.js'
import { bitsOf, fewUnits, type Growth, hazardOf, mergeUnits, onlyUnit, type Units } from './growth.js'

/** A request that was needed: `METHOD HOST/PATH`, each once. */
export interface RequestNeed {
	object: string
	units: Units
}

/** A request in which segments of the path may have become typed tokens. */
export interface RequestPattern<N extends RequestNeed> {
	object: string
	members: N[]
	unseenCount: number
	bits: number
	hazardRemoved: number
}

/**
 * Finds typed tokens among sibling segments: for each segment that became part of one, what stands
 * in its place (`<uuid>`, `v<int>`). Segments that stay as they are, are not in the map.
 */
export type SegmentTyping = (
	siblings: readonly { text: string; units: Units }[]
) => ReadonlyMap<string, string>

/** As the segments of file paths are typed: by how much shorter the names are told, and while new ones come. */
export const typedAsPaths: SegmentTyping = (siblings) => {
	const names = siblings.map(({ text, units }) => {
		const unit = onlyUnit(units)
		return { name: text, unit: unit === null ? null : String(unit) }
	})
	const typed = new Map<string, string>()
	for (const { text, members } of templatesOf(names)) for (const member of members) typed.set(member, text)
	return typed
}

/**
 * Where administration hides. Below one nothing is generalised, and at the top of a path, where these
 * stand, no token is used that would read like one (`<random>` reads like any word).
 */
const WALLS: ReadonlySet<string> = new Set(['admin', 'actuator', 'debug', 'internal', 'metrics', '.git'])

/** More requests than this to one host by one method, after typing, are no list of what is needed. */
export const REQUESTS_MAX = 1024

/**
 * The requests to grant. Methods and hosts are never generalised; of a path, segments are by typed
 * tokens only, so a request keeps its depth and its words. The same for any order of the needs.
 */
export function generaliseRequests<N extends RequestNeed>(
	needs: readonly N[],
	typing: SegmentTyping,
	growth: Growth
): RequestPattern<N>[] {
	const byServer = new Map<string, Parsed<N>[]>()
	const patterns: RequestPattern<N>[] = []
	for (const need of needs) {
		const parsed = parseRequest(need)
		if (parsed === null) {
			patterns.push({ object: need.object, members: [need], unseenCount: 0, bits: 0, hazardRemoved: 0 })
			continue
		}
		const same = byServer.get(parsed.server)
		if (same) same.push(parsed)
		else byServer.set(parsed.server, [parsed])
	}
	for (const [server, requests] of byServer) {
		walk({ prefix: server, depth: 0, isWalled: false, isTyped: false }, requests, typing, growth, patterns)
	}
	return patterns.sort((a, b) => compareText(a.object, b.object))
}

interface Parsed<N> {
	/** `METHOD HOST` */
	server: string
	segments: string[]
	need: N
}

function parseRequest<N extends RequestNeed>(need: N): Parsed<N> | null {
	const slash = need.object.indexOf('/')
	if (slash < 0 || !/^[A-Z-]+ [^ ]+$/.test(need.object.slice(0, slash))) return null
	return { server: need.object.slice(0, slash), segments: need.object.slice(slash + 1).split('/'), need }
}

interface Place {
	prefix: string
	depth: number
	/** Below an administrative path. */
	isWalled: boolean
	/** A segment above has been typed. */
	isTyped: boolean
}

function walk<N extends RequestNeed>(
	place: Place,
	requests: readonly Parsed<N>[],
	typing: SegmentTyping,
	growth: Growth,
	patterns: RequestPattern<N>[]
): void {
	const ending = requests.filter(({ segments }) => segments.length === place.depth)
	if (ending.length > 0) patterns.push(patternOf(place, ending, growth))
	const going = requests.filter(({ segments }) => segments.length > place.depth)
	if (going.length === 0) return
	const typed = place.isWalled ? NOT_TYPED : tokensAt(place, going, typing)
	const edges = new Map<string, Parsed<N>[]>()
	for (const request of going) {
		const text = request.segments[place.depth] ?? ''
		const edge = typed.get(text) ?? text
		const same = edges.get(edge)
		if (same) same.push(request)
		else edges.set(edge, [request])
	}
	for (const [edge, below] of edges) {
		const next = {
			prefix: `${place.prefix}/${edge}`,
			depth: place.depth + 1,
			isWalled: place.isWalled || WALLS.has(edge.toLowerCase()),
			isTyped: place.isTyped || below.some(({ segments }) => segments[place.depth] !== edge)
		}
		walk(next, below, typing, growth, patterns)
	}
}

const NOT_TYPED: ReadonlyMap<string, string> = new Map()

/** What stands for each segment here; walls stay words, and at the top no token reads like one. */
function tokensAt<N extends RequestNeed>(
	{ depth }: Place,
	requests: readonly Parsed<N>[],
	typing: SegmentTyping
): ReadonlyMap<string, string> {
	const siblings = new Map<string, Units>()
	for (const { segments, need } of requests) {
		const text = segments[depth] ?? ''
		if (text === '' || WALLS.has(text.toLowerCase())) continue
		const known = siblings.get(text)
		siblings.set(text, known ? mergeUnits(known, need.units) : need.units)
	}
	if (siblings.size === 0) return NOT_TYPED
	const sorted = [...siblings]
		.map(([text, units]) => ({ text, units }))
		.sort((a, b) => compareText(a.text, b.text))
	const typed = typing(sorted)
	if (depth > 0) return typed
	const walled = new Set([...new Set(typed.values())].filter(readsLikeWall))
	return walled.size === 0 ? typed : new Map([...typed].filter(([, token]) => !walled.has(token)))
}

function readsLikeWall(template: string): boolean {
	const pattern = segmentPattern(template)
	return [...WALLS].some((wall) => pattern.test(wall))
}

function patternOf<N extends RequestNeed>(
	{ prefix, isTyped }: Place,
	requests: readonly Parsed<N>[],
	growth: Growth
): RequestPattern<N> {
	const members = requests.map(({ need }) => need).sort((a, b) => compareText(a.object, b.object))
	if (!isTyped) return { object: prefix, members, unseenCount: 0, bits: 0, hazardRemoved: 0 }
	const newIn = members.reduce<readonly number[]>((few, { units }) => {
		const unit = onlyUnit(units)
		return unit === null ? few : fewUnits(few, [unit])
	}, [])
	return {
		object: prefix,
		members,
		unseenCount: UNSEEN_VALUES,
		bits: bitsOf(UNSEEN_VALUES),
		hazardRemoved: hazardOf(newIn.length, growth)
	}
}

/** How many values of a token nobody saw: unknown, so as many as six bits tell apart. */
const UNSEEN_VALUES = 64
