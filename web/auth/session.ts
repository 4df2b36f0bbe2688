import { hashOf, newSecret } from './secret.js'

/** A browser that logged in. */
export interface PageSession {
	/** Short public name; `page:ID` is who acts. */
	id: string
	expiresMs: number
}

export interface Sessions {
	/** A new session and the secret that its cookie carries. */
	open(nowMs: number): { secret: string; session: PageSession }
	/** The session of a cookie, and its idle time starts again; null when there is none (any more). */
	find(secret: string, nowMs: number): PageSession | null
	/** Whether it still is one, without using it. */
	isOpen(id: string, nowMs: number): boolean
	close(id: string): void
}

const IDLE_MS = 12 * 3_600_000
const ABSOLUTE_MS = 7 * 24 * 3_600_000
const SESSIONS_MAX = 1000

/** Sessions live in memory: a restart logs everybody out, and nothing of them is on disk. */
export function createSessions(): Sessions {
	const byHash = new Map<string, PageSession & { endsMs: number }>()

	function drop(nowMs: number): void {
		for (const [hash, session] of byHash) if (session.expiresMs <= nowMs) byHash.delete(hash)
	}

	return {
		open(nowMs) {
			drop(nowMs)
			const oldest = byHash.keys().next()
			if (byHash.size >= SESSIONS_MAX && !oldest.done) byHash.delete(oldest.value)
			const secret = newSecret('session')
			const hash = hashOf(secret).toString('hex')
			const session = { id: hash.slice(0, 8), expiresMs: nowMs + IDLE_MS, endsMs: nowMs + ABSOLUTE_MS }
			byHash.set(hash, session)
			return { secret, session }
		},
		find(secret, nowMs) {
			const hash = hashOf(secret).toString('hex')
			const session = byHash.get(hash)
			if (!session) return null
			if (session.expiresMs <= nowMs) {
				byHash.delete(hash)
				return null
			}
			session.expiresMs = Math.min(nowMs + IDLE_MS, session.endsMs)
			return session
		},
		isOpen: (id, nowMs) => [...byHash.values()].some((one) => one.id === id && one.expiresMs > nowMs),
		close(id) {
			for (const [hash, session] of byHash) if (session.id === id) byHash.delete(hash)
		}
	}
}
