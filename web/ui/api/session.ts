import { remove } from './client.js'

/**
 * The one-time token in what a person pasted: the whole printed address, or only its end. Null when there
 * is none.
 */
export function tokenIn(pasted: string): string | null {
	const text = pasted.trim()
	const token = /[?&]token=([^&#\s]+)/.exec(text)?.[1] ?? text
	return /^[\x21-\x7e]+$/.test(token) && !token.includes('/') ? decodeURIComponent(token) : null
}

/** Exchanges the token for a session: the service redirects to the page, without the token in the address. */
export function signInAddress(token: string): string {
	return `/?token=${encodeURIComponent(token)}`
}

export function signOut(): Promise<unknown> {
	return remove('/session')
}
