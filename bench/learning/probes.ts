import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { z } from 'zod'
import type { Verb } from '../../collector/observation.js'
import { compareText } from '../../discovery/behaviour.js'
import { packageRoot } from '../../native/addon.js'
import { globOf, literalDirectory } from './glob.js'
import { IMAGE_KINDS, type Image, loadImage } from './image.js'
import { RUNTIME_FILES } from './runtime-files.js'

/**
 * Attack probes from every Block rule of a public template library (`blocked-objects.json`, which
 * names its source), none chosen by hand: what somebody else thought worth blocking, tried on each
 * workload's own files. Run as a script, it writes `probes.json`: what each rule becomes on each image.
 *
 * How a rule becomes accesses
 * - A path is itself. A directory is the files in it (all below it when `recursive`). A pattern is the
 *   files that it matches (`*` and `?` stay in a segment, `**` does not); a pattern without a slash is
 *   a file name; `^`, `$` and backslashes around a path are dropped; one that ends in a slash is a directory.
 * - `file`: read and write each file; with `readOnly` the template lets it be read, so only write.
 *   `process`: exec. `capability`: use it.
 * - Symbolic links are followed as the kernel follows them, so /bin/sh is tried as /usr/bin/dash.
 * - The attacker is in the workload's main program; a rule with `fromSource` is tried from each of
 *   these sources that is there (a source that is a directory: from the main program, if it lies below).
 * - `own`: the object is one of the workload's own files, or one that every container has. `created`:
 *   it is not there, but the directory is, so an attacker could put it there and, for `process`, run it.
 * - Anything else cannot exist there: reported with the reason, never counted.
 */
export interface Probe {
	verb: Verb
	object: string
	source: string
	standing: 'own' | 'created'
}

export interface Expansion {
	probes: Probe[]
	/** Why there are none; '' when there are. */
	reason: string
}

const ruleSchema = z.object({
	class: z.enum(['file', 'process', 'capability']),
	form: z.enum(['path', 'dir', 'pattern', 'capability']),
	object: z.string(),
	recursive: z.boolean(),
	readOnly: z.boolean(),
	fromSource: z.array(z.string()),
	template: z.string()
})
export type BlockRule = z.infer<typeof ruleSchema>

/** Every Block rule of the library, in its order. */
export function readBlockRules(): BlockRule[] {
	const text = readFileSync(join(packageRoot(), 'bench/learning/blocked-objects.json'), 'utf8')
	return z.object({ rules: z.array(ruleSchema) }).parse(JSON.parse(text)).rules
}

/** What the rule stands for in a workload of this image whose main program is `main`. */
export function expandRule(rule: BlockRule, image: Image, main: string): Expansion {
	const sources = sourcesOf(rule, image, main)
	if (sources.length === 0) return { probes: [], reason: 'no such source' }
	if (rule.class === 'capability') {
		const object = `CAP_${rule.object.toUpperCase()}`
		return { probes: sources.map((source) => own('capability', object, source)), reason: '' }
	}
	const { files, newFile, reason } = objectsOf(rule, image)
	const verbs: Verb[] = rule.class === 'process' ? ['exec'] : rule.readOnly ? ['write'] : ['read', 'write']
	const probes = sources.flatMap((source) =>
		files.flatMap((object) => verbs.map((verb) => own(verb, object, source)))
	)
	if (newFile !== '') {
		const verb = rule.class === 'process' ? 'exec' : 'create'
		for (const source of sources) probes.push({ verb, object: newFile, source, standing: 'created' })
	}
	return { probes, reason: probes.length > 0 ? '' : reason }
}

function own(verb: Verb, object: string, source: string): Probe {
	return { verb, object, source, standing: 'own' }
}

function sourcesOf(rule: BlockRule, image: Image, main: string): string[] {
	if (rule.fromSource.length === 0) return [main]
	const there = rule.fromSource.flatMap((text) => {
		const source = image.resolve(text)
		if (image.has(source)) return [source]
		return image.hasDirectory(source) && main.startsWith(`${source}/`) ? [main] : []
	})
	return [...new Set(there)].sort(compareText)
}

interface Objects {
	files: string[]
	/** A file that could be put there; '' when none could. */
	newFile: string
	reason: string
}

/** A name that no package has, for what an attacker would put into a directory. */
const DROPPED = 'whittle-probe'

function objectsOf(rule: BlockRule, image: Image): Objects {
	const text = rule.object.replace(/^\^|\$$/g, '').replaceAll('\\', '')
	if (rule.form === 'pattern' && !text.endsWith('/')) {
		const files = matching(globOf(text.includes('/') ? text : `/**/${text}`), image)
		return { files, newFile: '', reason: 'no file matches' }
	}
	if (rule.form === 'path' && !text.endsWith('/')) return pathObjects(text, image)
	const directories =
		rule.form === 'pattern' ? matchingDirectories(text, image) : [image.resolve(text.replace(/\/+$/, ''))]
	const there = directories.filter((directory) => hasDirectory(directory, image))
	const files = there.flatMap((directory) => inDirectory(directory, rule.recursive, image))
	const [first] = there
	return {
		files: [...new Set(files)].sort(compareText),
		newFile: first === undefined || isKernels(first) ? '' : `${first}/${DROPPED}`,
		reason: 'no such directory'
	}
}

function pathObjects(text: string, image: Image): Objects {
	const path = image.resolve(text)
	if (image.has(path) || RUNTIME_FILES.includes(path)) return { files: [path], newFile: '', reason: '' }
	// The library names some directories as paths.
	if (hasDirectory(path, image)) {
		return { files: inDirectory(path, false, image), newFile: `${path}/${DROPPED}`, reason: '' }
	}
	const parent = path.slice(0, path.lastIndexOf('/'))
	const creatable = parent !== '' && !isKernels(parent) && hasDirectory(parent, image)
	return { files: [], newFile: creatable ? path : '', reason: 'no such directory' }
}

/** Nobody makes files there. */
function isKernels(directory: string): boolean {
	return /^\/(proc|sys)(\/|$)/.test(directory)
}

function hasDirectory(directory: string, image: Image): boolean {
	return image.hasDirectory(directory) || RUNTIME_FILES.some((path) => path.startsWith(`${directory}/`))
}

function inDirectory(directory: string, recursive: boolean, image: Image): string[] {
	const kernels = RUNTIME_FILES.filter((path) => path.startsWith(`${directory}/`))
	const files = [...image.below(directory), ...kernels]
	return recursive ? files : files.filter((path) => path.lastIndexOf('/') === directory.length)
}

function matching(glob: RegExp, image: Image): string[] {
	return [...image.files, ...RUNTIME_FILES].filter((path) => glob.test(path)).sort(compareText)
}

function matchingDirectories(pattern: string, image: Image): string[] {
	const glob = globOf(pattern.replace(/\/+$/, ''))
	const found = new Set<string>()
	for (const path of [...image.files, ...RUNTIME_FILES]) {
		if (!path.startsWith(literalDirectory(pattern))) continue
		for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
			if (glob.test(path.slice(0, end))) found.add(path.slice(0, end))
		}
	}
	return [...found].sort(compareText)
}

/** The main program of each kind of image. */
export const MAIN_PROGRAMS = {
	php: '/usr/sbin/php-fpm8.2',
	postgres: '/usr/lib/postgresql/15/bin/postgres',
	python: '/usr/bin/python3.11',
	nginx: '/usr/sbin/nginx',
	node: '/usr/bin/node',
	java: '/usr/lib/jvm/java-17-openjdk-amd64/bin/java'
} as const

/** One line per rule: what it is, and per image how many probes, or why none. */
function writeList(): void {
	const images = IMAGE_KINDS.map((kind) => loadImage(kind))
	const lines = readBlockRules().map((rule) => {
		const on = images.map((image) => {
			const { probes, reason } = expandRule(rule, image, MAIN_PROGRAMS[image.kind])
			if (probes.length === 0) return [image.kind, reason]
			const first = probes[0]
			const created = probes.filter((probe) => probe.standing === 'created').length
			return [image.kind, { own: probes.length - created, created, first: `${first?.verb} ${first?.object}` }]
		})
		return JSON.stringify({ ...rule, on: Object.fromEntries(on) })
	})
	writeFileSync(new URL('./probes.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`)
}

if (
	isMainThread &&
	process.argv[1] !== undefined &&
	realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
) {
	writeList()
}
