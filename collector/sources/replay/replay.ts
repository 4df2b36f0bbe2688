import { access, constants } from 'node:fs/promises'
import type { Batch, Source } from '../../observation.js'
import { timeWindow } from './decoded.js'
import { FileReader, type Tally } from './file-reader.js'
import { InputError, openInput } from './input.js'

/** A batch and how many lines went into it. */
export interface ReplayedBatch {
	batch: Batch
	file: string
	tally: Tally
}

export interface ReplayOptions {
	/** Paths; `-` is standard input. Plain or gzip, told apart by content. */
	files: string[]
	/** Now, in ms: times more than 48 h ahead of it are refused. */
	nowMs: number
	stdin?: NodeJS.ReadableStream
}

/**
 * Reads recorded JSON lines: KubeArmor logs and alerts, Hubble flows, Whittle's own. Each
 * file is a producer named by its content, cut into batches at places that depend on nothing
 * but that content, so a second replay is a no-op and a replay that was killed resumes.
 */
export class ReplaySource implements Source {
	readonly name = 'replay'
	#options: ReplayOptions
	#stopped = false

	constructor(options: ReplayOptions) {
		this.#options = options
	}

	async *batches(): AsyncGenerator<Batch> {
		for await (const { batch } of this.replayed()) yield batch
	}

	/** Ends `batches` after the one being read. */
	async stop(): Promise<void> {
		this.#stopped = true
	}

	/** The batches with their counts. Throws an InputError before the first one when a file cannot be read. */
	async *replayed(): AsyncGenerator<ReplayedBatch> {
		const { files, nowMs, stdin } = this.#options
		for (const file of files) await checkReadable(file)
		for (const file of files) {
			if (this.#stopped) return
			yield* this.#replayFile(file, nowMs, stdin)
		}
	}

	async *#replayFile(
		file: string,
		nowMs: number,
		stdin: NodeJS.ReadableStream | undefined
	): AsyncGenerator<ReplayedBatch> {
		const input = await openInput(file, stdin)
		const chunks = input.chunks()
		try {
			const reader = new FileReader({ file: input.name, sha256: input.sha256, window: timeWindow(nowMs) })
			for (let next = await chunks.next(); ; next = await chunks.next()) {
				if (next.done === true) reader.end(next.value)
				else reader.write(next.value)
				for (const { batch, tally } of reader.takeBatches()) {
					yield { batch, tally, file: input.name }
					if (this.#stopped) return
				}
				if (next.done === true) return
			}
		} finally {
			await chunks.return(undefined)
			await input.close()
		}
	}
}

async function checkReadable(file: string): Promise<void> {
	if (file === '-') return
	try {
		await access(file, constants.R_OK)
	} catch (error) {
		throw new InputError('missing', `${file} cannot be read: check its name and its permissions.`, error)
	}
}
