import { get, post, remove } from './client.js'
import type { Session } from './shapes.js'

/** Exchanges the printed token for a session cookie. Rejects with an `ApiError`. */
export async function signIn(token: string): Promise<Session> {
	await post('/session', { token })
	return get<Session>('/session')
}

export function signOut(): Promise<unknown> {
	return remove('/session')
}
