import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replayFiles } from '../collector/sources/replay/replay-files.js'
import { storePath } from '../collector/database.js'
import { openWriter } from '../collector/writer.js'

/**
 * Replays one file into a new store and prints what it took. Started by replay.ts pinned to
 * one core; the clock runs from the first byte to the last commit, not over the start of Node.
 */
const [file = '', dataDir = '', thread = 'thread'] = process.argv.slice(2)
const writer = await openWriter({ path: storePath(dataDir), thread: thread === 'thread' })
const startMs = performance.now()
const startCpu = process.cpuUsage()
const totals = await replayFiles([file], writer, { nowMs: Date.now() })
const tookMs = performance.now() - startMs
const { user, system } = process.cpuUsage(startCpu)
await writer.close()
const status = readFileSync(join('/proc/self/status'), 'utf8')
const peakKb = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1])
process.stdout.write(
	`${JSON.stringify({ tookMs, cpuMs: (user + system) / 1000, peakKb, lineCount: totals.lineCount, appliedCount: totals.appliedCount })}\n`
)
