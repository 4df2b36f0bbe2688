import { announceSignedOut } from './client.js'
import { noteServerTime, serverNowMs } from './clock.js'
import type { ChangedEvent } from './shapes.js'
import { eventDecoder } from './sse.js'

/** What the page shows about its connection. Times are server time. */
export type LiveState =
	| { kind: 'connecting' }
	| { kind: 'live'; sinceMs: number }
	| { kind: 'reconnecting'; inSeconds: number; staleSinceMs: number }
	| { kind: 'off' }

export interface Live {
	/** Opens the stream; safe to call again. */
	start(): void
	stop(): void
	/** Tries at once instead of waiting. */
	retry(): void
	state(): LiveState
	onState(listener: () => void): () => void
	/** Tables that changed; `null` means "anything may have changed". */
	onChange(listener: (tables: string[] | null) => void): () => void
}

const HEARTBEAT_LIMIT_MS = 45_000
const FIRST_WAIT_S = 1
const LONGEST_WAIT_S = 30

/**
 * The event stream, read with fetch rather than EventSource: only so can the page send `Last-Event-ID`
 * after its own wait, tell a lost session (401) from a lost service, and say when it tries again.
 * The service sends a heartbeat every 15 s; three missed ones mean that the stream is dead.
 */
export function openLive(path: string): Live {
	const stateListeners = new Set<() => void>()
	const changeListeners = new Set<(tables: string[] | null) => void>()
	let state: LiveState = { kind: 'off' }
	let lastEventId: string | null = null
	let lastHeardMs = serverNowMs()
	let attempt = 0
	let controller: AbortController | null = null
	let timer: ReturnType<typeof setTimeout> | undefined

	return {
		start() {
			if (state.kind === 'off') connect()
		},
		stop() {
			clearTimeout(timer)
			controller?.abort()
			controller = null
			become({ kind: 'off' })
		},
		retry() {
			if (state.kind !== 'reconnecting') return
			clearTimeout(timer)
			connect()
		},
		state: () => state,
		onState(listener) {
			stateListeners.add(listener)
			return () => stateListeners.delete(listener)
		},
		onChange(listener) {
			changeListeners.add(listener)
			return () => changeListeners.delete(listener)
		}
	}

	function connect(): void {
		const mine = new AbortController()
		controller = mine
		if (state.kind === 'off') become({ kind: 'connecting' })
		read(mine).then(
			() => ended(mine),
			() => ended(mine)
		)
	}

	async function read(mine: AbortController): Promise<void> {
		const headers: Record<string, string> = { accept: 'text/event-stream' }
		if (lastEventId !== null) headers['last-event-id'] = lastEventId
		let watchdog = setTimeout(() => mine.abort(), HEARTBEAT_LIMIT_MS)
		try {
			const response = await fetch(path, {
				headers,
				credentials: 'same-origin',
				signal: mine.signal,
				cache: 'no-store'
			})
			noteServerTime(response.headers.get('date'))
			if (response.status === 401) {
				mine.abort()
				become({ kind: 'off' })
				announceSignedOut()
				return
			}
			if (!response.ok || response.body === null) return
			// Whatever happened while this page was not listening is unknown: read everything again.
			attempt = 0
			lastHeardMs = serverNowMs()
			become({ kind: 'live', sinceMs: lastHeardMs })
			announce(null)
			const decode = eventDecoder()
			const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
			for (;;) {
				const { done, value } = await reader.read()
				if (done) return
				lastHeardMs = serverNowMs()
				clearTimeout(watchdog)
				watchdog = setTimeout(() => mine.abort(), HEARTBEAT_LIMIT_MS)
				for (const event of decode(value)) {
					if (event.id !== null) lastEventId = event.id
					if (event.event === 'resync') announce(null)
					else announce(tablesOf(event.data))
				}
			}
		} finally {
			clearTimeout(watchdog)
		}
	}

	function ended(mine: AbortController): void {
		if (controller !== mine || state.kind === 'off') return
		attempt += 1
		// Half of the wait is random, so that many pages do not come back at the same moment.
		const longest = Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** Math.min(attempt, 6))
		countDown(Math.max(1, Math.round(longest / 2 + (Math.random() * longest) / 2)))
	}

	function countDown(inSeconds: number): void {
		if (inSeconds <= 0) {
			connect()
			return
		}
		become({ kind: 'reconnecting', inSeconds, staleSinceMs: lastHeardMs })
		timer = setTimeout(() => countDown(inSeconds - 1), 1000)
	}

	function become(next: LiveState): void {
		state = next
		for (const listener of stateListeners) listener()
	}

	function announce(tables: string[] | null): void {
		for (const listener of changeListeners) listener(tables)
	}
}

/** The tables that an event names; null (anything) when it cannot be read. */
export function tablesOf(data: string): string[] | null {
	try {
		const event = JSON.parse(data) as Partial<ChangedEvent>
		return Array.isArray(event.tables) ? event.tables : null
	} catch {
		return null
	}
}
