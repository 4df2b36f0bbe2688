import { useSyncExternalStore } from 'react'
import { serverNowMs } from '../api/clock.js'
import { exactTime, isoTime, relative } from './text.js'

const listeners = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined
let tick = 0

function subscribe(listener: () => void): () => void {
	listeners.add(listener)
	ticking ??= setInterval(() => {
		tick += 1
		for (const each of listeners) each()
	}, 15_000)
	return () => {
		listeners.delete(listener)
		if (listeners.size === 0) {
			clearInterval(ticking)
			ticking = undefined
		}
	}
}

/** A time as people say it; exact UTC and local time on hover. One timer ticks for all of them. */
export function Time({ ms, prefix = '' }: { ms: number; prefix?: string }) {
	useSyncExternalStore(subscribe, () => tick)
	const iso = isoTime(ms)
	if (iso === '') return <span title={String(ms)}>unknown</span>
	return (
		<time dateTime={iso} title={exactTime(ms)} className="time">
			{prefix}
			{relative(ms, serverNowMs())}
		</time>
	)
}
