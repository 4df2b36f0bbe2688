import type { BadInput } from '../../observation.js'
import type { Writer } from '../../store.js'
import { type ReplayedBatch, ReplaySource } from './replay.js'

/** What a replay did, for people. */
export interface ReplayTotals {
	fileCount: number
	lineCount: number
	/** Lines whose evidence was stored now. */
	appliedCount: number
	/** Lines whose evidence an earlier replay of the same file had stored. */
	duplicateCount: number
	/** Lines that are understood and say nothing of use: replies, close(), blank lines. */
	skippedCount: number
	/** Lines that could not be used. */
	refusedCount: number
	/** Everything that is reported with file and line, by reason; some of it is used all the same. */
	reportedByReason: Record<string, number>
	/** The first reports. */
	sample: BadInput[]
}

export interface ReplayFilesOptions {
	nowMs: number
	stdin?: NodeJS.ReadableStream
	/** Called after each batch is stored. */
	onProgress?: (progress: { file: string; lineCount: number }) => void
}

const SAMPLE_MAX = 20

/** Reads the files into the store. Rejects with an InputError or a StoreError; what was stored by then stays. */
export async function replayFiles(
	files: string[],
	writer: Writer,
	{ nowMs, stdin, onProgress }: ReplayFilesOptions
): Promise<ReplayTotals> {
	const totals = emptyTotals(files.length)
	const reasons = new Map<string, number>()

	async function store({ batch, tally, file }: ReplayedBatch): Promise<void> {
		const { duplicate } = await writer.applyBatch(batch)
		totals.lineCount += tally.lineCount
		totals.skippedCount += tally.skippedCount
		totals.refusedCount += tally.refusedCount
		if (duplicate) totals.duplicateCount += tally.usedCount
		else totals.appliedCount += tally.usedCount
		for (const [reason, count] of tally.reportedByReason)
			reasons.set(reason, (reasons.get(reason) ?? 0) + count)
		for (const bad of batch.bad) if (totals.sample.length < SAMPLE_MAX) totals.sample.push(bad)
		onProgress?.({ file, lineCount: totals.lineCount })
	}

	// One batch is stored (in the writer's thread) while the next is read.
	let storing: PromiseSettledResult<void> | Promise<PromiseSettledResult<void>> | undefined
	const source = new ReplaySource({ files, nowMs, ...(stdin === undefined ? {} : { stdin }) })
	for await (const replayed of source.replayed()) {
		check(await storing)
		storing = settled(store(replayed))
	}
	check(await storing)
	totals.reportedByReason = Object.fromEntries([...reasons].sort(([one], [other]) => (one < other ? -1 : 1)))
	return totals
}

/** A rejection that is looked at later must not count as unhandled meanwhile. */
async function settled(work: Promise<void>): Promise<PromiseSettledResult<void>> {
	const [result] = await Promise.allSettled([work])
	return result
}

function check(result: PromiseSettledResult<void> | undefined): void {
	if (result?.status === 'rejected') throw result.reason
}

function emptyTotals(fileCount: number): ReplayTotals {
	return {
		fileCount,
		lineCount: 0,
		appliedCount: 0,
		duplicateCount: 0,
		skippedCount: 0,
		refusedCount: 0,
		reportedByReason: {},
		sample: []
	}
}
