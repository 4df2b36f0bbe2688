import { isRecord, listOf, textOf } from '../manifest.js'

/**
 * The hash map that KubeArmor's BPF-LSM enforcer fills per container, built the way
 * `UpdateContainerRules` and `dirtoMap` build it (KubeArmor/enforcer/bpflsm/rulesHandling.go),
 * overwriting included, because what overwrites what decides what is allowed.
 */
export interface RuleMap {
	/** By path and source (`keyOf`). */
	entries: Map<string, Entry>
	/** Which classes are closed, each with the rule that closed it. */
	closedBy: Partial<Record<Closable, string>>
	/** Every source that some rule names. */
	sources: Set<string>
}

/** The four whitelists; process has its own although one posture serves it and file. */
export type Closable = 'process' | 'file' | 'network' | 'capabilities'

export interface Entry {
	/** Bits for exec, network and capability rules. */
	process: number
	file: number
	/** The rule as a person would say it. */
	rule: string
}

/** A policy that selects the container, in the order in which KubeArmor holds them. */
export interface SelectedPolicy {
	name: string
	spec: Record<string, unknown>
	/** `UpdateHostRules` copies process, file and network of a host policy, and forgets capabilities. */
	isHost: boolean
}

// The bits of rulesHandling.go.
export const EXEC = 1 << 0
export const WRITE = 1 << 1
export const READ = 1 << 2
export const DIR = 1 << 4
export const RECURSIVE = 1 << 5
export const HINT = 1 << 6
export const DENY = 1 << 7

/** Keys are compared on 200 bytes, the last of which is NUL. */
export const PATH_BYTES_MAX = 199

/** A key of the map: bytes of the path and of the source, cut where the enforcer cuts them. */
export function keyOf(path: string, source: string): string {
	return `${bytesOf(path)}\0${bytesOf(source)}`
}

/** A path as one character per byte, because the enforcer counts bytes. */
export function bytesOf(path: string): string {
	// Most paths are short and ASCII: then a character is a byte already.
	if (path.length <= PATH_BYTES_MAX && IS_ASCII.test(path)) return path
	return Buffer.from(path, 'utf8').subarray(0, PATH_BYTES_MAX).toString('latin1')
}

const IS_ASCII = /^[\0-\x7f]*$/

/** A rule map arranged for looking up: the same path is asked for by its source first, then by nobody's. */
export interface RuleIndex {
	/** By source, then by path, both as bytes; '' is any source. */
	bySource: ReadonlyMap<string, ReadonlyMap<string, Entry>>
	closedBy: RuleMap['closedBy']
	/** Sorted. */
	sources: readonly string[]
}

/** Arranges a finished map. */
export function indexOf(map: RuleMap): RuleIndex {
	const bySource = new Map<string, Map<string, Entry>>()
	for (const [key, entry] of map.entries) {
		const cut = key.indexOf('\0')
		const source = key.slice(cut + 1)
		const paths = bySource.get(source) ?? new Map<string, Entry>()
		bySource.set(source, paths)
		paths.set(key.slice(0, cut), entry)
	}
	return { bySource, closedBy: map.closedBy, sources: [...map.sources].sort() }
}

/** The key of a network protocol or socket type; `icmpv6` has none that is ever looked up. */
export function protocolKey(protocol: string): string {
	const name = protocol.toUpperCase()
	const type = SOCKET_TYPES[name]
	if (type !== undefined) return `type ${type}`
	const number = PROTOCOLS[name]
	return number === undefined ? 'nothing' : `protocol ${number}`
}

/** The key of a capability, with or without its prefix. */
export function capabilityKey(capability: string): string {
	return `capability ${capability.toLowerCase().replace(/^cap_/, '')}`
}

// KubeArmor looks names up in capitals in a table that spells the last one "ICMPv6", so a rule for it never matches.
const PROTOCOLS: Readonly<Record<string, number>> = { ICMP: 1, TCP: 6, UDP: 17, SCTP: 132 }
const SOCKET_TYPES: Readonly<Record<string, number>> = {
	STREAM: 1,
	DGRAM: 2,
	RAW: 3,
	RDM: 4,
	SEQPACKET: 5,
	DCCP: 6,
	PACKET: 10
}

/** Builds the map of one container (or host) from all policies that select it. */
export function buildRuleMap(policies: readonly SelectedPolicy[]): RuleMap {
	const map: RuleMap = { entries: new Map(), closedBy: {}, sources: new Set() }
	const processEntries = new Map<string, Entry>()
	const fileEntries = new Map<string, Entry>()
	for (const policy of policies) {
		for (const rule of rulesOf(policy, 'process', 'matchPaths')) {
			addPath(
				map,
				processEntries,
				'process',
				rule,
				EXEC,
				textOf(rule.raw, 'path') || textOf(rule.raw, 'execname')
			)
		}
		for (const rule of rulesOf(policy, 'process', 'matchDirectories')) {
			addDirectory(map, processEntries, 'process', rule, EXEC)
		}
		// `matchPatterns` is not read by UpdateContainerRules at all (KubeArmor issues 1592 and 1900).
		for (const rule of rulesOf(policy, 'file', 'matchPaths')) {
			addPath(map, fileEntries, 'file', rule, fileBits(rule.raw), textOf(rule.raw, 'path'))
		}
		for (const rule of rulesOf(policy, 'file', 'matchDirectories')) {
			addDirectory(map, fileEntries, 'file', rule, fileBits(rule.raw))
		}
		addProtocols(map, policy)
		if (!policy.isHost) addCapabilities(map, policy)
	}
	// One inner map holds both lists: a key of both keeps the bits of both (fuseProcAndFileRules).
	for (const [key, entry] of processEntries) map.entries.set(key, entry)
	for (const [key, entry] of fileEntries) {
		map.entries.set(key, { ...entry, process: processEntries.get(key)?.process ?? 0 })
	}
	return map
}

/** How many of the map's places the policies take: what `limits.ts` counts against 256. */
export function entryCount(policies: readonly SelectedPolicy[]): number {
	return buildRuleMap(policies).entries.size
}

interface RawRule {
	raw: Record<string, unknown>
	action: string
	/** `['']` when the rule names no source. */
	sources: string[]
	policy: string
}

function rulesOf(policy: SelectedPolicy, group: string, list: string): RawRule[] {
	const section = policy.spec[group]
	if (!isRecord(section)) return []
	const rules = listOf(section, list).map((raw) => {
		const sources = listOf(raw, 'fromSource').map((source) => textOf(source, 'path'))
		const action =
			textOf(raw, 'action') || textOf(section, 'action') || textOf(policy.spec, 'action') || 'Block'
		return { raw, action, sources: sources.length > 0 ? sources : [''], policy: policy.name }
	})
	// Audit rules never reach the map.
	return rules.filter((rule) => rule.action === 'Allow' || rule.action === 'Block')
}

function fileBits(raw: Record<string, unknown>): number {
	return raw.readOnly === true ? READ : READ | WRITE
}

function addPath(
	map: RuleMap,
	entries: Map<string, Entry>,
	list: 'process' | 'file',
	rule: RawRule,
	bits: number,
	path: string
): void {
	const said = `${rule.policy}: ${rule.action} ${list} ${path}`
	const mask = rule.action === 'Block' ? bits | DENY : bits
	for (const source of rule.sources) {
		entries.set(keyOf(path, source), entryOf(list, mask, said))
		map.sources.add(source)
	}
	if (rule.action === 'Allow') map.closedBy[list] ??= said
}

function addDirectory(
	map: RuleMap,
	entries: Map<string, Entry>,
	list: 'process' | 'file',
	rule: RawRule,
	bits: number
): void {
	const directory = textOf(rule.raw, 'dir')
	const said = `${rule.policy}: ${rule.action} ${list} ${directory}`
	const recursive = rule.raw.recursive === true ? RECURSIVE : 0
	const mask = bits | recursive | (rule.action === 'Block' ? DENY : 0)
	for (const source of rule.sources) {
		directoryToMap(entries, list, directory, source, mask, said)
		map.sources.add(source)
	}
	if (rule.action === 'Allow') map.closedBy[list] ??= said
}

/**
 * `dirtoMap`: the directory as a file, the directory itself, and a hint for each directory
 * above it. A hint overwrites the bits of a directory rule that was there before (only DIR
 * survives), so a directory must come after those below it.
 */
function directoryToMap(
	entries: Map<string, Entry>,
	list: 'process' | 'file',
	directory: string,
	source: string,
	mask: number,
	said: string
): void {
	const { asFile, hints } = directoryKeys(directory, source)
	entries.set(asFile, entryOf(list, mask, said))
	const own = keyOf(directory, source)
	const hinted = entries.get(own)
	entries.set(own, entryOf(list, mask | DIR | ((hinted?.[list] ?? 0) & HINT), said))
	let bits = mask
	for (const above of hints) {
		// KubeArmor keeps `val` across this loop: DIR is cleared at each turn, HINT stays.
		bits = (bits & ~DIR) | HINT
		if (((entries.get(above)?.[list] ?? 0) & DIR) !== 0) bits |= DIR
		entries.set(above, entryOf(list, bits, said))
	}
}

/** The keys that a directory rule takes besides its own: its name as a file, and each directory above it. */
export function directoryKeys(directory: string, source: string): { asFile: string; hints: string[] } {
	const parts = directory.split('/')
	const hints: string[] = []
	for (let i = 1; i < parts.length - 1; i++) hints.push(keyOf(`${parts.slice(0, i).join('/')}/`, source))
	return { asFile: keyOf(parts.slice(0, -1).join('/'), source), hints }
}

function entryOf(list: 'process' | 'file', mask: number, rule: string): Entry {
	return list === 'process' ? { process: mask, file: 0, rule } : { process: 0, file: mask, rule }
}

function addProtocols(map: RuleMap, policy: SelectedPolicy): void {
	for (const rule of rulesOf(policy, 'network', 'matchProtocols')) {
		const protocol = textOf(rule.raw, 'protocol')
		const said = `${policy.name}: ${rule.action} network ${protocol}`
		const mask = rule.action === 'Block' ? DENY : 0
		// `all` becomes one rule per socket type (handleAllNetworkRule).
		const names = protocol.toUpperCase() === 'ALL' ? Object.keys(SOCKET_TYPES) : [protocol]
		for (const name of names) {
			for (const source of rule.sources) {
				map.entries.set(keyOf(protocolKey(name), source), { process: mask, file: 0, rule: said })
				map.sources.add(source)
			}
		}
		if (rule.action === 'Allow') map.closedBy.network ??= said
	}
}

function addCapabilities(map: RuleMap, policy: SelectedPolicy): void {
	for (const rule of rulesOf(policy, 'capabilities', 'matchCapabilities')) {
		const capability = textOf(rule.raw, 'capability')
		const said = `${policy.name}: ${rule.action} capability ${capability}`
		const mask = rule.action === 'Block' ? DENY : 0
		for (const source of rule.sources) {
			map.entries.set(keyOf(capabilityKey(capability), source), { process: mask, file: 0, rule: said })
			map.sources.add(source)
		}
		if (rule.action === 'Allow') map.closedBy.capabilities ??= said
	}
}
