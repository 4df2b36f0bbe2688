import assert from 'node:assert/strict'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { readDataFile } from '../data-file.js'
import type { Note } from '../policy.js'

/**
 * What is wrong with a manifest by the schema file `LANGUAGE/schema/FILE`, one note per problem;
 * empty when sound. Strict: a field that the schema does not know is a problem, as under
 * `kubectl --validate=strict`, because the API server would drop it in silence.
 */
export function schemaProblems(language: string, file: string, manifest: Record<string, unknown>): Note[] {
	const validate = validatorOf(language, file)
	if (validate(manifest)) return []
	return (validate.errors ?? []).map((error) => ({
		code: `${language}.schema`,
		severity: 'refusal',
		text: `${error.instancePath || 'The manifest'} ${sentenceOf(error)}.`
	}))
}

const validators = new Map<string, ValidateFunction>()

function validatorOf(language: string, file: string): ValidateFunction {
	const key = `${language}/${file}`
	const known = validators.get(key)
	if (known) return known
	const schema = readDataFile(`discovery/languages/${language}/schema/${file}`)
	// Kubernetes' own keywords and formats (`x-kubernetes-…`, `int-or-string`) are not JSON Schema's.
	const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
	const validate = ajv.compile(closedRoot(schema))
	validators.set(key, validate)
	return validate
}

function closedRoot(schema: unknown): Record<string, unknown> {
	const root = closed(schema, true)
	assert(isRecord(root), 'a schema file holds a JSON object')
	return root
}

/**
 * The schema with every object that names its properties closed against others. A CRD leaves
 * `metadata` open because the API server checks it itself; ours holds these four fields.
 */
function closed(schema: unknown, isRoot: boolean): unknown {
	if (Array.isArray(schema)) return schema.map((item) => closed(item, false))
	if (!isRecord(schema)) return schema
	const copy: Record<string, unknown> = {}
	for (const [key, value] of Object.entries(schema)) {
		// In these the keys are names, not keywords.
		if ((key === 'properties' || key === 'schemas') && isRecord(value)) copy[key] = mapValues(value)
		// OpenAPI's `default: {}` says what a reader fills in, not what a writer must send.
		else if (key !== 'default') copy[key] = closed(value, false)
	}
	if (isRecord(copy.properties)) {
		if (copy.additionalProperties === undefined) copy.additionalProperties = false
		if (isRoot) {
			copy.properties = { ...copy.properties, metadata: METADATA }
			copy.required = ['apiVersion', 'kind', 'metadata', 'spec']
		}
	}
	return copy
}

function mapValues(schemas: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, closed(schema, false)]))
}

const METADATA = {
	type: 'object',
	additionalProperties: false,
	required: ['name'],
	properties: {
		name: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
		namespace: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
		labels: { type: 'object', additionalProperties: { type: 'string' } },
		annotations: { type: 'object', additionalProperties: { type: 'string' } }
	}
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sentenceOf(error: ErrorObject): string {
	const extra: unknown = error.params.additionalProperty
	const what = error.message ?? `breaks ${error.keyword}`
	return typeof extra === 'string' ? `${what}: ${extra}` : what
}
