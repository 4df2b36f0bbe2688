import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { InjectOptions } from 'fastify'
import { ensureKey, readKey } from '../../web/auth/key.js'
import { openReaderPool } from '../../web/reader-pool.js'
import { buildServer, type ServerOptions } from '../../web/server.js'
import { T0, type TemporaryStore, temporaryStore } from '../enforcer/temporary-store.js'

/** The whole service over a real store, without a port. */
export interface Api {
	store: TemporaryStore
	server: Awaited<ReturnType<typeof buildServer>>
	key: string
	/** Moves the service's clock. */
	wait(ms: number): void
	/** With the API key. */
	get(url: string, headers?: Record<string, string>): Promise<Answer>
	post(url: string, body?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>
	/** As it is. */
	send(options: InjectOptions): Promise<Answer>
	/** The cookie of a new session. */
	logIn(): Promise<string>
}

export interface Answer {
	status: number
	headers: Record<string, string | number | string[] | undefined>
	text: string
	json<T>(): T
}

export async function openApi(t: TestContext, options: Partial<ServerOptions> = {}): Promise<Api> {
	const store = await temporaryStore(t)
	const readers = await openReaderPool(store.path, 1)
	const uiFolder = join(store.dataDir, 'ui')
	mkdirSync(join(uiFolder, 'assets'), { recursive: true })
	writeFileSync(
		join(uiFolder, 'index.html'),
		'<!doctype html><script type="module" src="/assets/a-1.js"></script>'
	)
	writeFileSync(join(uiFolder, 'assets', 'a-1.js'), 'export {}\n')
	const keyHash = ensureKey(store.dataDir)
	const key = readKey(store.dataDir)
	let nowMs = T0 + 10_000
	const server = await buildServer({
		context: {
			reader: store.reader,
			writer: store.writer,
			sensor: null,
			nowMs: () => nowMs,
			dataDir: store.dataDir,
			sources: () => [{ name: 'replay', state: 'running', sentence: 'It reads.' }]
		},
		readers,
		keyHash,
		uiFolder,
		host: '127.0.0.1',
		port: 7878,
		tls: null,
		hostNames: [],
		logger: null,
		epoch: 'e1',
		heartbeatMs: 15_000,
		eventWindowMs: 1,
		eventBacklogBytes: 65_536,
		...options
	})
	t.after(async () => {
		await server.app.close()
		await readers.close()
	})
	const send = async (request: InjectOptions): Promise<Answer> => {
		const response = await server.app.inject(request)
		return {
			status: response.statusCode,
			headers: response.headers,
			text: response.body,
			json: <T>() => JSON.parse(response.body) as T
		}
	}
	const withKey = { authorization: `Bearer ${key}`, 'x-whittle-user': 'ann' }
	return {
		store,
		server,
		key,
		wait(ms) {
			nowMs += ms
		},
		send,
		get: (url, headers = {}) => send({ method: 'GET', url, headers: { ...withKey, ...headers } }),
		post: (url, body, headers = {}) =>
			send({ method: 'POST', url, headers: { ...withKey, ...headers }, ...(body ? { payload: body } : {}) }),
		async logIn() {
			const token = server.logins.issue(nowMs, null)
			const { headers } = await send({ method: 'GET', url: `/?token=${token}` })
			return String(headers['set-cookie']).split(';')[0] ?? ''
		}
	}
}
