import type { QueryClient } from '@tanstack/react-query'
import { ApiError, pathOf, post } from '../api/client.js'
import { isTouched } from '../api/queries.js'
import type { Class, Decided } from '../api/shapes.js'

/** One policy that is decided about: exactly the digest that was on the screen. */
export interface Item {
	workload: string
	displayName: string
	class: Class
	digest: string
}

export type Choice = 'approve' | 'reject'

export type Outcome = { ok: true; sentence: string } | { ok: false; sentence: string; isStale: boolean }

/** At most this many at once: the service has one writer, and other readers wait too. */
const AT_ONCE = 4

/**
 * Decides about each item by itself and reports each as it ends; one that fails stops no other. A digest
 * that is no longer proposed is refused by the service as a conflict.
 */
export async function decide(
	items: readonly Item[],
	choice: Choice,
	reason: string,
	report: (item: Item, outcome: Outcome) => void
): Promise<void> {
	const waiting = [...items]
	async function worker(): Promise<void> {
		for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
			report(item, await decideOne(item, choice, reason))
		}
	}
	await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
}

/** Reads again everything that a decision or a change touches, without waiting for the event stream. */
export function readAgain(client: QueryClient): Promise<void> {
	const tables = new Set(['approvals', 'changes'])
	return client.invalidateQueries({ predicate: (query) => isTouched(query.queryKey[0], tables) })
}

async function decideOne(item: Item, choice: Choice, reason: string): Promise<Outcome> {
	try {
		const decided = await post<Decided>(pathOf('policies', item.workload, item.class, choice), {
			digest: item.digest,
			reason
		})
		return { ok: true, sentence: decided.sentence }
	} catch (error) {
		if (!(error instanceof ApiError)) throw error
		const isStale = error.status === 409 || error.status === 412
		return { ok: false, sentence: error.message, isStale }
	}
}
