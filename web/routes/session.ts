import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type CookieForm, clearCookie } from '../auth/cookie.js'
import type { Logins } from '../auth/login.js'
import type { Sessions } from '../auth/session.js'
import { Nothing, Problem, Session } from '../operations/shape.js'
import { HttpError } from '../problem.js'
import { sendJson } from './operations.js'

export interface SessionRoutes {
	sessions: Sessions
	logins: Logins
	cookie: CookieForm
	/** Where the page is, without a token. */
	url(): string
	nowMs(): number
}

const LOGIN_VALID_MS = 10 * 60_000
const LoginLink = z.object({ url: z.string(), expiresMs: z.number() })

/** Who is logged in, logging out, and a new URL to log in with for whoever holds the key. */
export function sessionRoutes(app: FastifyInstance, options: SessionRoutes): void {
	const { sessions, logins, cookie, nowMs } = options
	app.get(
		'/session',
		{
			schema: {
				operationId: 'getSession',
				summary: 'Who this is.',
				response: { 200: Session, default: Problem }
			}
		},
		async (request, reply) => {
			const { actor, expiresMs } = request.identity ?? { actor: '', expiresMs: 0 }
			return sendJson(reply.header('cache-control', 'no-store'), JSON.stringify({ actor, expiresMs }))
		}
	)
	app.delete(
		'/session',
		{ schema: { operationId: 'logOut', summary: 'Log out.', response: { 200: Nothing, default: Problem } } },
		async (request, reply) => {
			if (request.identity?.sessionId) sessions.close(request.identity.sessionId)
			return sendJson(reply.header('set-cookie', clearCookie(cookie)), '{}')
		}
	)
	app.post(
		'/login-links',
		{
			schema: {
				operationId: 'createLoginLink',
				summary: 'A URL that logs one browser in, once, within ten minutes. Only with the API key.',
				response: { 200: LoginLink, default: Problem }
			}
		},
		async (request, reply) => {
			if (request.identity?.sessionId !== null) {
				throw new HttpError('forbidden', 'Only the holder of the API key may let another browser in.')
			}
			const token = logins.issue(nowMs(), LOGIN_VALID_MS)
			const link = { url: `${options.url()}?token=${token}`, expiresMs: nowMs() + LOGIN_VALID_MS }
			return sendJson(reply.header('cache-control', 'no-store'), JSON.stringify(link))
		}
	)
}
