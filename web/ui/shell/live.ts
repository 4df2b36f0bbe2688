import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { type LiveState, openLive } from '../api/live.js'
import { isTouched } from '../api/queries.js'

const live = openLive('/api/v1/events')

/** Changes come in bursts (each drain of the kernel is a commit): read again at most this often … */
const GATHER_MS = 700
/** … and rest three times as long as reading took, however large the lists are. */
const REST_PER_READING = 3

/** While there is a session: reads again what the event stream says has changed. */
export function useLiveQueries(isSignedIn: boolean): void {
	const client = useQueryClient()
	useEffect(() => {
		if (!isSignedIn) return
		// A query that fails says so where it is shown; invalidating itself does not reject.
		const pace = createPace((tables) =>
			client.invalidateQueries({ predicate: (query) => isTouched(query.queryKey[0], tables) })
		)
		const unsubscribe = live.onChange(pace.changed)
		live.start()
		return () => {
			unsubscribe()
			pace.stop()
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

/** Gathers changes (`null`: anything) and reads them together, one reading at a time. */
function createPace(read: (tables: ReadonlySet<string> | null) => Promise<void>) {
	let gathered: Set<string> | null = new Set()
	let timer: ReturnType<typeof setTimeout> | undefined
	let restUntilMs = 0
	let isStopped = false

	function arm(): void {
		if (isStopped || timer !== undefined || gathered?.size === 0) return
		timer = setTimeout(() => void run(), Math.max(GATHER_MS, restUntilMs - performance.now()))
	}

	async function run(): Promise<void> {
		const tables = gathered
		gathered = new Set()
		const beganMs = performance.now()
		await read(tables)
		const endedMs = performance.now()
		restUntilMs = endedMs + (endedMs - beganMs) * REST_PER_READING
		timer = undefined
		arm()
	}

	return {
		changed(tables: string[] | null): void {
			if (tables === null) gathered = null
			else for (const table of tables) gathered?.add(table)
			arm()
		},
		stop(): void {
			isStopped = true
			clearTimeout(timer)
		}
	}
}
