import { Worker } from 'node:worker_threads'
import { type Answered, errorOf, type ReadAnswer, type ReadRequest } from './reading.js'

/** Threads that run reading operations. */
export interface ReaderPool {
	/**
	 * The operation's output as JSON. Rejects with the error that it threw. Long ones never have the
	 * last thread, as long as there is more than one: a page is read while histories are tried.
	 */
	run(request: Omit<ReadRequest, 'id'>, isLong?: boolean): Promise<Answered>
	close(): Promise<void>
}

interface Job {
	request: ReadRequest
	isLong: boolean
	resolve(answer: Answered): void
	reject(error: Error): void
}

interface Thread {
	worker: Worker
	job: Job | null
	isReady: boolean
}

/** More than this wait for a thread: then the next is turned away instead of making all wait longer. */
const WAITING_MAX = 500

/** Opens `size` threads on the store at `path`. Rejects when the first of them cannot open it. */
export async function openReaderPool(path: string, size: number): Promise<ReaderPool> {
	const threads = new Set<Thread>()
	const waiting: Job[] = []
	let nextId = 1
	let isOpen = true

	function start(): Promise<void> {
		return new Promise((ready, failed) => {
			const thread: Thread = { worker: startWorker(path), job: null, isReady: false }
			threads.add(thread)
			thread.worker.on('message', (answer: ReadAnswer) => {
				if (answer.id !== 0) settle(thread, answer)
				else {
					thread.isReady = true
					ready()
				}
				next(thread)
			})
			thread.worker.on('error', (error) => {
				failed(error)
				replace(thread, error instanceof Error ? error : new Error(String(error)))
			})
			thread.worker.on('exit', () => replace(thread, new Error('a reader thread ended')))
		})
	}

	/**
	 * A thread that died takes its job with it, and another takes its place; not when it died
	 * before it was ready, because the next would, too: then the next request tries again.
	 */
	function replace(thread: Thread, error: Error): void {
		if (!threads.delete(thread)) return
		thread.job?.reject(error)
		thread.job = null
		if (isOpen && thread.isReady) restart()
		else if (threads.size === 0) for (const job of waiting.splice(0)) job.reject(error)
	}

	/** A failure reaches whoever waits through `replace`. */
	function restart(): void {
		start().catch(() => undefined)
	}

	function next(thread: Thread): void {
		if (thread.job || !thread.isReady) return
		const longCount = [...threads].filter((one) => one.job?.isLong).length
		const isFull = longCount >= Math.max(1, size - 1)
		const at = waiting.findIndex((one) => !(one.isLong && isFull))
		const [job] = at < 0 ? [] : waiting.splice(at, 1)
		if (!job) return
		thread.job = job
		thread.worker.postMessage(job.request)
	}

	await start()
	for (let i = 1; i < size; i++) await start()
	return {
		run(request, isLong = false) {
			return new Promise((resolve, reject) => {
				if (!isOpen) return reject(new Error('the readers are closed'))
				if (waiting.length >= WAITING_MAX) {
					return reject(
						errorOf({
							of: 'enforcer',
							code: 'unavailable',
							message: 'Too many queries wait: try again in a moment.'
						})
					)
				}
				waiting.push({ request: { ...request, id: nextId++ }, isLong, resolve, reject })
				const idle = [...threads].find((thread) => thread.isReady && thread.job === null)
				if (idle) next(idle)
				else if (threads.size === 0) restart()
			})
		},
		async close() {
			isOpen = false
			for (const job of waiting.splice(0)) job.reject(new Error('the readers are closed'))
			await Promise.all([...threads].map((thread) => thread.worker.terminate()))
		}
	}
}

function settle(thread: Thread, answer: ReadAnswer): void {
	const job = thread.job
	thread.job = null
	if (!job) return
	if ('failed' in answer) job.reject(errorOf(answer.failed))
	else job.resolve(answer)
}

/** Compiled, the thread is the file beside this one. From sources (tests), a worker knows no TypeScript until tsx is in it. */
function startWorker(path: string): Worker {
	if (!import.meta.url.endsWith('.ts')) {
		return new Worker(new URL('./reader-thread.js', import.meta.url), { workerData: { path } })
	}
	const tsx = import.meta.resolve('tsx/esm/api')
	const file = new URL('./reader-thread.ts', import.meta.url).href
	const start = `import(${JSON.stringify(tsx)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(file)}) })`
	return new Worker(start, { eval: true, workerData: { path } })
}
