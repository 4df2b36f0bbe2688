import type { z } from 'zod'
import { percent } from '../discovery/learn/blockers.js'
import type * as shape from '../web/operations/shape.js'
import { type Colour, type Column, type Listing, when } from './output.js'

type Workload = z.output<typeof shape.Workload>
type Suggestion = z.output<typeof shape.Suggestion>
type Behaviour = z.output<typeof shape.Behaviour>
type Violation = z.output<typeof shape.Violation>
type HeldItem = z.output<typeof shape.HeldItem>
type Readiness = z.output<typeof shape.ReadinessBrief>
type HistoryEntry = z.output<typeof shape.HistoryEntry>
type Gap = z.output<typeof shape.Gap>
type Source = z.output<typeof shape.SourceStatus>

/** How each kind of thing looks in a table; the first columns are those that people compare by. */
export const workloads: Listing<Workload> = {
	kind: 'WorkloadList',
	name: (item) => `workload/${item.displayName}`,
	empty: 'No workloads. Run "whittle up" to watch this host, or "whittle replay FILE" to read a recording.',
	columns: [
		{ header: 'NAME', value: (item) => item.displayName },
		...(['process', 'file-read', 'file-write', 'network', 'privilege'] as const).map(
			(name): Column<Workload> => ({
				header: name.toUpperCase(),
				value: (item) =>
					item.classes.find((entry) => entry.class === name)?.state.replace('none', '-') ?? '-',
				colour: (item) => stateColour(item.classes.find((entry) => entry.class === name)?.state)
			})
		),
		{
			header: 'VIOLATIONS',
			value: (item) => `${item.violationCount}`,
			colour: (item) => (item.violationCount > 0 ? 'red' : undefined)
		},
		{ header: 'STARTS', value: (item) => `${item.startCount}` },
		{ header: 'LAST SEEN', value: (item, style) => when(item.lastMs, style) },
		{ header: 'FIRST SEEN', wide: true, value: (item, style) => when(item.firstMs, style) },
		{
			header: 'RULES',
			wide: true,
			value: (item) => `${item.classes.reduce((sum, entry) => sum + entry.ruleCount, 0)}`
		},
		{
			header: 'RISK IN 24 H',
			wide: true,
			value: (item) =>
				item.classes
					.flatMap((entry) =>
						entry.readiness === null ? [] : [`${entry.class} ${riskText(entry.readiness)}`]
					)
					.join(', ') || '-'
		},
		{ header: 'NODE', wide: true, value: (item) => item.node || '-' },
		{ header: 'CGROUP', wide: true, value: (item) => item.cgroup || '-' }
	]
}

export const policies: Listing<Suggestion> = {
	kind: 'PolicyList',
	name: (item) => `policy/${item.displayName}/${item.class}`,
	empty: 'No policies yet. They appear a few seconds after a workload was first seen.',
	columns: [
		{ header: 'WORKLOAD', value: (item) => item.displayName },
		{ header: 'CLASS', value: (item) => item.class },
		{ header: 'STATE', value: (item) => item.state, colour: (item) => stateColour(item.state) },
		{ header: 'DECISION', value: (item) => item.decision.replace('none', '-') },
		{ header: 'RULES', value: (item) => `${item.ruleCount}` },
		{
			header: 'WARNINGS',
			value: (item) => `${item.warningCount}`,
			colour: (item) => (item.warningCount > 0 ? 'yellow' : undefined)
		},
		{ header: 'HOURS', value: (item) => `${item.hourCount}` },
		{
			header: 'RISK',
			value: (item) => (item.readiness === null ? '-' : percent(item.readiness.risk24)),
			colour: (item) => (item.readiness?.standing === 'ready' ? 'green' : undefined)
		},
		{
			header: 'READY',
			value: (item) => (item.readiness === null ? '-' : standingWord[item.readiness.standing])
		},
		{ header: 'DIGEST', value: (item) => item.digest.slice(7, 19) },
		{ header: 'SINCE', value: (item, style) => when(item.sinceMs, style) },
		{ header: 'REVISION', wide: true, value: (item) => `${item.revision}` },
		{ header: 'DAYS', wide: true, value: (item) => `${item.dayCount}` },
		{ header: 'STARTS', wide: true, value: (item) => `${item.startCount}` },
		{ header: 'PODS', wide: true, value: (item) => `${item.podCount}` },
		{ header: 'LAST SEEN', wide: true, value: (item, style) => when(item.lastMs, style) },
		{ header: 'WHERE IT IS', wide: true, value: (item) => item.sentence }
	]
}

export const behaviours: Listing<Behaviour> = {
	kind: 'BehaviourList',
	name: (item) => `behaviour/${item.class}/${item.verb}/${item.object}`,
	empty: 'No behaviours match.',
	columns: [
		{ header: 'CLASS', value: (item) => item.class },
		{ header: 'VERB', value: (item) => item.verb },
		{
			header: 'RESULT',
			value: (item) => item.result,
			colour: (item) => (item.result === 'denied' ? 'red' : undefined)
		},
		{ header: 'COUNT', value: (item) => `${item.count}` },
		{ header: 'LAST SEEN', value: (item, style) => when(item.lastMs, style) },
		{ header: 'SOURCE', value: (item) => item.source || '?' },
		{ header: 'OBJECT', value: (item) => item.object },
		{ header: 'HOURS', wide: true, value: (item) => `${item.hourCount}` },
		{ header: 'DAYS', wide: true, value: (item) => `${item.dayCount}` },
		{ header: 'PODS', wide: true, value: (item) => item.pods.join(',') || '-' },
		{ header: 'DETAIL', wide: true, value: (item) => item.detail }
	]
}

export const held: Listing<HeldItem> = {
	kind: 'HeldList',
	name: (item) => `held/${item.displayName}/${item.verb}/${item.object}`,
	empty: 'Nothing is held back: everything that was seen is learned.',
	columns: [
		{ header: 'SCORE', value: (item) => item.bundleScore.toFixed(1) },
		{ header: 'TOGETHER', value: (item) => (item.bundleCount > 1 ? `${item.bundleCount}` : '-') },
		{ header: 'WORKLOAD', value: (item) => item.displayName },
		{ header: 'VERB', value: (item) => item.verb },
		{
			header: 'OBJECT',
			value: (item) => item.object,
			colour: (item) => (item.sensitivity === 2 ? 'red' : item.sensitivity === 1 ? 'yellow' : undefined)
		},
		{ header: 'SOURCE', value: (item) => item.source || '?' },
		{ header: 'SEEN', value: (item) => `${item.count}` },
		{ header: 'ANSWER', value: (item) => item.answer?.decision ?? '-' },
		{ header: 'LAST', wide: true, value: (item, style) => when(item.lastMs, style) },
		{ header: 'CAUSE', wide: true, value: (item) => item.cause },
		{ header: 'PODS', wide: true, value: (item) => item.pods.join(',') || '-' },
		{ header: 'SAMPLE', wide: true, value: (item) => item.samples[0] ?? '-' },
		{ header: 'WHY', value: (item) => item.reason }
	]
}

export const violations: Listing<Violation> = {
	kind: 'ViolationList',
	name: (item) => `violation/${item.id}`,
	empty: 'No violations.',
	columns: [
		{ header: 'LAST', value: (item, style) => when(item.lastMs, style) },
		{
			header: 'ACTION',
			value: (item) => item.action,
			colour: (item) => (item.action === 'blocked' ? 'red' : 'yellow')
		},
		{ header: 'WORKLOAD', value: (item) => item.workload },
		{ header: 'COUNT', value: (item) => `${item.count}` },
		{ header: 'VERB', value: (item) => item.verb },
		{ header: 'SOURCE', value: (item) => item.source || '?' },
		{ header: 'OBJECT', value: (item) => item.object },
		{ header: 'TARGET', wide: true, value: (item) => item.target },
		{ header: 'DIGEST', wide: true, value: (item) => item.digest.slice(7, 19) },
		{ header: 'RULE', wide: true, value: (item) => item.rule },
		{ header: 'DETAIL', wide: true, value: (item) => item.detail }
	]
}

export const history: Listing<HistoryEntry> = {
	kind: 'HistoryList',
	name: (item) => `${item.kind}/${subject(item).id}`,
	empty: 'Nothing was decided or changed yet.',
	columns: [
		{ header: 'WHEN', value: (item, style) => when(item.atMs, style) },
		{
			header: 'WHAT',
			value: (item) =>
				item.kind === 'change' ? `${item.change.action} ${item.change.target}` : decisionOf(item)
		},
		{
			header: 'STATE',
			value: (item) => (item.kind === 'change' ? item.change.state : '-'),
			colour: (item) => stateColour(item.kind === 'change' ? item.change.state : undefined)
		},
		{ header: 'WORKLOAD', value: (item) => subject(item).workload },
		{ header: 'CLASS', value: (item) => subject(item).class },
		{
			header: 'OF WHAT',
			value: (item) =>
				item.kind === 'answer'
					? `${item.answer.verb} ${item.answer.object}`
					: subject(item).digest.slice(7, 19)
		},
		{ header: 'WHO', value: (item) => subject(item).actor },
		{
			header: 'WHY',
			value: (item) =>
				item.kind === 'change'
					? item.change.outcome
					: item.kind === 'approval'
						? item.approval.reason
						: item.answer.reason
		}
	]
}

export const gaps: Listing<Gap> = {
	kind: 'GapList',
	name: (item) => `gap/${item.id}`,
	empty: 'No gaps: nothing that was watched is known to be missing.',
	columns: [
		{ header: 'FROM', value: (item, style) => when(item.fromMs, style) },
		{ header: 'TO', value: (item, style) => when(item.toMs, style) },
		{ header: 'REASON', value: (item) => item.reason },
		{ header: 'LOST', value: (item) => (item.lostCount === 0 ? '?' : `${item.lostCount}`) },
		{ header: 'SCOPE', value: (item) => item.scope },
		{ header: 'DETAIL', value: (item) => item.detail },
		{ header: 'PRODUCER', wide: true, value: (item) => item.producer }
	]
}

export const sources: Listing<Source> = {
	kind: 'SourceList',
	name: (item) => `source/${item.name}`,
	empty: 'No source runs here now. "whittle up" starts them.',
	columns: [
		{ header: 'NAME', value: (item) => item.name },
		{ header: 'STATE', value: (item) => item.state },
		{ header: 'WHAT IT DOES', value: (item) => item.sentence }
	]
}

function subject(item: HistoryEntry): {
	id: number
	workload: string
	class: string
	digest: string
	actor: string
} {
	if (item.kind === 'answer') return { ...item.answer, digest: '' }
	return item.kind === 'approval' ? item.approval : item.change
}

function decisionOf(item: Exclude<HistoryEntry, { kind: 'change' }>): string {
	return item.kind === 'approval' ? item.approval.decision : item.answer.decision
}

const standingWord = { ready: 'yes', 'not-yet': 'not yet', 'open-ended': 'open-ended' }

/** `3 %, ready`, `45 %`, `90 %, open-ended`. */
export function riskText({ risk24, standing }: Readiness): string {
	return `${percent(risk24)}${standing === 'not-yet' ? '' : ` (${standing})`}`
}

function stateColour(state: string | undefined): Colour | undefined {
	const colours: Readonly<Record<string, Colour>> = {
		enforced: 'green',
		applied: 'yellow',
		audit: 'yellow',
		failed: 'red',
		learning: 'dim',
		none: 'dim'
	}
	return state === undefined ? undefined : colours[state]
}
