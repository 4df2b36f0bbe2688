import ipaddr from 'ipaddr.js'

/** An address as hexadecimal digits, 8 for IPv4 and 32 for IPv6, so that text order is address order. */
export type AddressKey = string

/** The key of a canonical address; null for anything else. */
export function addressKey(address: string): AddressKey | null {
	if (address.includes(':')) {
		if (!ipaddr.IPv6.isValid(address)) return null
		return hex(ipaddr.IPv6.parse(address).toByteArray())
	}
	const bytes = address.split('.')
	if (bytes.length !== 4 || !bytes.every((byte) => OCTET.test(byte))) return null
	return hex(bytes.map(Number))
}

const OCTET = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/

/** The network of the first `length` bits of a key, as canonical CIDR text. */
export function cidrOf(key: AddressKey, length: number): string {
	const bytes = networkBytes(key, length)
	if (bytes.length === 4) return `${bytes.join('.')}/${length}`
	return `${new ipaddr.IPv6(bytes).toRFC5952String()}/${length}`
}

/** Keys of the first and last address of a network. */
export function networkEnds(key: AddressKey, length: number): [first: AddressKey, last: AddressKey] {
	const bytes = networkBytes(key, length)
	const last = bytes.map((byte, index) => byte | (0xff >> clamp(length - index * 8, 0, 8)))
	return [hex(bytes), hex(last)]
}

/** How many leading bits two keys of one family share. */
export function sharedBits(a: AddressKey, b: AddressKey): number {
	for (let digit = 0; digit < a.length; digit++) {
		if (a[digit] === b[digit]) continue
		const difference = Number.parseInt(a[digit] ?? '0', 16) ^ Number.parseInt(b[digit] ?? '0', 16)
		return digit * 4 + Math.clz32(difference) - 28
	}
	return a.length * 4
}

/** Bit `index` of a key, from the left. */
export function bitAt(key: AddressKey, index: number): number {
	return (Number.parseInt(key[index >> 2] ?? '0', 16) >> (3 - (index & 3))) & 1
}

/** How far a network of this kind may be generalised, and what that weighs. */
export interface Zone {
	/** The shortest prefix that may be granted; Infinity where none may. */
	lengthMin: number
	/** Sensitivity: strangers on the internet weigh 1, neighbours in one's own network 3. */
	weight: number
	/** Bits that the zone itself fixes: a network may not reach beyond its zone. */
	zoneBits: number
}

const PUBLIC4: Zone = { lengthMin: 16, weight: 1, zoneBits: 0 }
const PUBLIC6: Zone = { lengthMin: 48, weight: 1, zoneBits: 0 }
/** Loopback, link-local, multicast, reserved: one address there says nothing about the next. */
const CLOSED: Zone = { lengthMin: Infinity, weight: 1, zoneBits: 0 }

/** Which zone an address lies in (IANA special-purpose registries, RFC 6890; RFC 1918; RFC 4193; RFC 6598). */
export function zoneOf(key: AddressKey): Zone {
	if (key.length === 32) {
		const first = Number.parseInt(key.slice(0, 2), 16)
		if ((first & 0xfe) === 0xfc) return { lengthMin: 64, weight: 3, zoneBits: 7 }
		// 2000::/3 is all that is routed; ff00::/8, fe80::/10 and the rest is no network of servers.
		return (first & 0xe0) === 0x20 ? PUBLIC6 : CLOSED
	}
	const first = Number.parseInt(key.slice(0, 2), 16)
	const second = Number.parseInt(key.slice(2, 4), 16)
	if (first === 10) return { lengthMin: 24, weight: 3, zoneBits: 8 }
	if (first === 172 && second >> 4 === 1) return { lengthMin: 24, weight: 3, zoneBits: 12 }
	if (first === 192 && second === 168) return { lengthMin: 24, weight: 3, zoneBits: 16 }
	if (first === 100 && second >> 6 === 1) return { lengthMin: 24, weight: 3, zoneBits: 10 }
	if (first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254)) return CLOSED
	return PUBLIC4
}

/** False for loopback, link-local and the like: a name that leads there is a trick (DNS rebinding). */
export function isNameable(key: AddressKey): boolean {
	return zoneOf(key) !== CLOSED && key !== METADATA6
}

/** fd00:ec2::254, instance metadata over IPv6. */
const METADATA6: AddressKey = 'fd000ec2000000000000000000000254'

function networkBytes(key: AddressKey, length: number): number[] {
	const bytes: number[] = []
	for (let at = 0; at < key.length; at += 2) {
		const kept = clamp(length - at * 4, 0, 8)
		bytes.push(Number.parseInt(key.slice(at, at + 2), 16) & (0xff00 >> kept) & 0xff)
	}
	return bytes
}

function hex(bytes: readonly number[]): AddressKey {
	let text = ''
	for (const byte of bytes) text += HEX[byte] ?? ''
	return text
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function clamp(value: number, low: number, high: number): number {
	return Math.max(low, Math.min(high, value))
}
