import { compareText } from '../behaviour.js'
import type { Reckoning, RuleEvidence } from '../policy.js'
import { hoursOfDaily } from './daily.js'
import type { BehaviourState } from './state.js'

/** What a rule says of itself besides what it covers. */
export type RuleAccount = Pick<RuleEvidence, 'why' | 'beyond'> & { reckoning: Reckoning }

const COVERS_MAX = 256
const SAMPLES_MAX = 3
const PODS_MAX = 4

/** The evidence of a rule: what it covers, when, where and how often, with the rule's own account of its shape. */
export function ruleEvidence(covers: readonly BehaviourState[], account: RuleAccount): RuleEvidence {
	const covered = coveredObjects(covers)
	const hours = new Set<number>()
	const days = new Set<number>()
	for (const state of covers) {
		for (const hour of state.hours) hours.add(hour)
		for (const hour of hoursOfDaily(state.daily)) hours.add(hour)
	}
	for (const hour of hours) days.add(Math.floor(hour / 24))
	return {
		covers: covered.slice(0, COVERS_MAX),
		coveredCount: covered.length,
		count: covers.reduce((sum, state) => sum + state.count, 0),
		firstMs: covers.reduce((first, state) => Math.min(first, state.firstMs), covers[0]?.firstMs ?? 0),
		lastMs: covers.reduce((last, state) => Math.max(last, state.lastMs), 0),
		hourCount: hours.size,
		dayCount: days.size,
		pods: sortedUnique(covers.flatMap((state) => state.pods)).slice(0, PODS_MAX),
		versions: sortedUnique(covers.flatMap((state) => state.versions)),
		samples: sortedUnique(covers.flatMap((state) => state.samples)).slice(0, SAMPLES_MAX),
		required: covers.some((state) => state.required),
		interactive: covers.length > 0 && covers.every((state) => state.interactive),
		why: account.why,
		beyond: account.beyond,
		reckoning: account.reckoning
	}
}

function coveredObjects(covers: readonly BehaviourState[]): RuleEvidence['covers'] {
	const counts = new Map<string, RuleEvidence['covers'][number]>()
	for (const { raw, verb, source, count } of covers) {
		const key = `${raw}\0${verb}\0${source}`
		const known = counts.get(key)
		if (known) known.count += count
		else counts.set(key, { object: raw, verb, source, count })
	}
	return [...counts.values()].sort(
		(a, b) =>
			compareText(a.object, b.object) || compareText(a.verb, b.verb) || compareText(a.source, b.source)
	)
}

function sortedUnique(values: readonly string[]): string[] {
	return [...new Set(values)].filter((value) => value !== '').sort(compareText)
}
