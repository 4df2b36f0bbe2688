import type { Command } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { withContext } from './context.js'
import { Fault } from './fault.js'
import { addOutputOption, paint, printOne, safeText, table } from './output.js'

export function define(command: Command): void {
	command.action(() =>
		withContext(command, async ({ client, format, style }) => {
			const { ProbeReport } = await import('../web/operations/shape.js')
			const report = client.live ? await client.call('probe', {}, ProbeReport) : await tryHere(ProbeReport)
			await printOne(report, format, { name: () => 'probe' }, () =>
				[
					report.sensor
						? `kernel ${safeText(report.kernel)}; ${report.root ? 'root' : 'not root'}; BTF ${report.btf ? 'present' : 'absent'}; cgroups ${report.cgroupVersion}${report.cgroupRoot === '' ? '' : ` at ${safeText(report.cgroupRoot)}`}; BPF-LSM ${report.bpfLsmActive ? 'active' : 'not active'}\n`
						: `kernel ${safeText(report.kernel)}; nothing was tried\n`,
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

/** Without a running Whittle: starts a sensor for as long as it takes to ask it; where that cannot be, says why. */
async function tryHere(report: typeof shape.ProbeReport): Promise<z.output<typeof shape.ProbeReport>> {
	const { reasonAgainstSensor } = await import('./up.js')
	const reason = reasonAgainstSensor()
	if (reason !== '') {
		const { release } = await import('node:os')
		return {
			...{
				sensor: false,
				kernel: release(),
				root: process.getuid?.() === 0,
				btf: false,
				bpfLsmActive: false
			},
			...{ cgroupVersion: 'none', cgroupRoot: '', items: [], missing: [reason] }
		}
	}
	const { mkdtempSync, rmSync } = await import('node:fs')
	const { tmpdir } = await import('node:os')
	const { join } = await import('node:path')
	const { connectSensor, startSensor } = await import('../native/connection.js')
	const folder = mkdtempSync(join(tmpdir(), 'whittle-probe-'))
	try {
		const sensor = startSensor({ runDir: join(folder, 'run'), selfPids: [process.pid] })
		const ended = new Promise<void>((done) => sensor.process.on('exit', () => done()))
		const connection = await connectSensor(sensor.socket).catch((error: unknown) => {
			throw new Fault(
				'finding',
				'sensor',
				'This kernel takes none of the programs; the sensor said why above.',
				'',
				error
			)
		})
		const found = await connection.probe()
		connection.close()
		await ended
		return report.parse({ sensor: true, ...found })
	} finally {
		rmSync(folder, { recursive: true })
	}
}
