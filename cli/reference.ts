import { CLASSES, type Class } from '../collector/observation.js'
import { usage } from './fault.js'
import { nearest } from './nearest.js'

/** `WORKLOAD[/CLASS[/RULE]][@DIGEST]` taken apart. */
export interface Reference {
	workload: string
	class?: Class
	rule?: number
	/** Hexadecimal digits, at least eight, of the digest; without `sha256:`. */
	digest?: string
}

/**
 * Reads a reference from the right, because workload names hold slashes themselves. A last
 * part that is not a class belongs to the name.
 */
export function parseReference(text: string, allowed: { rule?: boolean; digest?: boolean } = {}): Reference {
	if (text === '')
		throw usage('The name of the workload is empty.', 'List the names with "whittle get workloads -o name".')
	const ending = /^(.*)@(?:sha256:)?([0-9a-fA-F]*)$/s.exec(text)
	// systemd's own names hold an @ too (`user@1000`): then it is not a digest that follows.
	const isDigest = (ending?.[2]?.length ?? 0) >= 8 || isClass(ending?.[1]?.split('/').at(-1) ?? '')
	const at = isDigest ? ending : null
	const reference: Reference = { workload: at?.[1] ?? text }
	if (at !== null) {
		const digest = at[2] ?? ''
		if (allowed.digest !== true)
			throw usage(`"${text}" names a digest, which this verb does not take.`, `Leave out "@${digest}".`)
		if (digest.length < 8 || digest.length > 64) {
			throw usage(`"@${digest}" is not a digest.`, 'Give at least eight of its hexadecimal digits.')
		}
		reference.digest = digest.toLowerCase()
	}
	const parts = reference.workload.split('/')
	const last = parts[parts.length - 1] ?? ''
	if (allowed.rule === true && /^\d{1,6}$/.test(last) && isClass(parts[parts.length - 2] ?? '')) {
		reference.rule = Number(last)
		parts.pop()
	}
	const name = parts[parts.length - 1] ?? ''
	if (parts.length > 1 && isClass(name)) {
		reference.class = name
		parts.pop()
	}
	reference.workload = parts.join('/')
	return reference
}

/** The reference with its class, which this verb cannot do without. */
export function withClass(reference: Reference, text: string): Reference & { class: Class } {
	if (reference.class !== undefined) return { ...reference, class: reference.class }
	const meant = nearest(text.split('/').at(-1) ?? '', CLASSES)
	throw usage(
		`"${text}" names no class.`,
		`Add one of ${CLASSES.join(', ')}, for example "${meant === undefined ? text : text.split('/').slice(0, -1).join('/')}/${meant ?? 'network'}".`
	)
}

function isClass(text: string): text is Class {
	return CLASSES.some((known) => known === text)
}
