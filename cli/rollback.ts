import { type Command, Option } from 'commander'
import { planText, printChanged, printPlan } from './apply.js'
import { withContext } from './context.js'
import { confirm } from './decide.js'
import { addOutputOption } from './output.js'
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
				const { Changed, Plan } = await import('../web/operations/shape.js')
				const { workload, class: kind } = withClass(parseReference(text), text)
				const input = {
					workload,
					class: kind,
					...(options.target === undefined ? {} : { target: options.target })
				}
				const asJson = context.format === 'json'
				const plan = await context.client.call('planRollback', input, Plan)
				if (options.dryRun === true) return printPlan(plan, asJson)
				if (!asJson) process.stderr.write(planText(plan))
				await confirm(context, `Roll back ${workload}/${kind}?`, options.yes === true)
				printChanged(await context.client.call('rollbackChange', input, Changed), asJson)
			})
		)
	addOutputOption(command, ['table', 'json'])
}
