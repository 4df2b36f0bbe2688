import { type Ending, exitCodes } from './exit-codes.js'

/** Something that people must be told: what is wrong, why, and how to fix it. */
export class Fault extends Error {
	readonly ending: Ending
	/** Stable name, e.g. `workload.not-found`. */
	readonly code: string
	readonly fix: string

	/**
	 * @param code stable name for programs
	 * @param what one sentence: what is wrong, with the place
	 * @param fix one sentence: what to do about it; '' where there is nothing to do
	 */
	constructor(ending: Ending, code: string, what: string, fix = '', cause?: unknown) {
		super(what, cause === undefined ? undefined : { cause })
		this.ending = ending
		this.code = code
		this.fix = fix
	}
}

/** A wrong command line. */
export function usage(what: string, fix: string): Fault {
	return new Fault('usage', 'usage', what, fix)
}

/** How the codes of errors from the other folders, and of the operating system, end the program. */
const endingOfCode: Readonly<Record<string, Ending>> = {
	missing: 'notFound',
	unreadable: 'notAllowed',
	newer: 'conflict',
	foreign: 'conflict',
	corrupt: 'unreachable',
	'read-only': 'notAllowed',
	full: 'unreachable',
	owned: 'conflict',
	busy: 'conflict',
	conflict: 'conflict',
	name: 'usage',
	closed: 'unreachable',
	failed: 'unreachable',
	invalid: 'usage',
	ambiguous: 'usage',
	'cursor-expired': 'usage',
	'bad-input': 'usage',
	'not-found': 'notFound',
	refused: 'notAllowed',
	unavailable: 'unreachable',
	ENOENT: 'notFound',
	EISDIR: 'usage',
	ENOTDIR: 'usage',
	EACCES: 'notAllowed',
	EPERM: 'notAllowed',
	EROFS: 'notAllowed',
	ENOSPC: 'unreachable',
	ECONNREFUSED: 'unreachable',
	ECONNRESET: 'unreachable',
	ETIMEDOUT: 'unreachable'
}

/** The way a status of HTTP ends the program. */
export function endingOfStatus(status: number): Ending {
	if (status === 401 || status === 403) return 'notAllowed'
	if (status === 404) return 'notFound'
	if (status === 409 || status === 412) return 'conflict'
	if (status >= 500 || status === 429 || status === 408) return 'unreachable'
	return status >= 400 ? 'usage' : 'ok'
}

/**
 * A known error as a fault. An error without a code that the other folders documented is a
 * bug, and stays what it is, so that its stack is seen.
 */
export function faultOf(error: unknown): Fault | undefined {
	if (error instanceof Fault) return error
	if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
	const ending = endingOfCode[error.code]
	if (ending === undefined) return undefined
	const fix = 'fix' in error && typeof error.fix === 'string' ? error.fix : ''
	return new Fault(ending, error.code, error.message, fix, error.cause)
}

/** What goes to standard error: sentences for people, or RFC 9457 for programs. */
export function faultText(fault: Fault, asJson: boolean): string {
	const cause = fault.cause instanceof Error ? fault.cause.message : ''
	if (asJson) {
		const { code } = exitCodes[fault.ending]
		const problem = {
			type: `urn:whittle:problem:${fault.code}`,
			title: exitCodes[fault.ending].meaning,
			detail: fault.message,
			code: fault.code,
			exitCode: code,
			...(cause === '' ? {} : { why: cause }),
			...(fault.fix === '' ? {} : { fix: fault.fix })
		}
		return `${JSON.stringify(problem)}\n`
	}
	const why = cause === '' || fault.message.includes(cause) ? '' : `  why: ${cause}\n`
	return `whittle: ${fault.message}\n${why}${fault.fix === '' ? '' : `  fix: ${fault.fix}\n`}`
}
