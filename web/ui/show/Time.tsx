import { useSyncExternalStore } from 'react'
import { serverNowMs } from '../api/clock.js'
import { exactTime, isoTime, relative } from './text.js'

const TICK_MS = 5000

const listeners = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined
/** The moment against which all times on the page are said, so that rows drawn at different times agree. */
let nowMs = serverNowMs()

function subscribe(listener: () => void): () => void {
	if (listeners.size === 0) {
		nowMs = serverNowMs()
		ticking = setInterval(() => {
			nowMs = serverNowMs()
			for (const each of listeners) each()
		}, TICK_MS)
	}
	listeners.add(listener)
	return () => {
		listeners.delete(listener)
		if (listeners.size === 0) clearInterval(ticking)
	}
}

/** A time as people say it; exact UTC and local time on hover. One timer ticks for all of them. */
export function Time({ ms, prefix = '' }: { ms: number; prefix?: string }) {
	const tickMs = useSyncExternalStore(subscribe, () => nowMs)
	const iso = isoTime(ms)
	if (iso === '') return <span title={String(ms)}>unknown</span>
	// What happened since the last tick is "now", not in the future.
	const isSinceTick = ms > tickMs && ms <= tickMs + 2 * TICK_MS
	return (
		<time dateTime={iso} title={exactTime(ms)} className="time">
			{prefix}
			{relative(isSinceTick ? tickMs : ms, tickMs)}
		</time>
	)
}
