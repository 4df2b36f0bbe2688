import type { Command } from 'commander'
import { withContext } from './context.js'
import { addOutputOption, paint, printOne, safeText, table } from './output.js'

export function define(command: Command): void {
	command.action(() =>
		withContext(command, async ({ client, format, style }) => {
			const { ProbeReport } = await import('../web/operations/shape.js')
			const report = await client.call('probe', {}, ProbeReport)
			await printOne(report, format, { name: () => 'probe' }, () =>
				[
					`kernel ${safeText(report.kernel)}; ${report.root ? 'root' : 'not root'}; BTF ${report.btf ? 'present' : 'absent'}; cgroups ${report.cgroupVersion}${report.cgroupRoot === '' ? '' : ` at ${safeText(report.cgroupRoot)}`}; BPF-LSM ${report.bpfLsmActive ? 'active' : 'not active'}\n`,
					report.items.length === 0
						? ''
						: table(
								report.items,
								[
									{ header: 'PART', value: (item) => item.object },
									{
										header: 'WORKS',
										value: (item) => (item.works ? 'yes' : 'no'),
										colour: (item) => (item.works ? 'green' : 'red')
									},
									{ header: 'PROGRAM', value: (item) => item.program },
									{ header: 'WHAT', value: (item) => item.sentence }
								],
								false,
								style
							),
					...report.missing.map((sentence) => `${paint('missing', 'yellow', style)}: ${safeText(sentence)}\n`)
				].join('')
			)
		})
	)
	addOutputOption(command, ['table', 'json', 'yaml'])
}
