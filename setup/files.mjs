/** Files, hashes and looking for tools: what the steps of set-up share. */
import { createHash } from 'node:crypto'
import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	statSync,
	writeFileSync
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { Missing } from './run-steps.mjs'

/** Throws `Missing` with one sentence unless the commands and C headers are there. */
export function requireTools(what, commands, headers, packages) {
	const folders = [
		'/usr/include',
		'/usr/local/include',
		'/usr/include/x86_64-linux-gnu',
		'/usr/include/aarch64-linux-gnu'
	]
	const missing = [
		...commands.filter((command) => !hasCommand(command)),
		...headers.filter((header) => !folders.some((folder) => existsSync(join(folder, header))))
	]
	if (missing.length === 0) return
	throw new Missing(
		`${what} is left out, because ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing; on Debian, "apt-get install ${packages}" as root brings that, then run "npm run setup" again`
	)
}

export function hasCommand(name) {
	const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
	return folders.some((folder) => folder !== '' && existsSync(join(folder, name)))
}

/** The path of a package's command-line program, from its own package.json. */
export function tool(root, name, command) {
	const folder = join(root, 'node_modules', name)
	const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
	return join(folder, typeof bin === 'string' ? bin : bin[command])
}

/** Compiled addons fit one kind of machine and Node. */
export function machineKey() {
	const libc = process.report?.getReport().header.glibcVersionRuntime ?? 'other'
	return [process.platform, process.arch, process.version, process.versions.modules, libc].join(' ')
}

/** Compiled addons outlive a clone. Only its owner may write there: what lies in it gets loaded. */
export function cacheFolder() {
	const base = process.env.XDG_CACHE_HOME || join(homedir() || tmpdir(), '.cache')
	const folder = join(base, 'whittle')
	mkdirSync(folder, { recursive: true, mode: 0o700 })
	const { uid, mode } = statSync(folder)
	if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
		return mkdtempSync(join(tmpdir(), 'whittle-cache-'))
	}
	return folder
}

/** Puts a copy of `from` at `to`; nobody ever sees half of it. */
export function replaceFile(from, to) {
	mkdirSync(dirname(to), { recursive: true })
	const next = `${to}.next-${process.pid}`
	copyFileSync(from, next)
	chmodSync(next, 0o644)
	renameSync(next, to)
}

export function writeStamp(path, text) {
	mkdirSync(dirname(path), { recursive: true })
	writeFileSync(`${path}.next`, text)
	renameSync(`${path}.next`, path)
}

/** Regular files below a folder whose names match, sorted; a missing folder has none. */
export function filesBelow(folder, pattern, except = []) {
	if (!existsSync(folder)) return []
	return readdirSync(folder, { withFileTypes: true })
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.flatMap((entry) => {
			const path = join(folder, entry.name)
			if (entry.isDirectory()) return except.includes(entry.name) ? [] : filesBelow(path, pattern, except)
			return entry.isFile() && pattern.test(entry.name) ? [path] : []
		})
}

/** Path below `root` and content of each file, so that a rename counts as a change and a clone elsewhere does not. */
export function contents(root, paths) {
	return paths
		.filter((path) => existsSync(path))
		.flatMap((path) => [relative(root, path), readFileSync(path)])
}

export function digest(parts) {
	const hash = createHash('sha256')
	for (const part of parts) hash.update(`${part.length}:`).update(part)
	return hash.digest('hex')
}

export function readIfThere(path) {
	return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
