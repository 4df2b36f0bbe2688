import type { Command } from 'commander'
import { type Client, connect } from './client.js'
import { dataFolder, pages } from './context.js'
import { faultOf } from './fault.js'
import { typeNames } from './get.js'
import { print, safeText } from './output.js'
import { verbs } from './verbs.js'

const MOST_NAMES = 200

/** Verbs that take WORKLOAD/CLASS, and verbs that take a workload or WORKLOAD/CLASS. */
const POLICY_VERBS = ['approve', 'reject', 'apply', 'rollback', 'explain', 'simulate', 'history', 'export']

export function define(command: Command): void {
	command.argument('[words...]').action(async (words: string[]) => {
		const unfinished = words.at(-1) ?? ''
		const options = command.optsWithGlobals<{ data?: string }>()
		const found = await candidates(words.slice(0, -1), dataFolder(options.data))
		print(
			found
				.filter((candidate) => candidate.startsWith(unfinished))
				.slice(0, MOST_NAMES)
				.map((candidate) => `${safeText(candidate)}\n`)
				.join('')
		)
	})
}

async function candidates(before: string[], data: string): Promise<string[]> {
	const [verb, ...rest] = before.filter((word) => !word.startsWith('-'))
	if (verb === undefined) {
		return ['help', ...Object.entries(verbs).flatMap(([name, { summary }]) => (summary === '' ? [] : [name]))]
	}
	if (verb === 'help') return ['exit-codes', ...Object.keys(verbs)]
	if (verb === 'completion') return ['bash', 'zsh', 'fish']
	if ((verb === 'get' || verb === 'describe') && rest.length === 0) return Object.keys(typeNames)
	if (verb === 'get' || verb === 'describe') return names(data, rest[0]?.startsWith('pol') === true)
	if (verb === 'diff') return rest.length < 2 ? names(data, false) : []
	if (verb === 'answer') return answerWords(data, rest)
	if (verb === 'status' && rest.length === 0) return ['predictions', 'fleet']
	return POLICY_VERBS.includes(verb) && rest.length === 0 ? names(data, true) : []
}

/** WORKLOAD VERB OBJECT ANSWER, each of what is held. */
async function answerWords(data: string, [workload, verb, object, answer]: string[]): Promise<string[]> {
	if (workload === undefined) return names(data, false)
	if (answer !== undefined) return []
	if (object !== undefined) return ['needed', 'malicious']
	const words = new Set<string>()
	await reading(data, async (client) => {
		const { HeldPage } = await import('../web/operations/shape.js')
		for await (const page of pages(client, 'listHeld', { workload }, HeldPage)) {
			for (const item of page) {
				if (verb === undefined) words.add(item.verb)
				else if (item.verb === verb) words.add(item.object)
			}
		}
	})
	return [...words].sort()
}

async function names(data: string, withClasses: boolean): Promise<string[]> {
	const found: string[] = []
	await reading(data, async (client) => {
		const shape = await import('../web/operations/shape.js')
		if (withClasses) {
			for await (const page of pages(client, 'listPolicies', {}, shape.SuggestionPage)) {
				found.push(...page.map((item) => `${item.displayName}/${item.class}`))
			}
		} else {
			for await (const page of pages(client, 'listWorkloads', {}, shape.WorkloadPage)) {
				found.push(...page.map((item) => item.displayName))
			}
		}
	})
	return found
}

/** A store that cannot be read completes nothing and complains about nothing. */
async function reading(data: string, work: (client: Client) => Promise<void>): Promise<void> {
	try {
		const client = await connect(data)
		await work(client)
		await client.close()
	} catch (error) {
		if (faultOf(error) === undefined) throw error
	}
}
