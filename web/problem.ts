import type { z } from 'zod'
import { StoreError } from '../collector/errors.js'
import { EnforcerError } from '../enforcer/error.js'
import { OperationError } from './operations/error.js'
import type { Problem } from './operations/shape.js'

/** An error of HTTP itself: who asks, how, and what they hold. */
export class HttpError extends Error {
	readonly kind: ProblemKind

	constructor(kind: ProblemKind, message: string) {
		super(message)
		this.name = 'HttpError'
		this.kind = kind
	}
}

/** Every problem that the API can answer with; the last part of its `type`, which never changes. */
export const PROBLEMS = {
	invalid: { status: 400, title: 'The request does not make sense' },
	'cursor-expired': { status: 400, title: 'The cursor does not belong to this list' },
	ambiguous: { status: 400, title: 'The name means several things' },
	unauthenticated: { status: 401, title: 'No session and no API key' },
	refused: { status: 403, title: 'Never enforced' },
	forbidden: { status: 403, title: 'Not from there' },
	'not-found': { status: 404, title: 'There is no such thing' },
	conflict: { status: 409, title: 'Something else is there by now' },
	'precondition-failed': { status: 412, title: 'It changed since it was read' },
	'too-large': { status: 413, title: 'The request is too large' },
	'unsupported-media-type': { status: 415, title: 'Only JSON is understood' },
	misdirected: { status: 421, title: 'Not a name of this service' },
	'key-reused': { status: 422, title: 'The idempotency key was used for another request' },
	'too-many': { status: 429, title: 'Too many attempts' },
	failed: { status: 502, title: 'The target failed' },
	unavailable: { status: 503, title: 'Not available now' },
	internal: { status: 500, title: 'Internal error' }
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemKind = keyof typeof PROBLEMS

type ProblemBody = z.output<typeof Problem>

/** The RFC 9457 body of one kind. `instance` is the path asked for, without its query. */
export function problem(
	kind: ProblemKind,
	detail: string,
	url: string,
	errors?: ProblemBody['errors']
): ProblemBody {
	const { status, title } = PROBLEMS[kind]
	const instance = url.split('?')[0] ?? ''
	return { type: `/problems/${kind}`, title, status, detail, instance, ...(errors ? { errors } : {}) }
}

/** What went wrong, as people may see it. What is not known here is a bug, and says nothing about itself. */
export function kindOf(error: unknown): { kind: ProblemKind; detail: string } {
	if (error instanceof HttpError) return { kind: error.kind, detail: error.message }
	if (error instanceof OperationError || error instanceof EnforcerError) {
		return { kind: error.code, detail: error.message }
	}
	if (error instanceof StoreError) {
		return { kind: error.code === 'conflict' ? 'conflict' : 'unavailable', detail: error.message }
	}
	return (
		fastifyKind(error) ?? { kind: 'internal', detail: 'This is a bug: the log of the service has its trace.' }
	)
}

/** Errors that fastify and its plugins throw before a handler runs, by their documented status codes. */
function fastifyKind(error: unknown): { kind: ProblemKind; detail: string } | null {
	const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
	if (!(error instanceof Error)) return null
	if (status === 413) return { kind: 'too-large', detail: 'A request body may hold 1 MB.' }
	if (status === 415) return { kind: 'unsupported-media-type', detail: 'Send the body as application/json.' }
	if (status === 429) return { kind: 'too-many', detail: 'Too many attempts to log in: wait a minute.' }
	if (typeof status === 'number' && status >= 400 && status < 500)
		return { kind: 'invalid', detail: error.message }
	return null
}
