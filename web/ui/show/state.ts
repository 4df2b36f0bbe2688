import type { Class, Decision, Standing, State } from '../api/shapes.js'

export type Tone = 'quiet' | 'blue' | 'violet' | 'amber' | 'green' | 'red'

/** How a state is said and coloured; the icon is chosen beside it, so colour is never the only channel. */
export const stateWord: Record<State, { label: string; short: string; tone: Tone; meaning: string }> = {
	none: {
		label: 'not seen',
		short: '—',
		tone: 'quiet',
		meaning: 'This workload was never seen doing anything of this class.'
	},
	learning: {
		label: 'learning',
		short: 'learning',
		tone: 'blue',
		meaning: 'Not enough has been seen to propose a policy.'
	},
	proposed: {
		label: 'proposed',
		short: 'proposed',
		tone: 'violet',
		meaning: 'A policy is proposed and waits for a decision.'
	},
	audit: {
		label: 'audit',
		short: 'audit',
		tone: 'amber',
		meaning: 'What the policy would deny is counted, and nothing is denied.'
	},
	applied: {
		label: 'applied, unproven',
		short: 'unproven',
		tone: 'amber',
		meaning: 'The policy is at its target, and no self-test has shown that it holds.'
	},
	enforced: {
		label: 'enforced',
		short: 'enforced',
		tone: 'green',
		meaning: 'The policy holds; a self-test has shown a denial and an allow.'
	}
}

/** From least to most, as lists and counts show them. */
export const STATES: readonly State[] = ['none', 'learning', 'proposed', 'audit', 'applied', 'enforced']

export const decisionWord: Record<Decision, string> = {
	none: 'undecided',
	approved: 'approved',
	rejected: 'rejected'
}

/** How ready a class is, as it is said and coloured. */
export const standingWord: Record<Standing, { label: string; tone: Tone; meaning: string }> = {
	ready: { label: 'ready', tone: 'green', meaning: 'Nothing stands between this class and enforcement.' },
	'not-yet': { label: 'not yet', tone: 'blue', meaning: 'It waits for more to be seen.' },
	'open-ended': {
		label: 'open-ended',
		tone: 'amber',
		meaning: 'It goes on bringing new behaviours: waiting alone will not make it ready.'
	}
}

export const STANDINGS: readonly Standing[] = ['ready', 'not-yet', 'open-ended']

/** In the order in which people and files list them. */
export const CLASSES: readonly Class[] = ['process', 'file-read', 'file-write', 'network', 'privilege']

export const classWord: Record<Class, string> = {
	process: 'process',
	'file-read': 'file read',
	'file-write': 'file write',
	network: 'network',
	privilege: 'privilege'
}

export function isClass(text: string): text is Class {
	return (CLASSES as readonly string[]).includes(text)
}

export function isStanding(text: string): text is Standing {
	return (STANDINGS as readonly string[]).includes(text)
}

export function isState(text: string): text is State {
	return (STATES as readonly string[]).includes(text)
}
