import type { z } from 'zod'
import { percent } from '../discovery/learn/blockers.js'
import type * as shape from '../web/operations/shape.js'
import { type Column, type Listing, when } from './output.js'

type Unused = z.output<typeof shape.UnusedRule>
type FleetItem = z.output<typeof shape.FleetItem>
type FeaturesItem = z.output<typeof shape.FeaturesItem>
type ClassCurve = z.output<typeof shape.FleetCurves>['classes'][number]

export const unused: Listing<Unused> = {
	kind: 'UnusedRuleList',
	name: (item) => `unused/${item.workload}/${item.class}/${item.rule}`,
	empty: 'No rule was unused for long enough to say so.',
	columns: [
		{ header: 'WORKLOAD', value: (item) => item.workload },
		{ header: 'CLASS', value: (item) => item.class },
		{ header: 'RULE', value: (item) => `${item.rule}` },
		{ header: 'OBJECT', value: (item) => item.object },
		{ header: 'ACCESS', value: (item) => item.access.join(',') },
		{ header: 'LAST USED', value: (item, style) => when(item.lastMs, style) },
		{ header: 'UNUSED HOURS', value: (item) => `${item.unusedHours}` },
		{ header: 'NEEDED', wide: true, value: (item) => `${item.neededHours}` },
		{ header: 'SOURCES', wide: true, value: (item) => item.sources.join(',') || 'any' },
		{ header: 'WHY', value: (item) => item.reason }
	]
}

export const fleet: Listing<FleetItem> = {
	kind: 'FleetList',
	name: (item) => `fleet/${item.workload}/${item.class}`,
	empty: 'Nothing was learned yet.',
	columns: [
		{ header: 'WORKLOAD', value: (item) => item.workload },
		{ header: 'CLASS', value: (item) => item.class },
		{ header: 'HOURS', value: (item) => `${item.exposedHours}` },
		{ header: 'STARTS', value: (item) => `${item.startCount}` },
		{ header: 'ITEMS', value: (item) => `${item.itemCount}` },
		{ header: 'M1', value: (item) => `${item.M1}` },
		{ header: 'Q1', value: (item) => `${item.Q1}` },
		{ header: 'QUIET', value: (item) => `${item.quietHours}` },
		{ header: 'COVERAGE', value: (item) => `${Math.floor(item.coverage * 100)} %` },
		{ header: 'RISK', value: (item) => percent(item.risk24) },
		{ header: 'READY', value: (item) => (item.mature ? 'yes' : item.openEnded ? 'open-ended' : 'not yet') },
		{ header: 'JUDGED', wide: true, value: (item) => `${item.judgedCount}` },
		{ header: 'CAME', wide: true, value: (item) => `${item.cameCount}` },
		{ header: 'MEAN RISK', wide: true, value: (item) => percent(item.meanRisk) },
		{ header: 'VERSIONS', wide: true, value: (item) => `${item.versionCount}` },
		{ header: 'OF ITS IMAGE', wide: true, value: (item) => `${item.imageCount}` }
	]
}

export const features: Listing<FeaturesItem> = {
	kind: 'FeaturesList',
	name: (item) => `features/${item.workload}/${item.class}/${item.hour}`,
	empty: 'No prediction can be judged yet: that takes 24 watched hours.',
	columns: [
		{ header: 'WORKLOAD', value: (item) => item.workload },
		{ header: 'CLASS', value: (item) => item.class },
		{ header: 'HOUR', value: (item, style) => when(item.hour * 3_600_000, style) },
		{ header: 'WATCHED', value: (item) => `${item.exposedHours}` },
		{ header: 'RISK', value: (item) => percent(item.risk) },
		{ header: 'CAME', value: (item) => (item.outcome ? 'yes' : 'no') },
		{
			header: 'FEATURES',
			wide: true,
			value: (item) =>
				Object.entries(item.features)
					.map(([name, value]) => `${name} ${value.toFixed(2)}`)
					.join(', ')
		}
	]
}

export const classCurves: Column<ClassCurve>[] = [
	{ header: 'CLASS', value: (one) => one.class },
	{ header: 'WORKLOADS', value: (one) => `${one.workloadCount}` },
	{ header: 'READY', value: (one) => `${one.readyCount}` },
	{ header: 'OPEN-ENDED', value: (one) => `${one.openEndedCount}` },
	{ header: 'HOURS', value: (one) => `${one.exposedHours}` },
	{ header: 'RISK', value: (one) => percent(one.medianRisk) },
	{ header: 'COVERAGE', value: (one) => `${Math.floor(one.medianCoverage * 100)} %` },
	{ header: 'LOWEST TENTH', value: (one) => `${Math.floor(one.lowCoverage * 100)} %` }
]

export const curvePoints: Column<ClassCurve['curve'][number] & { class: string }>[] = [
	{ header: 'CLASS', value: (one) => one.class },
	{ header: 'AFTER HOURS', value: (one) => `${one.hour}` },
	{ header: 'WORKLOADS', value: (one) => `${one.workloadCount}` },
	{ header: 'RISK', value: (one) => percent(one.medianRisk) },
	{ header: 'HIGHEST TENTH', value: (one) => percent(one.highRisk) },
	{ header: 'KNOWN BY THEN', value: (one) => `${Math.floor(one.knownShare * 100)} %` }
]
