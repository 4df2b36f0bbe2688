import type { Command } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { type Context, withContext } from './context.js'
import { usage } from './fault.js'
import { typeAndName } from './get.js'
import { addOutputOption, type Column, paint, printOne, safeText, table, when } from './output.js'
import { parseReference, withClass } from './reference.js'

export function define(command: Command): void {
	command
		.argument('<type>', 'workload or policy')
		.argument('[name]', 'WORKLOAD, or WORKLOAD/CLASS for a policy; TYPE/NAME works too')
		.action((type: string, name: string | undefined) => {
			const [kind, wanted] = typeAndName(type, name)
			if (wanted === undefined) throw usage('Say which one.', `For example: "whittle describe ${kind} NAME".`)
			if (kind === 'workloads') return withContext(command, (context) => describeWorkload(context, wanted))
			if (kind === 'policies') return withContext(command, (context) => describePolicy(context, wanted))
			throw usage(
				`Only workloads and policies can be described, not ${kind}.`,
				`Use "whittle get ${kind} -o yaml".`
			)
		})
	addOutputOption(command, ['table', 'json', 'yaml', 'name'])
}

async function describeWorkload({ client, format, style }: Context, name: string): Promise<void> {
	const { ReadinessList, WorkloadDetail } = await import('../web/operations/shape.js')
	const workload = await client.call('getWorkload', { workload: name }, WorkloadDetail)
	const { items: readiness } = await client.call('getReadiness', { workload: name }, ReadinessList)
	const found = { ...workload, readiness }
	const states: Column<(typeof found.classes)[number]>[] = [
		{ header: '  CLASS', value: (entry) => `  ${entry.class}` },
		{ header: 'STATE', value: (entry) => entry.state },
		{ header: 'RULES', value: (entry) => `${entry.ruleCount}` },
		{ header: 'DIGEST', value: (entry) => entry.digest?.slice(7, 19) ?? '-' },
		{ header: 'WHERE IT IS', value: (entry) => entry.sentence }
	]
	await printOne(found, format, { name: (item) => `workload/${item.displayName}` }, () =>
		[
			fields([
				['Name', found.name],
				['Form', found.form],
				['Node', found.node],
				['Cgroup', found.cgroup],
				['Also known as', found.aliases.join(', ')],
				['Pods', found.pods.join(', ')],
				['First seen', when(found.firstMs, style)],
				['Last seen', when(found.lastMs, style)],
				['Starts', `${found.startCount}`],
				['Hours watched', `${found.exposedHourCount} (${found.lossyHourCount} of them with noticeable loss)`],
				['Violations', `${found.violationCount}`],
				['Versions', found.versions.map((version) => version.description || version.digest).join(', ')]
			]),
			'Classes\n',
			table(found.classes, states, false, style),
			...(readiness.length > 0 ? ['Readiness\n'] : []),
			...readiness.map((one) => `${safeText(`  ${one.class}: ${one.sentence}`)}\n${blockerLines(one)}`)
		].join('')
	)
}

async function describePolicy({ client, format, style }: Context, name: string): Promise<void> {
	const { PolicyDetail, ReadinessList } = await import('../web/operations/shape.js')
	const { workload, class: kind } = withClass(parseReference(name), name)
	const policy = await client.call('getPolicy', { workload, class: kind }, PolicyDetail)
	const ready = await client.call('getReadiness', { workload, class: kind }, ReadinessList)
	// In lists readiness is short; here it is told whole.
	const found = { ...policy, readiness: ready.items[0] ?? null }
	await printOne(found, format, { name: (item) => `policy/${item.displayName}/${item.class}` }, () =>
		[
			fields([
				['Workload', found.workload],
				['Class', found.class],
				['State', `${found.state}. ${found.sentence}`],
				['Digest', found.digest],
				['Revision', `${found.revision}`],
				['Proposed since', when(found.sinceMs, style)],
				[
					'Seen in',
					`${found.hourCount} hours, ${found.dayCount} days, ${found.podCount} pods, ${found.startCount} starts`
				],
				['Decision', found.decision],
				['Readiness', found.readiness?.sentence ?? '']
			]),
			found.readiness === null ? '' : blockerLines(found.readiness),
			'Rules\n',
			table(found.rules, ruleColumns, false, style),
			...(found.notes.length > 0 ? ['Notes\n'] : []),
			...found.notes.map(
				(one) =>
					`  ${paint(one.severity, one.severity === 'info' ? undefined : 'yellow', style)}: ${safeText(one.text)}\n`
			)
		].join('')
	)
}

/** What it waits for, one line each. */
function blockerLines({ blockers }: z.output<typeof shape.Readiness>): string {
	return blockers.map((blocker) => `${safeText(`    waits: ${blocker}`)}\n`).join('')
}

type Rule = z.output<typeof shape.RuleRow>

const ruleColumns: Column<Rule>[] = [
	{ header: '  #', value: (rule) => `  ${rule.index}` },
	{ header: 'EFFECT', value: (rule) => rule.effect },
	{ header: 'ACCESS', value: (rule) => rule.access.join(',') },
	{ header: 'SEEN', value: (rule) => `${rule.count}` },
	{ header: 'OBJECT', value: (rule) => rule.object },
	{ header: 'BY', value: (rule) => rule.sources.join(', ') || 'any' },
	{ header: 'BEYOND WHAT WAS SEEN', value: (rule) => rule.beyond || '-' }
]

/** `Name:  value` lines; empty values are left out. */
function fields(entries: [string, string][]): string {
	const shown = entries.filter(([, value]) => value !== '')
	const width = Math.max(...shown.map(([name]) => name.length)) + 1
	return shown.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${safeText(value)}\n`).join('')
}
