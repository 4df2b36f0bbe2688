import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError } from 'commander'
import { Fault } from './fault.js'

interface Options {
	runDir: string
	serviceFd?: string
	counterEntries?: number
}

/** Each of the kernel's two maps takes about 100 bytes for an entry. */
const COUNTER_ENTRIES_MAX = 4_194_304

/**
 * The privileged half, by hand. `whittle up` starts the same file as a process of its own; it
 * reads its own arguments, because it depends on nothing but the addon.
 */
export function define(command: Command): void {
	command
		.option('--run-dir <dir>', 'where its launch socket lies', '/run/whittle')
		.option('--service-fd <number>', 'descriptor of a connected socket on which it serves')
	addCounterEntries(command).action(async (options: Options) => {
		if (process.getuid?.() !== 0) {
			throw new Fault(
				'notAllowed',
				'sensor.root',
				'The sensor loads eBPF programs, which takes root.',
				'Run it as root.'
			)
		}
		const script = fileURLToPath(new URL('../native/sensor.js', import.meta.url))
		process.argv = [
			...[process.execPath, script, '--run-dir', options.runDir],
			...(options.serviceFd === undefined ? [] : ['--service-fd', options.serviceFd]),
			...(options.counterEntries === undefined ? [] : ['--counter-entries', String(options.counterEntries)])
		]
		await import('../native/sensor.js')
	})
}

/** What goes beyond the entries is counted without its detail, and told as a gap. */
export function addCounterEntries(command: Command): Command {
	return command.option(
		'--counter-entries <number>',
		'how many behaviours the kernel counts in detail each second (default: 65536)',
		counterEntries
	)
}

function counterEntries(text: string): number {
	if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= COUNTER_ENTRIES_MAX) return Number(text)
	throw new InvalidArgumentError(`Give a whole number from 1 to ${COUNTER_ENTRIES_MAX}.`)
}
