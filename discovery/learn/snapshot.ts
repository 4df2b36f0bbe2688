import { z } from 'zod'
import { classOfVerb } from '../../collector/observation.js'
import { VERBS } from '../behaviour.js'
import { hourCountOf, hoursOfDaily, isFull, packDaily, unpackDaily } from './daily.js'
import type { BehaviourState } from './state.js'

/**
 * The states of one workload as one text, to be stored or sent: texts once each, days as masks. What
 * follows from the days (hours, counts) is left out as long as all days are kept.
 */
export function packStates(states: readonly BehaviourState[]): string {
	const texts: string[] = []
	const index = new Map<string, number>()
	const ref = (text: string): number => {
		const known = index.get(text)
		if (known !== undefined) return known
		index.set(text, texts.length)
		return texts.push(text) - 1
	}
	const packed = states.map((state): Packed => {
		const flags = (state.startOnly ? 1 : 0) | (state.required ? 2 : 0) | (state.interactive ? 4 : 0)
		return [
			ref(state.verb),
			ref(state.object),
			ref(state.source),
			ref(state.raw),
			flags,
			state.firstMs,
			state.lastMs - state.firstMs,
			state.versions.map(ref),
			state.pods.map(ref),
			state.samples.map(ref),
			state.starts,
			packDaily(state.daily),
			isFull(state.daily) ? [state.hours, state.days] : []
		]
	})
	return JSON.stringify({ format: FORMAT, texts, states: packed })
}

/** The reverse; throws a sentence when the text is not one that `packStates` wrote. */
export function unpackStates(text: string): BehaviourState[] {
	const parsed = snapshotSchema.safeParse(JSON.parse(text))
	if (!parsed.success) throw new Error(`Not a snapshot of behaviours: ${z.prettifyError(parsed.error)}`)
	const { texts, states } = parsed.data
	const at = (ref: number): string => {
		const found = texts[ref]
		if (found === undefined) throw new Error(`Not a snapshot of behaviours: it has no text ${ref}.`)
		return found
	}
	return states.map((packed) => unpack(packed, at))
}

const FORMAT = 1
const whole = z.number().int()
const stateSchema = z.tuple([
	whole,
	whole,
	whole,
	whole,
	whole,
	whole,
	whole,
	z.array(whole),
	z.array(whole),
	z.array(whole),
	z.array(whole),
	z.string(),
	z.array(z.array(whole)).max(2)
])
type Packed = z.infer<typeof stateSchema>
const snapshotSchema = z.object({
	format: z.literal(FORMAT),
	texts: z.array(z.string()),
	states: z.array(stateSchema)
})

function unpack(packed: Packed, at: (ref: number) => string): BehaviourState {
	const [
		verbRef,
		object,
		source,
		raw,
		flags,
		firstMs,
		lastedMs,
		versions,
		pods,
		samples,
		starts,
		days,
		rest
	] = packed
	const verb = VERBS.find((known) => known === at(verbRef))
	if (!verb) throw new Error(`Not a snapshot of behaviours: ${JSON.stringify(at(verbRef))} is no verb.`)
	const daily = unpackDaily(days)
	const hours = hoursOfDaily(daily)
	const keptDays = daily.filter((_, i) => i % 3 === 0)
	let count = 0
	for (let i = 2; i < daily.length; i += 3) count += daily[i] ?? 0
	return {
		class: classOfVerb[verb],
		verb,
		object: at(object),
		source: at(source),
		raw: at(raw),
		versions: versions.map(at),
		hours: rest[0] ?? hours.slice(0, 3),
		lastHour: hours.at(-1) ?? 0,
		daily,
		hourCount: hourCountOf(daily),
		dayCount: keptDays.length,
		days: rest[1] ?? keptDays.slice(0, 4),
		pods: pods.map(at),
		starts,
		startOnly: (flags & 1) !== 0,
		count,
		firstMs,
		lastMs: firstMs + lastedMs,
		required: (flags & 2) !== 0,
		interactive: (flags & 4) !== 0,
		samples: samples.map(at)
	}
}
