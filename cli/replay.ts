import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Discovered } from '../discovery/discover.js'
import type { ReplayTotals } from '../collector/sources/replay/replay-files.js'
import { dataFolder } from './context.js'
import { Fault } from './fault.js'
import { addOutputOption, type Format, note, print, safeJson, safeText } from './output.js'

const PROGRESS_INTERVAL_MS = 500

export function define(command: Command): void {
	command
		.argument(
			'<file...>',
			'JSON lines of KubeArmor, Hubble, an inventory or Whittle; plain or gzip; - is standard input'
		)
		.action((files: string[], options: { output: Format }) => {
			const { data } = command.optsWithGlobals<{ data?: string }>()
			return replay(resolve(dataFolder(data)), files, options.output === 'json')
		})
	addOutputOption(command, ['table', 'json'])
}

/** Reads the files into the store and brings the policies up to date. */
async function replay(data: string, files: string[], asJson: boolean): Promise<void> {
	const { acquireOwner, readOwner } = await import('../collector/owner.js')
	const { storePath } = await import('../collector/database.js')
	const { openReader } = await import('../collector/reader.js')
	const { openWriter } = await import('../collector/writer.js')
	const { replayFiles } = await import('../collector/sources/replay/replay-files.js')
	const { discover } = await import('../discovery/discover.js')
	const live = readOwner(data)
	if (live !== null && live.socket !== '') {
		throw new Fault(
			'conflict',
			'owned',
			`A Whittle (process ${live.pid}) is working on ${data}.`,
			'Stop it first, or replay into another folder with --data.'
		)
	}
	const ownership = acquireOwner(data, '')
	try {
		const path = storePath(data)
		// On one core a thread of its own only costs: what crosses to it has to be packed.
		const writer = await openWriter({ path, thread: availableParallelism() > 1 })
		try {
			const totals = await replayFiles(files, writer, { nowMs: Date.now(), onProgress: progress() })
			const reader = openReader(path)
			try {
				report(totals, await discover(reader, writer, Date.now()), asJson)
			} finally {
				reader.close()
			}
		} finally {
			await writer.close()
		}
	} finally {
		ownership.release()
	}
}

/** At a terminal, one line that is written over; elsewhere nothing. */
function progress(): (progress: { file: string; lineCount: number }) => void {
	let shownMs = 0
	return ({ file, lineCount }) => {
		const nowMs = Date.now()
		if (process.stderr.isTTY !== true || nowMs - shownMs < PROGRESS_INTERVAL_MS) return
		shownMs = nowMs
		process.stderr.write(`\r${lineCount} lines, in ${safeText(file)}\u001b[K\r`)
	}
}

function report(totals: ReplayTotals, discovered: Discovered, asJson: boolean): void {
	for (const { file, line, reason } of totals.sample) note(`${file}:${line}: ${reason}`)
	const reportedCount = Object.values(totals.reportedByReason).reduce((sum, count) => sum + count, 0)
	if (reportedCount > totals.sample.length) {
		note(`${reportedCount - totals.sample.length} more of these:`)
		for (const [reason, count] of Object.entries(totals.reportedByReason)) note(`  ${count} × ${reason}`)
	}
	if (asJson) {
		print(`${safeJson({ ...totals, discovered }, 2)}\n`)
		return
	}
	print(
		[
			`${totals.lineCount} lines of ${totals.fileCount} files: ${totals.appliedCount} stored, `,
			`${totals.duplicateCount} stored before, ${totals.skippedCount} of no use, ${totals.refusedCount} refused\n`,
			`${discovered.revisionCount} new policy revisions\n`
		].join('')
	)
}
