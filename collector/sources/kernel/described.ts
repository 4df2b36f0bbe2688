/**
 * What the kernel's object hashes stand for: first-sight records, decoded once, with
 * redaction and escaping inside. Pure: bytes in, texts out.
 */
import { firstSight, operation, recordFlag, recordKind } from '../../../native/layout.js'
import { canonicalAddress } from '../../address.js'
import { decodeBytes, escapeText, normalisePath } from '../../path.js'
import { redact } from '../../redact.js'

/** An object as text; `directory` and `lost` decide how an open of it is stored. */
export interface Described {
	/** Object text of `Sighting`, without a port's direction where the operation gives it; '' when lost. */
	text: string
	directory: boolean
}

/** A command line that was seen for the first time. */
export interface FirstExec {
	unit: bigint
	asker: bigint
	executable: bigint
	/** The loader that exec mapped for it; 0 for a static program. */
	interpreter: bigint
	/** Redacted and escaped. */
	commandLine: string
	pid: number
	parentPid: number
	uid: number
}

export interface FirstSight {
	object: bigint
	unit: bigint
	atBootNs: bigint
	pid: number
	/** Set for objects. */
	described?: Described
	exec?: FirstExec
	/** A cgroup that was just made: its id is `object`, its hierarchy `hierarchy` (0: v2). */
	cgroup?: { path: string; hierarchy: number }
}

/** Reads the records of one drain. A record that does not fit its bytes ends the reading: the rest is not ours. */
export function decodeFirstSights(bytes: Buffer): FirstSight[] {
	const sights: FirstSight[] = []
	let at = 0
	while (at + 8 + firstSight.size <= bytes.length) {
		const whole = bytes.readUInt32LE(at)
		if (whole < 8 + firstSight.size || at + whole > bytes.length) break
		sights.push(decodeRecord(bytes.subarray(at + 8, at + whole)))
		at += whole
	}
	return sights
}

/** `udp/53/10.0.0.10` …: protocol, port and address as the network grammar writes them. */
export function networkText(protocol: number, port: number, address: string): string {
	return `${protocolNames.get(protocol) ?? `ip-${protocol}`}/${port}/${address}`
}

/** 16 bytes of a table (IPv4 in the first four when `family` is AF_INET) as text. */
export function addressText(bytes: Buffer, family: number): string {
	const text =
		family === AF_INET
			? bytes.subarray(0, 4).join('.')
			: Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':')
	return canonicalAddress(text) ?? text
}

const AF_INET = 2

const protocolNames = new Map([
	[1, 'icmp'],
	[6, 'tcp'],
	[17, 'udp'],
	[58, 'icmpv6'],
	[132, 'sctp'],
	[136, 'udplite'],
	[262, 'tcp']
])

function decodeRecord(record: Buffer): FirstSight {
	const kind = record.readUInt16LE(firstSight.kind.offset)
	const flags = record.readUInt16LE(firstSight.flags.offset)
	const text = record.subarray(
		firstSight.size,
		firstSight.size + record.readUInt16LE(firstSight.length.offset)
	)
	const sight: FirstSight = {
		object: record.readBigUInt64LE(firstSight.object.offset),
		unit: record.readBigUInt64LE(firstSight.unit.offset),
		atBootNs: record.readBigUInt64LE(firstSight.at_ns.offset),
		pid: record.readUInt32LE(firstSight.pid.offset)
	}
	if (kind === recordKind.exec) sight.exec = decodeExec(record, text, sight)
	else if (kind === recordKind.cgroup) {
		sight.cgroup = {
			path: escapeText(text.subarray(0, endOf(text, 0))),
			hierarchy: record.readUInt32LE(firstSight.device.offset)
		}
	} else
		sight.described = {
			text: objectText(record, kind, flags, text),
			directory: (flags & recordFlag.directory) !== 0
		}
	return sight
}

function decodeExec(record: Buffer, text: Buffer, sight: FirstSight): FirstExec {
	const cut = (record.readUInt16LE(firstSight.flags.offset) & recordFlag.truncated) !== 0
	const words = splitNames(text).map((word) => decodeBytes(word))
	return {
		unit: sight.unit,
		asker: record.readBigUInt64LE(firstSight.source.offset),
		executable: sight.object,
		interpreter: record.readBigUInt64LE(firstSight.interpreter.offset),
		commandLine: escapeText(redact(words.join(' '))) + (cut ? ' …' : ''),
		pid: sight.pid,
		parentPid: record.readUInt32LE(firstSight.parent_pid.offset),
		uid: record.readUInt32LE(firstSight.uid.offset)
	}
}

function objectText(record: Buffer, kind: number, flags: number, text: Buffer): string {
	if (kind === recordKind.network) return endpointText(record, flags)
	if (kind === recordKind.unix && (flags & recordFlag.abstract) !== 0) return abstractName(text)
	if (kind === recordKind.file || kind === recordKind.unix) return fileText(splitNames(text), flags)
	if (kind === recordKind.userPath) return userPathText(text, flags)
	return ''
}

function endpointText(record: Buffer, flags: number): string {
	const at = firstSight.address.offset
	const address = addressText(record.subarray(at, at + 16), record.readUInt16LE(firstSight.family.offset))
	return networkText(
		record.readUInt16LE(firstSight.protocol.offset),
		record.readUInt16LE(firstSight.port.offset),
		(flags & recordFlag.collapsed) !== 0 ? 'any' : address
	)
}

/** An abstract Unix name begins with NUL, which people write as `@`; what follows may hold anything. */
function abstractName(text: Buffer): string {
	return `@${escapeText(text.subarray(1))}`
}

/** Names from the leaf up. A path that was not read to its root is not a path: '' says that its detail is lost. */
function fileText(names: Buffer[], flags: number): string {
	if ((flags & recordFlag.truncated) !== 0) return ''
	if ((flags & recordFlag.detached) !== 0) return detachedText(names)
	const path = joinUp(names)
	if ((flags & recordFlag.collapsed) !== 0) return anyIn(path)
	// O_TMPFILE names its file after the inode, for which no rule could ever hold again.
	if ((flags & recordFlag.deleted) !== 0 && /^#\d+$/.test(names[0]?.toString('latin1') ?? '')) {
		return anyIn(joinUp(names.slice(1)))
	}
	return normalisePath(path) ?? ''
}

/** Files outside any mount: a memfd keeps its name, pipes and sockets have none. */
function detachedText(names: Buffer[]): string {
	const leaf = names[0]?.toString('latin1') ?? ''
	return leaf.startsWith('memfd:') ? (normalisePath(joinUp(names.slice(0, 1))) ?? '') : ''
}

function anyIn(directory: Buffer): string {
	const text = normalisePath(directory) ?? ''
	return text === '' ? '' : `${text === '/' ? '' : text}/<any>`
}

/** The text as the program passed it, taken below the base directory when it is relative. */
function userPathText(text: Buffer, flags: number): string {
	if ((flags & recordFlag.truncated) !== 0) return ''
	const end = endOf(text, 0)
	const path = text.subarray(0, end)
	if (path[0] === slash) return normalisePath(path) ?? ''
	if ((flags & recordFlag.detached) !== 0) return ''
	const base = joinUp(splitNames(text.subarray(end + 1)))
	return normalisePath(Buffer.concat([base, Buffer.from('/'), path])) ?? ''
}

const slash = 0x2f

function joinUp(names: Buffer[]): Buffer {
	const parts = [...names].reverse().flatMap((name) => [Buffer.from('/'), name])
	return parts.length === 0 ? Buffer.from('/') : Buffer.concat(parts)
}

function splitNames(text: Buffer): Buffer[] {
	const names: Buffer[] = []
	let at = 0
	while (at < text.length) {
		const end = endOf(text, at)
		names.push(text.subarray(at, end))
		at = end + 1
	}
	return names
}

function endOf(text: Buffer, from: number): number {
	const end = text.indexOf(0, from)
	return end === -1 ? text.length : end
}

/** Operations whose object is a number that needs no description, as their texts. */
export function numberTexts(what: number, number: bigint): string[] {
	if (what === operation.capability) return [capabilityNames[Number(number) - 1] ?? `CAP_${number - 1n}`]
	if (what === operation.ptrace) return [ptraceNames[Number(number)] ?? 'attach']
	if (what === operation.namespace) return namespaceTexts(Number(number))
	if (what === operation.module) return [Number(number) === 3 ? 'unload' : 'load']
	if (what === operation.rawSocket) return [rawSocketText(number)]
	if (what === operation.bpf) return [bpfCommands[Number(number) - 1] ?? `command-${number - 1n}`]
	return [['uid', 'gid', 'groups'][Number(number) - 1] ?? 'uid']
}

const ptraceNames = ['attach', 'traceme', 'attach', 'read', 'write', 'read']

const namespaceBits: [number, string][] = [
	[0x80, 'time'],
	[0x20000, 'mount'],
	[0x2000000, 'cgroup'],
	[0x4000000, 'uts'],
	[0x8000000, 'ipc'],
	[0x10000000, 'user'],
	[0x20000000, 'pid'],
	[0x40000000, 'net']
]

/** Bit 0 marks setns, which may leave the kind to the descriptor. */
function namespaceTexts(flags: number): string[] {
	const names = namespaceBits.flatMap(([bit, name]) => ((flags & bit) !== 0 ? [name] : []))
	return names.length > 0 ? names : ['any']
}

function rawSocketText(number: bigint): string {
	const family = Number(number >> 32n)
	const protocol = Number(number & 0xffffn)
	if (family === 17) return `AF_PACKET/0x${swapped(protocol).toString(16).padStart(4, '0')}`
	return `${family === AF_INET ? 'AF_INET' : 'AF_INET6'}/${protocolNames.get(protocol) ?? protocol}`
}

/** packet(7) takes its protocol in network byte order. */
function swapped(value: number): number {
	return ((value & 0xff) << 8) | (value >> 8)
}

/** include/uapi/linux/bpf.h, enum bpf_cmd. */
const bpfCommands = [
	'map-create',
	'map-lookup',
	'map-update',
	'map-delete',
	'map-next-key',
	'prog-load',
	'obj-pin',
	'obj-get',
	'prog-attach',
	'prog-detach',
	'prog-test-run',
	'prog-next-id',
	'map-next-id',
	'prog-by-id',
	'map-by-id',
	'obj-info',
	'prog-query',
	'raw-tracepoint-open',
	'btf-load',
	'btf-by-id',
	'task-fd-query',
	'map-lookup-and-delete',
	'map-freeze',
	'btf-next-id',
	'map-lookup-batch',
	'map-lookup-and-delete-batch',
	'map-update-batch',
	'map-delete-batch',
	'link-create',
	'link-update',
	'link-by-id',
	'link-next-id',
	'enable-stats',
	'iter-create',
	'link-detach',
	'prog-bind-map'
]

/** include/uapi/linux/capability.h. */
const capabilityNames = [
	'CHOWN',
	'DAC_OVERRIDE',
	'DAC_READ_SEARCH',
	'FOWNER',
	'FSETID',
	'KILL',
	'SETGID',
	'SETUID',
	'SETPCAP',
	'LINUX_IMMUTABLE',
	'NET_BIND_SERVICE',
	'NET_BROADCAST',
	'NET_ADMIN',
	'NET_RAW',
	'IPC_LOCK',
	'IPC_OWNER',
	'SYS_MODULE',
	'SYS_RAWIO',
	'SYS_CHROOT',
	'SYS_PTRACE',
	'SYS_PACCT',
	'SYS_ADMIN',
	'SYS_BOOT',
	'SYS_NICE',
	'SYS_RESOURCE',
	'SYS_TIME',
	'SYS_TTY_CONFIG',
	'MKNOD',
	'LEASE',
	'AUDIT_WRITE',
	'AUDIT_CONTROL',
	'SETFCAP',
	'MAC_OVERRIDE',
	'MAC_ADMIN',
	'SYSLOG',
	'WAKE_ALARM',
	'BLOCK_SUSPEND',
	'AUDIT_READ',
	'PERFMON',
	'BPF',
	'CHECKPOINT_RESTORE'
].map((name) => `CAP_${name}`)
