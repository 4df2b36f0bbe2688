import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { escapeText } from '../../collector/path.js'
import { container, sighting, T0 } from '../enforcer/temporary-store.js'
import { openApi } from './api.js'

/** Names and paths as an attacker would choose them; the collector escapes them before they are stored. */
const HOSTILE = [
	'<script>alert(1)</script>',
	'"><img src=x onerror=alert(1)>',
	"'; DROP TABLE workloads; --",
	'$(touch /tmp/pwned)`id`',
	'\u001b[2J\u001b]0;x\u0007',
	'a\u202egpj.exe',
	'line\nbreak\r\nSet-Cookie: x=1',
	'../../../../etc/cron.d/x',
	'=HYPERLINK("http://evil")',
	'%00%2e%2e%2f',
	'{{constructor}}<%= 7*7 %>',
	'name="x",y="z"} 1\nwhittle_fake 1',
	'no',
	'\ud83d\udca9'
]

test('hostile names go through every answer as they are stored, and nowhere else', async (t) => {
	const { store, get, post } = await openApi(t)
	for (const raw of HOSTILE) {
		const text = escapeText(raw)
		await store.see(
			[
				sighting(container('shop', 'web', text), 'connect', 'egress/tcp/5432/10.0.0.5', {
					source: `/bin/${text}`,
					detail: text
				}),
				sighting(
					{ kind: 'host', node: 'n1', unit: `${text}.service` },
					'connect',
					'egress/tcp/5432/10.0.0.5'
				),
				sighting(
					{ kind: 'host', node: 'n1', unit: `${text}.service`, cgroup: `/${text}` },
					'read',
					`/etc/${text}`,
					{ source: `/bin/${text}`, detail: text }
				)
			],
			{
				gaps: [
					{ scope: `node:${text}`, fromMs: T0, toMs: T0 + 1, reason: 'map-full', lostCount: 1, detail: text }
				],
				bad: [{ file: text, line: 1, reason: text, hash: '00' }],
				timeline: [
					{ subject: container('shop', 'web', text), pod: text, atMs: T0, kind: 'exec', text, count: 1 }
				]
			}
		)
	}
	const paths = [
		'/api/v1/workloads?limit=1000',
		'/api/v1/policies?limit=1000',
		'/api/v1/gaps',
		'/api/v1/bad-inputs',
		'/api/v1/manifests?limit=1000',
		'/api/v1/status',
		'/openapi.json',
		'/metrics',
		...HOSTILE.flatMap((raw) => {
			const name = encodeURIComponent(`host/n1/${escapeText(raw)}.service`)
			return [
				`/api/v1/workloads/${name}`,
				`/api/v1/workloads/${name}/behaviours`,
				`/api/v1/policies/${name}/file-read`,
				`/api/v1/policies/${name}/file-read/rules/0`,
				`/api/v1/explain/${name}?class=file-read&rule=0`,
				`/api/v1/manifests?workload=${name}`,
				`/api/v1/timeline?pod=${encodeURIComponent(escapeText(raw))}`,
				`/api/v1/workloads?search=${encodeURIComponent(raw.slice(0, 200))}`,
				`/api/v1/history?workload=${name}`,
				`/api/v1/violations?workload=${name}`
			]
		})
	]
	for (const path of paths) {
		const answer = await get(path)
		assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 300)}`)
		// JSON escapes what is left of control characters; nothing invisible is in the stored texts at all.
		assert.deepEqual(invisible(answer.text), [], path)
		for (const [_header, _value] of Object.entries(answer.headers)) {
			assert.deepEqual(invisible(answer.text), [], path)
		}
		assert.doesNotMatch(String(answer.headers['content-type']), /html/)
		assert.equal(answer.headers['x-content-type-options'], 'nosniff')
	}
	const metrics = (await get('/metrics')).text
	assert.ok(!metrics.includes('whittle_fake 1') && !metrics.includes('shop'), 'no label holds a name')
	assert.equal(store.reader.get('SELECT count(*) AS n FROM workloads')?.n, HOSTILE.length * 2)

	for (const raw of HOSTILE) {
		const reference = encodeURIComponent(`host/n1/${escapeText(raw)}.service`)
		const digest = store.digest(`host/n1/${escapeText(raw)}.service`, 'network')
		assert.equal(
			(await post(`/api/v1/policies/${reference}/network/approve`, { digest, reason: raw })).status,
			200,
			raw
		)
		const applied = await post(`/api/v1/policies/${reference}/network/apply`, { target: 'directory' })
		assert.ok([200, 403].includes(applied.status), applied.text)
	}
	const folder = join(store.dataDir, 'manifests')
	for (const namespace of readdirSync(folder)) {
		for (const file of readdirSync(join(folder, namespace)))
			assert.match(`${namespace}/${file}`, /^[a-z0-9_-]+\/[a-z0-9.-]+\.yaml$/)
	}
	assert.deepEqual(
		readdirSync(store.dataDir)
			.toSorted()
			.filter((name) => !name.startsWith('owner')),
		['default', 'manifests', 'token', 'ui']
	)
})

test('hostile requests are answered with a problem, never with a crash', async (t) => {
	const { store, get, post, send, key } = await openApi(t)
	await store.see([sighting(container('shop', 'web', 'app'), 'read', '/etc/hosts')])
	const segments = [
		'..',
		'.',
		'%2e%2e',
		'%00',
		'%',
		'%zz',
		'a'.repeat(9000),
		'*',
		':workload',
		'__proto__',
		'constructor',
		'0',
		'-1',
		'1e9',
		'9'.repeat(40),
		encodeURIComponent('\ud83d\udca9')
	]
	for (const segment of segments) {
		for (const path of ['workloads', 'policies', 'explain']) {
			const answer = await get(`/api/v1/${path}/${segment}${path === 'policies' ? '/network' : ''}`)
			assert.ok(
				answer.status >= 400 && answer.status < 500,
				`${path}/${segment.slice(0, 40)}: ${answer.status}`
			)
			assert.match(
				String(answer.headers['content-type']),
				/^application\/problem\+json/,
				segment.slice(0, 40)
			)
		}
	}
	const bodies = [
		'{"__proto__":{"digest":"x"}}',
		'{"constructor":{}}',
		'[]',
		'null',
		'1',
		'"x"',
		`{"digest":${'['.repeat(5000)}${']'.repeat(5000)}}`
	]
	for (const payload of bodies) {
		const answer = await send({
			method: 'POST',
			url: '/api/v1/policies/app/file-read/approve',
			headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
			payload
		})
		assert.ok(answer.status >= 400 && answer.status < 500, `${payload.slice(0, 40)}: ${answer.status}`)
	}
	assert.equal(
		(
			await post('/api/v1/policies/app/file-read/approve', {
				digest: `sha256:${'0'.repeat(64)}`,
				workload: 'other'
			})
		).status,
		400
	)
	assert.equal((await get('/api/v1/status')).status, 200)
})

/** Control and bidirectional characters, other than those that lay out JSON and text. */
function invisible(text: string): number[] {
	return [...text]
		.map((character) => character.codePointAt(0) ?? 0)
		.filter(
			(code) =>
				(code < 0x20 && code !== 0x09 && code !== 0x0a) ||
				(code >= 0x7f && code <= 0x9f) ||
				(code >= 0x200e && code <= 0x200f) ||
				(code >= 0x202a && code <= 0x202e) ||
				(code >= 0x2066 && code <= 0x2069)
		)
}
