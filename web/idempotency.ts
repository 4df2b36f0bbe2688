import { createHash } from 'node:crypto'
import { HttpError } from './problem.js'

/** What was answered; sent again for the same key. */
export interface Answer {
	status: number
	body: string
}

export interface Idempotency {
	/**
	 * Runs `work` once per key and caller; whoever sends the same key again, also meanwhile, gets the
	 * same answer. Throws `key-reused` when the key comes with another request. What failed is not
	 * kept, so it can be tried again.
	 */
	once(key: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>
}

const KEPT_MS = 24 * 3_600_000
const KEPT_MAX = 1000

export function createIdempotency(nowMs: () => number): Idempotency {
	const kept = new Map<string, { request: string; answer: Promise<Answer>; atMs: number }>()

	function forget(): void {
		for (const [key, entry] of kept) {
			if (entry.atMs + KEPT_MS > nowMs() && kept.size <= KEPT_MAX) break
			kept.delete(key)
		}
	}

	return {
		once(key, request, work) {
			forget()
			const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex')
			const known = kept.get(key)
			if (known && known.request !== hash) {
				throw new HttpError(
					'key-reused',
					'This Idempotency-Key came with another request before: use a new one.'
				)
			}
			if (known) return known.answer
			const answer = work()
			kept.set(key, { request: hash, answer, atMs: nowMs() })
			answer.catch(() => kept.delete(key))
			return answer
		}
	}
}
