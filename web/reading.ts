import { StoreError, type StoreErrorCode } from '../collector/errors.js'
import type { Reader, Writer } from '../collector/store.js'
import { EnforcerError, type EnforcerErrorCode } from '../enforcer/error.js'
import { OperationError, type OperationErrorCode } from './operations/error.js'
import type { AnyOperation, OperationContext } from './operations/operation.js'
import { operations } from './operations/table.js'

/** What an operation in another thread has to be told. */
export interface ReadRequest {
	id: number
	name: string
	input: unknown
	actor: string
	nowMs: number
	dataDir: string
	sources: { name: string; state: string; sentence: string }[]
}

/** Its output as JSON, checked against its schema; or why not. */
export type ReadAnswer =
	| { id: number; json: string; version: string | null }
	| { id: number; failed: Failure }

/** An error that crosses threads as a value. */
export type Failure =
	| { of: 'operation'; code: OperationErrorCode; message: string }
	| { of: 'enforcer'; code: EnforcerErrorCode; message: string }
	| { of: 'store'; code: StoreErrorCode; message: string }
	| { of: 'bug'; message: string }

export interface Answered {
	json: string
	/** The operation's `versionOf`; null when it has none. */
	version: string | null
}

/** Runs one operation and checks its output: what is not in the schema does not leave the service. */
export async function perform(
	one: AnyOperation,
	context: OperationContext,
	input: unknown
): Promise<Answered> {
	const output = one.output.parse(await one.run(context, input))
	return { json: JSON.stringify(output), version: one.versionOf?.(output) ?? null }
}

/** Answers a request of another thread; never throws. */
export async function answerTo(
	request: ReadRequest,
	store: { reader: Reader; writer: Writer }
): Promise<ReadAnswer> {
	try {
		const one = operations.find((candidate) => candidate.name === request.name)
		if (!one) throw new Error(`there is no operation ${request.name}`)
		const context: OperationContext = {
			...store,
			sensor: null,
			actor: request.actor,
			nowMs: () => request.nowMs,
			dataDir: request.dataDir,
			sources: () => request.sources
		}
		return { id: request.id, ...(await perform(one, context, request.input)) }
	} catch (error) {
		return { id: request.id, failed: failureOf(error) }
	}
}

/** The error that a failure was. */
export function errorOf(failure: Failure): Error {
	switch (failure.of) {
		case 'operation':
			return new OperationError(failure.code, failure.message)
		case 'enforcer':
			return new EnforcerError(failure.code, failure.message)
		case 'store':
			return new StoreError(failure.code, failure.message)
		case 'bug':
			return new Error(failure.message)
	}
}

function failureOf(error: unknown): Failure {
	if (error instanceof OperationError) return { of: 'operation', code: error.code, message: error.message }
	if (error instanceof EnforcerError) return { of: 'enforcer', code: error.code, message: error.message }
	if (error instanceof StoreError) return { of: 'store', code: error.code, message: error.message }
	return { of: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
