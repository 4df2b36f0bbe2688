import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import {
	type Column,
	type Format,
	type Listing,
	note,
	paint,
	printList,
	printOne,
	safeText,
	type Style,
	table,
	when
} from './output.js'

type Simulation = z.output<typeof shape.Simulation>
type Finding = z.output<typeof shape.Finding>
type Daily = NonNullable<Simulation['daily']>

/** Prints a simulation; a JSON or YAML document holds all of it, lists hold the findings. */
export async function show(found: Simulation, format: Format, style: Style): Promise<void> {
	if (format === 'ndjson' || format === 'name') {
		await printList(onePage(found.findings), findings, format, style)
	} else {
		await printOne(found, format, { name: () => 'simulation' }, () => report(found, format === 'wide', style))
	}
	for (const one of found.notes) note(`${one.severity}: ${one.text}`)
}

async function* onePage<T>(items: T[]): AsyncGenerator<T[]> {
	yield items
}

function report(found: Simulation, wide: boolean, style: Style): string {
	const { totals } = found
	const hidden = (Object.values(totals) as number[]).reduce((sum, n) => sum + n, 0) - found.findings.length
	return [
		...summary(found, style),
		found.findings.length === 0 ? '' : `\n${table(found.findings, findings.columns, wide, style)}`,
		hidden > 0 ? `${hidden} more are not shown: raise --limit, or use -o json.\n` : '',
		found.daily === null ? '' : `\n${dailyReport(found.daily, wide, style)}`,
		blindReport(found, style),
		'\nWhat a replay cannot know:\n',
		...found.limits.map((sentence) => `  ${sentence}\n`)
	].join('')
}

function summary(
	{ manifests, knownCount, workloads, workloadCount, classes, totals }: Simulation,
	style: Style
): string[] {
	const tried = manifests.map(
		(one) => `${one.kind} ${one.namespace === '' ? '' : `${one.namespace}/`}${one.name}`
	)
	const beside = knownCount > 0 ? `, beside ${counted(knownCount, 'manifest')} in force` : ''
	const seen = classes.reduce((sum, one) => sum + one.behaviourCount, 0)
	const firstMs = Math.min(...workloads.filter((one) => one.lastMs > 0).map((one) => one.firstMs))
	const span = Number.isFinite(firstMs)
		? `, seen from ${when(firstMs, style)} to ${when(Math.max(...workloads.map((one) => one.lastMs)), style)}`
		: ''
	const blocked = totals.block ?? 0
	const answer =
		blocked === 0
			? 'Nothing would have been blocked.'
			: `${counted(blocked, 'behaviour')} would have been blocked.`
	const others: [string, number][] = [
		['audited', totals.audit ?? 0],
		['not certain', totals.unsure ?? 0],
		['set aside', totals['set-aside'] ?? 0],
		['denied already', totals.denied ?? 0]
	]
	const rest = others.filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what}`)
	return [
		`Tried ${safeText(shortened(tried))}${beside}\n`,
		`on ${counted(seen, 'behaviour')} of ${counted(workloadCount, 'workload')}${span}.\n`,
		`${paint(answer, blocked > 0 ? 'red' : 'green', style)}${rest.length > 0 ? ` Besides: ${rest.join(', ')}.` : ''}\n`
	]
}

function shortened(names: readonly string[]): string {
	const shown = names.slice(0, 4).join(', ')
	return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown
}

const findings: Listing<Finding> = {
	kind: 'FindingList',
	name: (item) => `${item.kind}/${item.workload}/${item.class}/${item.verb}/${item.object}`,
	empty: 'Nothing would have been blocked.',
	columns: [
		{
			header: 'VERDICT',
			value: (item) => (item.kind === 'denied' ? 'denied' : item.kind),
			colour: (item) => (item.kind === 'block' ? 'red' : item.kind === 'denied' ? 'dim' : 'yellow')
		},
		{ header: 'COUNT', value: (item) => `${item.count}` },
		{ header: 'DAYS', value: (item) => `${item.dayCount}` },
		{ header: 'FIRST', value: (item, style) => when(item.firstMs, style) },
		{ header: 'LAST', value: (item, style) => when(item.lastMs, style) },
		{ header: 'WORKLOAD', value: (item) => item.workload },
		{ header: 'VERB', value: (item) => item.verb },
		{ header: 'OBJECT', value: (item) => item.object },
		{ header: 'SOURCE', value: (item) => item.source || '?' },
		{ header: 'HOURS', wide: true, value: (item) => `${item.hourCount}` },
		{ header: 'PODS', wide: true, value: (item) => item.pods.join(',') || '-' },
		{ header: 'LANGUAGE', wide: true, value: (item) => item.language || '-' },
		{ header: 'RULE', value: (item) => item.rule || 'all of them allow it' },
		{ header: 'WHY NOT COUNTED', wide: true, value: (item) => item.reason || '-' }
	]
}

/** `#` blocked, `.` tested without a block, `-` not tested, one letter for each day. */
function dailyReport(
	{ days, total, classes, surprises, surpriseCount, languages }: Daily,
	wide: boolean,
	style: Style
): string {
	const strip = days.map((day) => (day.state !== 'tested' ? '-' : day.blockedHours > 0 ? '#' : '.')).join('')
	const { perHundredDays: rate, daysWithBlock: share } = total
	const first = days[0]
	const result =
		rate === null || share === null
			? 'No past day could be tried: it takes a watched day with evidence before it.'
			: `${rate.value.toFixed(1)} hours with a block per 100 days (95 %: ${rate.low.toFixed(1)} to ${rate.high.toFixed(1)}, Poisson); ${share.value.toFixed(0)} % of days with one (${share.low.toFixed(0)} to ${share.high.toFixed(0)} %, Wilson).`
	const classColumns: Column<Daily['classes'][number]>[] = [
		{ header: '  CLASS', value: (item) => `  ${item.class}` },
		{ header: 'DAYS TESTED', value: (item) => `${item.testedDays}` },
		{ header: 'DAYS WITH BLOCK', value: (item) => `${item.blockedDays}` },
		{
			header: 'HOURS PER 100 DAYS',
			value: ({ perHundredDays: one }) =>
				one === null ? '-' : `${one.value.toFixed(1)} (${one.low.toFixed(1)} to ${one.high.toFixed(1)})`
		}
	]
	const surpriseColumns: Column<Daily['surprises'][number]>[] = [
		{ header: '  FIRST', value: (item) => `  ${when(item.firstMs, style)}` },
		{ header: 'COUNT', value: (item) => `${item.count}` },
		{ header: 'DAYS', value: (item) => `${item.days.length}` },
		{ header: 'VERB', value: (item) => item.verb },
		{ header: 'OBJECT', value: (item) => item.object },
		{ header: 'RULE', wide: true, value: (item) => item.rule }
	]
	return [
		`Each past day with what was known before it (${languages.join(', ')}):\n`,
		first === undefined
			? ''
			: `  ${strip}  since ${new Date(first.day * DAY_MS).toISOString().slice(0, 10)}; # a block, . none, - not tested\n`,
		`  ${result}\n`,
		table(
			classes.filter((one) => one.testedDays > 0),
			classColumns,
			wide,
			style
		),
		surprises.length === 0 ? '' : table(surprises.slice(0, SURPRISES_MAX), surpriseColumns, wide, style),
		surpriseCount > SURPRISES_MAX ? `  ${surpriseCount - SURPRISES_MAX} more.\n` : ''
	].join('')
}

const DAY_MS = 86_400_000
const SURPRISES_MAX = 20

function blindReport({ workloads }: Simulation, style: Style): string {
	const lines = workloads.slice(0, BLIND_WORKLOADS_MAX).map((one) => {
		const parts: [number, string][] = [
			[one.lossyHours, 'with loss'],
			[one.censoredHours, 'hidden by an enforcer'],
			[one.unwatchedHours, 'not watched or not running']
		]
		const hours = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`)
		const gaps = one.blind.filter((blind) => blind.kind === 'gap')
		const last = gaps.at(-1)
		if (last)
			hours.push(`${counted(gaps.length, 'gap')}, the last ${when(last.fromMs, style)} (${last.reason})`)
		const rest = hours.length > 0 ? `; ${hours.join(', ')}` : ''
		return `${safeText(`  ${one.name}: ${counted(one.watchedHours, 'hour')} watched${rest}`)}\n`
	})
	return lines.length === 0 ? '' : ['\nHours it speaks for:\n', ...lines].join('')
}

const BLIND_WORKLOADS_MAX = 10

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? '' : 's'}`
}
