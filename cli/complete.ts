import type { Command } from 'commander'
import { connect } from './client.js'
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
	return POLICY_VERBS.includes(verb) && rest.length === 0 ? names(data, true) : []
}

/** Names from the store; a store that cannot be read completes nothing and complains about nothing. */
async function names(data: string, withClasses: boolean): Promise<string[]> {
	const found: string[] = []
	try {
		const client = await connect(data)
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
		await client.close()
	} catch (error) {
		if (faultOf(error) === undefined) throw error
	}
	return found
}
