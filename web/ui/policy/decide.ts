import type { QueryClient } from '@tanstack/react-query'
import { ApiError, post } from '../api/client.js'
import { isTouched } from '../api/queries.js'
import type { Class, DecidedMany } from '../api/shapes.js'

/** One policy that is decided about: exactly the digest that was on the screen. */
export interface Item {
	workload: string
	displayName: string
	class: Class
	digest: string
}

export type Choice = 'approve' | 'reject'

export type Outcome = { ok: true; sentence: string } | { ok: false; sentence: string; isStale: boolean }

/** One request decides about so many: few enough that a person sees it getting on. */
const TOGETHER = 100

/**
 * Decides about each item by itself and reports what became of it; one that fails stops no other. A digest
 * that is no longer proposed is refused by the service as a conflict.
 */
export async function decide(
	items: readonly Item[],
	choice: Choice,
	reason: string,
	report: (outcomes: readonly (readonly [Item, Outcome])[]) => void
): Promise<void> {
	for (let from = 0; from < items.length; from += TOGETHER) {
		report(await decideTogether(items.slice(from, from + TOGETHER), choice, reason))
	}
}

/** Reads again everything that a decision or a change touches, without waiting for the event stream. */
export function readAgain(client: QueryClient): Promise<void> {
	const tables = new Set(['approvals', 'changes'])
	return client.invalidateQueries({ predicate: (query) => isTouched(query.queryKey[0], tables) })
}

async function decideTogether(
	items: readonly Item[],
	choice: Choice,
	reason: string
): Promise<(readonly [Item, Outcome])[]> {
	const asked = items.map(({ workload, class: class_, digest }) => ({ workload, class: class_, digest }))
	try {
		const decided = await post<DecidedMany>(`/policies/${choice}`, { items: asked, reason })
		return items.map((item, index) => [item, outcomeOf(decided.items[index])])
	} catch (error) {
		// The service decides about all of a request or about none.
		if (!(error instanceof ApiError)) throw error
		return items.map((item) => [item, { ok: false, sentence: error.message, isStale: false }])
	}
}

function outcomeOf(answer: DecidedMany['items'][number] | undefined): Outcome {
	if (answer?.decided) return { ok: true, sentence: answer.decided.sentence }
	const { problem } = answer ?? {}
	if (!problem) return { ok: false, sentence: 'The service did not say what became of it.', isStale: false }
	const isStale = problem.status === 409 || problem.status === 412
	return { ok: false, sentence: `${problem.title}: ${problem.detail}`, isStale }
}
