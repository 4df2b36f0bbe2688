let offsetMs = 0

/**
 * Remembers how far the server's clock is from this browser's, from a `Date` header (RFC 9110, 6.6.1),
 * so that "3 min ago" is right on a machine whose clock is wrong. Whole seconds; below two it is noise.
 */
export function noteServerTime(header: string | null): void {
	if (header === null) return
	const serverMs = Date.parse(header)
	if (Number.isNaN(serverMs)) return
	const difference = serverMs - Date.now()
	offsetMs = Math.abs(difference) < 2000 ? 0 : difference
}

/** The server's time, as well as this page knows it. */
export function serverNowMs(): number {
	return Date.now() + offsetMs
}
