import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cookieForm, readCookie, setCookie } from '../../web/auth/cookie.js'
import { ensureKey, keyFile, readKey } from '../../web/auth/key.js'
import { isSecret } from '../../web/auth/secret.js'
import { startService } from '../../web/serve.js'
import { openApi } from './api.js'

/** What anybody who reaches the port may ask: whether it lives, and the files of the page, which asks to sign in. */
const PUBLIC = [
	'GET /livez',
	'HEAD /livez',
	'GET /readyz',
	'HEAD /readyz',
	'GET /assets/a-1.js',
	'GET /index.html'
]

test('every route is denied without a session or a key, those of plugins and unknown paths too', async (t) => {
	const api = await openApi(t)
	const routes = routesOf(api.server.app.printRoutes({ commonPrefix: false, includeHooks: false }))
	assert.ok(routes.length > 30, 'the walk has to see the table')
	for (const known of [
		'GET /api/v1/workloads',
		'POST /api/v1/policies/:workload/:class/approve',
		'GET /metrics',
		'GET /openapi.json',
		'GET /*'
	]) {
		assert.ok(routes.includes(known), `${known} is missing from ${routes.join(', ')}`)
	}
	for (const route of [
		...routes,
		'GET /api/v1/nothing',
		'POST /nothing',
		'GET /assets/a-1.js',
		'GET /index.html',
		'GET /assets/none.js',
		'GET /workloads/x'
	]) {
		const [method = '', pattern = ''] = route.split(' ')
		const url = pattern.replace(/:[a-z]+/gi, 'x').replace('*', 'x')
		const answer = await api.send({ method: method as 'GET', url })
		if (PUBLIC.includes(route)) assert.equal(answer.status, 200, route)
		else if (method !== 'OPTIONS') assert.equal(answer.status, 401, route)
	}
})

test('a wrong key, a wrong cookie and a key in the URL open nothing', async (t) => {
	const api = await openApi(t)
	const url = '/api/v1/status'
	const attempts: Record<string, string>[] = [
		{ authorization: `Bearer ${api.key}x` },
		{ authorization: `Bearer ${api.key.slice(0, -1)}` },
		{ authorization: `Basic ${api.key}` },
		{ authorization: 'Bearer ' },
		{ cookie: 'whittle-7878=' },
		{ cookie: `whittle-7878=${api.key}` },
		{ cookie: 'whittle-7878=session_AAAA' }
	]
	for (const headers of attempts) assert.equal((await api.send({ method: 'GET', url, headers })).status, 401)
	assert.equal((await api.send({ method: 'GET', url: `${url}?token=${api.key}` })).status, 401)
	assert.equal((await api.get(url)).status, 200)
})

test('the start-up token logs in once, and the cookie is a session of its own', async (t) => {
	const api = await openApi(t)
	const token = api.server.logins.issue(0, null)
	const first = await api.send({ method: 'GET', url: `/?token=${token}` })
	assert.equal(first.status, 303)
	assert.equal(first.headers.location, '/')
	const cookie = String(first.headers['set-cookie'])
	assert.match(cookie, /^whittle-7878=session_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
	assert.ok(!cookie.includes(token))
	const second = await api.send({ method: 'GET', url: `/?token=${token}`, headers: { accept: 'text/html' } })
	assert.equal(second.status, 401)
	assert.match(second.text, /<!doctype html>/)
	const asProgram = await api.send({ method: 'GET', url: `/?token=${token}` })
	assert.match(asProgram.json<{ detail: string }>().detail, /was used or has expired/)

	const session = { cookie: cookie.split(';')[0] ?? '' }
	const who = await api.send({ method: 'GET', url: '/api/v1/session', headers: session })
	assert.match(who.json<{ actor: string }>().actor, /^page:[0-9a-f]{8}$/)
	assert.equal((await api.send({ method: 'GET', url: '/', headers: session })).status, 200)

	const own = { ...session, origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' }
	const out = await api.send({
		method: 'DELETE',
		url: '/api/v1/session',
		headers: { ...own, origin: 'http://localhost:80', host: 'localhost:80' }
	})
	assert.equal(out.status, 200)
	assert.equal((await api.send({ method: 'GET', url: '/api/v1/session', headers: session })).status, 401)
})

test('sessions end: after twelve idle hours, and after a week whatever happens', async (t) => {
	const api = await openApi(t)
	const headers = { cookie: await api.logIn() }
	const isIn = async () => (await api.send({ method: 'GET', url: '/api/v1/session', headers })).status === 200
	for (let hours = 0; hours < 7 * 24 - 11; hours += 11) {
		assert.ok(await isIn())
		api.wait(11 * 3_600_000)
	}
	assert.ok(await isIn())
	api.wait(3 * 3_600_000)
	assert.ok(!(await isIn()))
	const idle = { cookie: await api.logIn() }
	api.wait(12 * 3_600_000)
	assert.equal((await api.send({ method: 'GET', url: '/api/v1/session', headers: idle })).status, 401)
})

test('guessing login tokens is slowed down', async (t) => {
	const api = await openApi(t)
	const statuses: number[] = []
	for (let i = 0; i < 12; i++)
		statuses.push((await api.send({ method: 'GET', url: `/?token=login_${i}` })).status)
	assert.deepEqual([...new Set(statuses)], [401, 429])
	assert.equal((await api.get('/api/v1/status')).status, 200, 'others go on')
})

test('a change needs the page’s own origin; a key needs none', async (t) => {
	const api = await openApi(t)
	const cookie = await api.logIn()
	const url = '/api/v1/policies/x/network/rollback'
	const post = (headers: Record<string, string>) =>
		api.send({ method: 'POST', url, headers: { host: '127.0.0.1:7878', ...headers } })
	const origin = 'http://127.0.0.1:7878'
	const refused: Record<string, string>[] = [
		{ cookie },
		{ cookie, origin: 'http://evil.example' },
		{ cookie, origin: 'http://127.0.0.1:9999' },
		{ cookie, origin: 'null' },
		{ cookie, origin: `${origin}.evil.example` },
		{ cookie, 'sec-fetch-site': 'cross-site' },
		{ cookie, 'sec-fetch-site': 'same-site', origin },
		{ cookie, 'sec-fetch-site': 'none' },
		{ cookie, 'sec-fetch-site': 'cross-site', origin }
	]
	for (const headers of refused) assert.equal((await post(headers)).status, 403, JSON.stringify(headers))
	for (const headers of [
		{ cookie, origin },
		{ cookie, 'sec-fetch-site': 'same-origin' },
		{ authorization: `Bearer ${api.key}` }
	]) {
		assert.equal((await post(headers)).status, 404, 'it gets as far as looking for x')
	}
})

test('other host names are turned away before anything else (DNS rebinding)', async (t) => {
	const api = await openApi(t)
	const get = (host: string, url = '/api/v1/status') =>
		api.send({ method: 'GET', url, headers: { host, authorization: `Bearer ${api.key}` } })
	for (const host of [
		'evil.example',
		'evil.example:7878',
		'localhost.evil.example',
		'10.0.0.1:7878',
		'127.0.0.1.nip.io'
	]) {
		assert.equal((await get(host)).status, 421, host)
		assert.equal((await get(host, '/livez')).status, 421, host)
	}
	for (const host of ['localhost:7878', '127.0.0.1:1', 'LOCALHOST', '[::1]:7878'])
		assert.equal((await get(host)).status, 200, host)
})

test('a login link is for the holder of the key only', async (t) => {
	const api = await openApi(t)
	const link = (await api.post('/api/v1/login-links')).json<{ url: string; expiresMs: number }>()
	const path = new URL(link.url)
	const once = await api.send({ method: 'GET', url: `${path.pathname}${path.search}` })
	assert.equal(once.status, 303)
	const cookie = String(once.headers['set-cookie']).split(';')[0] ?? ''
	const asPage = await api.send({
		method: 'POST',
		url: '/api/v1/login-links',
		headers: { cookie, 'sec-fetch-site': 'same-origin' }
	})
	assert.equal(asPage.status, 403)
	const late = (await api.post('/api/v1/login-links')).json<{ url: string }>()
	api.wait(10 * 60_000)
	assert.equal(
		(await api.send({ method: 'GET', url: new URL(late.url).search.replace(/^/, '/') })).status,
		401
	)
})

test('over TLS the cookie is __Host- and Secure', () => {
	const form = cookieForm(true, 443)
	assert.equal(setCookie(form, 's'), '__Host-whittle=s; Path=/; HttpOnly; SameSite=Strict; Secure')
	assert.equal(readCookie(form, 'a=b; __Host-whittle=s; c'), 's')
	assert.equal(readCookie(form, 'x__Host-whittle=s'), null)
	assert.notEqual(cookieForm(false, 1).name, cookieForm(false, 2).name)
})

test('the key is made once, for its owner only, and kept as a hash', (t) => {
	const dataDir = mkdtempSync(join(tmpdir(), 'whittle-test-'))
	t.after(() => rmSync(dataDir, { recursive: true }))
	const hash = ensureKey(dataDir)
	assert.equal(statSync(keyFile(dataDir)).mode & 0o777, 0o600)
	assert.deepEqual(ensureKey(dataDir), hash)
	assert.ok(isSecret(readKey(dataDir), hash))
	assert.ok(!readFileSync(keyFile(dataDir)).includes(hash))
	chmodSync(keyFile(dataDir), 0o644)
	assert.throws(() => ensureKey(dataDir), /can be read by others/)
	rmSync(keyFile(dataDir))
	writeFileSync(join(dataDir, 'elsewhere'), readableKey(), { mode: 0o600 })
	symlinkSync(join(dataDir, 'elsewhere'), keyFile(dataDir))
	assert.throws(() => ensureKey(dataDir), /ELOOP/, 'a link is not followed')
})

test('it does not listen off loopback without TLS', async (t) => {
	const api = await openApi(t)
	const options = {
		dataDir: api.store.dataDir,
		port: 0,
		sensor: null,
		writer: api.store.writer,
		reader: api.store.reader,
		sources: () => []
	}
	for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com']) {
		await assert.rejects(startService({ ...options, host }), /there is no TLS/, host)
	}
	const service = await startService({ ...options, host: '127.0.0.1' })
	t.after(() => service.close())
	assert.match(service.loginUrl, /^http:\/\/127\.0\.0\.1:[0-9]+\/\?token=login_/)
	const live = await fetch(new URL('/livez', service.url))
	assert.equal(await live.text(), 'ok\n')
	const denied = await fetch(new URL('/api/v1/status', service.url))
	assert.equal(denied.status, 401)
	const port = Number(new URL(service.url).port)
	await assert.rejects(startService({ ...options, host: '127.0.0.1', port }), /Something else listens on/)
})

function readableKey(): string {
	return `whittle_${'A'.repeat(43)}\n`
}

/** `METHOD /path` of every route, from fastify's own tree of routes. */
function routesOf(tree: string): string[] {
	const routes: string[] = []
	const path: string[] = []
	for (const line of tree.split('\n')) {
		const match = /^((?:│ {3}| {4})*)(?:├── |└── )(.*?)(?: \(([A-Z, ]+)\))?$/.exec(line)
		if (!match) continue
		const depth = (match[1] ?? '').length / 4
		path.length = depth
		path.push(match[2] ?? '')
		for (const method of (match[3] ?? '').split(', ').filter((one) => one !== ''))
			routes.push(`${method} ${path.join('')}`)
	}
	return routes
}
