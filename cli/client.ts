import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { acquireOwner, type Owner, readOwner } from '../collector/owner.js'
import type { Writer } from '../collector/store.js'
import type { AnyOperation } from '../web/operations/operation.js'
import { endingOfStatus, Fault, faultOf, usage } from './fault.js'

/** Calls operations by name: at the live owner of the data folder, or in this process when there is none. */
export interface Client {
	/** True when a running Whittle answers. */
	live: boolean
	/** Rejects with a Fault, or an error that `faultOf` knows, and only then. */
	call<O extends z.ZodType>(
		operation: string,
		input: Record<string, unknown>,
		output: O
	): Promise<z.output<O>>
	close(): Promise<void>
}

const REQUEST_LIMIT_MS = 60_000
const LOCK_PATIENCE_MS = 5000
const START_PATIENCE_MS = 5000

/** The client of a data folder. Nothing is opened before the first call. */
export async function connect(dataDir: string): Promise<Client> {
	const data = resolve(dataDir)
	const owner = readOwner(data)
	return owner !== null && owner.socket !== '' ? overHttp(data, owner) : inProcess(data)
}

/** The operation of that name, after a look at the names of its input: a mistyped filter must not be ignored. */
async function operationFor(name: string, input: Record<string, unknown>): Promise<AnyOperation> {
	const { operations } = await import('../web/operations/table.js')
	const found = operations.find((operation) => operation.name === name)
	if (found === undefined) throw new Error(`the command line calls "${name}", which is no operation`)
	if (found.input instanceof z.ZodObject) {
		const known = Object.keys(found.input.shape)
		const unknown = Object.keys(input).filter((key) => !known.includes(key))
		const filters = known.filter((key) => !['limit', 'continue', 'sort', 'order'].includes(key))
		if (unknown.length > 0) {
			throw usage(
				`There is no "${unknown.join('", "')}" to ask for here.`,
				`What can be asked for: ${filters.join(', ')}.`
			)
		}
	}
	return found
}

// a running Whittle ------------------------------------------------------------

function overHttp(data: string, owner: Owner): Client {
	return {
		live: true,
		async call(name, input, output) {
			const operation = await operationFor(name, input)
			const { url, body } = requestOf(operation, owner.socket, input)
			await listening(url)
			const answer = await request(operation.method, url, body, tokenOf(data))
			return output.parse(answer)
		},
		async close() {}
	}
}

function tokenOf(data: string): string {
	const path = join(data, 'token')
	try {
		return readFileSync(path, 'utf8').trim()
	} catch (error) {
		throw new Fault(
			'notAllowed',
			'token',
			`A Whittle is running on ${data}, and its token in ${path} cannot be read.`,
			'Run this as the user who runs it, or as root.',
			error
		)
	}
}

/** Path parameters from the input; the rest as query, or as a body where there is one. */
function requestOf(
	operation: AnyOperation,
	base: string,
	input: Record<string, unknown>
): { url: URL; body: string | null } {
	const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
	const path = operation.path.replace(/:(\w+)/g, (_, key: string) => {
		const value = rest.get(key)
		rest.delete(key)
		return encodeURIComponent(String(value))
	})
	const url = new URL(`/api/v1${path}`, base)
	if (operation.method === 'POST') return { url, body: JSON.stringify(Object.fromEntries(rest)) }
	for (const [key, value] of rest) url.searchParams.set(key, String(value))
	return { url, body: null }
}

/** owner.json is there a moment before the service listens; that moment is waited for. */
async function listening(url: URL): Promise<void> {
	const { connect: open } = await import('node:net')
	const untilMs = Date.now() + START_PATIENCE_MS
	for (let answers = false; !answers && Date.now() < untilMs; ) {
		answers = await new Promise<boolean>((done) => {
			const socket = open(Number(url.port), url.hostname, () => {
				socket.destroy()
				done(true)
			})
			socket.on('error', () => done(false))
		})
		if (!answers) await new Promise((wake) => setTimeout(wake, 100))
	}
}

async function request(method: string, url: URL, body: string | null, token: string): Promise<unknown> {
	const { request: start } = await import('node:http')
	const { status, text } = await new Promise<{ status: number; text: string }>((done, fail) => {
		const headers = {
			authorization: `Bearer ${token}`,
			accept: 'application/json',
			...(body === null
				? {}
				: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
		}
		const sent = start(url, { method, headers, timeout: REQUEST_LIMIT_MS }, (response) => {
			const chunks: Buffer[] = []
			response.on('data', (chunk: Buffer) => chunks.push(chunk))
			response.on('error', fail)
			response.on('end', () =>
				done({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
			)
		})
		sent.on('timeout', () =>
			sent.destroy(
				new Fault(
					'unreachable',
					'timeout',
					`${url.origin} did not answer within ${REQUEST_LIMIT_MS / 1000} s.`
				)
			)
		)
		sent.on('error', fail)
		sent.end(body ?? undefined)
	}).catch((error: unknown) => {
		if (error instanceof Fault) throw error
		const fix = 'Is it still running? Start it with "whittle up", or stop it to work on its data here.'
		throw new Fault('unreachable', 'unreachable', `The Whittle at ${url.origin} did not answer.`, fix, error)
	})
	if (status >= 200 && status < 300) return text === '' ? {} : JSON.parse(text)
	throw problemFault(status, text)
}

const problemShape = z.object({
	type: z.string().default('about:blank'),
	title: z.string().default(''),
	detail: z.string().default(''),
	errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([])
})

function problemFault(status: number, text: string): Fault {
	let value: unknown
	try {
		value = JSON.parse(text)
	} catch (error) {
		return new Fault('unreachable', 'http', `The service answered ${status} and no JSON.`, '', error)
	}
	const problem = problemShape.parse(value)
	const details = problem.errors.map((one) => `${one.pointer}: ${one.detail}`).join('; ')
	const code = problem.type.split(/[:/#]/).at(-1) ?? ''
	const what = problem.detail || problem.title || `The service answered ${status}.`
	return new Fault(
		endingOfStatus(status),
		code || `http-${status}`,
		details === '' ? what : `${what} ${details}`
	)
}

// this process -----------------------------------------------------------------

function inProcess(data: string): Client {
	let closers: (() => Promise<void> | void)[] = []
	const close = async () => {
		for (const closer of closers.reverse()) await closer()
		closers = []
	}
	return {
		live: false,
		async call(name, input, output) {
			const operation = await operationFor(name, input)
			const parsed = operation.input.safeParse(input)
			if (!parsed.success) {
				const issues = parsed.error.issues
					.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
					.join('; ')
				throw usage(`That cannot be asked for: ${issues}.`, `"whittle help" lists what can.`)
			}
			// A question with a body is a POST, too; what writes runs beside the writer.
			const writes = operation.method !== 'GET' && operation.runsIn === 'service'
			const { openReader } = await import('../collector/reader.js')
			const { storePath } = await import('../collector/database.js')
			const path = storePath(data)
			// Reading first: a store that is missing or not ours is told before anything is locked.
			const reader = openReader(path)
			closers.push(() => reader.close())
			try {
				const writer = writes ? await lockedWriter(data, path, closers) : readingOnly
				const answer = await operation.run(
					{
						reader,
						writer,
						sensor: null,
						actor: `local:${userName()}`,
						nowMs: () => Date.now(),
						dataDir: data,
						sources: () => []
					},
					parsed.data
				)
				return output.parse(answer)
			} finally {
				await close()
			}
		},
		close
	}
}

/** The writer, under the lock of the data folder. Another command holds that only for a moment. */
async function lockedWriter(
	data: string,
	path: string,
	closers: (() => Promise<void> | void)[]
): Promise<Writer> {
	const { openWriter } = await import('../collector/writer.js')
	const untilMs = Date.now() + LOCK_PATIENCE_MS
	for (;;) {
		try {
			const ownership = acquireOwner(data, '')
			closers.push(() => ownership.release())
			break
		} catch (error) {
			if (faultOf(error)?.code !== 'owned' || Date.now() > untilMs) throw error
			await new Promise((wake) => setTimeout(wake, 100))
		}
	}
	const writer = await openWriter({ path, thread: false })
	closers.push(() => writer.close())
	return writer
}

/** An operation that only reads gets this; that it writes would be a bug, and stops the program. */
const readingOnly: Writer = {
	applyBatch: () => Promise.reject(new Error('an operation that only reads called applyBatch')),
	transact: () => Promise.reject(new Error('an operation that only reads called transact')),
	onCommit: () => () => {},
	close: () => Promise.resolve()
}

function userName(): string {
	try {
		return userInfo().username
	} catch (error) {
		// A uid that has no entry in the user database.
		if (error instanceof Error && 'code' in error) return String(process.getuid?.() ?? 'unknown')
		throw error
	}
}
