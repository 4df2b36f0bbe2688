import { hostname } from 'node:os'
import type { z } from 'zod'
import { CLASSES } from '../../collector/observation.js'
import type { Reader, SqlValue } from '../../collector/store.js'
import { integer, integerOrNull } from '../../enforcer/row.js'
import { readFacts } from './facts.js'
import { operation } from './operation.js'
import { Nothing, SourceList, Status } from './shape.js'
import { readVersion } from './version.js'

const DAY_MS = 86_400_000
const version = readVersion()

export const getStatus = operation({
	name: 'getStatus',
	method: 'GET',
	path: '/status',
	summary: 'How far everything is, what was lost, and what to do next.',
	input: Nothing,
	output: Status,
	run(context) {
		const { reader } = context
		const nowMs = context.nowMs()
		const facts = readFacts(reader)
		const states = { none: 0, learning: 0, proposed: 0, audit: 0, applied: 0, enforced: 0 }
		let undecidedCount = 0
		let approvedCount = 0
		for (const workload of facts.workloads) {
			for (const class_ of CLASSES) {
				// A pod has one network; it is counted where its policy is kept.
				if (facts.holderOf(workload, class_).id !== workload.id) continue
				const { state, decision } = facts.stateOf(workload, class_)
				states[state]++
				if (state === 'proposed' && decision === 'none') undecidedCount++
				if (state === 'proposed' && decision === 'approved') approvedCount++
			}
		}
		const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS
		const violationCount = sum(reader, 'SELECT sum(count) AS n FROM violations')
		const heldCount = sum(reader, HELD_SQL)
		const sources = context.sources()
		return {
			version,
			node: hostname(),
			nowMs,
			dataDir: context.dataDir,
			schemaVersion: sum(reader, 'SELECT user_version AS n FROM pragma_user_version()'),
			storeBytes: sum(
				reader,
				'SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()'
			),
			workloadCount: facts.workloads.length,
			states,
			violationCount,
			heldCount,
			violationsToday: sum(reader, 'SELECT sum(count) AS n FROM violations WHERE last_ms >= ?', todayMs),
			violationsYesterday: sum(
				reader,
				'SELECT sum(count) AS n FROM violations WHERE last_ms >= ? AND last_ms < ?',
				todayMs - DAY_MS,
				todayMs
			),
			gapCount: sum(reader, 'SELECT count(*) AS n FROM gaps'),
			lostCount: sum(reader, 'SELECT sum(lost_count) AS n FROM gaps'),
			badInputCount: sum(reader, 'SELECT count(*) AS n FROM bad_inputs'),
			lastSeenMs: integerOrNull(reader.get('SELECT max(last_ms) AS n FROM workloads')?.n ?? null),
			sensor:
				context.sensor !== null || sources.some((one) => one.name === 'kernel' && one.state === 'running'),
			sources,
			next: nextOf({
				workloadCount: facts.workloads.length,
				undecidedCount,
				approvedCount,
				violationCount,
				heldCount
			})
		}
	}
})

export const listSources = operation({
	name: 'listSources',
	method: 'GET',
	path: '/sources',
	summary: 'Where telemetry comes from, and whether it does.',
	input: Nothing,
	output: SourceList,
	run: (context) => ({ items: context.sources() })
})

/** What is held for want of support settles itself, so nobody is asked about it. */
const HELD_SQL = `SELECT count(*) AS n FROM held
	WHERE json_extract(data, '$.cause') <> 'support' AND NOT EXISTS (
		SELECT 1 FROM decisions WHERE decisions.workload_id = held.workload_id AND decisions.verb = held.verb
			AND decisions.object = held.object AND decisions.source = held.source)`

function nextOf(counts: {
	workloadCount: number
	undecidedCount: number
	approvedCount: number
	violationCount: number
	heldCount: number
}): z.output<typeof Status>['next'] {
	const next: z.output<typeof Status>['next'] = []
	if (counts.workloadCount === 0) {
		next.push({
			sentence: 'Nothing was seen yet: run something in a cgroup of its own.',
			command: 'whittle learn -- CMD'
		})
	}
	if (counts.violationCount > 0) {
		next.push({
			sentence: 'Look at what was blocked, or would have been.',
			command: 'whittle get violations'
		})
	}
	if (counts.approvedCount > 0) {
		next.push({
			sentence: `${policies(counts.approvedCount)} approved and not applied.`,
			command: 'whittle apply WORKLOAD/CLASS'
		})
	}
	if (counts.heldCount > 0) {
		next.push({
			sentence: `${counts.heldCount === 1 ? 'One behaviour is' : `${counts.heldCount} behaviours are`} held back: say which are needed, and which malicious.`,
			command: 'whittle get held'
		})
	}
	if (counts.undecidedCount > 0) {
		next.push({
			sentence: `${policies(counts.undecidedCount)} waiting for a decision.`,
			command: 'whittle approve WORKLOAD/CLASS@DIGEST'
		})
	}
	return next.slice(0, 3)
}

function policies(count: number): string {
	return count === 1 ? 'One policy is' : `${count} policies are`
}

function sum(reader: Reader, sql: string, ...params: SqlValue[]): number {
	return integer(reader.get(sql, ...params)?.n ?? 0)
}
