import type { QueryClient } from '@tanstack/react-query'
import { post } from '../api/client.js'
import { isTouched } from '../api/queries.js'
import type { AnsweredMany, HeldItem, Judgement } from '../api/shapes.js'

/** What became of one item. */
export type Outcome = { ok: true } | { ok: false; sentence: string }

/** As many as the service takes at once. */
const TOGETHER = 500

/** Answers for all items and reports what became of each by its key; one that fails stops no other. */
export async function answer(
	items: readonly HeldItem[],
	decision: Judgement,
	reason: string,
	report: (outcomes: readonly (readonly [string, Outcome])[]) => void
): Promise<void> {
	for (let from = 0; from < items.length; from += TOGETHER) {
		const part = items.slice(from, from + TOGETHER)
		const asked = part.map(({ workload, verb, object, source }) => ({ workload, verb, object, source }))
		const done = await post<AnsweredMany>('/held/answer', { items: asked, decision, reason })
		report(part.map((item, index) => [item.key, outcomeOf(done.items[index])]))
	}
}

/** Reads again what an answer touches, without waiting for the event stream. */
export function readAgain(client: QueryClient): Promise<void> {
	const tables = new Set(['decisions', 'held'])
	return client.invalidateQueries({ predicate: (query) => isTouched(query.queryKey[0], tables) })
}

function outcomeOf(item: AnsweredMany['items'][number] | undefined): Outcome {
	if (item?.answer) return { ok: true }
	return { ok: false, sentence: item?.problem?.detail ?? 'The service did not say what became of it.' }
}
