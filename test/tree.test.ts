import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/**
 * What must be absent from the tree. ARCHITECTURE.md states these as invariants and names
 * the tests here. Every problem is reported with its file, so one run shows them all.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
	cwd: root,
	encoding: 'utf8'
})
	.split('\0')
	.filter((path) => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile())
	.sort()
/** The line of design: a folder imports only from folders to its left, and cli/ from all. */
const LINE = ['native', 'collector', 'discovery', 'enforcer', 'web']
const product = files.filter((path) => /^(native|collector|discovery|enforcer|web|cli)\//.test(path))
const typescript = files.filter((path) => /\.tsx?$/.test(path))
const texts = files.filter((path) => /\.(tsx?|mjs|c|cc|cpp|h|gyp|css|html|md|sql|json|ya?ml|sh)$/.test(path))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('a folder imports only from folders to its left', () => {
	none(
		product.filter(isTypescript).flatMap((path) => {
			const at = LINE.indexOf(folderOf(path))
			return imports(path).flatMap((target) => {
				const other = folderOf(posix.join(posix.dirname(path), target))
				const allowed = at === -1 ? [...LINE, 'cli'] : LINE.slice(0, at + 1)
				return target.startsWith('.') && !allowed.includes(other) ? [`${path} imports ${target}`] : []
			})
		})
	)
})

test('the product imports nothing from tests, benchmarks or set-up', () => {
	none(
		product.filter(isTypescript).flatMap((path) =>
			imports(path)
				.filter((target) => /^(\.\.\/)+(test|bench|setup|fixtures)\//.test(target))
				.map((target) => `${path} imports ${target}`)
		)
	)
})

test('no folder or file for leftovers, and no barrel', () => {
	none(
		files.filter(
			(path) =>
				/(^|\/)(common|shared|utils?|types|helpers?|misc)(\/|\.[a-z]+$)/.test(path) ||
				/(^|\/)index\.[mc]?[tj]sx?$/.test(path)
		)
	)
})

test('one folder opens the database: only collector/ imports better-sqlite3', () => {
	none(importers(product, /^(better-sqlite3|node:sqlite)$/).filter((path) => !path.startsWith('collector/')))
})

test('discovery opens no socket, starts no process and reads no clock', () => {
	const inside = product.filter((path) => path.startsWith('discovery/'))
	none([
		...importers(inside, /^(node:)?(net|http|https|http2|dgram|tls|dns|child_process|worker_threads)$/),
		...matches(inside.filter(isTypescript), /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/, codeOf)
	])
})

test('the sensor depends on nothing but Node and the addon', () => {
	none(
		product
			.filter((path) => path.startsWith('native/') && isTypescript(path))
			.flatMap((path) =>
				imports(path)
					.filter((target) => !target.startsWith('.') && !target.startsWith('node:'))
					.map((target) => `${path} imports ${target}`)
			)
	)
})

test('the sensor opens no network socket', () => {
	none(
		importers(
			product.filter((path) => path.startsWith('native/')),
			/^(node:)?(http|https|http2|dgram|tls|dns)$/
		)
	)
})

test('no eBPF program needs a trampoline', () => {
	const programs = files.filter((path) => path.startsWith('bpf/') && path.endsWith('.bpf.c'))
	none(matches(programs, /SEC\("(fentry|fexit|fmod_ret|lsm)[./]/, read))
})

test('nothing listens or calls out beyond this machine', () => {
	const inside = product.filter(isTypescript)
	none([
		...matches(inside, /['"](0\.0\.0\.0|::|\[::\])['"]/, codeWithTexts).filter((line) =>
			/listen|host\s*:/.test(line)
		),
		...matches(
			product.filter((path) => path.startsWith('web/ui/')),
			/(src|href)=["']https?:\/\//,
			read
		),
		...importers(inside, /^(axios|node-fetch|got|undici)$/)
	])
})

test('no shell: commands are run with argument arrays', () => {
	none(
		matches(
			product.filter(isTypescript),
			/import \{[^}]*\bexec(Sync)?\b[^}]*\} from 'node:child_process'|shell:\s*true/,
			codeWithTexts
		)
	)
})

test('types are never switched off', () => {
	const hidden = [
		'@ts-' + 'ignore',
		'@ts-' + 'expect-error',
		'@ts-' + 'nocheck',
		'eslint-' + 'disable',
		'noExplicit' + 'Any'
	]
	// Only the page may overrule a rule of the linter, there, with a reason, and never one about types.
	const overruled = new RegExp(`biome-${'ignore'}(?!(-all)? lint/(a11y|correctness|suspicious)/\\w+: .{12,})`)
	none([
		...matches(typescript, new RegExp(hidden.join('|')), read),
		...matches(
			typescript.filter((path) => !path.startsWith('web/ui/')),
			new RegExp(`biome-${'ignore'}`),
			read
		),
		...matches(typescript, overruled, read),
		...matches(typescript, /(:|\bas|<|,|\|)\s*any\b|\bany\[\]/, codeOf)
	])
})

test('no text from telemetry becomes code', () => {
	none(
		matches(
			product.filter(isTypescript),
			new RegExp(`${'dangerously'}SetInnerHTML|\\beval\\(|\\bnew Function\\(`),
			codeOf
		)
	)
})

test('no empty catch, and nothing left to do', () => {
	none([
		...matches(typescript, /catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\s*\(\s*\)\s*=>\s*\{\s*\}\s*\)/, codeOf),
		...matches(product, new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`), read)
	])
})

test('no test is skipped, left to do, or run alone', () => {
	const tests = typescript.filter((path) => path.startsWith('test/'))
	none(
		matches(
			tests,
			/\b(test|it|describe|suite)\.(skip|todo|only)\b|\b(skip|todo|only):\s*(true|['"`])/,
			codeWithTexts
		)
	)
})

test('nothing names a path of the machine it was written on', () => {
	const paths = new RegExp(['(^|[^\\w.-])/wo' + 'rk/', '\\.\\./sha' + 'red\\b'].join('|'))
	none(
		matches(
			texts.filter((path) => path !== 'package-lock.json'),
			paths,
			read
		)
	)
})

test('what starts with #! can be executed, and nothing else can', () => {
	none(
		files.flatMap((path) => {
			const executable = (lstatSync(join(root, path)).mode & 0o111) !== 0
			const script = readFileSync(join(root, path)).subarray(0, 2).toString('latin1') === '#!'
			if (executable === script) return []
			return [script ? `${path} starts with #! and is not executable` : `${path} is executable`]
		})
	)
})

test('files are small enough to read from top to bottom', () => {
	/** Longer than 500 lines for a reason: a schema or a table that would not be clearer in parts. */
	const long = new Set(['web/operations/shape.ts'])
	const code = files.filter((path) => /\.(tsx?|mjs|c|cc|cpp|h)$/.test(path) && !long.has(path))
	none(
		code
			.map((path) => [path, read(path).split('\n').length] as const)
			.flatMap(([path, count]) => (count > 540 ? [`${path}: ${count} lines`] : []))
	)
})

test('every invariant of ARCHITECTURE.md names a test of this file', () => {
	const own = new Set([...read('test/tree.test.ts').matchAll(/^test\('([^']+)'/gm)].map((match) => match[1]))
	const named = [...read('ARCHITECTURE.md').matchAll(/`test\/tree\.test\.ts`: \*([^*]+)\*/g)].map(
		(match) => match[1] ?? ''
	)
	assert.ok(named.length >= 5, 'ARCHITECTURE.md names at least five tests of test/tree.test.ts')
	none(named.filter((name) => !own.has(name)))
})

function none(problems: string[]): void {
	assert.deepEqual(problems, [])
}

function isTypescript(path: string): boolean {
	return /\.tsx?$/.test(path)
}

function folderOf(path: string): string {
	return path.split('/')[0] ?? ''
}

/** The module names that a file imports or re-exports, also lazily. */
function imports(path: string): string[] {
	const found = read(path).matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+)['"]([^'"]+)['"]/gm)
	return [...found].flatMap((match) => match[1] ?? [])
}

function importers(paths: string[], module: RegExp): string[] {
	return paths.filter((path) => isTypescript(path) && imports(path).some((target) => module.test(target)))
}

/** `file:line: text` of every line on which the pattern matches in what `view` shows of the file. */
function matches(paths: string[], pattern: RegExp, view: (path: string) => string): string[] {
	const everywhere = new RegExp(pattern.source, `${pattern.flags.replace(/[gm]/g, '')}gm`)
	return paths.flatMap((path) => {
		const text = view(path)
		return [...text.matchAll(everywhere)].map((match) => {
			const line = text.slice(0, match.index).split('\n').length
			return `${path}:${line}: ${read(path).split('\n')[line - 1]?.trim()}`
		})
	})
}

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/.*/g
const TEXTS = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

/** The file without comments; line numbers stay. */
function codeWithTexts(path: string): string {
	return read(path).replace(COMMENTS, (text) => text.replace(/[^\n]/g, ' '))
}

/** The file without comments and without the insides of texts; line numbers stay. */
function codeOf(path: string): string {
	return codeWithTexts(path).replace(TEXTS, (text) => text.replace(/[^\n]/g, ' '))
}
