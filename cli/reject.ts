import type { Command } from 'commander'
import { withContext } from './context.js'
import { decide } from './decide.js'
import { addOutputOption } from './output.js'

export function define(command: Command): void {
	command
		.argument(
			'<workload[/class][@digest]>',
			'what to reject; without a class, everything proposed for the workload'
		)
		.requiredOption('--reason <text>', 'why, for the next reader')
		.option('--dry-run', 'say what would be rejected, and do nothing')
		.action((text: string, options: { reason: string; dryRun?: boolean }) =>
			withContext(command, (context) =>
				decide(context, text, {
					operation: 'reject',
					done: 'rejected',
					reason: options.reason,
					dryRun: options.dryRun === true
				})
			)
		)
	addOutputOption(command, ['table', 'json'])
}
