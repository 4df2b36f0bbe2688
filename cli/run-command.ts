import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { MAIN } from './dropped-process.js'
import { Fault } from './fault.js'
import { type LaunchMessage, launchMessage } from './launch.js'
import { note } from './output.js'

/** What to run under a sensor. */
export interface RunCommand {
	/** Name of the cgroup that is made for it. */
	name: string
	argv: string[]
	repeat: number
	timeoutMs?: number
}

/** What a command gets between SIGTERM and SIGKILL. */
const GRACE_MS = 5000

/**
 * Runs it in a cgroup of its own, as this process's user, so often as it says or until somebody
 * stops it, and says how it ended. Resolves with the cgroup's path; undefined when a run was
 * broken off because the sensor, or what asks it, is gone. The sensor ends such a command.
 *
 * @param socket the launch socket of the sensor
 */
export async function runCommand(
	socket: string,
	{ name, argv, repeat, timeoutMs }: RunCommand
): Promise<string | undefined> {
	let cgroup: string | undefined
	for (let run = 1; run <= repeat; run++) {
		const child = spawn(
			process.execPath,
			[MAIN, 'launch', '--socket', socket, '--name', name, '--tell-fd', '3', '--', ...argv],
			// The command inherits these: standard output is for the policy alone.
			{ stdio: ['inherit', process.stderr, 'inherit', 'pipe'] }
		)
		const which = repeat === 1 ? 'The command' : `Run ${run} of ${repeat}`
		const stop = stopping(child, timeoutMs)
		let hasEnded = false
		for await (const message of messagesOf(child)) {
			if (message.say === 'refused')
				throw new Fault('notAllowed', 'launch', `The command was not run: ${message.sentence}`)
			if (message.say === 'started') cgroup = message.cgroup
			else {
				hasEnded = true
				if (message.signal !== 0) note(`${which} was ended by signal ${message.signal}.`)
				else if (message.code !== 0) note(`${which} ended with code ${message.code}.`)
			}
		}
		stop.forget()
		if (!hasEnded) return undefined
		if (stop.asked()) break
	}
	return cgroup
}

async function* messagesOf(child: ChildProcess): AsyncGenerator<LaunchMessage> {
	const told = child.stdio[3]
	if (!(told instanceof Readable)) throw new Error('the pipe from the launch was not made')
	for await (const line of createInterface({ input: told })) yield launchMessage.parse(JSON.parse(line))
}

/**
 * Ctrl-C and SIGTERM end the command, and what it needed until then is printed. At a terminal
 * Ctrl-C reaches the command by itself, as it is in the foreground like we are.
 */
function stopping(child: ChildProcess, timeoutMs: number | undefined): { asked(): boolean; forget(): void } {
	let asked = false
	const timers: NodeJS.Timeout[] = []
	const end = () => {
		asked = true
		child.kill('SIGTERM')
		timers.push(setTimeout(() => child.kill('SIGQUIT'), GRACE_MS))
	}
	const interrupt = () => {
		asked = true
		if (process.stdin.isTTY !== true) child.kill('SIGINT')
	}
	process.on('SIGINT', interrupt).on('SIGTERM', end)
	if (timeoutMs !== undefined) timers.push(setTimeout(end, timeoutMs))
	return {
		asked: () => asked,
		forget() {
			for (const timer of timers) clearTimeout(timer)
			process.off('SIGINT', interrupt).off('SIGTERM', end)
		}
	}
}
