import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { storePath } from '../../collector/database.js'
import type { Batch } from '../../collector/observation.js'
import { openReader } from '../../collector/reader.js'
import type { Writer } from '../../collector/store.js'
import { openWriter } from '../../collector/writer.js'
import { createDiscoverer } from '../../discovery/discover.js'
import { type Service, startService } from '../../web/serve.js'

/** A store in a folder of its own with the real service in front of it. */
export interface Running {
	service: Service
	writer: Writer
	/** Stores the batch and lets discovery look at it. */
	observe(batch: Batch): Promise<void>
	/** Ends the service and starts it again at the same port, over the same store: all sessions are gone. */
	restart(): Promise<void>
	/** Ends only the service. */
	stop(): Promise<void>
	close(): Promise<void>
}

/** Builds the page into `dist/ui`, as set-up does. */
export async function buildPage(): Promise<void> {
	const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
	await build({ configFile: join(root, 'web/ui/vite.config.ts'), logLevel: 'warn' })
}

export async function startRunning(): Promise<Running> {
	const dataDir = mkdtempSync(join(tmpdir(), 'whittle-browser-'))
	const path = storePath(dataDir)
	mkdirSync(dirname(path), { recursive: true })
	const writer = await openWriter({ path, thread: false })
	const reader = openReader(path)
	const discoverer = createDiscoverer(reader, writer)
	let port = 0

	const start = () =>
		startService({
			dataDir,
			host: '127.0.0.1',
			port,
			sensor: null,
			writer,
			reader,
			sources: () => [{ name: 'replay', state: 'done', sentence: 'Read what the tests observed.' }]
		})
	const running: Running = {
		service: await start(),
		writer,
		async observe(batch) {
			await writer.applyBatch(batch)
			await discoverer.discover(Date.now())
		},
		stop: () => running.service.close(),
		async restart() {
			running.service = await start()
		},
		async close() {
			await running.service.close()
			reader.close()
			await writer.close()
			rmSync(dataDir, { recursive: true, force: true })
		}
	}
	port = Number(new URL(running.service.url).port)
	return running
}
