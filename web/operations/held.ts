import assert from 'node:assert/strict'
import { z } from 'zod'
import { type Class, classOfVerb, type Verb } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import {
	type Answer as AnswerRow,
	answerAll,
	answerKey,
	type AnswerRequest,
	readAnswers
} from '../../enforcer/answer.js'
import { integer } from '../../enforcer/row.js'
import { kindOf, problem } from '../problem.js'
import { pageOf } from './cursor.js'
import { OperationError } from './error.js'
import { type Facts, policyName, readFacts, type WorkloadRow } from './facts.js'
import { filterWithFacets, matches } from './filter.js'
import { operation, type OperationContext } from './operation.js'
import { resolveWorkload } from './reference.js'
import { type Answer, AnswerHeld, AnsweredMany, HeldItem, HeldPage, ListHeld } from './shape.js'

export const listHeld = operation({
	name: 'listHeld',
	method: 'GET',
	path: '/held',
	summary:
		'What was seen and not learned, with the reason: what belongs together stands together, strangest first.',
	input: ListHeld,
	output: HeldPage,
	run({ reader }, input) {
		const facts = readFacts(reader)
		const all = readHeldItems(reader, facts)
		const only = input.workload === undefined ? null : membersOf(facts, input.workload, input.class)
		const found = all.filter(
			(item) =>
				(only === null || only.of(item.class).includes(item.workloadId)) &&
				matches(input.search, [item.workload, item.verb, item.object, item.source, item.reason])
		)
		const { items, facets } = filterWithFacets(found, {
			workload: { valuesOf: (item) => [item.displayName], wanted: undefined },
			namespace: { valuesOf: (item) => [item.namespace], wanted: input.namespace },
			class: { valuesOf: (item) => [item.class], wanted: input.class },
			cause: { valuesOf: (item) => [item.cause], wanted: input.cause },
			sensitivity: { valuesOf: (item) => [String(item.sensitivity)], wanted: input.sensitivity },
			answer: { valuesOf: (item) => [item.answer?.decision ?? 'waiting'], wanted: input.answer }
		})
		const page = pageOf('held', items, positionOf, { ...input, order: 'asc' })
		return { ...page, total: items.length, facets }
	}
})

export const answerHeld = operation({
	name: 'answerHeld',
	method: 'POST',
	path: '/held/answer',
	summary:
		'Say of held behaviours that the workload needs them, or that they are malicious. Discovery acts on it in its next pass.',
	input: AnswerHeld,
	output: AnsweredMany,
	runsIn: 'service',
	async run(context, input) {
		const facts = readFacts(context.reader)
		const found = input.items.map((item) => requestOrError(context, facts, item, input))
		const requests = found.flatMap((request) => (request instanceof Error ? [] : [request]))
		const made = (await answerAll(context.reader, context.writer, requests)).values()
		const items = input.items.map((item, index) => {
			const request = found[index]
			const result = request instanceof Error ? { value: request } : made.next()
			assert(result.value, 'every request has a result')
			if (!(result.value instanceof Error)) {
				return { ...item, status: 200, answer: answerShown(result.value, facts), problem: null }
			}
			const { kind, detail } = kindOf(result.value)
			const about = problem(kind, detail, '/api/v1/held/answer')
			return { ...item, status: about.status, answer: null, problem: about }
		})
		const answeredCount = items.filter((item) => item.answer !== null).length
		return { items, answeredCount, failedCount: items.length - answeredCount }
	}
})

/** An answer with the name of what it is about. */
export function answerShown(answer: AnswerRow, facts: Facts): z.output<typeof Answer> {
	const workload = facts.byId.get(answer.workloadId)
	return { ...answer, workload: workload ? policyName(workload.displayName, workload, answer.class) : '' }
}

type Item = z.output<typeof HeldItem>

/** Bundles by their summed score, answered ones last; in each the strangest item first. */
function positionOf(item: Item): (string | number)[] {
	const isAnswered = item.answer === null ? 0 : 1
	const { bundleScore, bundle, score, key } = item
	return [isAnswered, -bundleScore, bundle, -score, key]
}

function readHeldItems(reader: Reader, facts: Facts): Item[] {
	const answers = readAnswers(reader)
	const items: Item[] = []
	const bundles = new Map<string, { count: number; score: number }>()
	for (const row of reader.each('SELECT * FROM held ORDER BY workload_id, class, verb, object, source')) {
		const workload = facts.byId.get(integer(row.workload_id))
		// What turned out to be another workload is held there.
		if (!workload || workload.aliasOf !== null) continue
		const item = itemOf(row, workload, facts, answers)
		const bundle = bundles.get(item.bundle) ?? { count: 0, score: 0 }
		bundles.set(item.bundle, { count: bundle.count + 1, score: bundle.score + item.score })
		items.push(item)
	}
	return items.map((item) => {
		const { count, score } = bundles.get(item.bundle) ?? { count: 1, score: item.score }
		return { ...item, bundleCount: count, bundleScore: Math.round(score * 100) / 100 }
	})
}

function itemOf(
	row: Record<string, unknown>,
	workload: WorkloadRow,
	facts: Facts,
	answers: ReadonlyMap<string, AnswerRow>
): Item {
	const { class: class_, verb, object, source, data } = rowShape.parse(row)
	const held = dataShape.parse(JSON.parse(data))
	const key = answerKey({ workloadId: workload.id, verb, object, source })
	const answer = answers.get(key)
	return {
		...held,
		key: key.replaceAll('\0', '\n'),
		workloadId: workload.id,
		workload: policyName(workload.name, workload, class_),
		displayName: policyName(workload.displayName, workload, class_),
		cluster: workload.cluster,
		namespace: workload.namespace,
		class: class_,
		verb,
		object,
		source,
		bundle: held.bundle === '' ? key.replaceAll('\0', '\n') : `${workload.id} ${held.bundle}`,
		bundleCount: 1,
		bundleScore: held.score,
		answer: answer ? answerShown(answer, facts) : null
	}
}

const rowShape = HeldItem.pick({ class: true, verb: true, object: true, source: true }).extend({
	data: z.string()
})
/** `HeldItem` of discovery, as `held.data` holds it. */
const dataShape = HeldItem.pick({
	raw: true,
	reason: true,
	cause: true,
	sensitivity: true,
	support: true,
	need: true,
	bundle: true,
	score: true,
	count: true,
	firstMs: true,
	lastMs: true,
	pods: true,
	samples: true
})

/** The rows at which something of this workload may be held: its network is that of its pod. */
function membersOf(facts: Facts, reference: string, class_: Class | undefined) {
	const workload = resolveWorkload([...facts.byId.values()], reference, class_)
	const network = facts.membersOf(workload, 'network')
	return { workload, of: (held: Class) => (held === 'network' ? network : [workload.id]) }
}

function requestOrError(
	context: OperationContext,
	facts: Facts,
	item: z.output<typeof AnswerHeld>['items'][number],
	{ decision, reason }: z.output<typeof AnswerHeld>
): AnswerRequest | Error {
	const { verb, object, source } = item
	if (!isVerb(verb)) return new OperationError('invalid', `There is no verb ${JSON.stringify(verb)}.`)
	try {
		const members = membersOf(facts, item.workload, classOfVerb[verb])
		return {
			workloadIds: members.of(classOfVerb[verb]),
			workload: members.workload.displayName,
			verb,
			object,
			source,
			decision,
			reason,
			actor: context.actor,
			atMs: context.nowMs()
		}
	} catch (error) {
		if (error instanceof OperationError) return error
		throw error
	}
}

function isVerb(text: string): text is Verb {
	return Object.hasOwn(classOfVerb, text)
}
