/**
 * A cgroup's network policy on its way to the sensor, and from there into the kernel's
 * tables. Fixed fields only: the sensor parses no JSON and no YAML from its service.
 */
import { isIP } from 'node:net'
import { decodeTexts, encodeTexts } from './frame.js'
import type { CgroupNetworkPolicy, CgroupNetworkRule } from './messages.js'

const ruleBytes = 24
const protocolNumber = { any: 0, tcp: 6, udp: 17 } as const

/** A range wider than this that is not "all ports" would fill the kernel's table. */
const portsPerRuleMax = 256

/** Payload behind the request number: mode, rules, then the texts cgroup and digest. */
export function encodePolicy(policy: CgroupNetworkPolicy): Buffer {
	const head = Buffer.alloc(8)
	head.writeUInt8(policy.mode === 'block' ? 2 : 1, 0)
	head.writeUInt32LE(policy.rules.length, 4)
	const rules = policy.rules.map((rule) => {
		const bytes = Buffer.alloc(ruleBytes)
		const { address, prefixBits } = parseCidr(rule.cidr)
		bytes.writeUInt8(rule.direction === 'egress' ? 0 : 1, 0)
		bytes.writeUInt8(protocolNumber[rule.protocol], 1)
		bytes.writeUInt8(prefixBits, 2)
		bytes.writeUInt16LE(rule.portFrom, 4)
		bytes.writeUInt16LE(rule.portTo, 6)
		address.copy(bytes, 8)
		return bytes
	})
	return Buffer.concat([head, ...rules, encodeTexts([policy.cgroup, policy.digest])])
}

/** What the sensor reads: rules in their fixed form, not yet in the kernel's. Throws RangeError on nonsense. */
export function decodePolicy(bytes: Buffer, offset: number): WirePolicy {
	const mode = bytes.readUInt8(offset)
	const count = bytes.readUInt32LE(offset + 4)
	if ((mode !== 1 && mode !== 2) || count > 65536)
		throw new RangeError('the policy has no known mode or too many rules')
	const rules: WireRule[] = []
	let at = offset + 8
	for (let i = 0; i < count; i++) {
		rules.push({
			direction: bytes.readUInt8(at),
			protocol: bytes.readUInt8(at + 1),
			prefixBits: bytes.readUInt8(at + 2),
			portFrom: bytes.readUInt16LE(at + 4),
			portTo: bytes.readUInt16LE(at + 6),
			address: Buffer.from(bytes.subarray(at + 8, at + ruleBytes))
		})
		at += ruleBytes
	}
	const { texts } = decodeTexts(bytes, at)
	const [cgroup, digest] = texts
	if (cgroup === undefined || digest === undefined)
		throw new RangeError('the policy names no cgroup and digest')
	return { mode, rules, cgroup, digest }
}

export interface WireRule {
	direction: number
	protocol: number
	prefixBits: number
	portFrom: number
	portTo: number
	address: Buffer
}

export interface WirePolicy {
	mode: 1 | 2
	rules: WireRule[]
	cgroup: string
	digest: string
}

/**
 * The kernel's permissions (24 bytes each, see enforcer.cpp): a range becomes its ports,
 * all ports become port 0, any protocol becomes TCP and UDP. A bind cannot see who will
 * come, so ingress permissions carry no address. Throws RangeError for a range that is
 * neither narrow nor everything.
 */
export function toPermissions(rules: WireRule[]): Buffer {
	const out = rules.flatMap((rule) => {
		const protocols = rule.protocol === 0 ? [6, 17] : [rule.protocol]
		return protocols.flatMap((protocol) =>
			portsOf(rule).map((port) => {
				const bytes = Buffer.alloc(ruleBytes)
				bytes.writeUInt8(rule.direction === 0 ? rule.prefixBits : 0, 0)
				bytes.writeUInt8(rule.direction, 1)
				bytes.writeUInt8(protocol, 2)
				bytes.writeUInt16LE(port, 4)
				if (rule.direction === 0) rule.address.copy(bytes, 8)
				return bytes
			})
		)
	})
	return Buffer.concat(out)
}

function portsOf(rule: WireRule): number[] {
	if (rule.portFrom <= 1 && rule.portTo === 65535) return [0]
	const count = rule.portTo - rule.portFrom + 1
	if (count < 1 || count > portsPerRuleMax) {
		throw new RangeError(
			`ports ${rule.portFrom}–${rule.portTo}: a range holds at most ${portsPerRuleMax} ports, or all of them`
		)
	}
	return Array.from({ length: count }, (_, index) => rule.portFrom + index).filter((port) => port > 0)
}

/** An address in the 128-bit form of the table: IPv4 as ::ffff:a.b.c.d, its prefix 96 bits longer. */
export function parseCidr(cidr: CgroupNetworkRule['cidr']): { address: Buffer; prefixBits: number } {
	const [text = '', length = ''] = cidr.split('/')
	const family = isIP(text)
	const bits = Number(length)
	const limit = family === 4 ? 32 : 128
	if (family === 0 || !/^\d{1,3}$/.test(length) || bits > limit) {
		throw new RangeError(
			`${cidr} is not an address with a prefix length, such as 10.0.0.0/8 or 2001:db8::/32`
		)
	}
	const address = family === 4 ? mapped(text) : expanded(text)
	const prefixBits = family === 4 ? 96 + bits : bits
	for (let bit = prefixBits; bit < 128; bit++) {
		address.writeUInt8(address.readUInt8(bit >> 3) & ~(0x80 >> (bit & 7)), bit >> 3)
	}
	return { address, prefixBits }
}

function mapped(text: string): Buffer {
	const address = Buffer.alloc(16)
	address.writeUInt16BE(0xffff, 10)
	text.split('.').forEach((part, index) => {
		address.writeUInt8(Number(part), 12 + index)
	})
	return address
}

function expanded(text: string): Buffer {
	const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
	const plain = dotted
		? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
		: text
	const [head = '', tail] = plain.split('::')
	const left = head === '' ? [] : head.split(':')
	const right = tail === undefined || tail === '' ? [] : tail.split(':')
	const address = Buffer.alloc(16)
	left.forEach((group, index) => {
		address.writeUInt16BE(Number.parseInt(group, 16), index * 2)
	})
	right.forEach((group, index) => {
		address.writeUInt16BE(Number.parseInt(group, 16), (8 - right.length + index) * 2)
	})
	return address
}
