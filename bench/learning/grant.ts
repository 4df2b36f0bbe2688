import ipaddr from 'ipaddr.js'
import type { Class } from '../../collector/observation.js'
import { parseNetworkObject } from '../../discovery/behaviour.js'

/** What a policy says of one object, in one class; without sources it holds for every executable. */
export interface Grant {
	class: Class
	object: string
	sources: readonly string[]
	effect: 'allow' | 'deny'
}

/**
 * The grants of one workload as its enforcer reads them: exact before directory, a deny before any allow,
 * and (as KubeArmor's file rules do) whoever may write a file may read it. Written for the benchmark from
 * the grammar of rules alone, so that it also checks what the product's own evaluation says.
 */
export interface Judge {
	/** Index of a grant that allows it, or -1. */
	allowedBy(of: Class, object: string, source: string): number
}

export function createJudge(grants: readonly Grant[]): Judge {
	const allows = createIndex(grants, 'allow')
	const denies = createIndex(grants, 'deny')
	const find = (index: Index, of: Class, object: string, source: string): number => {
		const own = index.get(of)?.find(object, source) ?? -1
		if (own >= 0 || of !== 'file-read') return own
		return index.get('file-write')?.find(object, source) ?? -1
	}
	return {
		allowedBy(of, object, source) {
			const allowed = find(allows, of, object, source)
			return allowed >= 0 && denies.size > 0 && find(denies, of, object, source) >= 0 ? -1 : allowed
		}
	}
}

type Index = Map<Class, { find(object: string, source: string): number }>

interface Entry {
	at: number
	sources: readonly string[]
}

function createIndex(grants: readonly Grant[], effect: Grant['effect']): Index {
	const byClass = new Map<Class, [Grant, number][]>()
	grants.forEach((grant, at) => {
		if (grant.effect !== effect) return
		const list = byClass.get(grant.class) ?? []
		list.push([grant, at])
		byClass.set(grant.class, list)
	})
	return new Map(
		[...byClass].map(([of, list]) => [of, of === 'network' ? networkIndex(list) : pathIndex(list)])
	)
}

function pathIndex(list: readonly [Grant, number][]): { find(object: string, source: string): number } {
	const exact = new Map<string, Entry[]>()
	const direct = new Map<string, Entry[]>()
	const below = new Map<string, Entry[]>()
	const typed: { pattern: RegExp; prefix: string; entry: Entry }[] = []
	for (const [{ object, sources }, at] of list) {
		const entry = { at, sources }
		if (isPlain(object)) push(exact, object, entry)
		else if (isPlain(object.slice(0, -6)) && object.endsWith('/<any>'))
			push(direct, object.slice(0, -6), entry)
		else if (isPlain(object.slice(0, -6)) && object.endsWith('/<all>'))
			push(below, object.slice(0, -6), entry)
		else typed.push({ pattern: objectPattern(object), prefix: object.slice(0, object.indexOf('<')), entry })
		// What the collector typed itself is the same text in what was seen and in the rule.
		if (!isPlain(object)) push(exact, object, entry)
	}
	return {
		find(object, source) {
			let found = matching(exact.get(object), source)
			if (found >= 0) return found
			let end = object.lastIndexOf('/')
			found = matching(direct.get(object.slice(0, end)), source)
			for (; found < 0 && end >= 0 && below.size > 0; end = object.lastIndexOf('/', end - 1)) {
				found = matching(below.get(object.slice(0, end)), source)
				if (end === 0) break
			}
			for (let at = 0; found < 0 && at < typed.length; at++) {
				const one = typed[at]
				if (!one?.entry || !object.startsWith(one.prefix) || !one.pattern.test(object)) continue
				found = matching([one.entry], source)
			}
			return found
		}
	}
}

function isPlain(object: string): boolean {
	return !object.includes('<')
}

function push(map: Map<string, Entry[]>, key: string, entry: Entry): void {
	const list = map.get(key)
	if (list) list.push(entry)
	else map.set(key, [entry])
}

function matching(entries: readonly Entry[] | undefined, source: string): number {
	if (entries === undefined) return -1
	for (const { at, sources } of entries) if (sources.length === 0 || sources.includes(source)) return at
	return -1
}

/** What each token of the grammar stands for (discovery/policy.ts), and `<any>` as one segment of any text. */
const TOKENS: ReadonlyMap<string, string> = new Map([
	['pid', '[0-9]+'],
	['int', '[0-9]+'],
	['container', '[0-9a-f]{12,64}'],
	['uid', '[0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12}'],
	['uuid', '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'],
	['hex', '(?:[0-9a-f]{8,}|[0-9A-F]{8,}|[0-9a-f]{2})'],
	['date', '20[0-9]{2}[-_.]?[01][0-9][-_.]?[0-3][0-9](?:[T_.-]?[0-9:_.,-]{4,}Z?)?'],
	['semver', '[0-9]+\\.[0-9]+\\.[0-9]+'],
	['random', '[A-Za-z0-9_]{4,}'],
	['any', '[^/]+'],
	['all', '.+']
])

function objectPattern(object: string): RegExp {
	const parts = object.split(/<([a-z]+)>/)
	const source = parts.map((part, at) =>
		at % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : (TOKENS.get(part) ?? `<${part}>`)
	)
	return new RegExp(`^${source.join('')}$`, 's')
}

/** Network objects by their parts: port ranges, networks, wildcards of names; anything else is itself. */
function networkIndex(list: readonly [Grant, number][]): { find(object: string, source: string): number } {
	const exact = new Map<string, Entry[]>()
	const wide: { matches(object: string): boolean; entry: Entry }[] = []
	for (const [{ object, sources }, at] of list) {
		const entry = { at, sources }
		push(exact, object, entry)
		const matches = networkMatcher(object)
		if (matches) wide.push({ matches, entry })
	}
	return {
		find(object, source) {
			let found = matching(exact.get(object), source)
			for (let at = 0; found < 0 && at < wide.length; at++) {
				const one = wide[at]
				if (one?.matches(object)) found = matching([one.entry], source)
			}
			return found
		}
	}
}

/** `DIRECTION/PROTOCOL/FIRST[-LAST]/PEER`, taken apart. */
export function networkParts(
	object: string
): { direction: string; protocol: string; first: number; last: number; peer: string } | null {
	const match = /^(egress|ingress)\/([a-z0-9]+)\/(\d+)(?:-(\d+))?\/(.+)$/s.exec(object)
	if (!match) return null
	const [, direction = '', protocol = '', first = '', last, peer = ''] = match
	return { direction, protocol, first: Number(first), last: Number(last ?? first), peer }
}

function networkMatcher(object: string): ((object: string) => boolean) | null {
	const rule = networkParts(object)
	if (!rule) {
		// A name to resolve, or a request; `*.` stands for one label.
		if (object.startsWith('*.')) return (seen) => seen.slice(seen.indexOf('.') + 1) === object.slice(2)
		if (!object.includes('<')) return null
		const pattern = objectPattern(object)
		return (seen) => pattern.test(seen)
	}
	const covers = peerMatcher(rule.peer)
	return (seen) => {
		const flow = parseNetworkObject(seen)
		return (
			flow !== null &&
			flow.direction === rule.direction &&
			flow.protocol === rule.protocol &&
			flow.port >= rule.first &&
			flow.port <= rule.last &&
			covers(flow.peer)
		)
	}
}

function peerMatcher(peer: string): (peer: string) => boolean {
	if (peer === 'any') return () => true
	const network = /^cidr:(.+)$/.exec(peer)?.[1]
	if (network !== undefined) {
		const range = ipaddr.parseCIDR(network)
		return (seen) => {
			const address = /^cidr:([^/]+)/.exec(seen)?.[1] ?? seen
			if (!ipaddr.isValid(address)) return false
			const parsed = ipaddr.parse(address)
			return parsed.kind() === range[0].kind() && parsed.match(range)
		}
	}
	const suffix = /^name:\*\.(.+)$/.exec(peer)?.[1]
	if (suffix !== undefined) {
		return (seen) => seen.startsWith('name:') && seen.slice(seen.indexOf('.') + 1) === suffix
	}
	return (seen) => seen === peer
}
