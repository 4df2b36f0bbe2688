import type { Command } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { type Context, withContext } from './context.js'
import { exitCodes } from './exit-codes.js'
import { usage } from './fault.js'
import {
	addOutputOption,
	type Column,
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
import { parseReference } from './reference.js'

type Found = z.output<typeof shape.WorkloadDiff>
type Difference = z.output<typeof shape.Difference>

interface Options {
	from?: string
	to?: string
	all?: boolean
	limit: number
}

export function define(command: Command): void {
	command
		.argument('<workload[/class]>', 'what to compare')
		.argument('[other]', 'another workload; without it two versions of the first are compared')
		.option('--from <digest>', 'the version before: eight or more digits of its digest')
		.option('--to <digest>', 'the version after; without both the latest and the one before')
		.option('--all', 'also what both do')
		.option('--limit <n>', 'differences to print', limit, 1000)
		.addHelpText('after', '\nIt ends with 1 when something was added or is gone, else with 0.')
		.action((workload: string, other: string | undefined, options: Options) =>
			withContext(command, (context) => diff(context, workload, other, options))
		)
	addOutputOption(command)
}

async function diff(
	{ client, format, style }: Context,
	text: string,
	otherText: string | undefined,
	options: Options
): Promise<void> {
	const { WorkloadDiff } = await import('../web/operations/shape.js')
	const first = parseReference(text)
	const other = otherText === undefined ? undefined : parseReference(otherText)
	const classes = [first.class, other?.class].filter((one) => one !== undefined)
	if (new Set(classes).size > 1)
		throw usage(`"${text}" and "${otherText}" name two classes.`, 'Name one class, or none.')
	const found = await client.call(
		'diffWorkload',
		{
			workload: first.workload,
			...(other === undefined ? {} : { other: other.workload }),
			...(options.from === undefined ? {} : { from: options.from }),
			...(options.to === undefined ? {} : { to: options.to }),
			...(classes[0] === undefined ? {} : { class: classes[0] }),
			show: options.all === true ? 'all' : 'differences',
			limit: options.limit
		},
		WorkloadDiff
	)
	if (format === 'ndjson' || format === 'name') await printList(onePage(found.items), listing, format, style)
	else await printOne(found, format, { name: () => 'diff' }, () => report(found, format === 'wide', style))
	const { added = 0, gone = 0 } = found.totals
	if (added + gone > 0) process.exitCode = exitCodes.finding.code
	else if ((found.totals.undecided ?? 0) > 0)
		note('Nothing is known to differ; what is undecided needs more watched hours.')
}

async function* onePage<T>(items: T[]): AsyncGenerator<T[]> {
	yield items
}

function report(found: Found, wide: boolean, style: Style): string {
	const { items, totals, limits } = found
	const shown = items.filter((one) => one.change !== 'unchanged').length
	const hidden = (totals.added ?? 0) + (totals.gone ?? 0) + (totals.undecided ?? 0) - shown
	return [
		paint(`--- ${safeText(sideText(found.before))}`, 'red', style),
		`\n    watched ${extentText(found.before)}\n`,
		paint(`+++ ${safeText(sideText(found.after))}`, 'green', style),
		`\n    watched ${extentText(found.after)}\n`,
		`${safeText(found.sentence)}\n`,
		items.length === 0 ? '' : `\n${table(items, listing.columns, wide, style)}`,
		hidden > 0 ? `${hidden} more are not shown: raise --limit, or use -o json.\n` : '',
		'\nWhat a comparison cannot know:\n',
		...limits.map((sentence) => `  ${safeText(sentence)}\n`)
	].join('')
}

function sideText({ workload, digest, description }: Found['before']): string {
	if (digest === '') return workload
	// An image that is named with its digest says both.
	return description.includes(digest) ? `${workload} ${description}` : `${workload} ${description} ${digest}`
}

function extentText({ watchedHours, startCount, behaviourCount }: Found['before']): string {
	const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
	return `${counted(watchedHours, 'hour')}, ${counted(startCount, 'start')}, ${counted(behaviourCount, 'behaviour')}`
}

const MARKS = { added: '+', gone: '-', undecided: '?', unchanged: '=' }
const COLOURS = { added: 'green', gone: 'red', undecided: 'yellow', unchanged: 'dim' } as const

const columns: Column<Difference>[] = [
	{ header: ' ', value: (item) => MARKS[item.change], colour: (item) => COLOURS[item.change] },
	{ header: 'CLASS', value: (item) => item.class },
	{ header: 'VERB', value: (item) => item.verb },
	{ header: 'OBJECT', value: (item) => item.object, colour: (item) => COLOURS[item.change] },
	{ header: 'SOURCE', value: (item) => item.source || '?' },
	{ header: 'SEEN BY', value: (item) => ({ before: 'first', after: 'second', both: 'both' })[item.side] },
	{ header: 'HOURS', value: (item) => `${item.hourCount}` },
	{ header: 'FIRST', wide: true, value: (item, style) => when(item.firstMs, style) },
	{ header: 'LAST', wide: true, value: (item, style) => when(item.lastMs, style) },
	{ header: 'PODS', wide: true, value: (item) => item.pods.join(',') || '-' },
	{ header: 'PUT DOWN TO', wide: true, value: (item) => item.attribution?.to ?? '-' },
	{
		header: 'WHY',
		value: (item) => (item.attribution === null ? item.why : `${item.why} ${item.attribution.why}`)
	}
]

const listing: Listing<Difference> = {
	kind: 'DifferenceList',
	name: (item) => `difference/${item.change}/${item.verb}/${item.object}`,
	empty: 'They do the same.',
	columns
}

function limit(text: string): number {
	const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
	if (value >= 1 && value <= 10_000) return value
	throw usage(`"${text}" is not what --limit takes.`, 'Give a number from 1 to 10000.')
}
