import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { mkdirSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from './fault.js'
import { serviceCommand } from './service-command.js'
import { reach, type ServiceUser } from './service-user.js'

const STAGE = '/run/whittle-service'
/** What runs every verb. */
export const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
/** The folder of the code: of dist/, node_modules/ and the rest. */
export const ROOT = dirname(dirname(dirname(MAIN)))

/** A process of Whittle's without any right. */
export interface DroppedProcess {
	user: ServiceUser
	/** Folders that it must reach besides the code. */
	folders: string[]
	/** The command line after `whittle`. */
	args: string[]
	stdio: StdioOptions
	/** Its environment; without it, that of this process. */
	env?: NodeJS.ProcessEnv
}

/** Starts a verb as a user without rights, where needed in a mount namespace of its own. Needs root. */
export function startDropped({ user, folders, args, stdio, env }: DroppedProcess): ChildProcess {
	const node = realpathSync(process.execPath)
	const way = reach(user, ROOT, [...folders, node])
	mkdirSync(STAGE, { recursive: true, mode: 0o755 })
	const [program = '', ...rest] = serviceCommand(user, way, STAGE, [node, MAIN, ...args])
	return spawn(program, rest, { cwd: '/', stdio, ...(env === undefined ? {} : { env }) })
}

/** How it ended; rejects when it could not be started. */
export function endOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
	return new Promise((resolve, reject) => {
		child.on('error', (error) => {
			const fix = 'setpriv and unshare come with util-linux.'
			reject(new Fault('unreachable', 'service', 'The service could not be started.', fix, error))
		})
		child.on('exit', (code, signal) => resolve({ code, signal }))
	})
}
