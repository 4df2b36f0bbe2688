import type { Command } from 'commander'
import { pages, withContext } from './context.js'
import { addOutputOption, printList } from './output.js'
import { parseReference } from './reference.js'

export function define(command: Command): void {
	command
		.argument('[workload[/class]]', 'only this one')
		.option('--no-headers', 'without the line of headings')
		.action((text: string | undefined, options: { headers: boolean }) =>
			withContext(command, async ({ client, format, style }) => {
				const { HistoryPage } = await import('../web/operations/shape.js')
				const { history } = await import('./listings.js')
				const input = text === undefined ? {} : { ...parseReference(text) }
				await printList(
					pages(client, 'listHistory', input, HistoryPage),
					history,
					format,
					style,
					options.headers
				)
			})
		)
	addOutputOption(command)
}
