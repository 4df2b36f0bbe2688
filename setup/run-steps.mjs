/** Runs steps in the order of their needs, two at a time, and tells what happens. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

const CONCURRENT = 2
const HEARTBEAT_MS = 15_000
const TAIL_LINES = 40

/**
 * Says "this machine cannot have it": the step is passed over with one sentence, and what
 * does not need it goes on.
 */
export class Missing extends Error {}

/**
 * A step: `name`; `why` in plain words; `needs`, the names of steps that must be done before;
 * `state()` → `{ current: true }`, `{ current: false, plan }`; `run(shell)`, which
 * throws `Missing` where this machine cannot have it.
 * `state` is asked again when the needs are done, because they may change the answer.
 *
 * @returns the number of steps that failed or were not run because another failed
 */
export async function runSteps(steps, { print, say }) {
	if (print) return printPlan(steps, say)
	const plans = steps.flatMap((step) => planLine(step) ?? [])
	if (plans.length > 0) {
		say('setup: this is what is missing here and will be made or installed:')
		for (const line of plans) say(`  ${line}`)
	}
	const results = new Map()
	const running = new Map()
	while (results.size < steps.length) {
		for (const step of steps) {
			if (results.has(step.name) || running.has(step.name) || running.size >= CONCURRENT) continue
			const blocked = step.needs.filter((need) => results.get(need) === 'failed')
			if (blocked.length > 0) {
				say(`✗ ${step.name}: not run, because ${blocked.join(', ')} failed`)
				results.set(step.name, 'failed')
			} else if (step.needs.every((need) => results.has(need))) {
				running.set(step.name, runStep(step, say))
			}
		}
		if (running.size === 0) continue
		const [name, result] = await Promise.race(running.values())
		running.delete(name)
		results.set(name, result)
	}
	const failed = [...results].filter(([, result]) => result === 'failed').map(([name]) => name)
	if (failed.length > 0) say(`setup: failed: ${failed.join(', ')}`)
	else if (plans.length > 0) say('setup: done')
	return failed.length
}

function printPlan(steps, say) {
	say('setup would, in this order (nothing is done with --print):')
	for (const step of steps) say(`  ${planLine(step) ?? `${step.name}: nothing to do, it is current`}`)
	return 0
}

/** What a step would do as one line; undefined when there is nothing to do. */
function planLine(step) {
	const state = step.state()
	return state.current ? undefined : `${step.name}: ${state.plan}. Why: ${step.why}`
}

async function runStep(step, say) {
	const startedMs = Date.now()
	const shell = new Shell()
	const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(1)
	const heartbeat = setInterval(
		() => say(`… ${step.name}: still at it after ${seconds()} s: ${shell.lastLine}`),
		HEARTBEAT_MS
	)
	try {
		if (step.state().current) return [step.name, 'current']
		say(`→ ${step.name}`)
		await step.run(shell)
		say(`✓ ${step.name} (${seconds()} s)`)
		return [step.name, 'done']
	} catch (error) {
		for (const path of shell.halfBuilt) rmSync(path, { recursive: true, force: true })
		if (error instanceof Missing) {
			say(`– ${step.name}: ${error.message}`)
			return [step.name, 'missing']
		}
		say(`✗ ${step.name} failed after ${seconds()} s: ${error.message}`)
		for (const line of shell.tail) say(`    ${line}`)
		return [step.name, 'failed']
	} finally {
		clearInterval(heartbeat)
	}
}

/** Runs commands, keeps the last lines that they said, and shows nothing unless something fails. */
class Shell {
	tail = []
	halfBuilt = []
	lastLine = 'starting'

	/** What must not stay when the step fails, or when this machine cannot have it. */
	removeIfFailed(path) {
		this.halfBuilt.push(path)
	}

	/** Runs a command; rejects when it ends with anything but 0. */
	run(command, args, options = {}) {
		this.lastLine = [command, ...args].join(' ').slice(0, 120)
		this.tail = [`$ ${[command, ...args].join(' ')}`]
		return new Promise((resolve, reject) => {
			const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
			child.stdout.on('data', (bytes) => this.#keep(bytes))
			child.stderr.on('data', (bytes) => this.#keep(bytes))
			child.on('error', reject)
			child.on('close', (code, signal) => {
				if (code === 0) resolve()
				else reject(new Error(`${command} ended with ${signal ?? `code ${code}`}`))
			})
		})
	}

	#keep(bytes) {
		const lines = bytes
			.toString()
			.split(/[\r\n]+/)
			.filter((line) => line.trim() !== '')
		if (lines.length === 0) return
		this.tail = [...this.tail, ...lines].slice(-TAIL_LINES)
		this.lastLine = lines[lines.length - 1].slice(0, 120)
	}
}
