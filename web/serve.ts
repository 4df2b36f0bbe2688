import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyBaseLogger } from 'fastify'
import { storePath } from '../collector/database.js'
import type { Reader, Writer } from '../collector/store.js'
import type { Enforcement } from '../enforcer/enforcement.js'
import { readOwners } from '../enforcer/policies.js'
import { reconcile } from '../enforcer/reconcile.js'
import { targetsFor } from '../enforcer/targets/targets.js'
import { violationsOf } from '../enforcer/violation.js'
import type { NetworkDenial, SensorService } from '../native/messages.js'
import { ensureKey } from './auth/key.js'
import type { OperationContext } from './operations/operation.js'
import { openReaderPool } from './reader-pool.js'
import { buildServer } from './server.js'

/** What `whittle up` hands over. */
export interface ServiceOptions {
	dataDir: string
	/** `127.0.0.1` unless there is TLS. */
	host: string
	/** 0: any free one. */
	port: number
	/** Null where no sensor runs. */
	sensor: SensorService | null
	writer: Writer
	/** For what runs beside the writer; the service opens readers of its own for everything else. */
	reader: Reader
	sources(): { name: string; state: string; sentence: string }[]
	nowMs?(): number
	/** PEM texts; required off loopback. */
	tls?: { key: string; cert: string }
	/** Names by which others reach it, for the Host check and the URL. */
	hostNames?: string[]
	logger?: FastifyBaseLogger
}

export interface Service {
	/** With a one-time token: whoever opens it first is logged in. */
	loginUrl: string
	/** Without. */
	url: string
	close(): Promise<void>
}

const HEARTBEAT_MS = 15_000
const EVENT_WINDOW_MS = 1000
const EVENT_BACKLOG_BYTES = 262_144
const RECONCILE_MS = 5_000
const READER_COUNT = 2

/**
 * Starts the service: HTTP for the page and the command line, denials into the store, and what is
 * in force at the host held again after a restart. Rejects with an Error that says in one sentence
 * what is wrong.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
	refuseOpenDoor(options)
	const nowMs = options.nowMs ?? (() => Date.now())
	const context: Omit<OperationContext, 'actor'> = {
		reader: options.reader,
		writer: options.writer,
		sensor: options.sensor,
		nowMs,
		dataDir: options.dataDir,
		sources: options.sources
	}
	const readers = await openReaderPool(storePath(options.dataDir), READER_COUNT)
	const { app, logins, url } = await buildServer({
		context,
		readers,
		keyHash: ensureKey(options.dataDir),
		uiFolder: builtPage(),
		host: options.host,
		port: options.port,
		tls: options.tls ?? null,
		hostNames: options.hostNames ?? [],
		logger: options.logger ?? null,
		epoch: randomBytes(6).toString('hex'),
		heartbeatMs: HEARTBEAT_MS,
		eventWindowMs: EVENT_WINDOW_MS,
		eventBacklogBytes: EVENT_BACKLOG_BYTES
	})
	try {
		await app.listen({ host: options.host, port: options.port })
	} catch (error) {
		await app.close()
		await readers.close()
		throw listenError(error, options)
	}
	const stopHolding = holdAndRecord(context, options.logger ?? null)
	return {
		url: url(),
		loginUrl: `${url()}?token=${logins.issue(nowMs(), null)}`,
		async close() {
			stopHolding()
			await app.close()
			await readers.close()
		}
	}
}

/** What travels in the clear may not leave the machine, and the session cookie would. */
function refuseOpenDoor(options: ServiceOptions): void {
	const isLoopback = /^(localhost|127(\.[0-9]{1,3}){3}|::1)$/.test(options.host)
	if (isLoopback || options.tls) return
	throw new Error(
		`${options.host} can be reached from other machines, and there is no TLS: give a certificate and its key, or listen on 127.0.0.1 and let ssh -L bring you there.`
	)
}

/** `dist/ui`, beside the compiled code or, from sources, below the root. */
function builtPage(): string {
	const web = dirname(fileURLToPath(import.meta.url))
	const compiled = join(dirname(web), 'ui')
	return existsSync(compiled) ? compiled : join(dirname(web), 'dist', 'ui')
}

function listenError(error: unknown, options: ServiceOptions): Error {
	const code = error instanceof Error && 'code' in error ? error.code : ''
	const where = `${options.host}:${options.port}`
	if (code === 'EADDRINUSE') {
		return new Error(`Something else listens on ${where} already: stop it, or choose another --port.`, {
			cause: error
		})
	}
	if (code === 'EACCES') {
		return new Error(`This user may not listen on ${where}: choose a --port above 1023.`, { cause: error })
	}
	if (code === 'EADDRNOTAVAIL') {
		return new Error(`This machine has no address ${options.host}: choose another --host.`, { cause: error })
	}
	return new Error(`Listening on ${where} failed.`, { cause: error })
}

function holdAndRecord(
	context: Omit<OperationContext, 'actor'>,
	logger: FastifyBaseLogger | null
): () => void {
	const { sensor } = context
	if (!sensor) return () => undefined
	const enforcement: Enforcement = {
		reader: context.reader,
		writer: context.writer,
		targets: targetsFor(context.dataDir, sensor),
		actor: 'service',
		callerPid: null,
		nowMs: context.nowMs
	}
	const onError = (error: unknown) => logger?.error(error, 'enforcement at the host could not be checked')
	const hold = () =>
		reconcile(enforcement).then((said) => {
			for (const sentence of said) logger?.warn(sentence)
		}, onError)
	sensor.onDenials((denials) => {
		recordDenials(context, denials).then((unknownCount) => {
			if (unknownCount > 0) logger?.warn(`${unknownCount} denials under policies of no known workload`)
		}, onError)
	})
	void hold()
	const timer = setInterval(hold, RECONCILE_MS)
	return () => clearInterval(timer)
}

/** Stores what was denied; returns how many denials belong to nobody that is known. */
export async function recordDenials(
	context: Pick<OperationContext, 'reader' | 'writer'>,
	denials: readonly NetworkDenial[]
): Promise<number> {
	const owners = readOwners(context.reader, [...new Set(denials.map((denial) => denial.digest))])
	const { statements, unknownCount } = violationsOf(denials, owners)
	if (statements.length > 0) await context.writer.transact(statements)
	return unknownCount
}
