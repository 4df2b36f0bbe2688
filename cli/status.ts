import type { Command } from 'commander'
import { withContext } from './context.js'
import { addOutputOption, paint, printOne, safeText, when } from './output.js'

export function define(command: Command): void {
	command.action(() =>
		withContext(command, async ({ client, format, style }) => {
			const { Status } = await import('../web/operations/shape.js')
			const status = await client.call('getStatus', {}, Status)
			await printOne(status, format, { name: () => 'status' }, () => {
				const states = Object.entries(status.states)
					.filter(([, count]) => count > 0)
					.map(([state, count]) => `${count} ${state}`)
				const violations = paint(
					`${status.violationCount}`,
					status.violationCount > 0 ? 'red' : undefined,
					style
				)
				return [
					`Whittle ${status.version} on ${safeText(status.node)}, data in ${safeText(status.dataDir)} (${Math.ceil(status.storeBytes / 1024)} KiB)\n`,
					`${client.live ? 'running' : 'not running here now: this is what the store holds'}\n`,
					`workloads:  ${status.workloadCount}; classes: ${states.join(', ') || 'none yet'}\n`,
					`violations: ${violations} (${status.violationsToday} today, ${status.violationsYesterday} yesterday)\n`,
					`blind:      ${status.gapCount} gaps, ${status.lostCount} events known to be lost, ${status.badInputCount} bad inputs\n`,
					`last seen:  ${when(status.lastSeenMs, style)}\n`,
					...status.sources.map(
						(source) => `source ${safeText(`${source.name}: ${source.state}. ${source.sentence}`)}\n`
					),
					...status.next.map((step) => `next: ${safeText(step.sentence)}\n      ${safeText(step.command)}\n`)
				].join('')
			})
		})
	)
	addOutputOption(command, ['table', 'json', 'yaml'])
}
