import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CookieForm, setCookie } from '../auth/cookie.js'
import { requireIdentity } from '../auth/guard.js'
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
 * Who has no session gets the files too, because the page has the form that asks them to sign in.
 */
export async function pageRoutes(app: FastifyInstance, options: PageRoutes): Promise<void> {
	await app.register(async (files) => {
		files.addHook('onRoute', (route) => {
			route.config = { ...route.config, access: 'page' }
		})
		await files.register(fastifyStatic, {
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
	})
	app.get(
		'/',
		{
			config: {
				access: 'page',
				// Guessing 256 bits is hopeless; this keeps the log readable while somebody tries.
				rateLimit: { max: 10, timeWindow: 60_000, allowList: (request: FastifyRequest) => !hasToken(request) }
			},
			schema: { hide: true }
		},
		async (request, reply) => {
			if (hasToken(request)) return logIn(request, reply, options)
			requireIdentity(request)
			return sendPage(reply, options.folder)
		}
	)
}

/** Whether a request brings a one-time token. */
function hasToken(request: FastifyRequest): boolean {
	return typeof request.query === 'object' && request.query !== null && 'token' in request.query
}

/** Whether a browser went there to see a page, rather than a program to get data. */
export function isNavigation(request: FastifyRequest): boolean {
	const isRead = request.method === 'GET' || request.method === 'HEAD'
	return isRead && !request.url.startsWith('/api/') && (request.headers.accept ?? '').includes('text/html')
}

/** Sends index.html for a path of the page's own. */
export async function sendPage(reply: FastifyReply, folder: string): Promise<FastifyReply> {
	const html = await readPage(folder)
	if (html === null) {
		throw new HttpError(
			'not-found',
			'The page is not built: run "npm run setup". The API and the command line work without it.'
		)
	}
	return sendHtml(reply, html)
}

/**
 * What a browser without a session is shown: the page, which finds that out and asks to sign in. Where
 * it is not built, a sentence; no word of it comes from the request.
 */
export async function sendSignedOut(
	reply: FastifyReply,
	folder: string,
	detail: string
): Promise<FastifyReply> {
	const text = detail.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
	const plain = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Whittle</title><h1>Not signed in</h1><p>${text}</p></html>\n`
	return sendHtml(reply.code(401), (await readPage(folder)) ?? plain)
}

function sendHtml(reply: FastifyReply, html: string): FastifyReply {
	return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(html)
}

/** index.html; null when the page is not built. */
function readPage(folder: string): Promise<string | null> {
	return readFile(join(folder, 'index.html'), 'utf8').catch((error: unknown) => {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
		throw error
	})
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
