import type { Command } from 'commander'
import { withContext } from './context.js'
import { addOutputOption, printOne, safeText } from './output.js'
import { parseReference } from './reference.js'

export function define(command: Command): void {
	command
		.argument('<workload[/class[/rule]]>', 'what to explain; rules are numbered as in "describe policy"')
		.action((text: string) =>
			withContext(command, async ({ client, format }) => {
				const { Explanation } = await import('../web/operations/shape.js')
				const found = await client.call('explain', { ...parseReference(text, { rule: true }) }, Explanation)
				await printOne(found, format, { name: (item) => `workload/${item.workload}` }, () =>
					found.sentences.map((sentence) => `${safeText(sentence)}\n`).join('')
				)
			})
		)
	addOutputOption(command, ['table', 'json', 'yaml'])
}
