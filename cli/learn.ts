import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { Fault, usage } from './fault.js'
import { nearest } from './nearest.js'

interface Options {
	repeat: number
	language: string
	timeout?: number
	name?: string
}

export function define(command: Command): void {
	command
		.argument('<command...>', 'what to run, after --')
		.option('--language <name>', 'kubearmor, network-policy or host', 'kubearmor')
		.option('--repeat <number>', 'run it so many times', whole, 1)
		.option('--timeout <seconds>', 'end it after so long (SIGTERM)', whole)
		.option('--name <name>', "name of its cgroup (default: the command's)")
		.addHelpText(
			'after',
			'\nExample: whittle learn -- nginx -g "daemon off;" > policy.yaml\nIts own output goes to standard error.'
		)
		.action((argv: string[], options: Options) => learn(argv, options))
}

function whole(text: string): number {
	if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
	throw new InvalidArgumentError('Give a whole number from 1 to 999999.')
}

/** Runs the command under a sensor of its own; a process without rights prints what it needs. */
async function learn(argv: string[], options: Options): Promise<void> {
	const { LANGUAGES } = await import('../discovery/languages/registry.js')
	const languages = LANGUAGES.map((language) => language.name)
	if (!languages.includes(options.language)) {
		const meant = nearest(options.language, languages)
		const fix =
			meant === undefined ? `The languages are ${languages.join(', ')}.` : `Did you mean "${meant}"?`
		throw usage(`There is no language "${options.language}".`, fix)
	}
	const { reasonAgainstSensor } = await import('./up.js')
	const reason = reasonAgainstSensor()
	if (reason !== '') throw new Fault('notAllowed', 'sensor.missing', `The command was not run. ${reason}`)
	const { observeCommand } = await import('./observe-command.js')
	const command = {
		name: cgroupName(options.name ?? argv[0] ?? ''),
		argv,
		repeat: options.repeat,
		...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 })
	}
	process.exitCode = await observeCommand(command, options.language)
}

/** `/usr/sbin/nginx` → `nginx`: what a cgroup may be called. */
function cgroupName(command: string): string {
	const last = command.split('/').at(-1) ?? ''
	const name = last.toLowerCase().replace(/[^a-z0-9._-]+/g, '-')
	return name.replace(/^[^a-z0-9]+/, '').slice(0, 63) || 'command'
}
