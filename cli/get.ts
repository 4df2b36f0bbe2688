import type { Command } from 'commander'
import { type Context, pages, withContext } from './context.js'
import { usage } from './fault.js'
import { nearest } from './nearest.js'
import { addOutputOption, type Listing, printList, safeJson } from './output.js'
import { parseReference } from './reference.js'

interface Options {
	namespace?: string
	selector: Record<string, string>
	search?: string
	watch?: boolean
	headers: boolean
}

/** What `get` and `describe` call things: the plural first, then what people also type. */
export const typeNames = {
	workloads: ['workload', 'wl'],
	policies: ['policy', 'pol'],
	behaviours: ['behaviour', 'behaviors', 'behavior'],
	held: ['holding', 'holdings'],
	violations: ['violation'],
	changes: ['change'],
	gaps: ['gap'],
	sources: ['source'],
	unused: [],
	fleet: [],
	features: []
} as const

export type Type = keyof typeof typeNames

const WATCH_INTERVAL_MS = 1000

export function define(command: Command): void {
	command
		.argument('<type>', Object.keys(typeNames).join(', '))
		.argument(
			'[name]',
			'a workload (its name, an unambiguous ending of it, or WORKLOAD/CLASS); TYPE/NAME works too'
		)
		.option('-n, --namespace <name>', 'only this namespace (workloads, policies, held)')
		.option(
			'-l, --selector <key=value,…>',
			'only these: cluster, namespace, kind, state, class, decision, readiness, cause …',
			selector,
			{}
		)
		.option('--search <text>', 'only what holds this text')
		.option('-w, --watch', 'go on, and print what is new or has changed')
		.option('--no-headers', 'without the line of headings')
		.action((type: string, name: string | undefined, options: Options) => {
			const [kind, wanted] = typeAndName(type, name)
			return withContext(command, (context) => get(context, kind, wanted, options))
		})
	addOutputOption(command)
}

/** `TYPE NAME`, `TYPE/NAME`, singular or plural. */
export function typeAndName(type: string, name: string | undefined): [Type, string | undefined] {
	const slash = type.indexOf('/')
	const word = slash === -1 ? type : type.slice(0, slash)
	const inside = slash === -1 ? undefined : type.slice(slash + 1)
	if (inside !== undefined && name !== undefined)
		throw usage(`Both "${type}" and "${name}" name something.`, 'Give one name.')
	const plurals = Object.keys(typeNames).filter(isType)
	const found = plurals.find((plural) => plural === word || typeNames[plural].some((other) => other === word))
	if (found !== undefined) return [found, inside ?? name]
	const meant = nearest(word, [...plurals, ...Object.values(typeNames).flat()])
	throw usage(
		`There is nothing of the type "${word}".`,
		meant === undefined ? `The types are ${plurals.join(', ')}.` : `Did you mean "${meant}"?`
	)
}

async function get(context: Context, type: Type, name: string | undefined, options: Options): Promise<void> {
	const shape = await import('../web/operations/shape.js')
	const listings = await import('./listings.js')
	const reference = name === undefined ? undefined : parseReference(name)
	const filter = { ...options.selector, ...(options.search === undefined ? {} : { search: options.search }) }
	const only = reference === undefined ? {} : { workload: reference.workload }
	const both = { ...only, ...(reference?.class === undefined ? {} : { class: reference.class }), ...filter }
	if (options.namespace !== undefined && type !== 'workloads' && type !== 'policies' && type !== 'held') {
		throw usage(`-n does not apply to ${type}.`, `Name the workload instead: "whittle get ${type} WORKLOAD".`)
	}
	const namespace = options.namespace === undefined ? {} : { namespace: options.namespace }
	const { client } = context
	switch (type) {
		case 'workloads':
			if (reference !== undefined) {
				const one = () => client.call('getWorkload', { workload: name }, shape.WorkloadDetail)
				return show(context, listings.workloads, options, async function* () {
					yield [await one()]
				})
			}
			return show(context, listings.workloads, options, () =>
				pages(client, 'listWorkloads', { ...filter, ...namespace }, shape.WorkloadPage)
			)
		case 'policies':
			return show(context, listings.policies, options, () =>
				pages(client, 'listPolicies', { ...both, ...namespace }, shape.SuggestionPage)
			)
		case 'behaviours':
			if (reference === undefined) {
				throw usage(
					'Behaviours are listed for one workload.',
					'Name it: "whittle get behaviours WORKLOAD[/CLASS]".'
				)
			}
			return show(context, listings.behaviours, options, () =>
				pages(client, 'listBehaviours', both, shape.BehaviourPage)
			)
		case 'held':
			return show(context, listings.held, options, () =>
				pages(client, 'listHeld', { ...both, ...namespace }, shape.HeldPage)
			)
		case 'violations':
			return show(context, listings.violations, options, () =>
				pages(client, 'listViolations', both, shape.ViolationPage)
			)
		case 'changes':
			return show(context, listings.history, options, async function* () {
				for await (const page of pages(client, 'listHistory', both, shape.HistoryPage)) {
					yield page.filter((entry) => entry.kind === 'change')
				}
			})
		case 'gaps':
			return show(context, listings.gaps, options, () =>
				pages(client, 'listGaps', { ...only, ...filter }, shape.GapPage)
			)
		case 'unused':
			return show(context, (await import('./fleet-listings.js')).unused, options, () =>
				pages(client, 'listUnused', both, shape.UnusedPage)
			)
		case 'fleet':
			return show(context, (await import('./fleet-listings.js')).fleet, options, () =>
				pages(client, 'listFleet', both, shape.FleetPage)
			)
		case 'features':
			return show(context, (await import('./fleet-listings.js')).features, options, () =>
				pages(client, 'listFeatures', both, shape.FeaturesPage)
			)
		case 'sources':
			return show(context, listings.sources, options, async function* () {
				const { items } = await client.call('listSources', {}, shape.SourceList)
				yield items.filter((item) => name === undefined || item.name === name)
			})
	}
}

/** Prints once, or with --watch again and again what is new or differs from what was printed. */
async function show<T>(
	context: Context,
	listing: Listing<T>,
	options: Options,
	read: () => AsyncIterable<T[]>
): Promise<void> {
	const { format, style } = context
	if (options.watch !== true) {
		await printList(read(), listing, format, style, options.headers)
		return
	}
	const seen = new Map<string, string>()
	// A JSON or YAML list never ends while it is watched, so each change is a document of its own.
	await printList(unseen(listing, read, seen), listing, format, style, options.headers)
	for (;;) {
		await new Promise((resolve) => setTimeout(resolve, WATCH_INTERVAL_MS))
		const changed: T[] = []
		for await (const page of unseen(listing, read, seen)) changed.push(...page)
		if (changed.length === 0) continue
		await printList(one(changed), listing, format, { ...style, nowMs: Date.now() }, false)
	}
}

async function* one<T>(page: T[]): AsyncGenerator<T[]> {
	yield page
}

async function* unseen<T>(
	listing: Listing<T>,
	read: () => AsyncIterable<T[]>,
	seen: Map<string, string>
): AsyncGenerator<T[]> {
	for await (const page of read()) {
		const fresh = page.filter((item) => seen.get(listing.name(item)) !== safeJson(item))
		for (const item of fresh) seen.set(listing.name(item), safeJson(item))
		if (fresh.length > 0) yield fresh
	}
}

function selector(text: string, before: Record<string, string>): Record<string, string> {
	const entries = text.split(',').map((part): [string, string] => {
		const [key, value] = part.split('=', 2)
		if (!key || !value)
			throw usage(`"${part}" is not KEY=VALUE.`, 'For example: -l class=network,state=proposed.')
		return [key, value]
	})
	return { ...before, ...Object.fromEntries(entries) }
}

function isType(word: string): word is Type {
	return word in typeNames
}
