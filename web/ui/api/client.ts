import { noteServerTime } from './clock.js'
import type { Problem } from './shapes.js'

/** The service answered, but not with what was asked for. `status` 0 means that it did not answer at all. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly title: string,
		readonly detail: string
	) {
		super(detail === '' ? title : `${title}: ${detail}`)
		this.name = 'ApiError'
	}
}

type Query = Record<string, string | number | boolean | undefined>

const signOutListeners = new Set<() => void>()

/** Called when the service says that this browser has no session (any more). */
export function onSignedOut(listener: () => void): () => void {
	signOutListeners.add(listener)
	return () => signOutListeners.delete(listener)
}

export function announceSignedOut(): void {
	for (const listener of signOutListeners) listener()
}

/** GET below `/api/v1`. Rejects with an `ApiError`. */
export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
	const params = new URLSearchParams()
	for (const [key, value] of Object.entries(query)) {
		if (value !== undefined && value !== '') params.set(key, String(value))
	}
	const text = params.toString()
	return request<T>('GET', text === '' ? path : `${path}?${text}`, undefined, signal)
}

/** POST of a JSON body below `/api/v1`. Rejects with an `ApiError`. */
export function post<T>(path: string, body: Record<string, unknown>): Promise<T> {
	return request<T>('POST', path, body)
}

export function remove<T>(path: string): Promise<T> {
	return request<T>('DELETE', path)
}

/** Percent-encoded segments of a path: workload names contain slashes. */
export function pathOf(...segments: (string | number)[]): string {
	return `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`
}

async function request<T>(
	method: string,
	path: string,
	body?: Record<string, unknown>,
	signal?: AbortSignal
): Promise<T> {
	const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } }
	if (body !== undefined) {
		init.headers = { accept: 'application/json', 'content-type': 'application/json' }
		init.body = JSON.stringify(body)
	}
	if (signal !== undefined) init.signal = signal
	const response = await fetch(`/api/v1${path}`, init).catch((error: unknown) => {
		if (error instanceof DOMException && error.name === 'AbortError') throw error
		throw new ApiError(0, 'Whittle does not answer', 'Is “whittle up” still running on that machine?')
	})
	noteServerTime(response.headers.get('date'))
	if (response.status === 401) announceSignedOut()
	if (!response.ok) throw await errorOf(response)
	return (await response.json()) as T
}

async function errorOf(response: Response): Promise<ApiError> {
	const type = response.headers.get('content-type') ?? ''
	if (!type.includes('json')) {
		return new ApiError(response.status, `The service answered ${response.status}`, response.statusText)
	}
	const problem = (await response.json()) as Partial<Problem>
	const places = (problem.errors ?? []).map((error) => `${error.pointer}: ${error.detail}`)
	const detail = [problem.detail ?? '', ...places].filter((part) => part !== '').join(' ')
	return new ApiError(response.status, problem.title ?? `The service answered ${response.status}`, detail)
}
