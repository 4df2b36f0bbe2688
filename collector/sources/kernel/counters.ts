/** Counters of one drain as entries, and what each operation means. Pure. */
import { counterFlag, counterKey, counterValue, operation, otherKey, result } from '../../../native/layout.js'
import type { Result, Verb } from '../../observation.js'

export interface Counter {
	unit: bigint
	source: bigint
	object: bigint
	operation: number
	result: Result
	required: boolean
	interactive: boolean
	count: number
	firstBootNs: bigint
	pid: number
}

const counterBytes = counterKey.size + counterValue.size
const otherBytes = otherKey.size + 8

/** Reads (counter_key, counter_value) pairs. */
export function decodeCounters(bytes: Buffer): Counter[] {
	const counters: Counter[] = []
	for (let at = 0; at + counterBytes <= bytes.length; at += counterBytes) {
		const value = at + counterKey.size
		const flags = bytes.readUInt8(at + counterKey.flags.offset)
		counters.push({
			unit: bytes.readBigUInt64LE(at + counterKey.unit.offset),
			source: bytes.readBigUInt64LE(at + counterKey.source.offset),
			object: bytes.readBigUInt64LE(at + counterKey.object.offset),
			operation: bytes.readUInt16LE(at + counterKey.operation.offset),
			result: resultNames[bytes.readUInt8(at + counterKey.result.offset)] ?? 'failed',
			required: (flags & counterFlag.required) !== 0,
			interactive: (flags & counterFlag.interactive) !== 0,
			count: Number(bytes.readBigUInt64LE(value + counterValue.count.offset)),
			firstBootNs: bytes.readBigUInt64LE(value + counterValue.first_ns.offset),
			pid: bytes.readUInt32LE(value + counterValue.pid.offset)
		})
	}
	return counters
}

/** Reads (other_key, u64) pairs: totals whose detail did not fit. */
export function decodeOthers(
	bytes: Buffer
): { unit: bigint; operation: number; result: Result; count: number }[] {
	const others: { unit: bigint; operation: number; result: Result; count: number }[] = []
	for (let at = 0; at + otherBytes <= bytes.length; at += otherBytes) {
		others.push({
			unit: bytes.readBigUInt64LE(at + otherKey.unit.offset),
			operation: bytes.readUInt16LE(at + otherKey.operation.offset),
			result: resultNames[bytes.readUInt8(at + otherKey.result.offset)] ?? 'failed',
			count: Number(bytes.readBigUInt64LE(at + otherKey.size))
		})
	}
	return others
}

/**
 * The verbs of an operation: an open for reading and writing is one of each, because the
 * two belong to different classes; an O_PATH open grants nothing and is no behaviour.
 */
export function verbsOf(what: number, directory: boolean): Verb[] {
	if (what === operation.read) return [directory ? 'list' : 'read']
	return verbsByOperation.get(what) ?? []
}

/** `resolved` operations have a described object, `number` ones carry it themselves. */
export function isNumber(what: number): boolean {
	return numberOperations.has(what)
}

const resultNames: Result[] = []
resultNames[result.allowed] = 'allowed'
resultNames[result.denied] = 'denied'
resultNames[result.failed] = 'failed'

const verbsByOperation = new Map<number, Verb[]>([
	[operation.exec, ['exec']],
	[operation.write, ['write']],
	[operation.readWrite, ['read', 'write']],
	[operation.create, ['create']],
	[operation.createRead, ['create', 'read']],
	[operation.delete, ['delete']],
	[operation.rename, ['rename']],
	[operation.link, ['link']],
	[operation.chmod, ['chmod']],
	[operation.chown, ['chown']],
	[operation.mkdir, ['mkdir']],
	[operation.mknod, ['mknod']],
	[operation.truncate, ['truncate']],
	[operation.setattr, ['setattr']],
	[operation.connect, ['connect']],
	[operation.send, ['send']],
	[operation.bind, ['bind']],
	[operation.listen, ['listen']],
	[operation.accept, ['accept']],
	[operation.capability, ['capability']],
	[operation.ptrace, ['ptrace']],
	[operation.mount, ['mount']],
	[operation.namespace, ['namespace']],
	[operation.module, ['module']],
	[operation.rawSocket, ['raw-socket']],
	[operation.bpf, ['bpf']],
	[operation.setuid, ['setuid']]
])

const numberOperations = new Set<number>([
	operation.capability,
	operation.ptrace,
	operation.namespace,
	operation.module,
	operation.rawSocket,
	operation.bpf,
	operation.setuid
])
