import type { FastifyInstance } from 'fastify'
import type { Sessions } from '../auth/session.js'
import type { EventHub } from '../event-hub.js'
import { createStream } from '../event-stream.js'
import { HttpError } from '../problem.js'

export interface EventRoutes {
	hub: EventHub
	sessions: Sessions
	heartbeatMs: number
	/** Bytes that may wait for a listener before events are left out. */
	backlogBytes: number
	nowMs(): number
}

const LISTENERS_MAX = 100

/**
 * `GET /events` (WHATWG HTML, 9.2): what changed, from `Last-Event-ID` on. A listener that does not
 * read gets no events until it does, then one `resync`: nothing is ever left out in silence.
 */
export function eventRoutes(app: FastifyInstance, options: EventRoutes): { listenerCount(): number } {
	const ends = new Set<() => void>()
	app.get(
		'/events',
		{ schema: { operationId: 'events', summary: 'What changes, as it changes (SSE).' } },
		async (request, reply) => {
			if (ends.size >= LISTENERS_MAX) {
				throw new HttpError('unavailable', `${LISTENERS_MAX} listeners are connected already: close a page.`)
			}
			const { hub } = options
			const sessionId = request.identity?.sessionId ?? null
			const lastEventId = request.headers['last-event-id']
			reply.hijack()
			const { raw } = reply
			raw.writeHead(200, {
				...headersOf(reply.getHeaders()),
				'content-type': 'text/event-stream; charset=utf-8',
				'cache-control': 'no-store',
				'x-accel-buffering': 'no'
			})
			const stream = createStream(raw, { backlogBytes: options.backlogBytes, resync: hub.resync })

			function beat(): void {
				if (sessionId !== null && !options.sessions.isOpen(sessionId, options.nowMs())) end()
				else stream.beat()
			}
			function end(): void {
				clearInterval(heartbeat)
				stop()
				ends.delete(end)
				raw.end()
			}

			raw.write('retry: 2000\n\n')
			for (const event of hub.since(typeof lastEventId === 'string' ? lastEventId : undefined))
				stream.send(event)
			const stop = hub.listen(stream.send)
			const heartbeat = setInterval(beat, options.heartbeatMs)
			ends.add(end)
			raw.on('close', end)
			// A listener that goes away in the middle of a write is not an error of ours.
			raw.on('error', end)
		}
	)
	app.addHook('preClose', async () => {
		for (const end of [...ends]) end()
	})
	return { listenerCount: () => ends.size }
}

/** What hooks have set (security headers) belongs to this answer too. */
function headersOf(
	headers: Record<string, number | string | string[] | undefined>
): Record<string, string | string[]> {
	const kept: Record<string, string | string[]> = {}
	for (const [name, value] of Object.entries(headers)) {
		if (value !== undefined) kept[name] = typeof value === 'number' ? String(value) : value
	}
	return kept
}
