/** What is known of one class of one workload at a checkpoint. */
export interface Progress {
	/** Since it was first watched. */
	elapsedHours: number
	/** Since something that the policy of this moment does not cover alone was first seen. */
	quietHours: number
	/** What the product's own rule says. */
	mature: boolean
}

/** When to stop learning and to enforce. */
export interface StopRule {
	name: string
	stops(progress: Progress): boolean
}

export const MATURITY: StopRule = { name: 'maturity', stops: ({ mature }) => mature }

function fixed(name: string, hours: number): StopRule {
	return { name, stops: ({ elapsedHours }) => elapsedHours >= hours }
}

/** Nothing new for so many hours, in rule space, as the policy of the moment would have it. */
export function quiet(hours: number): StopRule {
	return {
		name: `quiet ${hours} h`,
		stops: ({ elapsedHours, quietHours }) => elapsedHours >= hours && quietHours >= hours
	}
}

/** The stopping rules of the factorial: what other products do, and ours. */
export const STOP_RULES: readonly StopRule[] = [
	fixed('fixed 1 h', 1),
	fixed('fixed 24 h', 24),
	fixed('fixed 7 d', 168),
	fixed('fixed 14 d', 336),
	fixed('fixed 30 d', 720),
	quiet(24),
	quiet(48),
	quiet(120),
	MATURITY
]

/** More quiet periods, for comparing at an equal share enforced. */
export const QUIET_SWEEP: readonly StopRule[] = [72, 96, 168, 240, 336].map(quiet)

/** At these ages, in hours, it is asked whether to stop: at first hourly products decide, then daily. */
export const CHECKPOINTS: readonly number[] = [
	1,
	...Array.from({ length: 14 }, (_, day) => 24 * (day + 1)),
	...[16, 18, 20, 22, 24, 26, 28, 30, 33, 36, 39, 42, 45].map((day) => 24 * day)
]
export const LEARN_DAYS = 45
export const TEST_DAYS = 14
