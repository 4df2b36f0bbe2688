import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch, Sighting, Subject } from '../../../collector/observation.js'
import { rolloutOf } from '../../../discovery/analytics/rollout.js'
import {
	exposureOfVersion,
	splitByVersion,
	type VersionRows
} from '../../../discovery/analytics/version-rows.js'
import { compareVersions, compareWorkloads, readVersions } from '../../../discovery/analytics/versions.js'
import { attribute } from '../../../discovery/learn/version-diff.js'
import { DAY, HOUR_MS, sighted } from '../sighted.js'
import { inStore } from '../temporary.js'

const FIRST_HOUR = DAY * 24
const V1 = { digest: 'sha256:1111111111', description: 'shop/api:1' }
const V2 = { digest: 'sha256:2222222222', description: 'shop/api:2' }
const owner = { kind: 'Deployment', name: 'api' }
const container = (name: string, pod: string): Subject => ({
	kind: 'container',
	cluster: 'east',
	namespace: 'shop',
	pod,
	container: name,
	owner: { ...owner, name }
})

/** Something every hour from one hour to before another. */
function hourly(
	subject: Subject,
	version: typeof V1,
	verb: Sighting['verb'],
	object: string,
	from: number,
	to: number,
	more: Partial<Sighting> = {}
): Sighting[] {
	return Array.from({ length: to - from }, (_, at): Sighting => {
		const atMs = (FIRST_HOUR + from + at) * HOUR_MS + 1_200_000
		return {
			subject,
			version,
			verb,
			object,
			source: '/app/api',
			result: 'allowed',
			count: 1,
			firstMs: atMs,
			lastMs: atMs,
			pod: subject.kind === 'container' ? subject.pod : '',
			...more
		}
	})
}

const watched = (subject: Subject, hours: number): Partial<Batch> => ({
	exposure: Array.from({ length: hours }, (_, at) => ({ subject, hour: FIRST_HOUR + at, lossy: false }))
})

test('versions by what is stored: added, gone and undecided, each on hours of its own', async () => {
	await inStore(async ({ reader, feed }) => {
		const [old, now] = [container('api', 'api-1'), container('api', 'api-2')]
		await feed(
			[
				...hourly(old, V1, 'read', '/both', 0, 40),
				...hourly(old, V1, 'read', '/gone', 0, 40),
				...hourly(old, V1, 'read', '/rare', 3, 4),
				...hourly(now, V2, 'read', '/both', 40, 100),
				...hourly(now, V2, 'read', '/added', 50, 52),
				...hourly(now, V2, 'exec', '/bin/sh', 60, 61, { interactive: true }),
				...hourly(now, V2, 'read', '/etc/shadow', 61, 62, { result: 'denied' })
			],
			[],
			false,
			watched(old, 100)
		)
		const id = Number(reader.get('SELECT id FROM workloads')?.id)
		assert.deepEqual(
			readVersions(reader, [id]).map(({ digest, description }) => ({ digest, description })),
			[V1, V2]
		)
		const ask = { workloadId: id, from: V1.digest, to: V2.digest, nowMs: (FIRST_HOUR + 101) * HOUR_MS }
		const diff = compareVersions(reader, ask)
		assert.deepEqual(
			diff.differences.map(({ change, side, object }) => [change, side, object]),
			[
				['added', 'after', '/added'],
				['gone', 'before', '/gone'],
				['undecided', 'before', '/rare'],
				['unchanged', 'both', '/both']
			]
		)
		assert.deepEqual([diff.before.watchedHours, diff.after.watchedHours], [40, 60])
		assert.ok(diff.differences.every((one) => one.attribution === null))
		const reverse = compareVersions(reader, { ...ask, from: V2.digest, to: V1.digest })
		assert.deepEqual(
			reverse.differences.map(({ change, object }) => [change, object]),
			[
				['added', '/gone'],
				['added', '/rare'],
				['undecided', '/added'],
				['unchanged', '/both']
			]
		)
	})
})

test('hours in which nobody watched, or much was lost, make nothing gone', async () => {
	for (const lossy of [true, false]) {
		await inStore(async ({ reader, feed }) => {
			const api = container('api', 'api-1')
			const hours = Array.from({ length: lossy ? 100 : 40 }, (_, at) => FIRST_HOUR + at)
			await feed(
				[
					...hourly(api, V1, 'read', '/gone', 0, 40),
					...hourly(api, V1, 'read', '/both', 0, 40),
					...hourly(api, V2, 'read', '/both', 40, 100)
				],
				[],
				false,
				{ exposure: hours.map((hour) => ({ subject: api, hour, lossy: lossy && hour >= FIRST_HOUR + 40 })) }
			)
			const id = Number(reader.get('SELECT id FROM workloads')?.id)
			const nowMs = (FIRST_HOUR + 101) * HOUR_MS
			const diff = compareVersions(reader, { workloadId: id, from: V1.digest, to: V2.digest, nowMs })
			const gone = diff.differences.find((one) => one.object === '/gone')
			assert.equal(gone?.change, 'undecided')
			assert.match(gone?.why ?? '', /No hour of the new version was watched/)
			assert.equal(diff.after.watchedHours, 0)
		})
	}
})

test('of two workloads neither comes first', async () => {
	await inStore(async ({ reader, feed }) => {
		const [one, other] = [container('api', 'api-1'), container('web', 'web-1')]
		await feed(
			[
				...hourly(one, V1, 'read', '/both', 0, 50),
				...hourly(one, V1, 'read', '/one', 0, 50),
				...hourly(one, V1, 'read', '/rare', 3, 4),
				...hourly(other, V2, 'read', '/both', 0, 50),
				...hourly(other, V2, 'read', '/other', 0, 50),
				...hourly(other, V2, 'read', '/seldom', 9, 10)
			],
			[],
			false,
			{ exposure: [one, other].flatMap((subject) => watched(subject, 50).exposure ?? []) }
		)
		const idOf = (name: string) => Number(reader.get('SELECT id FROM workloads WHERE owner = ?', name)?.id)
		const side = (name: string) => ({ workloadId: idOf(name), name })
		const nowMs = (FIRST_HOUR + 51) * HOUR_MS
		const ask = (before: string, after: string) =>
			compareWorkloads(reader, { before: side(before), after: side(after), nowMs }).differences
		const forth = ask('api', 'web').map(({ change, side, object }) => [change, side, object])
		assert.deepEqual(forth, [
			['added', 'after', '/other'],
			['gone', 'before', '/one'],
			['undecided', 'before', '/rare'],
			['undecided', 'after', '/seldom'],
			['unchanged', 'both', '/both']
		])
		const mirrored = { added: 'gone', gone: 'added', undecided: 'undecided', unchanged: 'unchanged' }
		const back = ask('web', 'api').map(({ change, object }) => `${mirrored[change]} ${object}`)
		assert.deepEqual(back.sort(), forth.map(([change, , object]) => `${change} ${object}`).sort())
	})
})

test('what a source tells that knows no versions is told by pods and hours', () => {
	const row = (version: string, pods: string[], hours: number) =>
		sighted('connect', 'egress/tcp/443/192.0.2.1', { version, pods, hours })
	const versions = splitByVersion(
		[
			row('v1', ['a'], 0b0011),
			row('v2', ['b'], 0b0110),
			row('', ['a'], 0b0111),
			row('', ['a', 'b'], 0b0010),
			row('', ['c'], 0b0010)
		],
		[]
	)
	const told = (name: string) => versions.get(name)?.rows.map(({ pods, hours }) => [pods.join(), hours])
	assert.deepEqual(told('v1'), [
		['a', 0b0011],
		['a', 0b0011],
		['a,b', 0b0010]
	])
	assert.deepEqual(told('v2'), [
		['b', 0b0110],
		['a,b', 0b0010]
	])
	assert.deepEqual([versions.get('v1')?.sharedCount, versions.get('v2')?.sharedCount], [1, 1])
	assert.equal(versions.has(''), false)
	const all = {
		hours: [FIRST_HOUR, FIRST_HOUR + 1, FIRST_HOUR + 2, FIRST_HOUR + 9],
		lossyHours: [],
		censoredHours: [],
		starts: [FIRST_HOUR * HOUR_MS],
		gaps: []
	}
	const v2 = versions.get('v2')
	assert.ok(v2)
	assert.deepEqual(exposureOfVersion(all, v2), {
		...all,
		hours: [FIRST_HOUR + 1, FIRST_HOUR + 2],
		starts: []
	})
})

function versionRows(pods: string[], seen: string[]): VersionRows {
	const rows = [
		...pods.map((pod) => sighted('read', '/always', { pods: [pod] })),
		sighted('read', '/new', { pods: seen.slice(0, 4) })
	]
	return {
		rows: seen.length === 0 ? rows.slice(0, -1) : rows,
		hours: new Set([FIRST_HOUR]),
		pods: new Set(pods),
		starts: [],
		sharedCount: 0
	}
}

test('a rollout asks the pods of both, and leaves out those that a row had no room for', () => {
	const names = (prefix: string, count: number) =>
		Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(2, '0')}`)
	const [old, now] = [names('old', 8), names('new', 8)]
	const rollout = rolloutOf(versionRows(old, []), versionRows(now, now))
	const table = rollout.podsOf(sighted('read', '/new'))
	// Four of the new pods are named; of the other four nothing is known.
	assert.deepEqual(table, { firstSeen: 0, firstNot: 8, secondSeen: 4, secondNot: 0 })
	assert.ok(table)
	assert.equal(attribute(table).to, 'version')
	const some = rolloutOf(versionRows(old, old.slice(0, 2)), versionRows(now, now.slice(0, 3)))
	assert.deepEqual(some.podsOf(sighted('read', '/new')), {
		firstSeen: 2,
		firstNot: 6,
		secondSeen: 3,
		secondNot: 5
	})
	assert.equal(some.podsOf(sighted('read', '/never')), null)
	const apart = { ...versionRows(now, now), hours: new Set([FIRST_HOUR + 1]) }
	assert.equal(rolloutOf(versionRows(old, []), apart).podsOf(sighted('read', '/new')), null)
})
