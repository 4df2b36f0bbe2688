import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import { exitCodes, exitCodesText } from './exit-codes.js'
import { Fault, faultOf, faultText, usage } from './fault.js'
import { nearest } from './nearest.js'
import { verbs } from './verbs.js'

/**
 * The command line. Each verb is a file that is loaded only when it is asked for, so that
 * `--help` costs little more than starting Node.
 */
process.stdout.on('error', brokenOutput)
process.stderr.on('error', brokenOutput)
// A verb that has something to finish first listens itself; then this one leaves it the last word.
process.on('SIGINT', () => {
	if (process.listenerCount('SIGINT') === 1) process.exit(exitCodes.interrupted.code)
})
process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
	try {
		await program().parseAsync(args, { from: 'user' })
		return typeof process.exitCode === 'number' ? process.exitCode : 0
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage.code
		const fault = faultOf(error)
		if (fault === undefined) throw error
		process.stderr.write(faultText(fault, wantsJson(args)))
		return exitCodes[fault.ending].code
	}
}

function program(): Command {
	const whittle = new Command('whittle')
		.description('Watches what workloads really do, learns the least privilege each needs, and enforces it.')
		.addOption(new Option('--data <dir>', 'the data folder (default: .whittle)').env('WHITTLE_DATA'))
		.addOption(
			new Option('--color <when>', 'colours in tables').choices(['auto', 'always', 'never']).default('auto')
		)
		.option('--no-input', 'never ask, even at a terminal')
		.version(version(), '-V, --version')
		.configureHelp({ showGlobalOptions: true })
		.showSuggestionAfterError()
		.helpCommand(false)
		.exitOverride()
	for (const [name, { summary }] of Object.entries(verbs)) {
		whittle
			.command(name, { hidden: summary === '' })
			.description(summary)
			.exitOverride()
	}
	whittle.hook('preSubcommand', (_, command) => load(command))
	whittle
		.command('help')
		.description('about a verb, or `help exit-codes`')
		.argument('[topic]')
		.action((topic: string | undefined) => help(whittle, topic))
	return whittle
}

/** Gives a verb its arguments and its action. */
async function load(command: Command): Promise<void> {
	const verb = verbs[command.name()]
	if (verb !== undefined) (await verb.load()).define(command)
}

async function help(whittle: Command, topic: string | undefined): Promise<void> {
	if (topic === undefined) return whittle.outputHelp()
	if (topic === 'exit-codes') {
		process.stdout.write(exitCodesText())
		return
	}
	const command = whittle.commands.find((candidate) => candidate.name() === topic)
	if (command === undefined) {
		const meant = nearest(topic, ['exit-codes', ...Object.keys(verbs)])
		throw usage(
			`There is no help about "${topic}".`,
			meant === undefined ? 'Run "whittle help".' : `Did you mean "${meant}"?`
		)
	}
	await load(command)
	command.outputHelp()
}

function version(): string {
	const found: unknown = createRequire(import.meta.url)('../../package.json')
	if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version)
	throw new Fault('unreachable', 'package', 'package.json beside dist/ has no version.')
}

function wantsJson(args: string[]): boolean {
	const before = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
	return before.some(
		(arg, i) =>
			/^(-o=?|--output=)(json|ndjson)$/.test(arg) ||
			(/^(-o|--output)$/.test(arg) && /^(nd)?json$/.test(before[i + 1] ?? ''))
	)
}

/** `whittle get … | head` is not a failure: the reader has seen enough. A full disk is one. */
function brokenOutput(error: NodeJS.ErrnoException): void {
	if (error.code === 'EPIPE') process.exit(0)
	const fault = faultOf(error)
	if (fault === undefined) throw error
	try {
		writeSync(
			2,
			`whittle: What it had to say could not be written: ${error.message}. Free space and run it again.\n`
		)
	} catch (cause) {
		// Standard error may be what is full: then the exit code says it alone.
		if (faultOf(cause) === undefined) throw cause
	}
	process.exit(exitCodes[fault.ending].code)
}
