import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from '../problem.js'
import { type CookieForm, readCookie } from './cookie.js'
import { isSecret } from './secret.js'
import type { Sessions } from './session.js'

/** Who asks. `actor` goes into approvals and changes. */
export interface Identity {
	actor: string
	/** Null for an API key. */
	sessionId: string | null
	expiresMs: number
}

declare module 'fastify' {
	interface FastifyRequest {
		identity: Identity | null
	}
	interface FastifyContextConfig {
		/**
		 * `public`: answered to anybody who reaches the port. `page`: the files of the built page, the same on
		 * every machine, and what asks a person to sign in; its handlers look at `identity` themselves.
		 * Everything else needs a session or an API key, whether or not it says so.
		 */
		access?: 'public' | 'page'
	}
}

export interface GuardOptions {
	sessions: Sessions
	keyHash: Buffer
	cookie: CookieForm
	/** Names under which the service may be asked for, without port, lower case. */
	hostNames: ReadonlySet<string>
	nowMs(): number
}

/** The latest time that a Date can hold: a key does not expire by itself. */
const NEVER_MS = 8.64e15

/** Puts the guard before every route of the app, those that are added later and those that do not exist too. */
export function guard(app: FastifyInstance, options: GuardOptions): void {
	app.decorateRequest('identity', null)
	app.addHook('onRequest', async (request) => {
		checkHost(request, options.hostNames)
		const access = request.routeOptions.config?.access
		if (access === 'public') return
		request.identity = keyIdentity(request, options) ?? sessionIdentity(request, options)
		if (request.identity?.sessionId != null) checkOrigin(request)
		if (access !== 'page') requireIdentity(request)
	})
}

/** Throws unless the request brought a session or an API key. */
export function requireIdentity(request: FastifyRequest): void {
	if (request.identity) return
	throw new HttpError(
		'unauthenticated',
		'Open the URL that "whittle up" printed, or send the key in <data>/token as "Authorization: Bearer KEY".'
	)
}

/**
 * A page elsewhere can let its own name resolve to this address (DNS rebinding) and then counts as
 * the same origin; the name that it asked for gives it away.
 */
function checkHost(request: FastifyRequest, hostNames: ReadonlySet<string>): void {
	const name = request.headers.host?.replace(/:[0-9]+$/, '').toLowerCase() ?? ''
	if (hostNames.has(name)) return
	throw new HttpError(
		'misdirected',
		'This service does not answer to that host name: use the address that it printed.'
	)
}

/**
 * A browser sends the cookie along with what other pages on this host start, too: ports are the same
 * site. What changes something must come from the page itself, and browsers say where it comes from.
 */
function checkOrigin(request: FastifyRequest): void {
	if (request.method === 'GET' || request.method === 'HEAD') return
	const site = request.headers['sec-fetch-site']
	const origin = request.headers.origin
	const isOwnSite = site === undefined || site === 'same-origin'
	const isOwnOrigin = origin === undefined || origin === `${request.protocol}://${request.headers.host ?? ''}`
	if (isOwnSite && isOwnOrigin && (site !== undefined || origin !== undefined)) return
	throw new HttpError('forbidden', 'A change must come from the page of this service, or with an API key.')
}

function keyIdentity(request: FastifyRequest, options: GuardOptions): Identity | null {
	const match = /^Bearer ([\x21-\x7e]{1,256})$/.exec(request.headers.authorization ?? '')
	if (!match?.[1] || !isSecret(match[1], options.keyHash)) return null
	const user = request.headers['x-whittle-user']
	const isName = typeof user === 'string' && /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(user)
	return { actor: `local:${isName ? user : 'key'}`, sessionId: null, expiresMs: NEVER_MS }
}

function sessionIdentity(request: FastifyRequest, options: GuardOptions): Identity | null {
	const secret = readCookie(options.cookie, request.headers.cookie)
	const session = secret === null ? null : options.sessions.find(secret, options.nowMs())
	return session && { actor: `page:${session.id}`, sessionId: session.id, expiresMs: session.expiresMs }
}
