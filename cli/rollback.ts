import { type Command, Option } from 'commander'
import { printChanged } from './apply.js'
import { withContext } from './context.js'
import { confirm } from './decide.js'
import { addOutputOption, note } from './output.js'
import { parseReference, withClass } from './reference.js'

export function define(command: Command): void {
	command
		.argument('<workload/class>', 'whose latest change to undo')
		.addOption(
			new Option('--target <name>', 'at which target (default: that of the latest change)').choices([
				'directory',
				'host'
			])
		)
		.option('--dry-run', 'say what would be undone, and do nothing')
		.option('--yes', 'do not ask')
		.action((text: string, options: { target?: string; dryRun?: boolean; yes?: boolean }) =>
			withContext(command, async (context) => {
				const { Changed } = await import('../web/operations/shape.js')
				const { workload, class: kind } = withClass(parseReference(text), text)
				const input = {
					workload,
					class: kind,
					...(options.target === undefined ? {} : { target: options.target })
				}
				const asJson = context.format === 'json'
				const planned = await context.client.call('rollbackChange', { ...input, dryRun: true }, Changed)
				if (options.dryRun === true) return printChanged(planned, asJson)
				if (!asJson) note(planned.sentence)
				await confirm(context, `Roll back ${workload}/${kind}?`, options.yes === true)
				printChanged(
					await context.client.call('rollbackChange', { ...input, dryRun: false }, Changed),
					asJson
				)
			})
		)
	addOutputOption(command, ['table', 'json'])
}
