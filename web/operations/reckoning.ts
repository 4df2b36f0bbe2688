import type { z } from 'zod'
import type { Reckoning } from './shape.js'

/** Days that a policy is meant to live: what its false blocks are counted over. */
const POLICY_DAYS = 14

/** Why the numbers made a rule what it is, as one sentence; '' where nothing was weighed. */
export function reckoningSentence(
	reckoning: z.output<typeof Reckoning> | null,
	{ coveredCount }: { coveredCount: number }
): string {
	if (reckoning === null) return ''
	const { origin, entryCount, unseenCount, bits, exactBlocksExpected, wallCount, sensitivity, peers } =
		reckoning
	const parts = [
		`${ORIGIN[origin]}; it takes ${counted(entryCount, 'entry', 'entries')} of an enforcer's map`,
		unseenCount > 0
			? `grants ${counted(round(unseenCount), 'object')} that nobody saw used (${round(bits)} bits)`
			: 'grants nothing that was not seen'
	]
	if (unseenCount > 0 && exactBlocksExpected > 0) {
		parts.push(
			`where a list of the ${counted(coveredCount, 'object')} would be expected to cause ${counted(round(exactBlocksExpected), 'hour')} with a false block in ${POLICY_DAYS} days`
		)
	}
	if (wallCount > 0)
		parts.push(`covers none of ${counted(wallCount, 'sensitive object')} that it was checked against`)
	if (peers.of > 0)
		parts.push(`done by ${peers.count} of ${counted(peers.of, 'other workload')} of the same image`)
	if (sensitivity !== 0) parts.push(SENSITIVE[sensitivity])
	return `${parts.join(', ')}.`
}

const ORIGIN: Record<z.output<typeof Reckoning>['origin'], string> = {
	observed: 'Observed',
	inferred: 'Inferred from the inventory',
	required: 'Required by something that was observed'
}

const SENSITIVE = {
	1: 'and is about something that is guarded',
	2: 'and is about something sensitive, which only a person may approve'
} as const

function counted(count: number, one: string, many = `${one}s`): string {
	return `${count} ${count === 1 ? one : many}`
}

/** As many digits as a person believes. */
function round(value: number): number {
	return value >= 10 ? Math.round(value) : Number(value.toPrecision(2))
}
