import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { type LiveState, openLive } from '../api/live.js'
import { isTouched } from '../api/queries.js'

const live = openLive('/api/v1/events')

/** Changes come in bursts (each drain of the kernel is a commit): read again at most this often. */
const GATHER_MS = 700

/** While there is a session: reads again what the event stream says has changed. */
export function useLiveQueries(isSignedIn: boolean): void {
	const client = useQueryClient()
	useEffect(() => {
		if (!isSignedIn) return
		let gathered: Set<string> | null = new Set()
		let timer: ReturnType<typeof setTimeout> | undefined
		const unsubscribe = live.onChange((tables) => {
			if (tables === null) gathered = null
			else for (const table of tables) gathered?.add(table)
			timer ??= setTimeout(() => {
				const touched = gathered
				gathered = new Set()
				timer = undefined
				void client.invalidateQueries({ predicate: (query) => isTouched(query.queryKey[0], touched) })
			}, GATHER_MS)
		})
		live.start()
		return () => {
			unsubscribe()
			clearTimeout(timer)
			live.stop()
		}
	}, [client, isSignedIn])
}

export function useLiveState(): LiveState {
	return useSyncExternalStore(live.onState, live.state)
}

export function retryLive(): void {
	live.retry()
}
