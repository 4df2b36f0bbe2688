import type { Verb } from '../../../collector/observation.js'
import { compareText } from '../../behaviour.js'
import { isSensitive } from '../../learn/sensitive.js'
import type { Note, Policy, Rule } from '../../policy.js'
import { closed, type DirectoryRight, type FileLists } from './file-closure.js'
import { exposedBy, formOf } from './file-form.js'
import { pathProblem } from './limits.js'
import { literalPath } from './path.js'

/** The file rules of one container before they are written down; '' as a source is any source. */
export interface FilePlan extends FileLists {
	/** Exact paths denied inside an allowed directory → sources. */
	blocked: Map<string, Set<string>>
	notes: Note[]
}

/**
 * Plans the file whitelist. KubeArmor has one for reads and writes, so with `file-write` alone
 * everything stays readable (`/`, recursive, read-only) and only the writes are listed; with
 * `file-read` alone nothing can be held, because a rule cannot allow writes and not reads.
 * A note of severity `refusal` means that the plan must not be used. No directory becomes writable
 * in which something of `executed` lies.
 */
export function planFiles(
	read: Policy | undefined,
	write: Policy | undefined,
	anySource: string[],
	executed: readonly string[]
): FilePlan {
	const plan: FilePlan = { paths: new Map(), directories: new Map(), blocked: new Map(), notes: [] }
	if (!write) {
		refuse(
			plan,
			'kubearmor.read-alone',
			'KubeArmor has one whitelist for reads and writes: file-read is carried only together with file-write.'
		)
		return plan
	}
	const rules = [...(read?.rules ?? []), ...write.rules]
	const learned = learnedFrom(rules, executed)
	for (const rule of rules) addRule(plan, rule, anySource, learned)
	if (plan.directories.has('/proc/')) guardProc(plan, learned)
	if (!read) {
		addDirectory(plan, '/', { recursive: true, write: false }, anySource)
		note(
			plan,
			'kubearmor.write-alone',
			'info',
			'Everything stays readable: only class file-write is carried here.'
		)
	}
	checkDepths(plan, learned)
	checkNames(plan, rules)
	noteLimits(plan, rules)
	return plan
}

/** Paths that were learned under their own names, by what for. */
interface Learned {
	any: ReadonlySet<string>
	written: ReadonlySet<string>
	executed: readonly string[]
}

function learnedFrom(rules: readonly Rule[], executed: readonly string[]): Learned {
	const allowed = rules.filter((rule) => rule.effect === 'allow')
	return {
		any: new Set(allowed.map((rule) => rule.object)),
		written: new Set(allowed.filter(isWrite).map((rule) => rule.object)),
		executed
	}
}

const READS: ReadonlySet<Verb> = new Set<Verb>(['read', 'list'])
/** Verbs without any hook in KubeArmor: nothing holds them, so nothing has to allow them. */
const UNHELD: ReadonlySet<Verb> = new Set<Verb>(['chown', 'setattr'])

function isWrite(rule: Rule): boolean {
	return rule.access.some((verb) => !READS.has(verb) && !UNHELD.has(verb))
}

function addRule(plan: FilePlan, rule: Rule, anySource: string[], learned: Learned): void {
	// The root directory itself comes out as an empty path, which KubeArmor lets through.
	if (rule.access.every((verb) => UNHELD.has(verb)) || rule.object === '/') return
	if (rule.effect === 'deny') {
		addBlocked(plan, rule, anySource)
		return
	}
	const write = isWrite(rule)
	const sources = carriedSources(plan, rule, anySource)
	const form = formOf(rule.object)
	if (form.kind === 'none') refuse(plan, form.code, form.text)
	else if (form.kind === 'path') addPath(plan, form.path, write, sources)
	else if (form.kind === 'proc') {
		if (write) {
			const text = `Writing ${rule.object} could be allowed only by making all of /proc writable.`
			refuse(plan, 'kubearmor.proc-write', text)
			return
		}
		// The companions that are denied inside must be found before the directory, so both name the same sources.
		addDirectory(plan, '/proc/', { recursive: true, write: false }, anySource)
	} else {
		const exposed = form.isSecretMount && !write ? null : exposure(form, write, learned)
		if (exposed !== null) {
			const text = `${rule.object} has no other form than ${form.directory} as a directory, and that would open ${exposed}.`
			refuse(plan, 'kubearmor.sensitive', text)
			return
		}
		addDirectory(plan, form.directory, { recursive: form.recursive, write }, sources)
		if (form.more !== '') note(plan, 'kubearmor.directory', 'warning', `${rule.object} became ${form.more}.`)
	}
}

function exposure(
	{ directory, recursive }: { directory: string; recursive: boolean },
	write: boolean,
	learned: Learned
): string | null {
	const access = write ? 'write' : 'read'
	const isWithin = (path: string) =>
		path.startsWith(directory) && (recursive || !path.includes('/', directory.length))
	const program = write
		? learned.executed.find((path) => isWithin(path) && !learned.written.has(path))
		: undefined
	if (program !== undefined) return program
	return exposedBy(directory, recursive, access, (path) => (write ? learned.written : learned.any).has(path))
}

function addPath(plan: FilePlan, path: string, write: boolean, sources: readonly string[]): void {
	const bySource = plan.paths.get(path) ?? new Map<string, boolean>()
	plan.paths.set(path, bySource)
	for (const source of sources) bySource.set(source, write || (bySource.get(source) ?? false))
}

function addDirectory(
	plan: FilePlan,
	directory: string,
	right: DirectoryRight,
	sources: readonly string[]
): void {
	const bySource = plan.directories.get(directory) ?? new Map<string, DirectoryRight>()
	plan.directories.set(directory, bySource)
	for (const source of sources) {
		const known = bySource.get(source)
		if (known && known.recursive !== right.recursive && known.write !== right.write) {
			// One key holds one right: reading below and writing here would become writing below.
			const isWider = known.recursive ? known.write : right.write
			if (!isWider) {
				refuse(
					plan,
					'kubearmor.directory',
					`${directory} is read with what is below and written only directly: KubeArmor has one rule for both.`
				)
			}
		}
		bySource.set(source, {
			recursive: right.recursive || (known?.recursive ?? false),
			write: right.write || (known?.write ?? false)
		})
	}
}

/** A denial inside what is allowed: only an exact path is looked up before the directories. */
function addBlocked(plan: FilePlan, rule: Rule, anySource: string[]): void {
	const form = formOf(rule.object)
	if (form.kind !== 'path') {
		refuse(plan, 'kubearmor.deny', `${rule.object} cannot be denied inside what is allowed: only a path can.`)
		return
	}
	const blocked = plan.blocked.get(form.path) ?? new Set<string>()
	plan.blocked.set(form.path, blocked)
	for (const source of carriedSources(plan, rule, anySource)) blocked.add(source)
}

/**
 * Many process ids have no other form on BPF-LSM than `/proc/`, recursive and read-only. What must not
 * be read there is denied exactly, since an exact path is looked up before a directory.
 * `/proc/self` is not among them: it is a link, and the enforcer sees the path behind it.
 */
function guardProc(plan: FilePlan, learned: Learned): void {
	const guards = PROC_BLOCKED.filter(
		(path) => !learned.any.has(path) && !learned.any.has(path.replace('/proc/1/', '/proc/<pid>/'))
	)
	for (const path of guards) {
		const blocked = plan.blocked.get(path) ?? new Set<string>()
		plan.blocked.set(path, blocked)
		for (const source of plan.directories.get('/proc/')?.keys() ?? []) blocked.add(source)
	}
	note(
		plan,
		'kubearmor.proc',
		'warning',
		`BPF-LSM has no form for /proc/<pid> but all of /proc, read-only: the environment and memory of other processes can be read there (${guards.join(', ')} stay denied). A person should agree to that.`
	)
}

const PROC_BLOCKED: readonly string[] = [
	'/proc/1/environ',
	'/proc/1/mem',
	'/proc/kallsyms',
	'/proc/kcore',
	'/proc/sysrq-trigger'
]

/** Directories that had to become wider than they were learned: said, or refused where it would open too much. */
function checkDepths(plan: FilePlan, learned: Learned): void {
	for (const { directory, kind } of closed(plan).conflicts) {
		const exposed = exposure({ directory, recursive: true }, true, learned)
		if (kind === 'both') {
			const text = `${directory} is read with what is below and written only directly: KubeArmor has one rule for both.`
			refuse(plan, 'kubearmor.directory', text)
		} else if (exposed !== null) {
			const text = `Writing in ${directory} would take writing below it, and that would open ${exposed}.`
			refuse(plan, 'kubearmor.sensitive', text)
		} else {
			const text = `Writing in ${directory} became writing below it: inside a directory that may be read KubeArmor looks at no other form.`
			note(plan, 'kubearmor.directory', 'warning', text)
		}
	}
}

/** The directory's own name as a file takes its right from the directory: written, it must not be read-only. */
function checkNames(plan: FilePlan, rules: readonly Rule[]): void {
	for (const { object, access } of rules) {
		const isData = access.includes('write') || access.includes('create')
		const bySource = isData ? plan.directories.get(`${object}/`) : undefined
		if (!bySource || [...bySource.values()].every((right) => right.write)) continue
		const text = `${object} was written as a file and read as a directory: KubeArmor has one rule for both.`
		refuse(plan, 'kubearmor.directory', text)
	}
}

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

/**
 * Makes the plan smaller by letting any program use a path that several use: the paths with the
 * most sources first, credentials never. Returns the paths that were opened so.
 */
export function dropSources(plan: FilePlan, isTooBig: () => boolean): string[] {
	const candidates = [...plan.paths]
		.filter(([path, bySource]) => bySource.size > 1 && !SENSITIVE.test(path) && !isSensitive(path, 'read'))
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
