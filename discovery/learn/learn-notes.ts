import type { Class } from '../../collector/observation.js'
import type { Note } from '../policy.js'
import type { BehaviourState } from './state.js'
import type { Judged } from './trust.js'

/** What a person must know about what was left out of one class, and about what nobody could see. */
export function learnNotes(
	of: Class,
	deniedCount: number,
	needs: readonly BehaviourState[],
	held: readonly Judged[]
): Note[] {
	const notes: Note[] = []
	if (deniedCount > 0) {
		notes.push({
			code: 'learn.denied',
			severity: 'info',
			text: `${counted(deniedCount, 'denied attempt')} left out: an attempt is not a need.`
		})
	}
	const interactive = held.filter((one) => one.cause === 'interactive').length
	if (interactive > 0) {
		notes.push({
			code: 'learn.interactive',
			severity: 'warning',
			text: `${counted(interactive, 'behaviour')} seen only in interactive sessions left out: a person did that, not the workload.`
		})
	}
	const others = held.length - interactive
	if (others > 0) {
		notes.push({
			code: 'learn.held',
			severity: 'warning',
			text: `${counted(others, 'behaviour')} held and left out until more is seen or a person answers.`
		})
	}
	if (of === 'file-read' && needs.some((need) => need.verb === 'exec') && !isLoaderSeen(needs)) {
		notes.push({
			code: 'learn.loader-unseen',
			severity: 'warning',
			text: 'No source reported what exec itself opens, so dynamic loaders and script interpreters may be missing; watch it with Whittle’s kernel source, or keep this class in audit.'
		})
	}
	return notes
}

function isLoaderSeen(needs: readonly BehaviourState[]): boolean {
	return needs.some((need) => need.class === 'file-read' && need.required)
}

function counted(count: number, what: string): string {
	return count === 1 ? `1 ${what} was` : `${count} ${what}s were`
}
