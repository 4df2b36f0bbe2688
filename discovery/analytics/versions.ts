import type { Reader } from '../../collector/store.js'
import type { Sighted } from '../learn/exact.js'
import { type Exposure, stateOf } from '../learn/state.js'
import { type Diff, differencesOfEquals, differencesOfVersions, type Part } from './comparison.js'
import { rolloutOf } from './rollout.js'
import { openStored, type Stored } from './stored.js'
import { exposureOfVersion, splitByVersion, type VersionRows, type VersionStart } from './version-rows.js'

/** A version of a workload that something was seen of, the oldest first. */
export interface StoredVersion {
	digest: string
	description: string
	firstMs: number
	lastMs: number
}

/** The versions of a workload under any of its rows; those that no source could tell are left out. */
export function readVersions(reader: Reader, memberIds: readonly number[]): StoredVersion[] {
	const rows = reader.all(
		`SELECT digest, max(description) AS description, min(first_ms) AS first_ms, max(last_ms) AS last_ms FROM versions
			WHERE workload_id IN (${memberIds.map(() => '?').join()}) AND digest <> ''
			GROUP BY digest ORDER BY min(first_ms), digest`,
		...memberIds
	)
	return rows.map((row) => ({
		digest: String(row.digest),
		description: String(row.description),
		firstMs: Number(row.first_ms),
		lastMs: Number(row.last_ms)
	}))
}

/**
 * What changed between two versions of a workload, given by their digests. What is gone is said only on hours
 * in which it would have been seen.
 */
export function compareVersions(
	reader: Reader,
	{ workloadId, from, to, nowMs }: { workloadId: number; from: string; to: string; nowMs: number }
): Diff {
	const stored = openStored(reader, nowMs)
	const whole = evidenceOf(stored, workloadId)
	const versions = splitByVersion(whole.rows, readStarts(reader, stored.memberIdsOf(workloadId)))
	const before = versions.get(from) ?? NOTHING
	const after = versions.get(to) ?? NOTHING
	const found = differencesOfVersions(partOf(whole, before), partOf(whole, after), rolloutOf(before, after))
	const shared = before.sharedCount + after.sharedCount
	return {
		...found,
		limits: [
			...LIMITS,
			...(shared === 0
				? []
				: [
						`${counted(shared, 'record')} of sources that know no versions may be of either: both ran in the same pods or hours.`
					])
		]
	}
}

/** What two workloads share, and what only one of them does: both count as equals. */
export function compareWorkloads(
	reader: Reader,
	{ before, after, nowMs }: { before: Named; after: Named; nowMs: number }
): Diff {
	const stored = openStored(reader, nowMs)
	const [first, second] = [evidenceOf(stored, before.workloadId), evidenceOf(stored, after.workloadId)]
	return {
		...differencesOfEquals(partOf(first), partOf(second), { before: before.name, after: after.name }),
		limits: LIMITS
	}
}

export interface Named {
	workloadId: number
	name: string
}

const LIMITS = [
	'What happens once a month may never have been seen, and inside blind intervals nothing was.',
	'What people did in interactive sessions is left out.'
]
const NOTHING: VersionRows = { rows: [], hours: new Set(), pods: new Set(), starts: [], sharedCount: 0 }

/** Everything that was seen of a workload: its network as a part of its pod's, with a time of its own. */
interface Whole {
	rows: Sighted[]
	exposure: Exposure
	network: Exposure
}

function evidenceOf(stored: Stored, workloadId: number): Whole {
	const ids = stored.memberIdsOf(workloadId)
	const whole: Whole = { rows: [], exposure: NEVER, network: NEVER }
	for (const subject of stored.subjects) {
		if (!subject.memberIds.some((id) => ids.includes(id))) continue
		const ofPod = subject.classes.length === 1 && subject.classes[0] === 'network'
		// What other containers of the pod do is theirs; what is told of the pod as a whole is everybody's.
		const members = ofPod ? [...new Set([...ids, ...stored.memberIdsOf(subject.name)])] : ids
		const rows = stored.rowsOf(subject, members)
		for (const row of rows) {
			// A peer that had several addresses is one peer.
			if (subject.form === 'host' || !row.interactive) whole.rows.push({ ...row, raw: row.object })
		}
		const exposure = stored.exposureOf(subject)
		if (!ofPod) whole.exposure = exposure
		if (subject.classes.includes('network')) whole.network = exposure
	}
	return whole
}

const NEVER: Exposure = { hours: [], lossyHours: [], censoredHours: [], starts: [], gaps: [] }

function partOf(whole: Whole, version?: VersionRows): Part {
	const narrow = (exposure: Exposure) => (version ? exposureOfVersion(exposure, version) : exposure)
	const exposure = narrow(whole.exposure)
	const network = narrow(whole.network)
	const starts = [...new Set([...exposure.starts, ...network.starts])].sort((a, b) => a - b)
	return { states: stateOf(version ? version.rows : whole.rows, starts), exposure, network }
}

function readStarts(reader: Reader, memberIds: readonly number[]): VersionStart[] {
	const rows = reader.all(
		`SELECT version.digest, start.pod, start.at_ms FROM starts start JOIN versions version ON version.id = start.version_id
			WHERE start.workload_id IN (${memberIds.map(() => '?').join()})`,
		...memberIds
	)
	return rows.map((row) => ({ digest: String(row.digest), pod: String(row.pod), atMs: Number(row.at_ms) }))
}

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? '' : 's'}`
}
