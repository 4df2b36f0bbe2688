import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { Fault } from './fault.js'

/**
 * The privileged half, by hand. `whittle up` starts the same file as a process of its own; it
 * reads its own arguments, because it depends on nothing but the addon.
 */
export function define(command: Command): void {
	command
		.option('--run-dir <dir>', 'where its launch socket lies', '/run/whittle')
		.option('--service-fd <number>', 'descriptor of a connected socket on which it serves')
		.action(async (options: { runDir: string; serviceFd?: string }) => {
			if (process.getuid?.() !== 0) {
				throw new Fault(
					'notAllowed',
					'sensor.root',
					'The sensor loads eBPF programs, which takes root.',
					'Run it as root.'
				)
			}
			const script = fileURLToPath(new URL('../native/sensor.js', import.meta.url))
			const service = options.serviceFd === undefined ? [] : ['--service-fd', options.serviceFd]
			process.argv = [process.execPath, script, '--run-dir', options.runDir, ...service]
			await import('../native/sensor.js')
		})
}
