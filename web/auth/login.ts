import { hashOf, newSecret } from './secret.js'

/** One-time tokens of start-up URLs. */
export interface Logins {
	/** A new token, good for one login; `validMs` null: until it is used. */
	issue(nowMs: number, validMs: number | null): string
	/** True once per token: it is gone afterwards. */
	redeem(token: string, nowMs: number): boolean
}

const ISSUED_MAX = 100

/** Only hashes are kept; looking one up tells nothing about the others. */
export function createLogins(): Logins {
	const issued = new Map<string, number | null>()
	return {
		issue(nowMs, validMs) {
			const oldest = issued.keys().next()
			if (issued.size >= ISSUED_MAX && !oldest.done) issued.delete(oldest.value)
			const token = newSecret('login')
			issued.set(hashOf(token).toString('hex'), validMs === null ? null : nowMs + validMs)
			return token
		},
		redeem(token, nowMs) {
			const hash = hashOf(token).toString('hex')
			const untilMs = issued.get(hash)
			issued.delete(hash)
			return untilMs !== undefined && (untilMs === null || nowMs < untilMs)
		}
	}
}
