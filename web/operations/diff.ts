import type { z } from 'zod'
import type { StoredVersion } from '../../discovery/analytics/versions.js'
import { OperationError } from './error.js'
import { memberIds, readWorkloads, type WorkloadRow } from './facts.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { DifferenceKind, DiffWorkload, WorkloadDiff } from './shape.js'

type Input = z.output<typeof DiffWorkload>
type Item = z.output<typeof WorkloadDiff>['items'][number]

export const diffWorkload = operation({
	name: 'diffWorkload',
	method: 'GET',
	path: '/workloads/:workload/diff',
	summary: 'What two versions of a workload, or two workloads, share and differ in, by behaviour.',
	input: DiffWorkload,
	output: WorkloadDiff,
	isLong: true,
	async run({ reader, nowMs }, input) {
		refuseContradictions(input)
		const { compareVersions, compareWorkloads, readVersions } = await import(
			'../../discovery/analytics/versions.js'
		)
		const rows = readWorkloads(reader)
		const byId = new Map(rows.map((row) => [row.id, row]))
		const workload = resolveWorkload(rows, input.workload, input.class)
		const versions = readVersions(reader, memberIds(byId, workload))
		const other = input.other === undefined ? null : resolveWorkload(rows, input.other, input.class)
		if (other !== null) {
			if (other.id === workload.id)
				throw new OperationError('invalid', `Both names mean ${workload.displayName}: name two workloads.`)
			const named = (row: WorkloadRow) => ({ workloadId: row.id, name: row.displayName })
			const found = compareWorkloads(reader, {
				before: named(workload),
				after: named(other),
				nowMs: nowMs()
			})
			const side = (row: WorkloadRow) => ({ workload: row.displayName, digest: '', description: '' })
			return answerOf(input, versions, {
				...found,
				before: { ...found.before, ...side(workload) },
				after: { ...found.after, ...side(other) }
			})
		}
		const [from, to] = chosen(versions, workload, input)
		const found = compareVersions(reader, {
			workloadId: workload.id,
			from: from.digest,
			to: to.digest,
			nowMs: nowMs()
		})
		const side = ({ digest, description }: StoredVersion) => ({
			workload: workload.displayName,
			digest,
			description
		})
		return answerOf(input, versions, {
			...found,
			before: { ...found.before, ...side(from) },
			after: { ...found.after, ...side(to) }
		})
	}
})

function refuseContradictions({ other, from, to }: Input): void {
	if (other !== undefined && (from !== undefined || to !== undefined))
		throw new OperationError('invalid', 'Two workloads are compared as wholes: leave the versions out.')
}

/** The versions that are meant: the latest one, and the one that came before the other. */
function chosen(
	versions: readonly StoredVersion[],
	workload: WorkloadRow,
	input: Input
): [StoredVersion, StoredVersion] {
	const find = (text: string) => versionCalled(versions, workload, text)
	const to = input.to === undefined ? undefined : find(input.to)
	const from = input.from === undefined ? undefined : find(input.from)
	const after = to ?? versions.findLast((one) => one.digest !== from?.digest)
	const before = from ?? earlier(versions, after)
	if (!before || !after) {
		const known = versions.length === 0 ? 'No version' : 'Only one version'
		throw new OperationError(
			'not-found',
			`${known} of ${workload.displayName} was seen, so there is nothing to compare: name another workload, or wait for a rollout.`
		)
	}
	if (before.digest === after.digest)
		throw new OperationError('invalid', `Both name the version ${before.digest}: name two.`)
	return [before, after]
}

function earlier(
	versions: readonly StoredVersion[],
	after: StoredVersion | undefined
): StoredVersion | undefined {
	const at = after === undefined ? -1 : versions.indexOf(after)
	return versions[at - 1] ?? versions.find((one) => one !== after)
}

/** By its digest, eight or more of its digits, or its whole description. */
function versionCalled(
	versions: readonly StoredVersion[],
	workload: WorkloadRow,
	text: string
): StoredVersion {
	const wanted = text.toLowerCase().replace(/^sha256:/, '')
	const exact = versions.filter((one) => one.digest === text || one.description === text)
	const found =
		exact.length > 0 || wanted.length < DIGITS_MIN
			? exact
			: versions.filter((one) =>
					one.digest
						.toLowerCase()
						.replace(/^sha256:/, '')
						.startsWith(wanted)
				)
	const [first, ...others] = found
	const names = versions.map((one) => one.digest).join(', ') || 'none'
	if (!first)
		throw new OperationError(
			'not-found',
			`${workload.displayName} has no version ${JSON.stringify(text)}: its versions are ${names}. Eight digits are enough.`
		)
	if (others.length > 0)
		throw new OperationError('ambiguous', `${JSON.stringify(text)} could be ${names}: write more of it.`)
	return first
}

const DIGITS_MIN = 8

type Whole = Omit<z.output<typeof WorkloadDiff>, 'items' | 'totals' | 'sentence' | 'versions'> & {
	differences: Item[]
}

function answerOf(
	input: Input,
	versions: StoredVersion[],
	{ differences, ...found }: Whole
): z.output<typeof WorkloadDiff> {
	const own = differences.filter((one) => input.class === undefined || one.class === input.class)
	const count = (kind: Item['change']) => own.filter((one) => one.change === kind).length
	const totals = Object.fromEntries(DifferenceKind.options.map((kind) => [kind, count(kind)]))
	const shown = own.filter((one) => input.show === 'all' || one.change !== 'unchanged')
	return {
		...found,
		versions,
		items: shown.slice(0, input.limit),
		totals: DIFFERENCE_TOTALS.parse(totals),
		sentence: `${counted(count('added'), 'behaviour')} only in the second, ${count('gone')} only in the first, ${count('undecided')} undecided, ${count('unchanged')} in both.`
	}
}

const DIFFERENCE_TOTALS = WorkloadDiff.shape.totals

function counted(count: number, what: string): string {
	return `${count} ${what}${count === 1 ? '' : 's'}`
}
