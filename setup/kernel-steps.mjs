/** What only Linux machines with a compiler have: the eBPF objects and the native addon. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
	cacheFolder,
	contents,
	digest,
	filesBelow,
	machineKey,
	readIfThere,
	replaceFile,
	requireTools,
	writeStamp
} from './files.mjs'
import { headerFlags, nodeGyp, npmEnvironment } from './node-gyp.mjs'
import { Missing } from './run-steps.mjs'

export function bpfStep(root) {
	const folder = join(root, 'bpf')
	const out = join(root, 'dist', 'bpf')
	const sources = () => filesBelow(folder, /\.bpf\.c$/)
	const key = () => digest([...contents(root, filesBelow(folder, /\.[ch]$/)), process.arch])
	const stamp = join(root, 'dist', '.stamps', 'bpf')
	return {
		name: 'bpf',
		why: 'these programs watch what runs, inside the kernel',
		needs: ['packages'],
		state() {
			const objects = sources().map((path) => join(out, objectName(path)))
			if (objects.length === 0) return { current: true }
			if (readIfThere(stamp) === key() && objects.every((path) => existsSync(path))) return { current: true }
			return { current: false, plan: `compile ${objects.length} eBPF programs into dist/bpf/` }
		},
		async run(shell) {
			// What was built from other sources would not fit the rest any more.
			shell.removeIfFailed(out)
			if (process.platform !== 'linux')
				throw new Missing('eBPF is a part of Linux, and this is not Linux; recordings can be replayed')
			requireTools('the kernel source', ['clang'], ['bpf/bpf_helpers.h', 'linux/bpf.h'], 'clang libbpf-dev')
			const arch = { x64: 'x86', arm64: 'arm64' }[process.arch]
			if (arch === undefined)
				throw new Missing(`no eBPF programs for ${process.arch} yet; recordings can be replayed`)
			const multiarch = spawnSync('clang', ['-print-multiarch'], { encoding: 'utf8' }).stdout.trim()
			const include = [multiarch, `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`]
				.map((name) => `/usr/include/${name}`)
				.find((path) => !path.endsWith('/') && existsSync(path))
			mkdirSync(out, { recursive: true })
			for (const source of sources()) {
				const object = join(out, objectName(source))
				await shell.run('clang', [
					...['-target', 'bpf', '-g', '-O2', '-mcpu=v3', '-Wall', '-Werror', `-D__TARGET_ARCH_${arch}`],
					...(include === undefined ? [] : [`-I${include}`]),
					...['-I', folder, '-c', source, '-o', `${object}.next`]
				])
				renameSync(`${object}.next`, object)
			}
			const wanted = new Set(sources().map(objectName))
			for (const name of readdirSync(out))
				if (name.endsWith('.bpf.o') && !wanted.has(name)) rmSync(join(out, name))
			writeStamp(stamp, key())
		}
	}
}

function objectName(source) {
	return `${basename(source, '.c')}.o`
}

export function nativeStep(root) {
	const folder = join(root, 'native')
	const out = join(root, 'dist', 'native', 'whittle.node')
	const stamp = join(root, 'dist', '.stamps', 'native')
	const key = () =>
		digest([
			...contents(root, filesBelow(folder, /\.(cc|cpp|c|h|hpp|gyp)$/, ['build'])),
			...contents(root, filesBelow(join(root, 'bpf'), /\.h$/)),
			readIfThere(join(root, 'node_modules', 'node-addon-api', 'package.json')) ?? '',
			machineKey()
		])
	return {
		name: 'native',
		why: 'the addon through which the sensor loads and drains the eBPF programs',
		needs: ['packages', 'modules'],
		state() {
			if (!existsSync(join(folder, 'binding.gyp'))) return { current: true }
			if (existsSync(out) && readIfThere(stamp) === key()) return { current: true }
			return { current: false, plan: 'compile native/ into dist/native/whittle.node' }
		},
		async run(shell) {
			// What was built from other sources would not fit the rest any more.
			shell.removeIfFailed(out)
			if (process.platform !== 'linux')
				throw new Missing('the sensor needs Linux; recordings can be replayed')
			requireTools(
				'the sensor',
				['g++', 'make', 'python3'],
				['bpf/libbpf.h', 'libelf.h'],
				'g++ make python3 libbpf-dev libelf-dev zlib1g-dev'
			)
			const cached = join(cacheFolder(), `${key()}.whittle.node`)
			if (!existsSync(cached)) {
				const gyp = nodeGyp()
				await shell.run(process.execPath, [gyp, 'rebuild', '--release', ...headerFlags()], {
					cwd: folder,
					env: npmEnvironment()
				})
				const release = join(folder, 'build', 'Release')
				const made = readdirSync(release).filter((name) => name.endsWith('.node'))
				if (made.length !== 1) throw new Error(`expected one .node file in ${release}, found ${made.length}`)
				replaceFile(join(release, made[0]), cached)
			}
			replaceFile(cached, out)
			writeStamp(stamp, key())
		}
	}
}
