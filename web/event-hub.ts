/** One event of the stream. */
export interface HubEvent {
	/** `EPOCH-SEQUENCE`: a restarted service has another epoch, so its ids are never mistaken for the old ones. */
	id: string
	name: 'changed' | 'resync'
	data: { tables: string[]; atMs: number }
}

export interface EventHub {
	/** Tells that tables changed; several within the window become one event. */
	changed(tables: readonly string[]): void
	/**
	 * What a listener that comes back with this id has missed: events, or one `resync` when that
	 * cannot be told any more. Nothing for one that is new.
	 */
	since(lastEventId: string | undefined): HubEvent[]
	listen(listener: (event: HubEvent) => void): () => void
	/** An event that says: read everything again. */
	resync(): HubEvent
	close(): void
}

const KEPT = 1000

/** `windowMs`: how long changes are collected before they are told. */
export function createEventHub(options: { epoch: string; windowMs: number; nowMs(): number }): EventHub {
	const { epoch, windowMs, nowMs } = options
	const listeners = new Set<(event: HubEvent) => void>()
	const kept: HubEvent[] = []
	const pending = new Set<string>()
	let sequence = 0
	let timer: NodeJS.Timeout | null = null

	function flush(): void {
		timer = null
		sequence++
		const event: HubEvent = {
			id: `${epoch}-${sequence}`,
			name: 'changed',
			data: { tables: [...pending].toSorted(), atMs: nowMs() }
		}
		pending.clear()
		kept.push(event)
		if (kept.length > KEPT) kept.shift()
		for (const listener of listeners) listener(event)
	}

	const resync = (): HubEvent => ({
		id: `${epoch}-${sequence}`,
		name: 'resync',
		data: { tables: [], atMs: nowMs() }
	})

	return {
		changed(tables) {
			for (const table of tables) pending.add(table)
			if (pending.size > 0 && timer === null) timer = setTimeout(flush, windowMs)
		},
		since(lastEventId) {
			if (lastEventId === undefined) return []
			const [, of, number] = /^(.{1,64})-([0-9]{1,15})$/.exec(lastEventId) ?? []
			const seen = Number(number)
			const oldest = sequence - kept.length
			if (of !== epoch || seen > sequence || seen < oldest) return [resync()]
			return kept.slice(seen - oldest)
		},
		listen(listener) {
			listeners.add(listener)
			return () => listeners.delete(listener)
		},
		resync,
		close() {
			if (timer !== null) clearTimeout(timer)
			listeners.clear()
		}
	}
}
