/** The disk of the guest: this machine's Node and a few programs, the product as set-up built it, and the tests. */
import { execFileSync } from 'node:child_process'
import {
	chmodSync,
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	realpathSync,
	symlinkSync,
	writeFileSync
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const here = dirname(fileURLToPath(import.meta.url))
const product = dirname(dirname(here))
/** Where the product lies in the guest. */
const home = '/srv/whittle'

/** What the tests in the guest run, looked for in the folders of PATH that Debian has. */
const PROGRAMS = [
	...[
		'cat',
		'chmod',
		'chown',
		'dash',
		'dirname',
		'grep',
		'hostname',
		'id',
		'ip',
		'ln',
		'ls',
		'mkdir',
		'mkfifo'
	],
	...[
		'mount',
		'mv',
		'python3',
		'readlink',
		'rm',
		'rmdir',
		'setpriv',
		'sleep',
		'strace',
		'stty',
		'touch',
		'true'
	],
	...['truncate', 'unshare']
]

const FILES: Record<string, string> = {
	'etc/passwd': [
		'root:x:0:0:root:/root:/bin/sh',
		'whittle:x:999:999::/nonexistent:/usr/sbin/nologin',
		'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'
	].join('\n'),
	'etc/group': 'root:x:0:\nwhittle:x:999:\nnogroup:x:65534:\n',
	'etc/shadow': 'root:*:19000:0:99999:7:::\n',
	'etc/hostname': 'guest\n',
	'etc/hosts': '127.0.0.1 localhost guest\n::1 localhost\n',
	'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n'
}

/** Makes the image in `folder` from what this tree's set-up built, and returns its path. 3 s. */
export function buildImage(folder: string): string {
	const root = join(folder, 'root')
	const image = join(folder, 'root.ext4')
	layOut(root)
	for (const program of PROGRAMS) copyProgram(root, find(program))
	copyProgram(root, process.execPath)
	link(root, '/usr/bin/sh', 'dash')
	if (!existsSync(join(root, '/usr/bin/node'))) link(root, '/usr/bin/node', process.execPath)
	copyPython(root)
	copyProduct(root)
	copyTests(root)
	execFileSync('gcc', ['-static', '-O2', '-Wall', '-o', join(root, 'leave'), join(here, 'guest', 'leave.c')])
	cpSync(join(here, 'guest', 'init'), join(root, 'init'))
	// As a sparse file; the guest writes into a snapshot that QEMU throws away.
	execFileSync(find('mke2fs'), [
		...['-q', '-t', 'ext4', '-d', root, '-O', '^has_journal', '-m', '0'],
		...['-E', 'root_owner=0:0,nodiscard', image, '600m']
	])
	return image
}

function layOut(root: string): void {
	// Merged /usr, as Debian 12 has it: the paths of programs are those of a real host.
	for (const name of ['bin', 'sbin', 'lib', 'lib64']) mkdirSync(join(root, 'usr', name), { recursive: true })
	for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name))
	for (const name of ['dev', 'etc', 'proc', 'root', 'run', 'srv', 'sys', 'tmp', 'var']) {
		mkdirSync(join(root, name))
	}
	for (const [path, text] of Object.entries(FILES)) writeFileSync(join(root, path), text)
	chmodSync(join(root, 'etc', 'shadow'), 0o600)
	// Without it the loader looks for each library in several folders, which a real host does not do.
	cpSync('/etc/ld.so.cache', join(root, 'etc', 'ld.so.cache'))
}

function find(program: string): string {
	const folders = ['/usr/bin', '/usr/sbin', '/bin', '/sbin']
	const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
	if (found === undefined) throw new Error(`the guest needs ${program}, which this machine does not have`)
	return found
}

/** Copies a program, through its links, and the libraries that it loads. */
function copyProgram(root: string, path: string): void {
	const real = realpathSync(path)
	copy(root, real)
	if (path !== real) link(root, path, real)
	for (const library of libraries(real)) {
		const file = realpathSync(library)
		copy(root, file)
		link(root, library, file)
	}
}

function copy(root: string, path: string): void {
	mkdirSync(join(root, dirname(path)), { recursive: true })
	cpSync(path, join(root, path), { dereference: true, recursive: true })
}

/** Makes `path` a link in the guest unless something lies there. */
function link(root: string, path: string, target: string): void {
	const at = join(root, path)
	mkdirSync(dirname(at), { recursive: true })
	if (lstatSync(at, { throwIfNoEntry: false }) === undefined) symlinkSync(target, at)
}

/** ldd's answer holds the loader and the closure of what is loaded; a static program has none. */
function libraries(path: string): string[] {
	const text = execFileSync('ldd', [path], { encoding: 'utf8' })
	return [...text.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap((match) => match[1] ?? [])
}

/** Python's own modules without its tests; those in C need no library beyond Python's own. */
function copyPython(root: string): void {
	const name = readlinkSync('/usr/bin/python3')
	const folder = join('/usr/lib', name)
	cpSync(folder, join(root, folder), {
		recursive: true,
		filter: (path) => !/\/(test|tests|__pycache__|idlelib|ensurepip|lib2to3|pydoc_data)$/.test(path)
	})
}

/** What runs: the launcher, dist/, what the code reads beside it, and the libraries that are no tools. */
function copyProduct(root: string): void {
	const to = join(root, home)
	for (const name of ['package.json', 'bin', 'dist']) {
		cpSync(join(product, name), join(to, name), {
			recursive: true,
			filter: (path) => !/\/dist\/(ui|\.[^/]*)$/.test(path)
		})
	}
	for (const path of dataFiles()) cpSync(join(product, path), join(to, path))
	const modules = realpathSync(join(product, 'node_modules'))
	for (const path of runtimeModules()) {
		const from = join(modules, relative('node_modules', path))
		cpSync(from, join(to, path), {
			recursive: true,
			filter: (file) => lstatSync(file).isDirectory() || /(\.([cm]?js|json|node)|\/[^.]+)$/.test(file)
		})
	}
}

/** Schemas and tables of numbers that lie beside the code. */
function dataFiles(): string[] {
	const folders = ['collector', 'discovery', 'enforcer']
	return folders.flatMap((folder) =>
		readdirSync(join(product, folder), { recursive: true, encoding: 'utf8' })
			.filter((path) => /\.(json|sql)$/.test(path))
			.map((path) => join(folder, path))
	)
}

const lockShape = z.object({
	packages: z.record(
		z.string(),
		z.object({ dev: z.boolean().optional(), devOptional: z.boolean().optional() })
	)
})

/** The folders of the lock file that `npm ci --omit=dev` would install. */
function runtimeModules(): string[] {
	const lock = lockShape.parse(JSON.parse(readFileSync(join(product, 'package-lock.json'), 'utf8')))
	return Object.entries(lock.packages)
		.filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional)
		.map(([path]) => path)
		.filter((path) => existsSync(join(product, path)))
}

/** The tests of the guest, compiled into dist/, so that what they import is the product as it was built. */
function copyTests(root: string): void {
	const out = join(root, '..', 'compiled')
	execFileSync(process.execPath, [
		join(product, 'node_modules', 'typescript', 'bin', 'tsc'),
		...['-p', join(here, 'tsconfig.json'), '--outDir', out]
	])
	const tests = join(root, home, 'dist', 'test')
	cpSync(join(out, 'test'), tests, { recursive: true })
	for (const name of ['operations', 'uring']) {
		const source = join(here, '..', 'kernel', `${name}.c`)
		execFileSync('gcc', ['-static', '-O2', '-pthread', '-o', join(tests, 'kernel', name), source])
	}
	cpSync(join(here, 'guest', 'reporter.mjs'), join(tests, 'vm', 'guest', 'reporter.mjs'))
}
