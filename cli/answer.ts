import { type Command, Argument } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { type Context, pages, withContext } from './context.js'
import { endingOfStatus, Fault, usage } from './fault.js'
import { addOutputOption, note, print, safeJson, safeText } from './output.js'
import { parseReference } from './reference.js'

type HeldItem = z.output<typeof shape.HeldItem>
type Named = Pick<HeldItem, 'workload' | 'verb' | 'object' | 'source'>

interface Options {
	source?: string
	bundle?: boolean
	reason: string
	dryRun?: boolean
}

export function define(command: Command): void {
	command
		.argument('<workload>', 'whose behaviour is held')
		.argument('<verb>', 'as in "whittle get held"')
		.argument('<object>', 'as in "whittle get held"')
		.addArgument(
			new Argument('<answer>', 'needed: learn it; malicious: never learn it').choices(['needed', 'malicious'])
		)
		.option('--source <path>', 'the program that did it, where several did')
		.option('--bundle', 'the same answer for everything that belongs together with it')
		.requiredOption('--reason <text>', 'why, for the next reader')
		.option('--dry-run', 'say what would be answered, and do nothing')
		.action((workload: string, verb: string, object: string, decision: string, options: Options) =>
			withContext(command, (context) => answer(context, { workload, verb, object }, decision, options))
		)
	addOutputOption(command, ['table', 'json'])
}

async function answer(
	context: Context,
	asked: Omit<Named, 'source'>,
	decision: string,
	options: Options
): Promise<void> {
	const { client, format } = context
	const items = await chosen(context, asked, options)
	if (options.dryRun === true) {
		if (format === 'json') print(`${safeJson({ items, decision, dryRun: true })}\n`)
		else for (const item of items) print(`${textOf(item)} would be answered ${decision}; nothing was done\n`)
		return
	}
	const { AnsweredMany } = await import('../web/operations/shape.js')
	const done: z.output<typeof AnsweredMany>['items'] = []
	for (let from = 0; from < items.length; from += TOGETHER) {
		const part = items.slice(from, from + TOGETHER)
		const answered = await client.call(
			'answerHeld',
			{ items: part, decision, reason: options.reason },
			AnsweredMany
		)
		done.push(...answered.items)
	}
	if (format === 'json') print(`${safeJson({ items: done })}\n`)
	const problems = done.filter((item) => item.problem !== null)
	for (const item of done) {
		if (item.problem === null) {
			if (format !== 'json') print(`${textOf(item)} answered ${decision}\n`)
		} else if (done.length > 1) note(item.problem.detail)
	}
	const [first] = problems
	if (first?.problem) {
		throw new Fault(
			problems.length < done.length ? 'partial' : endingOfStatus(first.status),
			'answer',
			done.length === 1
				? first.problem.detail
				: `${problems.length} of ${done.length} were not answered; the reasons are above.`
		)
	}
	const when = client.live
		? 'within seconds: look again with "whittle get policies"'
		: 'as soon as Whittle runs: "whittle up"'
	note(
		decision === 'needed'
			? `It becomes part of a new revision of its policy ${when}.`
			: 'It stays held, and is never learned.'
	)
}

/** As many as the operation takes. */
const TOGETHER = 500

/** What is held under that name; whatever else was answered before may be answered again. */
async function chosen(
	{ client }: Context,
	{ workload: text, verb, object }: Omit<Named, 'source'>,
	{ source, bundle }: Options
): Promise<Named[]> {
	const { HeldPage } = await import('../web/operations/shape.js')
	const { workload } = parseReference(text)
	const held: HeldItem[] = []
	for await (const page of pages(client, 'listHeld', { workload }, HeldPage)) held.push(...page)
	const found = held.filter(
		(item) =>
			item.verb === verb &&
			(item.object === object || item.raw === object) &&
			(source === undefined || item.source === source)
	)
	const [first, ...others] = found
	if (first === undefined) {
		if (bundle === true) {
			throw new Fault(
				'notFound',
				'held.not-found',
				`Nothing like ${verb} ${object} is held of ${workload}.`,
				'List what is: "whittle get held".'
			)
		}
		return [{ workload, verb, object, source: source ?? '' }]
	}
	if (others.length > 0) {
		const sources = found.map((item) => item.source || "''").join(', ')
		throw usage(
			`Several programs did ${verb} ${object}: ${sources}.`,
			'Say which with --source, and answer for each.'
		)
	}
	const items = bundle === true ? held.filter((item) => item.bundle === first.bundle) : [first]
	return items.map((item) => ({
		workload: item.workload,
		verb: item.verb,
		object: item.object,
		source: item.source
	}))
}

function textOf({ workload, verb, object, source }: Named): string {
	return safeText(`${workload} ${verb} ${object}${source === '' ? '' : ` by ${source}`}`)
}
