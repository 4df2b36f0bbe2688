import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CookieForm, setCookie } from '../auth/cookie.js'
import { hasToken } from '../auth/guard.js'
import type { Logins } from '../auth/login.js'
import type { Sessions } from '../auth/session.js'
import { HttpError } from '../problem.js'

export interface PageRoutes {
	/** The built page (`dist/ui`). */
	folder: string
	sessions: Sessions
	logins: Logins
	cookie: CookieForm
	nowMs(): number
}

/**
 * `/`: logs in with a one-time token, else the page. Its files have hashed names, so they may be
 * kept for ever; index.html never. Unknown paths that a browser navigates to are the page's own.
 */
export async function pageRoutes(app: FastifyInstance, options: PageRoutes): Promise<void> {
	await app.register(fastifyStatic, {
		root: options.folder,
		index: false,
		wildcard: true,
		decorateReply: false,
		cacheControl: false,
		setHeaders: (reply, path) => {
			const isHashed = path.startsWith(join(options.folder, 'assets'))
			reply.setHeader('cache-control', isHashed ? 'private, max-age=31536000, immutable' : 'no-cache')
		}
	})
	app.get(
		'/',
		{
			config: {
				access: 'login',
				// Guessing 256 bits is hopeless; this keeps the log readable while somebody tries.
				rateLimit: { max: 10, timeWindow: 60_000, allowList: (request: FastifyRequest) => !hasToken(request) }
			},
			schema: { hide: true }
		},
		async (request, reply) =>
			hasToken(request) ? logIn(request, reply, options) : sendPage(reply, options.folder)
	)
}

/** Whether a browser went there to see a page, rather than a program to get data. */
export function isNavigation(request: FastifyRequest): boolean {
	const isRead = request.method === 'GET' || request.method === 'HEAD'
	return isRead && !request.url.startsWith('/api/') && (request.headers.accept ?? '').includes('text/html')
}

/** Sends index.html for a path of the page's own. */
export async function sendPage(reply: FastifyReply, folder: string): Promise<FastifyReply> {
	const html = await readFile(join(folder, 'index.html'), 'utf8').catch((error: unknown) => {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
		throw error
	})
	if (html === null) {
		throw new HttpError(
			'not-found',
			'The page is not built: run "npm run setup". The API and the command line work without it.'
		)
	}
	return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(html)
}

/**
 * Sent with every answer: scripts, styles and data from this service only, nothing inline, and nobody may
 * frame it. With Trusted Types no text ever becomes markup or code in the page, and nothing may declare
 * a way around that (https://www.w3.org/TR/trusted-types/).
 */
export const CONTENT_SECURITY_POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'"
].join('; ')

/** What a browser without a session is shown; no word of it comes from the request. */
export function sendSignedOut(reply: FastifyReply, detail: string): FastifyReply {
	const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Whittle</title><h1>Not logged in</h1><p>${detail
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')}</p></html>\n`
	return reply.code(401).type('text/html; charset=utf-8').send(html)
}

/**
 * The token goes out of the address bar with the redirect, and is worth nothing any more when it
 * is found in a history. A browser that sends a used one while it is logged in just gets the page.
 */
function logIn(request: FastifyRequest, reply: FastifyReply, options: PageRoutes): FastifyReply {
	const query = request.query
	const token = typeof query === 'object' && query !== null && 'token' in query ? query.token : undefined
	const nowMs = options.nowMs()
	if (typeof token === 'string' && options.logins.redeem(token, nowMs)) {
		if (request.identity?.sessionId) options.sessions.close(request.identity.sessionId)
		const { secret } = options.sessions.open(nowMs)
		return reply
			.header('set-cookie', setCookie(options.cookie, secret))
			.header('cache-control', 'no-store')
			.redirect('/', 303)
	}
	if (request.identity) return reply.redirect('/', 303)
	throw new HttpError(
		'unauthenticated',
		'This login URL was used or has expired: start "whittle up" again for a new one, or POST to /api/v1/login-links with the key in <data>/token.'
	)
}
