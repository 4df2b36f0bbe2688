/** How Whittle ends, in one place: `whittle help exit-codes` prints this table and tests hold it. */
export const exitCodes = {
	ok: { code: 0, meaning: 'it did what was asked' },
	finding: {
		code: 1,
		meaning: 'it ran and found something: a difference, a failed check, a threshold exceeded'
	},
	usage: { code: 2, meaning: 'the command line was wrong; nothing was done' },
	notFound: { code: 3, meaning: 'the thing that was named does not exist' },
	notAllowed: { code: 4, meaning: 'you may not do that, or this machine does not let Whittle do it' },
	conflict: { code: 5, meaning: 'something changed or is held by another: a stale digest, a second Whittle' },
	partial: { code: 6, meaning: 'some of it was done and some was not; each is said' },
	unreachable: { code: 7, meaning: 'what it needed did not answer: the service, the disk, a target' },
	interrupted: { code: 130, meaning: 'stopped by Ctrl-C' }
} as const

export type Ending = keyof typeof exitCodes

/** The table for people. */
export function exitCodesText(): string {
	return Object.values(exitCodes)
		.map(({ code, meaning }) => `${String(code).padStart(4)}  ${meaning}\n`)
		.join('')
}
