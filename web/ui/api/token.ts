/**
 * The one-time token in what a person pasted: the whole printed address, or only its end. Null when there
 * is none. The alphabet is that of base64url and what Whittle puts before it.
 */
export function tokenIn(pasted: string): string | null {
	const text = pasted.trim()
	const token = /[?&]token=([^&#\s]*)/.exec(text)?.[1] ?? text
	return /^[A-Za-z0-9_-]+$/.test(token) ? token : null
}

/** Exchanges the token for a session: the service redirects to the page, without the token in the address. */
export function signInAddress(token: string): string {
	return `/?token=${encodeURIComponent(token)}`
}
