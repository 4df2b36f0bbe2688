import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { Fault, usage } from './fault.js'
import { nearest } from './nearest.js'
import { note, print } from './output.js'

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

/** Runs the command under a sensor of its own, with a store of its own, and prints what it needs. */
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
	const { mkdtempSync, rmSync } = await import('node:fs')
	const { tmpdir } = await import('node:os')
	const { join } = await import('node:path')
	const folder = mkdtempSync(join(tmpdir(), 'whittle-learn-'))
	try {
		const { observeCommand } = await import('./observe-command.js')
		const name = cgroupName(options.name ?? argv[0] ?? '')
		const cgroup = await observeCommand(folder, {
			name,
			argv,
			repeat: options.repeat,
			...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 })
		})
		await printPolicy(folder, cgroup, options.language)
	} finally {
		rmSync(folder, { recursive: true, force: true })
	}
}

/** `/usr/sbin/nginx` → `nginx`: what a cgroup may be called. */
function cgroupName(command: string): string {
	const last = command.split('/').at(-1) ?? ''
	const name = last.toLowerCase().replace(/[^a-z0-9._-]+/g, '-')
	return name.replace(/^[^a-z0-9]+/, '').slice(0, 63) || 'command'
}

/** The manifests for the workload of that cgroup, as one stream of YAML. */
async function printPolicy(folder: string, cgroup: string, language: string): Promise<void> {
	const { connect } = await import('./client.js')
	const { pages } = await import('./context.js')
	const { ManifestPage, WorkloadPage } = await import('../web/operations/shape.js')
	const client = await connect(folder)
	const ids: number[] = []
	for await (const page of pages(client, 'listWorkloads', {}, WorkloadPage)) {
		ids.push(...page.filter((workload) => workload.cgroup === cgroup).map((workload) => workload.id))
	}
	const [id] = ids
	if (id === undefined) {
		throw new Fault(
			'finding',
			'learn.nothing',
			'The command did nothing that the sensor saw, so there is no policy.',
			'Look with "whittle probe" at what this kernel lets it see.'
		)
	}
	const { items, notes } = await client.call(
		'listManifests',
		{ workload: String(id), language },
		ManifestPage
	)
	for (const one of notes) note(`${one.severity}: ${one.text}`)
	if (items.length === 0) {
		throw new Fault(
			'finding',
			'learn.not-carried',
			`${language} cannot carry what was learned; the reasons are above.`,
			'Try another --language.'
		)
	}
	print(items.map(({ yaml }) => `---\n${yaml.replace(/^---\n/, '')}`).join(''))
}
