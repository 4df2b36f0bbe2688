import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { createEventHub, type HubEvent } from '../../web/event-hub.js'
import { createStream } from '../../web/event-stream.js'
import { nginx, sighting } from '../enforcer/temporary-store.js'
import { type Api, openApi } from './api.js'

test('a commit becomes one event; who comes back gets what was missed, or a resync', async (t) => {
	const api = await openApi(t)
	const url = await listen(api)
	const first = await connect(t, api, url)
	await api.store.see([sighting(nginx, 'read', '/etc/hosts')])
	const event = await first.next((one) => one.tables.includes('observations'))
	assert.equal(event.name, 'changed')
	assert.deepEqual(event.tables, event.tables.toSorted())
	first.response.destroy()

	await api.store.see([sighting(nginx, 'read', '/etc/hostname')])
	const resumed = await connect(t, api, url, event.id)
	const missed = await resumed.next((one) => one.name === 'changed')
	assert.equal(Number(missed.id.split('-')[1]), Number(event.id.split('-')[1]) + 1, 'the very next one')

	for (const unknown of ['e0-1', 'e1-999999', 'nonsense', 'e1--1']) {
		const lost = await connect(t, api, url, unknown)
		assert.equal((await lost.next(() => true)).name, 'resync', unknown)
	}
})

test('a stream carries the security headers and ends with its session', async (t) => {
	const api = await openApi(t, { heartbeatMs: 20 })
	const url = await listen(api)
	const cookie = await api.logIn()
	const listener = await connect(t, api, url, undefined, { cookie })
	assert.equal(listener.response.headers['content-type'], 'text/event-stream; charset=utf-8')
	assert.match(String(listener.response.headers['content-security-policy']), /default-src 'none'/)
	assert.equal(listener.response.headers['cache-control'], 'no-store')
	const host = new URL(url).host
	await api.send({
		method: 'DELETE',
		url: '/api/v1/session',
		headers: { cookie, host, origin: `http://${host}` }
	})
	await listener.ended
})

test('who does not read is told to read everything again, and costs bounded memory', async () => {
	const read: string[] = []
	const unread: (() => void)[] = []
	const out = new Writable({
		highWaterMark: 100,
		decodeStrings: false,
		write(chunk: string, _, done) {
			read.push(chunk)
			unread.push(done)
		}
	})
	const resync: HubEvent = { id: 'e-500', name: 'resync', data: { tables: [], atMs: 2 } }
	const stream = createStream(out, { backlogBytes: 1000, resync: () => resync })
	for (let i = 1; i <= 500; i++)
		stream.send({ id: `e-${i}`, name: 'changed', data: { tables: ['gaps'], atMs: 1 } })
	stream.beat()
	assert.ok(out.writableLength < 1200, 'the backlog, and one event over it')
	while (unread.length > 0) {
		unread.shift()?.()
		await new Promise((done) => setImmediate(done))
	}
	const ids = read.map((text) => /^id: (.*)$/m.exec(text)?.[1])
	const written = ids.length - 1
	assert.ok(written < 500)
	assert.deepEqual(
		ids.slice(0, -1),
		Array.from({ length: written }, (_, i) => `e-${i + 1}`),
		'in order, without holes'
	)
	assert.match(read.at(-1) ?? '', /^id: e-500\nevent: resync\n/)
	stream.send({ id: 'e-501', name: 'changed', data: { tables: ['gaps'], atMs: 3 } })
	assert.match(read.at(-1) ?? '', /^id: e-501\n/, 'and then it goes on')
})

test('the hub keeps a thousand events, and says so when that was not enough', async () => {
	const hub = createEventHub({ epoch: 'e', windowMs: 0, nowMs: () => 1 })
	const seen: HubEvent[] = []
	hub.listen((event) => seen.push(event))
	for (let i = 0; i < 1100; i++) {
		hub.changed(['b', 'a'])
		await new Promise((done) => setTimeout(done, 0))
		while (seen.length <= i) await new Promise((done) => setTimeout(done, 0))
	}
	assert.deepEqual(seen[0]?.data.tables, ['a', 'b'])
	assert.deepEqual(hub.since('e-1100'), [])
	assert.deepEqual(
		hub
			.since('e-100')
			.map((event) => event.id)
			.slice(0, 1),
		['e-101']
	)
	assert.equal(hub.since('e-100').length, 1000)
	assert.deepEqual(
		hub.since('e-99').map((event) => event.name),
		['resync']
	)
	assert.deepEqual(hub.since(undefined), [])
	hub.close()
})

interface Received {
	id: string
	name: string
	tables: string[]
}

async function listen(api: Api): Promise<string> {
	return api.server.app.listen({ host: '127.0.0.1', port: 0 })
}

async function connect(
	t: TestContext,
	api: Api,
	url: string,
	lastEventId?: string,
	headers: Record<string, string> = { authorization: `Bearer ${api.key}` }
) {
	const request = get(`${url}/api/v1/events`, {
		agent: false,
		headers: { ...headers, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) }
	})
	const [response]: IncomingMessage[] = await once(request, 'response')
	assert.ok(response)
	t.after(() => request.destroy())
	request.on('error', () => undefined)
	response.on('error', () => undefined)
	const received: Received[] = []
	const waiting: (() => void)[] = []
	let text = ''
	response.setEncoding('utf8')
	response.on('data', (chunk: string) => {
		text += chunk
		for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
			const event = parse(text.slice(0, end))
			text = text.slice(end + 2)
			if (event) received.push(event)
		}
		for (const wake of waiting.splice(0)) wake()
	})
	return {
		response,
		ended: once(response, 'close'),
		/** The next event that passes; those before it are gone. */
		async next(wanted: (event: Received) => boolean): Promise<Received> {
			for (;;) {
				for (let event = received.shift(); event; event = received.shift()) if (wanted(event)) return event
				await new Promise<void>((wake) => waiting.push(wake))
			}
		}
	}
}

function parse(block: string): Received | null {
	const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
	const [id, name, data] = [field('id'), field('event'), field('data')]
	if (id === undefined || name === undefined || data === undefined) return null
	const { tables }: { tables: string[] } = JSON.parse(data)
	return { id, name, tables }
}
