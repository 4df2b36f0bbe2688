import type { FileAccess } from '../../learn/sensitive.js'
import { sensitiveWithin } from '../../learn/sensitive.js'
import { directoryProblem, pathProblem } from './limits.js'
import { literalPath, parentOf } from './path.js'

/** What an object of a file rule becomes on BPF-LSM, which knows paths and directories and nothing else. */
export type FileForm =
	| { kind: 'path'; path: string }
	/** `directory` with its slash; `more` says what it grants beyond the object, '' when it is the object. */
	| { kind: 'directory'; directory: string; recursive: boolean; more: string; isSecretMount: boolean }
	/** All of `/proc/`, read-only: the only form for many process ids. */
	| { kind: 'proc' }
	| { kind: 'none'; code: string; text: string }

/** The form of one object. A real `<` is stored escaped, so what stands in brackets is a token. */
export function formOf(object: string): FileForm {
	const path = literalPath(object)
	if (path === null) return none('kubearmor.bytes', `${object} holds bytes that YAML cannot carry.`)
	const at = object.search(/<[a-z]+>/)
	if (at < 0) {
		const problem = pathProblem(path)
		return problem ? none('kubearmor.path', `${path} ${problem}.`) : { kind: 'path', path }
	}
	if (object.startsWith('/proc/<pid>')) return { kind: 'proc' }
	const directory = literalPath(parentOf(object.slice(0, at))) ?? ''
	const rest = object.slice(parentOf(object.slice(0, at)).length)
	const isWhole = rest === '<any>' || rest === '<all>'
	const problem =
		directoryProblem(directory) ?? (!isWhole && WALLS.has(directory) ? 'is too wide a directory' : null)
	if (problem) {
		return none(
			'kubearmor.directory',
			`${object} has no other form than a directory, and ${directory} ${problem}.`
		)
	}
	const recursive = rest !== '<any>' && (rest === '<all>' || rest.includes('/'))
	const below = recursive ? 'everything below' : 'every file directly in'
	return {
		kind: 'directory',
		directory,
		recursive,
		more: isWhole ? '' : `${below} ${directory}`,
		isSecretMount: rest.startsWith('..<date>/')
	}
}

/**
 * A sensitive object that a directory would open although nothing was learned for it, or null. `granted`
 * tells whether a path was learned under its own name.
 */
export function exposedBy(
	directory: string,
	recursive: boolean,
	access: FileAccess,
	granted: (path: string) => boolean
): string | null {
	return sensitiveWithin(
		directory.slice(0, -1),
		recursive,
		access,
		(path, isTree) => !isTree && granted(path)
	)
}

/** Never opened as a whole for the sake of a token below them. */
const WALLS: ReadonlySet<string> = new Set([
	'/',
	'/dev/',
	'/etc/',
	'/home/',
	'/opt/',
	'/proc/',
	'/root/',
	'/run/',
	'/sys/',
	'/usr/',
	'/usr/lib/',
	'/var/',
	'/var/lib/',
	'/var/run/'
])

function none(code: string, text: string): FileForm {
	return { kind: 'none', code, text }
}
