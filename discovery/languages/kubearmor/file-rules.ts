import type { Verb } from '../../../collector/observation.js'
import { compareText } from '../../behaviour.js'
import type { Note, Policy, Rule } from '../../policy.js'
import { directoryProblem, pathProblem } from './limits.js'
import { literalPath, parentOf } from './path.js'

/** The file rules of one container before they are written down; '' as a source is any source. */
export interface FilePlan {
	/** Path → source → may write. */
	paths: Map<string, Map<string, boolean>>
	/** Directory with its slash → what holds below it. */
	directories: Map<string, { recursive: boolean; write: boolean; sources: Set<string> }>
	/** Exact paths denied inside an allowed directory. */
	blocked: string[]
	notes: Note[]
}

/**
 * Plans the file whitelist. KubeArmor has one for reads and writes, so with `file-write` alone
 * everything stays readable (`/`, recursive, read-only) and only the writes are listed; with
 * `file-read` alone nothing can be held, because a rule cannot allow writes and not reads.
 * A note of severity `refusal` means that the plan must not be used.
 */
export function planFiles(
	read: Policy | undefined,
	write: Policy | undefined,
	anySource: string[]
): FilePlan {
	const plan: FilePlan = { paths: new Map(), directories: new Map(), blocked: [], notes: [] }
	if (!write) {
		refuse(
			plan,
			'kubearmor.read-alone',
			'KubeArmor has one whitelist for reads and writes: file-read is carried only together with file-write.'
		)
		return plan
	}
	const isWholeClass = read !== undefined
	const learned = new Set([...(read?.rules ?? []), ...write.rules].map((rule) => rule.object))
	for (const rule of [...(read?.rules ?? []), ...write.rules]) addRule(plan, rule, anySource, isWholeClass)
	if (plan.directories.has('/proc/')) guardProc(plan, learned)
	if (!isWholeClass) {
		plan.directories.set('/', { recursive: true, write: false, sources: new Set(anySource) })
		note(
			plan,
			'kubearmor.write-alone',
			'info',
			'Everything stays readable: only class file-write is carried here.'
		)
	}
	dropCovered(plan)
	noteLimits(plan, [...(read?.rules ?? []), ...write.rules])
	return plan
}

const READS: ReadonlySet<Verb> = new Set<Verb>(['read', 'list'])
/** Verbs without any hook in KubeArmor: nothing holds them, so nothing has to allow them. */
const UNHELD: ReadonlySet<Verb> = new Set<Verb>(['chown', 'setattr'])

function addRule(plan: FilePlan, rule: Rule, anySource: string[], isWholeClass: boolean): void {
	const held = rule.access.filter((verb) => !UNHELD.has(verb))
	// The root directory itself comes out as an empty path, which KubeArmor lets through.
	if (held.length === 0 || rule.object === '/') return
	const write = held.some((verb) => !READS.has(verb))
	const sources = carriedSources(plan, rule, anySource)
	const path = literalPath(rule.object)
	if (path === null) {
		refuse(plan, 'kubearmor.bytes', `${rule.object} holds bytes that YAML cannot carry.`)
		return
	}
	// A real `<` is stored escaped, so what stands in brackets is a token.
	const token = rule.object.match(/<[a-z]+>/)?.[0]
	if (token === undefined) addPath(plan, path, write, sources)
	else addTokenPath(plan, rule.object, token, write, sources, isWholeClass, anySource)
}

function addPath(plan: FilePlan, path: string, write: boolean, sources: string[]): void {
	const problem = pathProblem(path)
	if (problem) {
		refuse(plan, 'kubearmor.path', `${path} ${problem}.`)
		return
	}
	const bySource = plan.paths.get(path) ?? new Map<string, boolean>()
	plan.paths.set(path, bySource)
	for (const source of sources) bySource.set(source, write || (bySource.get(source) ?? false))
}

function addTokenPath(
	plan: FilePlan,
	object: string,
	token: string,
	write: boolean,
	sources: string[],
	isWholeClass: boolean,
	anySource: string[]
): void {
	if (object.startsWith('/proc/<pid>')) {
		if (write) {
			refuse(
				plan,
				'kubearmor.proc-write',
				`Writing ${object} could be allowed only by making all of /proc writable.`
			)
			return
		}
		// The companions that are denied inside must be found before the directory, so both name the same sources.
		addDirectory(plan, '/proc/', true, false, anySource)
		return
	}
	const directory = parentOf(object.slice(0, object.indexOf(token)))
	const isListing = token === '<any>' && object === `${directory}<any>`
	const problem =
		directoryProblem(directory) ?? (!isListing && WALLS.has(directory) ? 'is too wide a directory' : null)
	if (problem) {
		refuse(
			plan,
			'kubearmor.directory',
			`${object} has no other form than a directory, and ${directory} ${problem}.`
		)
		return
	}
	// Beside the recursive read-only `/`, KubeArmor would take that rule before one that is not recursive.
	const recursive = !isListing || !isWholeClass
	addDirectory(plan, directory, recursive, write, sources)
	const below = recursive ? 'everything below' : 'every file directly in'
	note(plan, 'kubearmor.directory', 'warning', `${object} became ${below} ${directory}.`)
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

function addDirectory(
	plan: FilePlan,
	directory: string,
	recursive: boolean,
	write: boolean,
	sources: string[]
): void {
	const known = plan.directories.get(directory)
	if (!known) {
		plan.directories.set(directory, { recursive, write, sources: new Set(sources) })
		return
	}
	known.recursive ||= recursive
	known.write ||= write
	for (const source of sources) known.sources.add(source)
}

/**
 * Many process ids have no other form on BPF-LSM than `/proc/`, recursive and read-only. What must not
 * be read there is denied exactly, since an exact path is looked up before a directory.
 * `/proc/self` is not among them: it is a link, and the enforcer sees the path behind it.
 */
function guardProc(plan: FilePlan, learned: ReadonlySet<string>): void {
	plan.blocked = PROC_BLOCKED.filter(
		(path) => !learned.has(path) && !learned.has(path.replace('/proc/1/', '/proc/<pid>/'))
	)
	note(
		plan,
		'kubearmor.proc',
		'warning',
		`BPF-LSM has no form for /proc/<pid> but all of /proc, read-only: the environment and memory of other processes can be read there (${plan.blocked.join(', ')} stay denied). A person should agree to that.`
	)
}

const PROC_BLOCKED: readonly string[] = [
	'/proc/1/environ',
	'/proc/1/mem',
	'/proc/kallsyms',
	'/proc/kcore',
	'/proc/sysrq-trigger'
]

/** The sources that a rule can name; any source when one of them cannot be written down. */
function carriedSources(plan: FilePlan, rule: Rule, anySource: string[]): string[] {
	if (rule.sources.length === 0) return anySource
	const sources = literalSources(rule.sources)
	if (sources) return sources
	note(
		plan,
		'kubearmor.source',
		'warning',
		`${rule.object} is allowed to any program, because the name of one of its users cannot be carried.`
	)
	return anySource
}

/** Executables as KubeArmor can name them; null when one of them has no such name. */
export function literalSources(sources: readonly string[]): string[] | null {
	const literal = sources.map((source) => (source.includes('<') ? null : literalPath(source)))
	const named = literal.filter((source) => source !== null && pathProblem(source) === null)
	return named.length === sources.length ? named.filter((source) => source !== null) : null
}

/** A rule for any source makes those for single sources that allow no more superfluous. */
function dropCovered(plan: FilePlan): void {
	for (const bySource of plan.paths.values()) {
		const anybody = bySource.get('')
		if (anybody === undefined) continue
		for (const [source, write] of bySource) {
			if (source !== '' && (anybody || !write)) bySource.delete(source)
		}
	}
	for (const directory of plan.directories.values()) {
		if (directory.sources.has('')) directory.sources = new Set([''])
	}
}

/**
 * Makes the plan smaller by letting any program use a path that several use: the paths with the
 * most sources first, credentials never. Returns the paths that were opened so.
 */
export function dropSources(plan: FilePlan, isTooBig: () => boolean): string[] {
	const candidates = [...plan.paths]
		.filter(([path, bySource]) => bySource.size > 1 && !SENSITIVE.test(path))
		.sort(([a, x], [b, y]) => y.size - x.size || compareText(a, b))
	const opened: string[] = []
	for (const [path, bySource] of candidates) {
		if (!isTooBig()) break
		plan.paths.set(path, new Map([['', [...bySource.values()].some((write) => write)]]))
		opened.push(path)
	}
	return opened
}

const SENSITIVE = /secret|token|credential|shadow|passw|\/\.ssh\/|\/root\/|\.key$|\.pem$|\.sock$/

function noteLimits(plan: FilePlan, rules: readonly Rule[]): void {
	const verbs = new Set(rules.flatMap((rule) => rule.access))
	if ([...UNHELD].some((verb) => verbs.has(verb))) {
		note(
			plan,
			'kubearmor.chown',
			'info',
			'KubeArmor has no hook for chown: nothing here holds changes of owner.'
		)
	}
	if (rules.some((rule) => rule.access.some((verb) => READS.has(verb)))) {
		note(
			plan,
			'kubearmor.read-only',
			'info',
			'KubeArmor’s readOnly stops writing; deleting, renaming or changing the mode of a readable file stays possible.'
		)
	}
	const written = [...plan.paths.values()].some((bySource) => [...bySource.values()].some((write) => write))
	if (written) {
		note(
			plan,
			'kubearmor.write-reads',
			'info',
			'A file that may be written may be read too: KubeArmor has no other form.'
		)
	}
}

function refuse(plan: FilePlan, code: string, text: string): void {
	note(plan, code, 'refusal', text)
}

function note(plan: FilePlan, code: string, severity: Note['severity'], text: string): void {
	if (!plan.notes.some((known) => known.text === text)) plan.notes.push({ code, severity, text })
}
