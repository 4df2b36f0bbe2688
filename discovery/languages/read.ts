import { loadAll, YAMLException } from 'js-yaml'
import type { Note } from '../policy.js'
import type { Language } from './language.js'
import { fieldOf, isRecord, textOf } from './manifest.js'
import { LANGUAGES } from './registry.js'

/** What somebody wrote by hand, or got from a cluster. */
export interface ReadManifests {
	/** Objects that some language judges and that its schema takes. */
	objects: Record<string, unknown>[]
	/** What keeps the text from being used at all; nothing of it is then to be used. */
	refusals: Note[]
	/** Objects that were passed over, and rules that do less than they seem to. */
	warnings: Note[]
}

const DOCUMENTS_MAX = 2000

/**
 * Manifests from YAML or JSON: one or several documents, `List`s opened, what a cluster adds (status,
 * resourceVersion …) left out. Aliases are refused: a few lines of them can stand for more objects than
 * there is memory. Objects of kinds that no language here judges are passed over with a warning.
 */
export function readManifests(text: string): ReadManifests {
	const found: ReadManifests = { objects: [], refusals: [], warnings: [] }
	const documents = documentsOf(text, found.refusals)
	if (documents.length > DOCUMENTS_MAX) {
		found.refusals.push(refusal('manifest.count', `More than ${DOCUMENTS_MAX} objects: give them in parts.`))
		return found
	}
	for (const [index, document] of documents.entries()) readOne(document, `Document ${index + 1}`, found)
	if (found.objects.length === 0 && found.refusals.length === 0) {
		const text = `There is no object of a kind that is judged here (${KINDS.join(', ')}).`
		found.refusals.push(refusal('manifest.none', text))
	}
	return found
}

const KINDS = LANGUAGES.flatMap((language) => language.kinds)

/** Every document, and every item of one that is a list. */
function documentsOf(text: string, refusals: Note[]): unknown[] {
	try {
		const documents = loadAll(text, { maxAliases: 0, maxDepth: 64 })
		return documents
			.flatMap((document) => {
				const isList = isRecord(document) && /List$/.test(textOf(document, 'kind'))
				return isList && Array.isArray(document.items) ? document.items : [document]
			})
			.filter((document) => document !== null && document !== undefined)
	} catch (error) {
		if (!(error instanceof YAMLException)) throw error
		const { mark, reason } = error
		const where = mark ? `Line ${mark.line + 1}, column ${mark.column + 1}: ` : ''
		refusals.push(refusal('manifest.yaml', `${where}${reason || error.message}.`.replace(/\.+$/, '.')))
		return []
	}
}

function readOne(document: unknown, place: string, found: ReadManifests): void {
	if (!isRecord(document)) {
		found.refusals.push(refusal('manifest.object', `${place} is no object with a kind and metadata.`))
		return
	}
	const kind = textOf(document, 'kind')
	const language = LANGUAGES.find((one) => one.kinds.includes(kind))
	if (!language) {
		const text = `${place} is a ${kind || 'thing without a kind'}, which is passed over; judged are ${KINDS.join(', ')}.`
		found.warnings.push({ code: 'manifest.kind', severity: 'warning', text })
		return
	}
	const manifest = withoutClusterFields(document)
	const name = textOf(fieldOf(manifest, 'metadata'), 'name')
	const called = `${place} (${kind}${name === '' ? '' : ` ${name}`})`
	if (name === '' || !fieldOf(manifest, 'spec')) {
		found.refusals.push(refusal('manifest.object', `${called} needs a metadata.name and a spec.`))
		return
	}
	for (const problem of problemsOf(manifest, language)) {
		const text = `${called}: ${problem.text}`
		// What breaks the schema is refused by the API server; anything else goes in and does something else.
		if (/\.(schema|kind)$/.test(problem.code)) found.refusals.push({ ...problem, text })
		else found.warnings.push({ ...problem, severity: 'warning', text })
	}
	found.objects.push(manifest)
}

/** A manifest as a person would have written it. */
function withoutClusterFields(document: Record<string, unknown>): Record<string, unknown> {
	const metadata = fieldOf(document, 'metadata') ?? {}
	const kept = ['name', 'namespace', 'labels', 'annotations'].filter((key) => metadata[key] !== undefined)
	const { apiVersion, kind, spec } = document
	return { apiVersion, kind, metadata: Object.fromEntries(kept.map((key) => [key, metadata[key]])), spec }
}

function problemsOf(manifest: Record<string, unknown>, language: Language): Note[] {
	const metadata = fieldOf(manifest, 'metadata')
	const name = textOf(metadata, 'name')
	// Kubernetes takes longer names than Whittle writes, and dots in them.
	const named = { ...metadata, name: name.toLowerCase().replaceAll('.', '-').slice(0, 63) }
	// Whittle writes no cluster policies, and has no schema of them.
	if (manifest.kind === 'KubeArmorClusterPolicy') return []
	return language.validate({ ...manifest, metadata: named })
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
