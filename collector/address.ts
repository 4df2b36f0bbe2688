import ipaddr from 'ipaddr.js'

/**
 * An address in its one written form: dotted IPv4, RFC 5952 IPv6, an IPv4-mapped IPv6
 * address as IPv4, no zone. Undefined for anything that is not an address.
 */
export function canonicalAddress(text: string): string | undefined {
	if (text.length > ADDRESS_LENGTH_MAX) return undefined
	const known = cache.get(text)
	if (known !== undefined) return known === '' ? undefined : known
	const address = parseAddress(text)
	if (cache.size >= CACHE_ENTRIES) cache.clear()
	cache.set(text, address ?? '')
	return address
}

/** An IPv6 address with a zone, generously. */
const ADDRESS_LENGTH_MAX = 64
const CACHE_ENTRIES = 4096
const cache = new Map<string, string>()

function parseAddress(text: string): string | undefined {
	// ipaddr.js also reads "1" and "0x7f.1"; no kernel ever wrote an address so.
	if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toString()
	if (!text.includes(':')) return undefined
	const bare = text.replace(/%[^%]*$/, '')
	if (!ipaddr.IPv6.isValid(bare)) return undefined
	const address = ipaddr.IPv6.parse(bare)
	return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String()
}
