import { createHash } from 'node:crypto'
import { dump, SCALAR_STYLE, visit } from 'js-yaml'
import type { Class } from '../../collector/observation.js'
import { CLASSES } from '../../collector/observation.js'
import { compareText } from '../behaviour.js'
import type { Policy } from '../policy.js'
import type { Manifest } from './language.js'

/** Annotations that tie a manifest to the policies that it carries. */
export const WORKLOAD_ANNOTATION = 'whittle.dev/workload'
export const CLASSES_ANNOTATION = 'whittle.dev/classes'
export const DIGEST_ANNOTATION = 'whittle.dev/digest'

export interface ManifestParts {
	apiVersion: string
	kind: string
	name: string
	/** '' for objects that belong to no namespace. */
	namespace: string
	/** The policies that it carries: all of one workload. */
	policies: readonly Policy[]
	spec: Record<string, unknown>
}

/** A Kubernetes-shaped object with its YAML, labelled as Whittle's and tied to its policies. */
export function manifestOf(parts: ManifestParts): Manifest {
	const carried = [...parts.policies].sort((a, b) => CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class))
	const annotations: Record<string, string> = {
		[CLASSES_ANNOTATION]: carried.map((policy) => policy.class).join()
	}
	for (const policy of carried) annotations[`${DIGEST_ANNOTATION}-${policy.class}`] = policy.digest
	annotations[WORKLOAD_ANNOTATION] = carried[0]?.workload ?? ''
	const metadata: Record<string, unknown> = { name: parts.name }
	if (parts.namespace !== '') metadata.namespace = parts.namespace
	metadata.labels = { 'app.kubernetes.io/managed-by': 'whittle' }
	metadata.annotations = annotations
	const object = { apiVersion: parts.apiVersion, kind: parts.kind, metadata, spec: parts.spec }
	return { kind: parts.kind, name: parts.name, namespace: parts.namespace, object, yaml: toYaml(object) }
}

/** The classes that a manifest holds, by its annotation; empty for a manifest that is not Whittle's. */
export function classesOf(manifest: Record<string, unknown>): Class[] {
	const names = annotationOf(manifest, CLASSES_ANNOTATION).split(',')
	return CLASSES.filter((one) => names.includes(one))
}

/** An annotation of a manifest, or ''. */
export function annotationOf(manifest: Record<string, unknown>, name: string): string {
	const metadata = fieldOf(manifest, 'metadata')
	return textOf(metadata && fieldOf(metadata, 'annotations'), name)
}

/** An object field of an object that came from outside; undefined when it is none. */
export function fieldOf(object: Record<string, unknown>, key: string): Record<string, unknown> | undefined {
	const value = object[key]
	return isRecord(value) ? value : undefined
}

/** The objects in a list field; what is not an object is left out. */
export function listOf(object: Record<string, unknown> | undefined, key: string): Record<string, unknown>[] {
	const value = object?.[key]
	return Array.isArray(value) ? value.filter(isRecord) : []
}

/** A text field, or ''. */
export function textOf(object: Record<string, unknown> | undefined, key: string): string {
	const value = object?.[key]
	return typeof value === 'string' ? value : ''
}

/** A map of texts (labels); entries that hold no text are left out. */
export function labelsOf(object: Record<string, unknown> | undefined, key: string): Record<string, string> {
	const labels: Record<string, string> = {}
	for (const [name, value] of Object.entries((object && fieldOf(object, key)) ?? {})) {
		if (typeof value === 'string') labels[name] = value
	}
	return labels
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A name that Kubernetes takes (RFC 1123, at most 63 characters), readable at the front and
 * unique at the end: the hash covers the whole workload, cluster included, so the same
 * workload in two clusters has two names (discovery-engine mixed them up).
 */
export function manifestName(readable: readonly string[], workload: string, group: string): string {
	const hash = createHash('sha256').update(`${workload}\0${group}`).digest('hex').slice(0, HASH_LENGTH)
	const stem = ['whittle', ...readable]
		.join('-')
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-+|-+$/g, '')
		.slice(0, NAME_MAX - HASH_LENGTH - group.length - 2)
		.replace(/-+$/, '')
	return `${stem}-${group}-${hash}`
}

const NAME_MAX = 63
const HASH_LENGTH = 10

/**
 * YAML that a 1.1 parser (kubectl) and a 1.2 parser read as the same object: js-yaml quotes
 * whatever either could take for something else (`no`, `1:20`, `0o7`, `=`, `<<`), and
 * characters outside ASCII are written as escapes, so that nothing bidirectional or invisible
 * reaches a reviewer's screen (Trojan Source, CVE-2021-42574).
 */
export function toYaml(object: Record<string, unknown>): string {
	const text = dump(object, {
		noRefs: true,
		lineWidth: -1,
		transform: (documents) =>
			visit(documents, (node) => {
				if (node.kind === 'scalar' && !PLAIN_ASCII.test(node.value)) node.style = SCALAR_STYLE.DOUBLE_QUOTED
			})
	})
	// Only double-quoted scalars still hold such characters, and there these escapes mean them.
	return text.replace(/[^\t\n\x20-\x7e]/gu, (character) => {
		const code = character.codePointAt(0) ?? 0
		return code > 0xffff
			? `\\U${code.toString(16).padStart(8, '0')}`
			: `\\u${code.toString(16).padStart(4, '0')}`
	})
}

const PLAIN_ASCII = /^[\x20-\x7e]*$/

/** Keys of an object in code-unit order: the same bytes whatever order they were found in. */
export function sortedKeys(record: Record<string, string>): Record<string, string> {
	return Object.fromEntries(Object.entries(record).sort(([a], [b]) => compareText(a, b)))
}
