/**
 * The session cookie. Over TLS it is `__Host-whittle` (Secure, whole host, this host only). On
 * loopback there is no TLS, and browsers refuse `__Host-` and Secure without it, so the name is a
 * plain one there, with the port in it: cookies do not tell ports apart (RFC 6265, 8.5), and two
 * Whittles on one machine would log each other out.
 */
export interface CookieForm {
	name: string
	isSecure: boolean
}

export function cookieForm(isTls: boolean, port: number): CookieForm {
	return isTls ? { name: '__Host-whittle', isSecure: true } : { name: `whittle-${port}`, isSecure: false }
}

/** `Set-Cookie` for a new session; SameSite=Strict keeps it out of requests that other sites start. */
export function setCookie(form: CookieForm, secret: string): string {
	return `${form.name}=${secret}; Path=/; HttpOnly; SameSite=Strict${form.isSecure ? '; Secure' : ''}`
}

/** `Set-Cookie` that takes the session away. */
export function clearCookie(form: CookieForm): string {
	return `${setCookie(form, '')}; Max-Age=0`
}

/** The session's secret in a `Cookie` header; null when it is not there. */
export function readCookie(form: CookieForm, header: string | undefined): string | null {
	for (const pair of (header ?? '').split(';')) {
		const at = pair.indexOf('=')
		if (at > 0 && pair.slice(0, at).trim() === form.name) return pair.slice(at + 1).trim()
	}
	return null
}
