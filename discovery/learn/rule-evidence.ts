import { compareText } from '../behaviour.js'
import type { Reckoning, RuleEvidence } from '../policy.js'
import type { BehaviourState } from './state.js'

/** What a rule says of itself besides what it covers. */
export type RuleAccount = Pick<RuleEvidence, 'why' | 'beyond'> & { reckoning: Reckoning }

const COVERS_MAX = 256
const SAMPLES_MAX = 3
const PODS_MAX = 4

/** The evidence of a rule: what it covers, when, where and how often, with the rule's own account of its shape. */
export function ruleEvidence(covers: readonly BehaviourState[], account: RuleAccount): RuleEvidence {
	const [only] = covers
	if (only && covers.length === 1) return evidenceOfOne(only, account)
	const covered = coveredObjects(covers)
	const { hourCount, dayCount } = extentOf(covers)
	return {
		covers: covered.slice(0, COVERS_MAX),
		coveredCount: covered.length,
		count: covers.reduce((sum, state) => sum + state.count, 0),
		firstMs: covers.reduce((first, state) => Math.min(first, state.firstMs), covers[0]?.firstMs ?? 0),
		lastMs: covers.reduce((last, state) => Math.max(last, state.lastMs), 0),
		hourCount,
		dayCount,
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

/** The same for a rule that covers one behaviour, which most do. */
function evidenceOfOne(only: BehaviourState, account: RuleAccount): RuleEvidence {
	const { raw, verb, source, count, firstMs, lastMs, hourCount, dayCount, required, interactive } = only
	return {
		covers: [{ object: raw, verb, source, count }],
		coveredCount: 1,
		count,
		firstMs,
		lastMs: Math.max(0, lastMs),
		hourCount,
		dayCount,
		pods: sortedUnique(only.pods).slice(0, PODS_MAX),
		versions: sortedUnique(only.versions),
		samples: sortedUnique(only.samples).slice(0, SAMPLES_MAX),
		required,
		interactive,
		why: account.why,
		beyond: account.beyond,
		reckoning: account.reckoning
	}
}

/** Distinct hours and days in which any of it was seen, as far as days are kept. */
function extentOf(covers: readonly BehaviourState[]): { hourCount: number; dayCount: number } {
	const masks = new Map<number, number>()
	for (const { daily } of covers) {
		for (let at = 0; at + 1 < daily.length; at += 3) {
			const day = daily[at] ?? 0
			masks.set(day, (masks.get(day) ?? 0) | (daily[at + 1] ?? 0))
		}
	}
	let hourCount = 0
	for (const mask of masks.values()) for (let rest = mask; rest !== 0; rest &= rest - 1) hourCount++
	return { hourCount, dayCount: masks.size }
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
	if (values.length <= 1) return values.filter((value) => value !== '')
	return [...new Set(values)].filter((value) => value !== '').sort(compareText)
}
