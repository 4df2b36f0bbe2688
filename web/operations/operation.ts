import type { z } from 'zod'
import type { Reader, Writer } from '../../collector/store.js'
import type { SensorService } from '../../native/messages.js'

/** What an operation may touch. Readers are synchronous; every write goes to the one writer. */
export interface OperationContext {
	reader: Reader
	writer: Writer
	/** Null where no sensor runs. */
	sensor: SensorService | null
	/** Who asks: `local:USER` for the command line, `page:SESSION` for the page. */
	actor: string
	nowMs(): number
	/** The data folder. */
	dataDir: string
	/** What the service knows of its sources and set-up, for status. */
	sources(): { name: string; state: string; sentence: string }[]
}

/**
 * One thing that the service can do. The table of operations is the REST API, the OpenAPI
 * document and what the command line calls, with or without a live owner.
 */
export interface Operation<I extends z.ZodType, O extends z.ZodType> {
	/** `listWorkloads`: the OpenAPI operationId and the command line's name for it. */
	name: string
	method: 'GET' | 'POST' | 'DELETE'
	/** Below `/api/v1`, with `:id` parameters. Path, query and body are merged into one input. */
	path: string
	summary: string
	input: I
	output: O
	/**
	 * `service`: needs the writer or the sensor, so it runs beside them. All others only read, and
	 * the service runs them in its reader threads, where a big query keeps nobody waiting.
	 */
	runsIn?: 'service'
	/** Reads so much that it may take seconds: several at once leave a reader thread to everybody else. */
	isLong?: boolean
	/** Version of what was read, for `ETag`; what is only counted (hours, times) is left out of it. */
	versionOf?(output: z.output<O>): string
	run(context: OperationContext, input: z.output<I>): Promise<z.output<O>> | z.output<O>
}

/** An operation of any input and output, as the table holds it. */
export type AnyOperation = Operation<z.ZodType, z.ZodType>

/** Ties the types of `run` to the schemas. */
export function operation<I extends z.ZodType, O extends z.ZodType>(one: Operation<I, O>): Operation<I, O> {
	return one
}
