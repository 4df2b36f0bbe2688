/** The compiled TypeScript and the built page in dist/. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { contents, digest, filesBelow, readIfThere, replaceFile, tool, writeStamp } from './files.mjs'

const CODE_FOLDERS = ['native', 'collector', 'discovery', 'enforcer', 'web', 'cli']

export function codeStep(root) {
	const out = join(root, 'dist')
	const stamp = join(out, '.stamps', 'code')
	const list = join(out, '.stamps', 'code-files')
	const key = () =>
		digest([
			...CODE_FOLDERS.flatMap((folder) =>
				contents(root, filesBelow(join(root, folder), /\.ts$/, ['ui', 'build']))
			),
			...contents(
				root,
				['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name))
			)
		])
	const emitted = () => (readIfThere(list) ?? '').split('\n').filter((line) => line !== '')
	return {
		name: 'code',
		why: 'Node runs the compiled TypeScript in dist/',
		needs: ['modules'],
		state() {
			const files = emitted()
			const whole = files.length > 0 && files.every((path) => existsSync(join(out, path)))
			if (whole && readIfThere(stamp) === key()) return { current: true }
			return { current: false, plan: 'compile the TypeScript into dist/' }
		},
		async run(shell) {
			const before = key()
			const next = join(out, '.next-code')
			shell.removeIfFailed(next)
			rmSync(next, { recursive: true, force: true })
			await shell.run(
				process.execPath,
				[tool(root, 'typescript', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', next],
				{ cwd: root }
			)
			const made = filesBelow(next, /\.js$/).map((path) => path.slice(next.length + 1))
			if (made.length === 0) throw new Error('the compiler wrote no file')
			for (const path of made) replaceFile(join(next, path), join(out, path))
			const keep = new Set(made)
			for (const path of emitted()) if (!keep.has(path)) rmSync(join(out, path), { force: true })
			rmSync(next, { recursive: true })
			writeStamp(list, made.join('\n'))
			writeStamp(stamp, before)
		}
	}
}

/** What the built page depends on: everything in its folder, the types that it shares with the API, and its libraries. */
export function pageKey(root) {
	return digest([
		...contents(root, filesBelow(join(root, 'web', 'ui'), /./, ['dist', 'node_modules'])),
		...contents(root, filesBelow(join(root, 'web'), /\.ts$/, ['ui', 'node_modules'])),
		...contents(root, [join(root, 'package-lock.json')])
	])
}

export function pageStep(root) {
	const folder = join(root, 'web', 'ui')
	const out = join(root, 'dist', 'ui')
	const stamp = join(root, 'dist', '.stamps', 'page')
	const config = () =>
		['ts', 'mts', 'js', 'mjs']
			.map((end) => join(folder, `vite.config.${end}`))
			.find((path) => existsSync(path))
	const key = () => pageKey(root)
	return {
		name: 'page',
		why: 'the page that the service shows',
		needs: ['modules'],
		state() {
			if (config() === undefined) return { current: true }
			if (existsSync(join(out, 'index.html')) && readIfThere(stamp) === key()) return { current: true }
			return { current: false, plan: 'build the page into dist/ui/' }
		},
		async run(shell) {
			const before = key()
			const next = join(root, 'dist', '.next-ui')
			shell.removeIfFailed(next)
			rmSync(next, { recursive: true, force: true })
			await shell.run(
				process.execPath,
				[
					tool(root, 'vite', 'vite'),
					'build',
					folder,
					'--config',
					config(),
					'--outDir',
					next,
					'--emptyOutDir'
				],
				{ cwd: root }
			)
			if (!existsSync(join(next, 'index.html'))) throw new Error('vite wrote no index.html')
			const old = join(root, 'dist', '.old-ui')
			rmSync(old, { recursive: true, force: true })
			if (existsSync(out)) renameSync(out, old)
			renameSync(next, out)
			rmSync(old, { recursive: true, force: true })
			writeStamp(stamp, before)
		}
	}
}
