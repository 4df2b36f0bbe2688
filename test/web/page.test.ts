import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { operations } from '../../web/operations/table.js'
import { openApi } from './api.js'

test('the page comes with a strict policy, with Trusted Types', async (t) => {
	const api = await openApi(t)
	const headers = { cookie: await api.logIn(), accept: 'text/html' }
	const page = async (url: string) => api.send({ method: 'GET', url, headers })
	const first = await page('/')
	const policy = String(first.headers['content-security-policy'])
	for (const directive of [
		"default-src 'none'",
		"script-src 'self'",
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"form-action 'none'",
		"connect-src 'self'",
		"style-src 'self'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'"
	]) {
		assert.ok(policy.split('; ').includes(directive), directive)
	}
	assert.ok(!/unsafe|nonce|https?:|data:|\*/.test(policy))
	assert.equal(first.headers['cache-control'], 'no-store')
	assert.equal(first.headers['x-content-type-options'], 'nosniff')
	assert.equal(first.headers['x-frame-options'], 'SAMEORIGIN')
	assert.equal(first.headers['referrer-policy'], 'no-referrer')
	assert.equal(first.headers['cross-origin-resource-policy'], 'same-origin')
	assert.equal(first.headers['strict-transport-security'], undefined, 'loopback speaks no TLS')

	for (const path of ['/workloads/3', '/policies/x/network', '/deep/link?q=1']) {
		const answer = await page(path)
		assert.equal(answer.status, 200, path)
		assert.match(answer.text, /<!doctype html>/)
	}
	assert.equal((await page('/api/v1/nothing')).status, 404, 'the API is no page')
	const asset = await page('/assets/a-1.js')
	assert.equal(asset.status, 200)
	assert.match(String(asset.headers['content-type']), /javascript/)
	assert.match(String(asset.headers['cache-control']), /immutable/)
	assert.equal(
		(await api.send({ method: 'GET', url: '/assets/none.js', headers: { cookie: headers.cookie } })).status,
		404
	)
	for (const url of [
		'/../token',
		'/assets/../../token',
		'/%2e%2e/token',
		'/..%2ftoken',
		'/assets/..%2f..%2ftoken',
		'//etc/passwd'
	]) {
		const answer = await api.send({ method: 'GET', url, headers: { cookie: headers.cookie } })
		assert.ok(!answer.text.includes(api.key), url)
		assert.ok(answer.status >= 400, `${url}: ${answer.status}`)
	}
})

test('a browser without a session gets the page, which asks to sign in, and nothing else', async (t) => {
	const api = await openApi(t)
	const see = (url: string) => api.send({ method: 'GET', url, headers: { accept: 'text/html' } })
	for (const url of ['/', '/workloads/3', '/?token=login_used']) {
		const answer = await see(url)
		assert.equal(answer.status, 401, url)
		assert.match(answer.text, /<script type="module" src="\/assets\/a-1.js">/)
		assert.equal(answer.headers['cache-control'], 'no-store')
		assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/)
	}
	assert.equal((await see('/assets/a-1.js')).status, 200)
	assert.equal((await see('/api/v1/session')).status, 401)
	for (const url of ['/..%2ftoken', '/%2e%2e/token', '/assets/..%2f..%2ftoken']) {
		const answer = await see(url)
		assert.ok(answer.status >= 400, url)
		assert.ok(!answer.text.includes(api.key), url)
	}
})

test('where the page is not built, a browser without a session is told what to do', async (t) => {
	const api = await openApi(t)
	rmSync(join(api.store.dataDir, 'ui', 'index.html'))
	const answer = await api.send({ method: 'GET', url: '/<script>', headers: { accept: 'text/html' } })
	assert.equal(answer.status, 401)
	assert.match(answer.text, /Open the URL that "whittle up" printed/)
	assert.ok(!answer.text.includes('script'))
})

test('the OpenAPI document has every operation, with its input, output and problem', async (t) => {
	const api = await openApi(t)
	interface Endpoint {
		operationId?: string
		parameters?: { name: string; in: string }[]
		responses: Record<string, { content?: Record<string, unknown> }>
	}
	const document = (await api.get('/openapi.json')).json<{
		openapi: string
		paths: Record<string, Record<string, Endpoint>>
	}>()
	assert.equal(document.openapi, '3.1.0')
	const endpoints = Object.values(document.paths).flatMap((path) => Object.values(path))
	for (const one of operations) {
		const endpoint = endpoints.find((candidate) => candidate.operationId === one.name)
		assert.ok(endpoint, `${one.name} is not documented`)
		assert.ok(endpoint.responses['200'] && endpoint.responses.default, one.name)
		for (const [, name] of one.path.matchAll(/:(\w+)/g)) {
			assert.ok(
				endpoint.parameters?.some((parameter) => parameter.name === name && parameter.in === 'path'),
				`${one.name} ${name}`
			)
		}
	}
	const names = operations.map((one) => one.name)
	assert.equal(new Set(names).size, names.length)
})

test('health is public and says nothing but yes or no; a store that is gone is not ready', async (t) => {
	const api = await openApi(t)
	assert.equal((await api.send({ method: 'GET', url: '/livez' })).text, 'ok\n')
	assert.equal((await api.send({ method: 'GET', url: '/readyz' })).text, 'ready\n')
	const metrics = (await api.get('/metrics')).text
	for (const name of ['whittle_workloads 0', 'whittle_sources_running 1', 'whittle_http_requests_total{'])
		assert.ok(metrics.includes(name), name)
})
