import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openReader } from '../collector/reader.js'
import { simulate } from '../discovery/backtest.js'
import { policiesFor } from './backtest-history.js'

/**
 * One backtest in a process that has done nothing before, and what it took: from opening the store to the
 * finished answer, without the start of Node. Started by backtest.ts pinned to one core.
 */
const [path = '', workloadCount = '0'] = process.argv.slice(2)
const given = policiesFor({ workloadCount: Number(workloadCount), behaviourCount: 0, dayCount: 0 })
const startMs = performance.now()
const startCpu = process.cpuUsage()
const reader = openReader(path)
const result = simulate(reader, {
	given,
	known: [],
	sinceMs: 0,
	nowMs: Date.UTC(2026, 0, 1),
	posture: 'block',
	isLearned: false,
	limit: 1000
})
const tookMs = performance.now() - startMs
const { user, system } = process.cpuUsage(startCpu)
reader.close()
const status = readFileSync(join('/proc/self/status'), 'utf8')
const peakKb = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1])
const behaviourCount = result.classes.reduce((sum, one) => sum + one.behaviourCount, 0)
process.stdout.write(
	`${JSON.stringify({ tookMs, cpuMs: (user + system) / 1000, peakKb, behaviourCount, blockedCount: result.totals.block, foundCount: result.findings.length })}\n`
)
