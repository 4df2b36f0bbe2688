import type { Note, Policy } from '../../policy.js'
import type { FilePlan } from './file-rules.js'

/** One group of classes before it is a manifest. */
export interface Draft {
	group: 'process' | 'file' | 'network' | 'privilege'
	policies: Policy[]
	/** What stands in the spec; asked again after the plan has been made smaller. */
	sections(): Record<string, Record<string, unknown>>
	notes: Note[]
	files?: FilePlan
}

/** A reason why a group is not written. */
export function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
