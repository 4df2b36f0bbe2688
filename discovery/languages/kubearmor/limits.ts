import type { Note } from '../../policy.js'
import { isRecord, listOf, textOf } from '../manifest.js'
import { schemaProblems } from '../schema.js'
import { entryCount, PATH_BYTES_MAX } from './rule-map.js'

/** What KubeArmor on BPF-LSM cannot do, as people are told. */
export const LIMITS: readonly string[] = [
	'One map of 256 entries holds all rules of a container; what does not fit is denied in silence.',
	'Paths are compared on 200 bytes and 20 components, directories on 64 bytes; patterns are ignored.',
	'Network rules name protocols only: no address, no port, no socket family, no server side of a port.',
	'A read-only rule stops writing, not deleting, renaming or changing the mode of the file.',
	'chown, ptrace, mounts, namespaces and kernel modules have no hook.',
	'Host policies close a class for the whole node, and capabilities of host policies are ignored.'
]

/** Entries that the rules of one container may take: 256, less five postures and a reserve for foreign rules. */
export const ENTRY_BUDGET = 256 - 5 - 16

/** Why KubeArmor cannot match this path exactly, as the end of a sentence; null when it can. */
export function pathProblem(path: string): string | null {
	if (!/^\/+.*[^/]$/s.test(path)) return 'is not an absolute path of a file'
	if (Buffer.byteLength(path) > PATH_BYTES_MAX) return `is longer than ${PATH_BYTES_MAX} bytes`
	// KubeArmor issue 2609: a deeper path loses its beginning and matches nothing.
	if (path.split('/').length - 1 > 20) return 'is deeper than 20 components'
	return null
}

/** Why KubeArmor cannot match this directory; null when it can. */
export function directoryProblem(directory: string): string | null {
	if (!/^\/$|^\/.*\/$/s.test(directory)) return 'is not a directory path that ends in a slash'
	if (Buffer.byteLength(directory) > 64) return 'is longer than 64 bytes'
	return null
}

const SCHEMAS: Readonly<Record<string, string>> = {
	KubeArmorPolicy: 'kubearmorpolicies.json',
	KubeArmorHostPolicy: 'kubearmorhostpolicies.json'
}

/** Problems of one manifest by its CRD and by what the enforcer can hold; empty when sound. */
export function validate(manifest: Record<string, unknown>): Note[] {
	const schema = SCHEMAS[String(manifest.kind)]
	if (schema === undefined) return [refusal('kubearmor.kind', `Whittle writes no ${String(manifest.kind)}.`)]
	const problems = schemaProblems('kubearmor', schema, manifest)
	const { spec } = manifest
	if (!isRecord(spec)) return problems
	const isHost = manifest.kind === 'KubeArmorHostPolicy'
	for (const group of ['process', 'file']) {
		const section = isRecord(spec[group]) ? spec[group] : {}
		for (const { path } of listOf(section, 'matchPaths').map((rule) => ({ path: textOf(rule, 'path') }))) {
			const problem = path === '' ? null : pathProblem(path)
			if (problem) problems.push(refusal('kubearmor.path', `${path} ${problem}.`))
		}
		for (const rule of listOf(section, 'matchDirectories')) {
			const problem = directoryProblem(textOf(rule, 'dir'))
			if (problem) problems.push(refusal('kubearmor.directory', `${textOf(rule, 'dir')} ${problem}.`))
		}
		if (listOf(section, 'matchPatterns').length > 0) {
			problems.push(
				refusal('kubearmor.pattern', `Patterns in ${group} are ignored by BPF-LSM and then denied.`)
			)
		}
	}
	if (isHost && allowsWithoutSource(spec)) {
		problems.push(
			refusal('kubearmor.host-source', 'A host-wide Allow rule without fromSource covers every program.')
		)
	}
	const count = entryCount([{ name: '', spec, isHost }])
	if (count > ENTRY_BUDGET) {
		problems.push(
			refusal('kubearmor.budget', `It takes ${count} of ${ENTRY_BUDGET} entries of the container’s map.`)
		)
	}
	return problems
}

function allowsWithoutSource(spec: Record<string, unknown>): boolean {
	const lists: [string, string][] = [
		['process', 'matchPaths'],
		['process', 'matchDirectories'],
		['file', 'matchPaths'],
		['file', 'matchDirectories'],
		['network', 'matchProtocols'],
		['capabilities', 'matchCapabilities']
	]
	return lists.some(([group, list]) => {
		const section = isRecord(spec[group]) ? spec[group] : {}
		return listOf(section, list).some((rule) => {
			const action = textOf(rule, 'action') || textOf(section, 'action') || textOf(spec, 'action')
			return action === 'Allow' && listOf(rule, 'fromSource').length === 0
		})
	})
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
