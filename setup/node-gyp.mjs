/** npm's own node-gyp, the headers it compiles against, and the environment of a nested npm. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** npm's own node-gyp: named by npm when it runs us, else found beside npm. */
export function nodeGyp() {
	const named = process.env.npm_config_node_gyp
	if (named && existsSync(named)) return named
	const npmRoot = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim()
	const path = join(npmRoot, 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')
	if (!existsSync(path)) throw new Error(`found no node-gyp at ${path}; it comes with npm`)
	return path
}

/** Node's headers lie beside most installs of Node; node-gyp then downloads nothing. */
function headerFolder() {
	if (process.env.npm_config_nodedir) return process.env.npm_config_nodedir
	const prefix = dirname(dirname(process.execPath))
	return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined
}

export function headerFlags() {
	const folder = headerFolder()
	return folder === undefined ? [] : [`--nodedir=${folder}`]
}

export function headerSettings() {
	const folder = headerFolder()
	return folder === undefined ? {} : { npm_config_nodedir: folder }
}

/** npm hands its own settings down to scripts; a nested npm must not take the outer one's for its own. */
export function npmEnvironment() {
	const env = { ...process.env }
	for (const name of Object.keys(env)) {
		if (/^npm_(lifecycle|package|config_allow_scripts|config_local_prefix|command)/.test(name))
			delete env[name]
	}
	return env
}
