import type { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { compareText } from '../../discovery/behaviour.js'
import type { Language as LanguageFolder, RenderContext } from '../../discovery/languages/language.js'
import { classesOf } from '../../discovery/languages/manifest.js'
import type { Policy } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { LANGUAGES } from '../../discovery/languages/registry.js'
import { readInventory, readPolicy } from '../../enforcer/policies.js'
import { pathsOf } from '../../enforcer/targets/directory/files.js'
import { pageOf } from './cursor.js'
import { OperationError } from './error.js'
import { type Facts, readFacts, type WorkloadRow } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import {
	Class as ClassShape,
	LanguageList,
	ListManifests,
	type Manifest,
	ManifestPage,
	Nothing
} from './shape.js'

/** Whose policies: of one workload, class and digest, of a namespace, or all. */
type PolicyChoice = Pick<z.output<typeof ListManifests>, 'workload' | 'namespace' | 'class' | 'digest'>

export const listManifests = operation({
	name: 'listManifests',
	method: 'GET',
	path: '/manifests',
	summary: 'Policies in the languages of enforcers, as objects ready to apply, with what people must know.',
	input: ListManifests,
	output: ManifestPage,
	run({ reader, nowMs }, input) {
		const facts = readFacts(reader)
		const languages = languagesOf(input.language)
		const holders = holdersOf(facts, input)
		const page = pageOf('manifests', holders, (row) => [row.name, row.id], { ...input, order: 'asc' })
		const context: RenderContext = { inventory: readInventory(reader, nowMs()) }
		const items: z.output<typeof Manifest>[] = []
		const notes: z.output<typeof ManifestPage>['notes'] = []
		for (const workload of page.items) {
			const policies = policiesOf(reader, facts, workload, input)
			for (const language of languages) {
				const rendering = renderWorkload(policies, language, context)
				const paths = pathsOf(rendering.manifests)
				for (const [i, manifest] of rendering.manifests.entries()) {
					items.push({
						language: language.name,
						workloadId: workload.id,
						workload: workload.displayName,
						classes: classesOf(manifest.object),
						kind: manifest.kind,
						name: manifest.name,
						namespace: manifest.namespace,
						file: paths[i] ?? '',
						yaml: manifest.yaml
					})
				}
				for (const note of rendering.notes) {
					notes.push({ ...note, language: language.name, workload: workload.displayName })
				}
			}
		}
		return { items, continue: page.continue, notes }
	}
})

export const listLanguages = operation({
	name: 'listLanguages',
	method: 'GET',
	path: '/languages',
	summary: 'The languages that policies can be written in, and the classes that each can carry.',
	input: Nothing,
	output: LanguageList,
	run: () => ({
		items: LANGUAGES.map((language) => ({
			name: language.name,
			classes: CLASSES.filter((one) => language.classes.includes(ClassShape.parse(one)))
		}))
	})
})

/** The language of that name, or all. Throws `not-found`. */
export function languagesOf(name: string | undefined): LanguageFolder[] {
	const found = LANGUAGES.filter((language) => name === undefined || language.name === name)
	if (found.length > 0) return found
	const known = LANGUAGES.map((language) => language.name).join(', ')
	throw new OperationError('not-found', `There is no language ${JSON.stringify(name)}; there are ${known}.`)
}

/** The rows that policies are kept at, narrowed to what was asked for. */
export function holdersOf(facts: Facts, input: PolicyChoice): WorkloadRow[] {
	if (input.digest !== undefined && (input.workload === undefined || input.class === undefined)) {
		throw new OperationError('invalid', 'A digest is of one workload and class: name both.')
	}
	const only =
		input.workload === undefined
			? null
			: resolveWorkload([...facts.byId.values()], input.workload, input.class)
	const ids = new Set(
		only === null
			? facts.proposals.map((one) => one.workloadId)
			: CLASSES.map((class_) => facts.holderOf(only, class_).id)
	)
	return [...ids]
		.flatMap((id) => facts.byId.get(id) ?? [])
		.filter((row) => input.namespace === undefined || row.namespace === input.namespace)
		.toSorted((a, b) => compareText(a.name, b.name))
}

/** What is proposed for the row now; of another container only the pod's network. */
export function policiesOf(reader: Reader, facts: Facts, holder: WorkloadRow, input: PolicyChoice): Policy[] {
	const asked =
		input.workload === undefined
			? null
			: resolveWorkload([...facts.byId.values()], input.workload, input.class)
	const isOwn = (class_: Class) => asked === null || asked.id === holder.id || class_ === 'network'
	if (input.digest !== undefined && input.class !== undefined) {
		return input.class === 'network' || isOwn(input.class)
			? [readPolicy(reader, holder.id, input.class, input.digest)]
			: []
	}
	return facts.proposals
		.filter((one) => one.workloadId === holder.id && isOwn(one.class))
		.filter((one) => input.class === undefined || one.class === input.class)
		.map((one) => readPolicy(reader, holder.id, one.class, one.digest))
}
