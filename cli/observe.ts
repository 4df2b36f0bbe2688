import { readdirSync, rmSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { storePath } from '../collector/database.js'
import { openReader } from '../collector/reader.js'
import { kernelSource } from '../collector/sources/kernel/source.js'
import { openWriter } from '../collector/writer.js'
import { discover } from '../discovery/discover.js'
import { connectSensor, type SensorConnection } from '../native/connection.js'
import { dataFolder } from './context.js'
import { Fault } from './fault.js'
import { feed } from './feed.js'
import { listHostFiles } from './host-files.js'
import { printPolicy } from './print-policy.js'

interface Options {
	language: string
	sensorFd: string
	tellFd: string
}

/** What `whittle learn` says on standard input when the command has ended: print the policy of its cgroup. */
const question = z.object({ cgroup: z.string() })
export type Question = z.output<typeof question>

/** More than the sensor takes from one drain to the next. */
const DRAIN_PATIENCE_MS = 15_000

/**
 * `whittle learn` starts this verb, without any right; nobody types it. It decodes and stores what
 * the sensor counts, and prints the policy: nothing that a command did is read by a process that
 * could do anything with it.
 */
export function define(command: Command): void {
	command
		.requiredOption('--language <name>', 'the language of the policy')
		.requiredOption('--sensor-fd <number>', 'descriptor of the connection to the sensor')
		.requiredOption('--tell-fd <number>', 'descriptor on which to tell that it watches')
		.action(async (options: Options) => {
			const { data } = command.optsWithGlobals<{ data?: string }>()
			const folder = resolve(dataFolder(data))
			// However it ends, also when nobody reads what it prints: what lies in it is this user's.
			process.on('exit', () => {
				for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
			})
			await observe(folder, options)
		})
}

async function observe(folder: string, { language, sensorFd, tellFd }: Options): Promise<void> {
	// They are for the command, and what it needed until then is printed; the end of our input ends us.
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
	const connection = await connectTo(Number(sensorFd))
	const path = storePath(folder)
	const writer = await openWriter({ path, thread: true })
	try {
		const source = kernelSource(connection, null)
		const feeding = feed(source, writer)
		writeSync(Number(tellFd), 'ready\n')
		const listing = listHostFiles(writer, connection.hello.node)
		const asked = await Promise.race([questionFrom(process.stdin), brokenBy(feeding)])
		if (asked !== null) await drainedAfter(connection, Date.now())
		await source.stop()
		await feeding
		// The sensor takes seconds to let go of the kernel, and may do so while the policy is made.
		connection.close()
		if (asked === null) return
		await listing
		const reader = openReader(path)
		await discover(reader, writer, Date.now(), { vouched: true })
		reader.close()
		await printPolicy(folder, asked.cgroup, language)
	} finally {
		connection.close()
		await writer.close()
		// An input that is listened to keeps a process alive.
		process.stdin.destroy()
	}
}

async function connectTo(fd: number): Promise<SensorConnection> {
	try {
		return await connectSensor(new Socket({ fd, readable: true, writable: true }))
	} catch (error) {
		throw new Fault('notAllowed', 'sensor', 'The sensor ended; it said why above.', '', error)
	}
}

/** Null when `whittle learn` is gone, or has nothing to ask. */
async function questionFrom(input: NodeJS.ReadableStream): Promise<Question | null> {
	const chunks: Buffer[] = []
	for await (const chunk of input) chunks.push(Buffer.from(chunk))
	const text = Buffer.concat(chunks).toString('utf8')
	return text === '' ? null : question.parse(JSON.parse(text))
}

/** Never resolves: a source that ends while the command runs has seen only some of it. */
async function brokenBy(feeding: Promise<unknown>): Promise<never> {
	await feeding
	throw new Fault('unreachable', 'sensor', 'The sensor ended while the command ran.')
}

/** Waits for a drain of everything until `atMs`; without it, some of what the command did would be missing. */
function drainedAfter(connection: SensorConnection, atMs: number): Promise<void> {
	return new Promise((done, fail) => {
		const broken = (what: string) => fail(new Fault('unreachable', 'sensor', what))
		const late = setTimeout(
			() => broken(`The sensor told nothing for ${DRAIN_PATIENCE_MS / 1000} s.`),
			DRAIN_PATIENCE_MS
		)
		connection.onDrain((drain) => {
			if (drain.wallMs <= atMs) return
			clearTimeout(late)
			done()
		})
		connection.onClose(() => {
			clearTimeout(late)
			broken('The sensor ended before it had told everything.')
		})
	})
}
