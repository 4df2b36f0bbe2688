import type { Command } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { type Context, withContext } from './context.js'
import { Fault } from './fault.js'
import { note, print } from './output.js'
import { parseReference } from './reference.js'

interface Options {
	language?: string
	out?: string
	namespace?: string
	strict?: boolean
}

type Manifest = z.output<typeof shape.Manifest>

export function define(command: Command): void {
	command
		.argument('[workload[/class]]', 'only this one')
		.option(
			'--language <name>',
			'kubearmor, network-policy or host (default: every one that can carry a policy)'
		)
		.option('--out <dir>', 'write NAMESPACE/NAME.yaml below this folder instead of standard output')
		.option('-n, --namespace <name>', 'only this namespace')
		.option('--strict', 'exit 6 when a language could not carry a policy')
		.action((text: string | undefined, options: Options) =>
			withContext(command, (context) => exportPolicies(context, text, options))
		)
}

async function exportPolicies(
	{ client }: Context,
	text: string | undefined,
	options: Options
): Promise<void> {
	const { LanguageList, ManifestPage } = await import('../web/operations/shape.js')
	if (options.language !== undefined) {
		const { items } = await client.call('listLanguages', {}, LanguageList)
		if (!items.some((known) => known.name === options.language)) {
			const names = items.map((known) => known.name).join(', ')
			throw new Fault(
				'usage',
				'language',
				`There is no language "${options.language}".`,
				`The languages are ${names}.`
			)
		}
	}
	const input = {
		...(text === undefined ? {} : parseReference(text)),
		...(options.language === undefined ? {} : { language: options.language }),
		...(options.namespace === undefined ? {} : { namespace: options.namespace })
	}
	const manifests: Manifest[] = []
	let refusedCount = 0
	let next: string | undefined
	do {
		const page = await client.call(
			'listManifests',
			{ ...input, ...(next === undefined ? {} : { continue: next }) },
			ManifestPage
		)
		manifests.push(...page.items)
		for (const one of page.notes) {
			if (one.severity === 'refusal') refusedCount++
			if (one.severity !== 'info') note(`${one.severity}: ${one.workload} in ${one.language}: ${one.text}`)
		}
		next = page.continue ?? undefined
	} while (next !== undefined)
	// Two languages may give objects of one name; over all of them the paths are told apart.
	const { pathsOf } = await import('../enforcer/targets/directory/files.js')
	const files = pathsOf(manifests)
		.map((file, i) => ({ file, yaml: manifests[i]?.yaml ?? '' }))
		.sort((a, b) => (a.file < b.file ? -1 : 1))
	if (options.out === undefined) {
		// Separated by markers of our own, so that any number of documents is one valid stream.
		print(files.map(({ yaml }) => `---\n${yaml.replace(/^---\n/, '')}`).join(''))
	} else await writeFiles(files, options.out)
	if (refusedCount > 0 && options.strict === true) {
		throw new Fault(
			'partial',
			'export.refused',
			`${refusedCount} policies could not be carried; the reasons are above.`
		)
	}
}

/** Whole files or none: each is written beside its place and renamed. What else lies in the folder stays. */
async function writeFiles(files: readonly { file: string; yaml: string }[], out: string): Promise<void> {
	const { mkdirSync, renameSync, writeFileSync } = await import('node:fs')
	const { dirname, join, relative, resolve, sep } = await import('node:path')
	for (const { file, yaml } of files) {
		const path = resolve(out, file)
		const inside = relative(resolve(out), path)
		if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`)) {
			throw new Fault(
				'notAllowed',
				'export.path',
				`The file "${file}" would lie outside of ${out}, so it was not written.`
			)
		}
		mkdirSync(dirname(path), { recursive: true })
		writeFileSync(`${path}.next`, yaml)
		renameSync(`${path}.next`, path)
	}
	note(`${files.length} manifests are in ${join(out, '')}`)
}
