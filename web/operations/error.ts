/** Why an operation did not run; `web/problem.ts` maps each code to a status, `cli/` to an exit code. */
export type OperationErrorCode =
	/** Nothing has that name, id, digest or number. */
	| 'not-found'
	/** A short name that means several workloads. */
	| 'ambiguous'
	/** A cursor of another list, or of an older release. */
	| 'cursor-expired'
	/** Inputs that are sound one by one and make no sense together. */
	| 'invalid'

export class OperationError extends Error {
	readonly code: OperationErrorCode

	constructor(code: OperationErrorCode, message: string, options?: ErrorOptions) {
		super(message, options)
		this.name = 'OperationError'
		this.code = code
	}
}
