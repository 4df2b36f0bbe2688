import assert from 'node:assert/strict'
import ipaddr from 'ipaddr.js'
import type { Class, Result, Verb } from '../collector/observation.js'
import { classOfVerb } from '../collector/observation.js'
import type { SqlValue } from '../collector/store.js'

/** What a workload did, typed: the class follows from the verb. */
export interface Behaviour {
	class: Class
	verb: Verb
	object: string
	source: string
}

/** A behaviour with everything that one stored observation says about it. */
export interface Observed extends Behaviour {
	result: Result
	version: string
	/** UTC day: ⌊ms / 86 400 000⌋. */
	day: number
	/** Bit h: seen in hour h of the day. */
	hours: number
	pods: string[]
	count: number
	firstMs: number
	lastMs: number
	required: boolean
	interactive: boolean
	/** The kubelet's declared probe: looks like an exec by a person, and is none. Then `interactive` is false. */
	isProbe?: true
	detail: string
}

/** Columns that `parseObservation` needs, for a query over `observations o` joined to its texts. */
export const OBSERVATION_COLUMNS =
	'o.day, o.verb, object.text AS object, source.text AS source, o.result, o.hours, o.pods, o.count,' +
	' o.first_ms, o.last_ms, o.flags, o.detail, version.digest AS version'

/** The joins that go with `OBSERVATION_COLUMNS`. */
export const OBSERVATION_JOINS =
	'observations o JOIN objects object ON object.id = o.object_id' +
	' JOIN objects source ON source.id = o.source_id JOIN versions version ON version.id = o.version_id'

const REQUIRED = 1
const INTERACTIVE = 2

/**
 * One row of `observations`. The tables are STRICT and only Whittle writes them, so a row
 * of another shape is a bug and stops the program here. `raw` stays what the store holds, when peers are
 * put into `object`.
 */
export function parseObservation(row: Record<string, SqlValue>): Observed & { raw: string } {
	const verb = text(row, 'verb')
	assert(isVerb(verb), `the store holds an unknown verb ${JSON.stringify(verb)}`)
	const result = text(row, 'result')
	assert(result === 'allowed' || result === 'denied' || result === 'failed', `unknown result ${result}`)
	const flags = integer(row, 'flags')
	const object = text(row, 'object')
	return {
		class: classOfVerb[verb],
		verb,
		object,
		raw: object,
		source: text(row, 'source'),
		result,
		version: text(row, 'version'),
		day: integer(row, 'day'),
		hours: integer(row, 'hours'),
		pods: stringList(text(row, 'pods')),
		count: integer(row, 'count'),
		firstMs: integer(row, 'first_ms'),
		lastMs: integer(row, 'last_ms'),
		required: (flags & REQUIRED) !== 0,
		interactive: (flags & INTERACTIVE) !== 0,
		detail: text(row, 'detail')
	}
}

/** A network object taken apart; `peer` is everything after the port, raw or resolved. */
export interface NetworkObject {
	direction: 'egress' | 'ingress'
	/** `tcp`, `udp`, `sctp`, `icmp`, `icmpv6`, `unix`. */
	protocol: string
	/** Remote port for egress, local port for ingress; 0 when there is none. */
	port: number
	/** Last port of a range that begins with `port`; left out for a single port. */
	lastPort?: number
	peer: string
}

/**
 * `egress/tcp/443/1.2.3.4` or, in a rule, `egress/tcp/8000-8010/PEER` → its parts; null for `resolve`
 * and `request` objects and anything else.
 */
export function parseNetworkObject(object: string): NetworkObject | null {
	const match = /^(egress|ingress)\/([a-z0-9]+)\/(\d{1,5})(?:-(\d{1,5}))?\/(.+)$/s.exec(object)
	if (!match) return null
	const [, direction, protocol, port, last, peer] = match
	if ((direction !== 'egress' && direction !== 'ingress') || !protocol || !port || !peer) return null
	if (Number(port) > 65535) return null
	const flow: NetworkObject = { direction, protocol, port: Number(port), peer }
	if (last === undefined) return flow
	if (Number(last) > 65535 || Number(last) <= flow.port) return null
	return { ...flow, lastPort: Number(last) }
}

/** The reverse of `parseNetworkObject`. */
export function networkObject({ direction, protocol, port, lastPort, peer }: NetworkObject): string {
	const ports = lastPort === undefined || lastPort === port ? `${port}` : `${port}-${lastPort}`
	return `${direction}/${protocol}/${ports}/${peer}`
}

/** The single-address network of an address: /32 for IPv4, /128 for IPv6. */
export function hostCidr(address: string): string {
	return `${address}/${address.includes(':') ? 128 : 32}`
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
	return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/** Order by UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0
}

/** Every verb there is. */
export const VERBS: readonly Verb[] = Object.keys(classOfVerb).filter(isVerb)

function isVerb(value: string): value is Verb {
	return Object.hasOwn(classOfVerb, value)
}

function text(row: Record<string, SqlValue>, column: string): string {
	const value = row[column]
	assert(typeof value === 'string', `column ${column} must hold text`)
	return value
}

function integer(row: Record<string, SqlValue>, column: string): number {
	const value = row[column]
	const number = typeof value === 'bigint' ? Number(value) : value
	assert(typeof number === 'number' && Number.isInteger(number), `column ${column} must hold an integer`)
	return number
}

function stringList(json: string): string[] {
	const list: unknown = JSON.parse(json)
	assert(Array.isArray(list), 'pods must be a JSON array')
	return list.map((item: unknown) => {
		assert(typeof item === 'string', 'pods must be a JSON array of names')
		return item
	})
}
