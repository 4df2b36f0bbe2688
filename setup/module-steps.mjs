/** The npm packages, and the one among them that is compiled. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, digest, machineKey, readIfThere, replaceFile } from './files.mjs'
import { headerSettings, npmEnvironment } from './node-gyp.mjs'

export function modulesStep(root) {
	return {
		name: 'modules',
		why: 'the libraries that package-lock.json names, in exactly those versions',
		needs: [],
		state() {
			if (modulesMatchLock(root)) return { current: true }
			return { current: false, plan: 'npm ci (about 190 packages into node_modules/)' }
		},
		async run(shell) {
			// Install scripts run in the next step, where a compiled result can come from the cache.
			await shell.run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
				cwd: root,
				env: npmEnvironment()
			})
		}
	}
}

/**
 * npm writes node_modules/.package-lock.json when an install is complete; comparing it with
 * the lock is truer than a stamp of our own, because it also sees what people did by hand.
 */
function modulesMatchLock(root) {
	const installedPath = join(root, 'node_modules', '.package-lock.json')
	if (!existsSync(installedPath)) return false
	const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
	const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages
	return Object.entries(wanted).every(
		([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version
	)
}

export function sqliteStep(root) {
	const folder = join(root, 'node_modules', 'better-sqlite3')
	const built = join(folder, 'build', 'Release', 'better_sqlite3.node')
	const stamp = join(folder, 'build', 'whittle-stamp')
	const key = () => {
		const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
		const entry = lock.packages['node_modules/better-sqlite3']
		return digest(['better-sqlite3', entry.version, entry.integrity ?? '', machineKey()])
	}
	return {
		name: 'sqlite',
		why: 'the store is SQLite, and its binding is compiled for this Node',
		needs: ['packages', 'modules'],
		state() {
			if (existsSync(built) && (readIfThere(stamp) === key() || loads(root, 'better-sqlite3')))
				return { current: true }
			return { current: false, plan: 'fetch or compile better-sqlite3 (1 to 2 minutes when it compiles)' }
		},
		async run(shell) {
			const cached = join(cacheFolder(), `${key()}.better_sqlite3.node`)
			if (existsSync(cached)) {
				replaceFile(cached, built)
				if (loads(root, 'better-sqlite3')) return writeFileSync(stamp, key())
				rmSync(built)
			}
			// Its own install script: a prebuilt binary when that can be fetched, else node-gyp.
			await shell.run('npm', ['run', 'install'], {
				cwd: folder,
				env: { ...npmEnvironment(), ...headerSettings() }
			})
			if (!loads(root, 'better-sqlite3')) throw new Error('better-sqlite3 was built but does not load')
			writeFileSync(stamp, key())
			replaceFile(built, cached)
		}
	}
}

function loads(root, module) {
	const code = `new (require(${JSON.stringify(module)}))(':memory:').close()`
	return spawnSync(process.execPath, ['-e', code], { cwd: root, stdio: 'ignore' }).status === 0
}
