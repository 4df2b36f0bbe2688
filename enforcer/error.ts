/** Why the enforcer did not do something; `web/` maps each code to a status in one place. */
export type EnforcerErrorCode =
	/** No such workload, policy or change. */
	| 'not-found'
	/** Something else is proposed, approved or in force by now. */
	| 'conflict'
	/** Never enforced, whoever asks (design: never blocked, always shown). */
	| 'refused'
	/** What would hold it is not there. */
	| 'unavailable'
	/** The target failed while it was being changed. */
	| 'failed'

export class EnforcerError extends Error {
	readonly code: EnforcerErrorCode

	constructor(code: EnforcerErrorCode, message: string, options?: ErrorOptions) {
		super(message, options)
		this.name = 'EnforcerError'
		this.code = code
	}
}
