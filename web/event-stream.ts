import type { Writable } from 'node:stream'
import type { HubEvent } from './event-hub.js'

/** One listener's end of the events. */
export interface EventStream {
	/** Writes the event; leaves it out, and all after it, while too much waits to be read. */
	send(event: HubEvent): void
	/** A comment that keeps proxies from closing a quiet connection. */
	beat(): void
}

/**
 * Writes events to a listener that may read slowly. What is left out is not forgotten: as soon as
 * everything that waited has been read, one `resync` says that events are missing.
 */
export function createStream(
	out: Writable,
	options: { backlogBytes: number; resync(): HubEvent }
): EventStream {
	let isBehind = false
	out.on('drain', () => {
		if (!isBehind) return
		isBehind = false
		out.write(textOf(options.resync()))
	})
	return {
		send(event) {
			if (out.writableLength > options.backlogBytes) isBehind = true
			if (!isBehind) out.write(textOf(event))
		},
		beat() {
			if (!isBehind) out.write(': still here\n\n')
		}
	}
}

/** An event as the stream carries it; JSON has no line breaks, so one data line is enough. */
export function textOf(event: HubEvent): string {
	return `id: ${event.id}\nevent: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`
}
