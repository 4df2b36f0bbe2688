import { createServer as createTlsServer } from 'node:https'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import Fastify, {
	LogController,
	type FastifyBaseLogger,
	type FastifyInstance,
	type FastifyReply,
	type FastifyRequest
} from 'fastify'
import {
	hasZodFastifySchemaValidationErrors,
	jsonSchemaTransform,
	serializerCompiler,
	validatorCompiler
} from 'fastify-type-provider-zod'
import { cookieForm } from './auth/cookie.js'
import { guard, requireIdentity } from './auth/guard.js'
import { createLogins, type Logins } from './auth/login.js'
import { createSessions } from './auth/session.js'
import { createEventHub } from './event-hub.js'
import { createIdempotency } from './idempotency.js'
import type { OperationContext } from './operations/operation.js'
import { Status } from './operations/shape.js'
import { HttpError, kindOf, PROBLEMS, problem } from './problem.js'
import type { ReaderPool } from './reader-pool.js'
import { perform } from './reading.js'
import { eventRoutes } from './routes/events.js'
import { healthRoutes } from './routes/health.js'
import { operationRoutes } from './routes/operations.js'
import { CONTENT_SECURITY_POLICY, isNavigation, pageRoutes, sendPage, sendSignedOut } from './routes/page.js'
import { sessionRoutes } from './routes/session.js'

/** What the server is made of. Nothing in it listens yet. */
export interface ServerOptions {
	/** Everything that operations need, except who asks. */
	context: Omit<OperationContext, 'actor'>
	readers: ReaderPool
	/** SHA-256 of the API key. */
	keyHash: Buffer
	/** The built page. */
	uiFolder: string
	host: string
	port: number
	tls: { key: string | Buffer; cert: string | Buffer } | null
	/** Names of this service besides the loopback ones. */
	hostNames: readonly string[]
	/** Where errors go; nothing is logged without one. */
	logger: FastifyBaseLogger | null
	/** Differs between starts: ids of events of another run are not mistaken for this one's. */
	epoch: string
	heartbeatMs: number
	eventWindowMs: number
	eventBacklogBytes: number
}

export interface Server {
	app: FastifyInstance
	logins: Logins
	/** The page's address, without a token. */
	url(): string
}

const VALID_BODY_BYTES = 1_048_576

/** Builds the service; `app.inject` or `app.listen` uses it. */
export async function buildServer(options: ServerOptions): Promise<Server> {
	const { context } = options
	const nowMs = () => context.nowMs()
	const app = create(options)
	app.setValidatorCompiler(validatorCompiler)
	app.setSerializerCompiler(serializerCompiler)
	const sessions = createSessions()
	const logins = createLogins()
	const cookie = cookieForm(options.tls !== null, options.port)
	const hub = createEventHub({ epoch: options.epoch, windowMs: options.eventWindowMs, nowMs })
	const stopListening = context.writer.onCommit((tables) => hub.changed(tables))
	const url = () => urlOf(app, options)

	answerWithProblems(app, options)
	await app.register(helmet, {
		contentSecurityPolicy: false,
		// Loopback speaks no TLS; a browser that once learned otherwise for `localhost` breaks other services there.
		strictTransportSecurity: options.tls !== null
	})
	app.addHook('onRequest', async (_, reply) => {
		reply.header('content-security-policy', CONTENT_SECURITY_POLICY)
	})
	const hostNames = new Set([
		'localhost',
		'127.0.0.1',
		'[::1]',
		...options.hostNames.map((name) => name.toLowerCase())
	])
	guard(app, { sessions, keyHash: options.keyHash, cookie, hostNames, nowMs })
	await app.register(rateLimit, { global: false })
	await app.register(swagger, {
		openapi: { openapi: '3.1.0', info: { title: 'Whittle', version: 'v1' }, servers: [{ url: '/' }] },
		transform: jsonSchemaTransform
	})

	const runStatus = async () => Status.parse(JSON.parse((await read('getStatus', 'service', {})).json))
	const read = (name: string, actor: string, input: unknown, isLong = false) =>
		options.readers.run(
			{
				name,
				input,
				actor,
				nowMs: nowMs(),
				dataDir: context.dataDir,
				sources: context.sources()
			},
			isLong
		)
	let listenerCount = () => 0
	healthRoutes(app, {
		checkStore: () => void context.reader.get('SELECT id FROM workloads LIMIT 1'),
		status: runStatus,
		listenerCount: () => listenerCount()
	})
	await app.register(
		async (api) => {
			operationRoutes(api, {
				idempotency: createIdempotency(nowMs),
				perform: (one, actor, input) =>
					one.runsIn === 'service'
						? perform(one, { ...context, actor }, input)
						: read(one.name, actor, input, one.isLong)
			})
			sessionRoutes(api, { sessions, logins, cookie, url, nowMs })
			const events = eventRoutes(api, {
				hub,
				sessions,
				heartbeatMs: options.heartbeatMs,
				backlogBytes: options.eventBacklogBytes,
				nowMs
			})
			listenerCount = events.listenerCount
		},
		{ prefix: '/api/v1' }
	)
	app.get('/openapi.json', { schema: { hide: true } }, async (_, reply) => reply.send(app.swagger()))
	app.get('/problems/:kind', { schema: { hide: true } }, async (request, reply) => {
		const { kind } = request.params as { kind: string }
		const found = Object.entries(PROBLEMS).find(([name]) => name === kind)
		if (!found) throw new HttpError('not-found', 'There is no such problem.')
		return reply
			.type('text/plain; charset=utf-8')
			.send(`${found[0]} (${found[1].status}): ${found[1].title}.\n`)
	})
	await pageRoutes(app, { folder: options.uiFolder, sessions, logins, cookie, nowMs })
	app.addHook('onClose', async () => {
		stopListening()
		hub.close()
	})
	await app.ready()
	return { app, logins, url }
}

function create(options: ServerOptions): FastifyInstance {
	const common = {
		...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
		// Request lines hold tokens of login URLs.
		logController: new LogController({ disableRequestLogging: true }),
		bodyLimit: VALID_BODY_BYTES,
		// Workload names are long, and percent-encoded on top.
		routerOptions: { maxParamLength: 8192 },
		forceCloseConnections: true,
		// What is no URL at all never gets to a route, a hook or the error handler.
		frameworkErrors: (_: Error, _request: FastifyRequest, reply: FastifyReply) => {
			void send(reply, problem('invalid', 'This path is not a valid URL.', ''))
		}
	}
	const { tls } = options
	if (!tls) return Fastify(common)
	return Fastify({
		...common,
		serverFactory: (handler) => createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, handler)
	})
}

function answerWithProblems(app: FastifyInstance, options: ServerOptions): void {
	app.setErrorHandler((error, request, reply) => {
		if (hasZodFastifySchemaValidationErrors(error)) {
			const errors = error.validation.map((one) => ({
				pointer: `/${placeOf(error.validationContext)}${one.instancePath}`.replace(/\/$/, ''),
				detail: one.message ?? '',
				code: one.keyword
			}))
			const detail = errors.map((one) => `${one.pointer}: ${one.detail}`).join(' ')
			return send(reply, problem('invalid', detail, request.url, errors))
		}
		const { kind, detail } = kindOf(error)
		if (kind === 'internal') request.log.error(error, 'a request failed')
		if (kind === 'unauthenticated') {
			if (isNavigation(request)) return sendSignedOut(reply, options.uiFolder, detail)
			reply.header('www-authenticate', 'Bearer realm="whittle"')
		}
		return send(reply, problem(kind, detail, request.url))
	})
	app.setNotFoundHandler((request, reply) => {
		requireIdentity(request)
		if (isNavigation(request)) return sendPage(reply, options.uiFolder)
		return send(
			reply,
			problem('not-found', 'There is nothing at this path: /openapi.json says what there is.', request.url)
		)
	})
}

/** Path, query and body are what people call them; fastify's names are its own. */
function placeOf(context: string | undefined): string {
	if (context === 'querystring') return 'query'
	return context === 'params' ? 'path' : (context ?? 'body')
}

function send(reply: FastifyReply, body: ReturnType<typeof problem>): FastifyReply {
	return reply
		.code(body.status)
		.type('application/problem+json; charset=utf-8')
		.serializer(String)
		.send(JSON.stringify(body))
}

function urlOf(app: FastifyInstance, options: ServerOptions): string {
	const address = app.server.address()
	const port = typeof address === 'object' && address ? address.port : options.port
	const name = options.hostNames[0] ?? (options.host.includes(':') ? `[${options.host}]` : options.host)
	return `${options.tls ? 'https' : 'http'}://${name}:${port}/`
}
