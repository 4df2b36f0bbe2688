import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Idempotency } from '../idempotency.js'
import type { AnyOperation } from '../operations/operation.js'
import { Problem } from '../operations/shape.js'
import { operations } from '../operations/table.js'
import { HttpError } from '../problem.js'
import type { Answered } from '../reading.js'

export interface OperationRoutes {
	/** Runs an operation where it belongs: in a reader thread, or beside the writer and the sensor. */
	perform(one: AnyOperation, actor: string, input: unknown): Promise<Answered>
	idempotency: Idempotency
}

/** Registers every operation of the table below the prefix. */
export function operationRoutes(app: FastifyInstance, options: OperationRoutes): void {
	// No body says the same as an empty one.
	app.addHook('preValidation', async (request) => {
		if (request.method === 'POST') request.body ??= {}
	})
	for (const one of operations) {
		app.route({
			method: one.method,
			url: one.path,
			schema: schemaOf(one),
			handler: async (request, reply) => {
				const actor = request.identity?.actor ?? ''
				const input = inputOf(request)
				if (one.method === 'GET') return sendRead(reply, await options.perform(one, actor, input))
				await checkVersion(options, one, actor, request)
				const work = async () => ({ status: 200, body: (await options.perform(one, actor, input)).json })
				const key = keyOf(request)
				const answer =
					key === null
						? await work()
						: await options.idempotency.once(`${actor} ${key}`, [one.name, input], work)
				return sendJson(reply.code(answer.status), answer.body)
			}
		})
	}
}

/** JSON that was made and checked in a reader thread goes out as it is. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
	return reply.type('application/json; charset=utf-8').serializer(String).send(json)
}

function sendRead(reply: FastifyReply, answer: Answered): FastifyReply {
	if (answer.version !== null) reply.header('etag', etagOf(answer.version))
	return sendJson(reply.header('cache-control', 'no-store'), answer.json)
}

function schemaOf(one: AnyOperation) {
	const { input } = one
	if (!(input instanceof z.ZodObject)) throw new Error(`${one.name}: the input of an operation is an object`)
	const names = [...one.path.matchAll(/:([a-z]+)/gi)].map((match) => match[1] ?? '')
	const inPath = Object.entries(input.shape).filter(([name]) => names.includes(name))
	const rest = Object.entries(input.shape).filter(([name]) => !names.includes(name))
	const common = {
		operationId: one.name,
		summary: one.summary,
		response: { 200: one.output, default: Problem }
	}
	const params = names.length > 0 ? { params: z.strictObject(Object.fromEntries(inPath)) } : {}
	// A parameter that nobody knows is a typing mistake, and ignoring it would answer another question.
	const others = z.strictObject(Object.fromEntries(rest))
	return one.method === 'GET'
		? { ...common, ...params, querystring: others }
		: { ...common, ...params, body: others }
}

/** Path, query and body, as their schemas left them; no two of them have a field in common. */
function inputOf(request: FastifyRequest): Record<string, unknown> {
	const parts = [request.params, request.query, request.body]
	return Object.assign({}, ...parts.filter((part) => typeof part === 'object'))
}

/**
 * `If-Match` on what changes a policy: its value is the `ETag` of `GET /policies/:workload/:class`.
 * A digest protects a decision anyway; this also notices a decision that somebody else made.
 */
async function checkVersion(
	options: OperationRoutes,
	one: AnyOperation,
	actor: string,
	request: FastifyRequest
): Promise<void> {
	const expected = request.headers['if-match']
	const policy = operations.find(
		(candidate) => candidate.versionOf && one.path.startsWith(`${candidate.path}/`)
	)
	if (expected === undefined || expected === '*' || !policy) return
	const { version } = await options.perform(policy, actor, request.params)
	const etags = expected.split(',').map((etag) => etag.trim())
	if (version === null || !etags.includes(etagOf(version))) {
		throw new HttpError('precondition-failed', 'It changed since you read it: read it again, then decide.')
	}
}

/** Versions hold nothing but digests, words and numbers, so they can stand in an ETag. */
function etagOf(version: string): string {
	return `"${Buffer.from(version).toString('base64url')}"`
}

function keyOf(request: FastifyRequest): string | null {
	const key = request.headers['idempotency-key']
	if (key === undefined) return null
	if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key
	throw new HttpError('invalid', 'An Idempotency-Key is one printable text of at most 255 characters.')
}
