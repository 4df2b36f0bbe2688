import type { Class } from '../../collector/observation.js'
import { classOfVerb } from '../../collector/observation.js'
import { chainsAgainst } from './chains.js'
import type { Workload } from './generator.js'
import type { Judge } from './grant.js'
import { expandRule, type Probe, readBlockRules } from './probes.js'
import { RUNTIME_FILES } from './runtime-files.js'

/** The files and attacks that the policies of one workload are tried on. */
export interface Range {
	/** Objects that the workload never needs, by class of files. */
	unneeded: ReadonlyMap<Class, string[]>
	/** Probes by rule; the workload's own needs are left out. */
	probes: { rule: number; probe: Probe }[]
	/** Rules that cannot exist there, and probes that the workload itself needs. */
	absentRules: number
	neededProbes: number
	chains: ReturnType<typeof chainsAgainst>
}

export const FILE_CLASSES: readonly Class[] = ['file-read', 'file-write', 'process']

const rules = readBlockRules()

export function rangeOf(workload: Workload): Range {
	const { image, main } = workload.family
	const files = [...image.files, ...RUNTIME_FILES]
	const unneeded = new Map(
		FILE_CLASSES.map((of) => [of, files.filter((path) => !workload.isLegitimate(of, path))])
	)
	const unneededSets = new Map([...unneeded].map(([of, paths]) => [of, new Set(paths)]))
	const range = { unneeded, probes: [] as Range['probes'], absentRules: 0, neededProbes: 0 }
	rules.forEach((rule, at) => {
		const { probes } = expandRule(rule, image, main)
		if (probes.length === 0) range.absentRules++
		for (const probe of probes) {
			const of = classOfVerb[probe.verb]
			const isFree = unneededSets.get(of)?.has(probe.object) || !workload.isLegitimate(of, probe.object)
			if (isFree) range.probes.push({ rule: at, probe })
			else range.neededProbes++
		}
	})
	return { ...range, chains: chainsAgainst(workload) }
}

/** How wide the policy of one class is. */
export interface Width {
	/** Share of the files that the workload never needs which the class grants. */
	overGrant: number
	/** Distinct probes of the class, and how many it blocks; those on files that are there, and on new ones. */
	ownProbes: number
	ownBlocked: number
	newProbes: number
	newBlocked: number
	/** By rule of the library: the share of its probes of this class that is blocked. */
	byRule: Map<number, { blocked: number; count: number }>
}

export function widthOf(range: Range, of: Class, judge: Judge, main: string): Width {
	const width: Width = {
		overGrant: 0,
		ownProbes: 0,
		ownBlocked: 0,
		newProbes: 0,
		newBlocked: 0,
		byRule: new Map()
	}
	const paths = range.unneeded.get(of) ?? []
	const granted = paths.reduce((sum, path) => sum + (judge.allowedBy(of, path, main) >= 0 ? 1 : 0), 0)
	width.overGrant = paths.length === 0 ? 0 : granted / paths.length
	const seen = new Map<string, boolean>()
	for (const { rule, probe } of range.probes) {
		if (classOfVerb[probe.verb] !== of) continue
		const key = `${probe.verb} ${probe.object} ${probe.source}`
		let blocked = seen.get(key)
		if (blocked === undefined) {
			blocked = judge.allowedBy(of, probe.object, probe.source) < 0
			seen.set(key, blocked)
			if (probe.standing === 'own') {
				width.ownProbes++
				if (blocked) width.ownBlocked++
			} else {
				width.newProbes++
				if (blocked) width.newBlocked++
			}
		}
		const of_ = width.byRule.get(rule) ?? { blocked: 0, count: 0 }
		of_.count++
		if (blocked) of_.blocked++
		width.byRule.set(rule, of_)
	}
	return width
}

/** How many of the chains are cut at one step at least, when these classes are enforced. */
export function chainsCut(range: Range, judges: ReadonlyMap<Class, Judge>): { count: number; cut: number } {
	const cut = range.chains.filter(({ steps }) =>
		steps.some((step) => {
			const of = classOfVerb[step.verb]
			const judge = judges.get(of)
			return judge !== undefined && judge.allowedBy(of, step.object, step.source) < 0
		})
	).length
	return { count: range.chains.length, cut }
}
