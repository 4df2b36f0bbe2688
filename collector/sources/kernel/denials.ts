/** What the held cgroups denied in one drain, named. Pure. */
import type { Drain } from '../../../native/drain.js'
import { counterValue, denialKey, operation } from '../../../native/layout.js'
import type { NetworkDenial } from '../../../native/messages.js'
import { addressText, networkText } from './described.js'
import type { Described } from './described.js'
import type { Generations } from './generations.js'

const denialBytes = denialKey.size + counterValue.size
const AF_INET6 = 10

/** Each denial under the policy that made it, even if another took its place meanwhile. */
export function decodeDenials(
	drain: Drain,
	objects: Generations<bigint, Described>,
	toMs: (bootNs: bigint) => number
): NetworkDenial[] {
	const denials: NetworkDenial[] = []
	for (let at = 0; at + denialBytes <= drain.denials.length; at += denialBytes) {
		const bytes = drain.denials.subarray(at, at + denialBytes)
		const slot = bytes.readUInt32LE(denialKey.slot.offset)
		const generation = bytes.readUInt32LE(denialKey.generation.offset)
		const held = drain.held.find((one) => one.slot === slot && one.generation === generation)
		if (!held) continue
		const count = Number(bytes.readBigUInt64LE(denialKey.size + counterValue.count.offset))
		const firstMs = Math.floor(toMs(bytes.readBigUInt64LE(denialKey.size + counterValue.first_ns.offset)))
		const address = bytes.subarray(denialKey.address.offset, denialKey.address.offset + 16)
		const direction = bytes.readUInt8(denialKey.direction.offset) === 0 ? 'egress' : 'ingress'
		const text = networkText(
			bytes.readUInt16LE(denialKey.protocol.offset),
			bytes.readUInt16LE(denialKey.port.offset),
			addressText(address, AF_INET6)
		)
		denials.push({
			cgroup: held.cgroup,
			digest: held.digest,
			mode: bytes.readUInt8(denialKey.mode.offset) === 2 ? 'block' : 'audit',
			verb: verbOf(bytes.readUInt16LE(denialKey.operation.offset)),
			object: `${direction}/${text}`,
			source: objects.get(bytes.readBigUInt64LE(denialKey.source.offset))?.text ?? '',
			pid: bytes.readUInt32LE(denialKey.size + counterValue.pid.offset),
			count,
			firstMs,
			lastMs: count > 1 ? Math.floor(drain.wallMs) : firstMs
		})
	}
	return denials
}

function verbOf(what: number): NetworkDenial['verb'] {
	if (what === operation.bind) return 'bind'
	return what === operation.send ? 'send' : 'connect'
}
