import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Policy, PolicyBody } from './policy.js'

/** The canonical JSON (RFC 8785) of workload, class and rules, and nothing else. */
export function canonicalBody(body: PolicyBody): string {
	const json = canonicalize({
		workload: body.workload,
		class: body.class,
		rules: body.rules.map(({ effect, object, access, sources }) => ({ effect, object, access, sources }))
	})
	assert(json !== undefined, 'a policy always has a canonical form')
	return json
}

/** The body with its digest, `sha256:HEX` of its canonical JSON. */
export function policyOf(body: PolicyBody): Policy {
	return { ...body, digest: `sha256:${createHash('sha256').update(canonicalBody(body)).digest('hex')}` }
}
