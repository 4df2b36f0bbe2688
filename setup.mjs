#!/usr/bin/env node
/**
 * Sets Whittle up: everything between `git clone` and a running program. Plain Node, no
 * dependencies, because it runs before node_modules exists. `npm start` and `npm test` call it.
 *
 *   node setup.mjs [--print] [--for start|test|vm]
 *
 * Each step knows by content whether its output is current, so a second run takes a second.
 * A step that fails shows the end of what its command said, and setup exits 1. The two steps
 * that some machines cannot have (bpf, native) say in one sentence what is missing and go on:
 * everything but the kernel source works without them.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSteps } from './setup/run-steps.mjs'
import { steps } from './setup/steps.mjs'

const root = dirname(fileURLToPath(import.meta.url))
const options = readOptions(process.argv.slice(2))
// Both `npm start` and `npm test` may run at once; two builds into one dist/ would race.
const release = options.print ? () => {} : await takeLock(join(root, 'dist', '.setup.lock'))
let failedCount = 1
try {
	failedCount = await runSteps(steps(root, options.purpose), { print: options.print, say })
} finally {
	release()
}
process.exitCode = failedCount === 0 ? 0 : 1

function readOptions(args) {
	const found = { print: false, purpose: 'start' }
	for (let i = 0; i < args.length; i++) {
		if (args[i] === '--print') found.print = true
		else if (args[i] === '--for' && ['start', 'test', 'vm'].includes(args[i + 1])) found.purpose = args[++i]
		else {
			say(`setup: I do not know "${args[i]}". Usage: node setup.mjs [--print] [--for start|test|vm]`)
			process.exit(2)
		}
	}
	return found
}

/** Waits for another setup in this folder; a lock whose process is gone is taken over. */
async function takeLock(path) {
	mkdirSync(dirname(path), { recursive: true })
	let told = false
	for (;;) {
		try {
			writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
			return () => rmSync(path, { force: true })
		} catch (error) {
			if (error.code !== 'EEXIST') throw error
		}
		const holder = lockHolder(path)
		if (holder === 'unwritten' || (holder > 0 && isAlive(holder))) {
			if (!told && holder !== 'unwritten') {
				say(`setup: waiting for another setup of this folder (process ${holder})`)
				told = true
			}
			await new Promise((resolve) => setTimeout(resolve, 500))
		} else rmSync(path, { force: true })
	}
}

/** Its process; `unwritten` in the moment between making the file and writing to it; 0 when there is none. */
function lockHolder(path) {
	const found = statSync(path, { throwIfNoEntry: false })
	if (found === undefined) return 0
	if (found.size === 0 && Date.now() - found.mtimeMs < 5000) return 'unwritten'
	return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
}

function isAlive(pid) {
	try {
		process.kill(pid, 0)
		return true
	} catch (error) {
		return error.code === 'EPERM'
	}
}

function say(line) {
	process.stderr.write(`${line}\n`)
}
