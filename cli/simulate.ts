import { Option, type Command } from 'commander'
import { type Context, withContext } from './context.js'
import { wholeDigest } from './decide.js'
import { exitCodes } from './exit-codes.js'
import { Fault, usage } from './fault.js'
import { addOutputOption, type Format, note } from './output.js'
import { parseReference } from './reference.js'
import { show } from './simulation-report.js'

interface Options {
	filename?: string[]
	language?: string
	since?: number
	posture: string
	alone?: boolean
	days: number
	limit: number
	output: Format
}

export function define(command: Command): void {
	command
		.argument('[workload[/class[@digest]]]', 'whose history; without -f also whose proposed policies')
		.option(
			'-f, --filename <file...>',
			'try these manifests (YAML or JSON, also by hand); - is standard input'
		)
		.option('--language <name>', 'try what is proposed in this language only')
		.option('--since <when>', 'only what was seen since then: 7d, 12h, or 2026-01-31[T10:00Z]', since)
		.addOption(
			new Option('--posture <posture>', 'what a whitelist does with what it does not list')
				.choices(['block', 'audit'])
				.default('block')
		)
		.option('--alone', 'without the policies that are in force beside them')
		.option('--days <n>', 'try so many past days with what was known before each; 0 for none', days, 30)
		.option('--limit <n>', 'findings of each kind', limit, 200)
		.addHelpText(
			'after',
			'\nIt ends with 1 when something that was seen would have been blocked, else with 0.'
		)
		.action((text: string | undefined, options: Options) =>
			withContext(command, (context) => simulate(context, text, options))
		)
	addOutputOption(command)
}

async function simulate(context: Context, text: string | undefined, options: Options): Promise<void> {
	const { client, format, style } = context
	const files = options.filename ?? []
	if (text === undefined && files.length === 0) {
		throw usage('There is nothing to try.', 'Name a workload, or give manifests: "whittle simulate -f FILE".')
	}
	const { Simulation } = await import('../web/operations/shape.js')
	const input = {
		...(text === undefined ? {} : await target(context, text)),
		...(files.length === 0 ? {} : { manifests: await manifestsIn(files) }),
		...(options.language === undefined ? {} : { language: options.language }),
		...(options.since === undefined ? {} : { sinceMs: Math.max(0, style.nowMs - options.since) }),
		posture: options.posture,
		alone: options.alone === true,
		// What was written by hand was not learned, so there is nothing to learn again.
		days: text === undefined || files.length > 0 ? 0 : options.days,
		limit: options.limit
	}
	const found = await client.call('simulate', input, Simulation)
	if (found.manifests.length === 0) {
		for (const one of found.notes.slice(1)) note(`${one.severity}: ${one.text}`)
		throw new Fault('notFound', 'simulate.nothing', found.notes[0]?.text ?? 'There is no policy to try.')
	}
	await show(found, format, style)
	if ((found.totals.block ?? 0) > 0) process.exitCode = exitCodes.finding.code
}

/** The workload, its class, and the whole digest of a part of one. */
async function target({ client }: Context, text: string): Promise<Record<string, unknown>> {
	const { workload, class: class_, digest } = parseReference(text, { digest: true })
	const reference = { workload, ...(class_ === undefined ? {} : { class: class_ }) }
	if (digest === undefined) return reference
	if (class_ === undefined)
		throw usage(`"${text}" names a digest and no class.`, 'Write WORKLOAD/CLASS@DIGEST.')
	const { PolicyDetail } = await import('../web/operations/shape.js')
	const policy = await client.call('getPolicy', reference, PolicyDetail)
	const digests = policy.revisions.map((revision) => revision.digest)
	return { ...reference, digest: wholeDigest(digest, digests, `${workload}/${class_}`) }
}

/** The files as one text; each is read by itself first, so that what is wrong is said with its place. */
async function manifestsIn(files: readonly string[]): Promise<string> {
	const { readFile } = await import('node:fs/promises')
	const { readManifests } = await import('../discovery/languages/read.js')
	const texts: string[] = []
	for (const file of files) {
		const text = file === '-' ? await standardInput() : await readFile(file, 'utf8')
		const { refusals } = readManifests(text)
		const [first] = refusals
		if (first !== undefined) {
			const name = file === '-' ? 'standard input' : file
			for (const refusal of refusals.slice(1, REFUSALS_MAX)) note(`${name}: ${refusal.text}`)
			throw new Fault('usage', first.code, `${name}: ${first.text}`, 'Correct it; nothing was tried.')
		}
		texts.push(text)
	}
	const whole = texts.join('\n---\n')
	if (whole.length > TEXT_MAX) {
		throw usage(
			`The manifests are ${whole.length} characters long, of at most ${TEXT_MAX}.`,
			'Try them in parts.'
		)
	}
	return whole
}

const REFUSALS_MAX = 20
/** As the operation takes them. */
const TEXT_MAX = 524_288

async function standardInput(): Promise<string> {
	const chunks: Buffer[] = []
	for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
	return Buffer.concat(chunks).toString('utf8')
}

// options ----------------------------------------------------------------------

const DAY_MS = 86_400_000
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS }

/** `7d` or a point in time, as milliseconds before now. */
function since(text: string): number {
	const [, amount, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
	if (amount !== undefined && unit !== undefined) return Number(amount) * (UNIT_MS[unit] ?? 0)
	const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
	if (!Number.isNaN(atMs)) return Date.now() - atMs
	throw usage(`"${text}" is no time.`, 'Write 30m, 12h, 7d, 2w, or a date such as 2026-01-31.')
}

function days(text: string): number {
	return within(text, 0, 90, '--days')
}

function limit(text: string): number {
	return within(text, 1, 5000, '--limit')
}

function within(text: string, least: number, most: number, option: string): number {
	const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
	if (value >= least && value <= most) return value
	throw usage(`"${text}" is not what ${option} takes.`, `Give a number from ${least} to ${most}.`)
}
