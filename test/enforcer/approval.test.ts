import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approve, decideAll, readApprovals, reject } from '../../enforcer/approval.js'
import { EnforcerError } from '../../enforcer/error.js'
import { nginx, sighting, T0, temporaryStore } from './temporary-store.js'

const NAME = 'host/n1/nginx.service'

test('an approval is bound to exactly the digest that is proposed', async (t) => {
	const store = await temporaryStore(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const first = store.digest(NAME, 'network')
	const request = {
		workloadId: store.workloadId(NAME),
		class: 'network' as const,
		actor: 'local:ann',
		reason: 'read',
		atMs: T0 + 100
	}
	const approval = await approve(store.reader, store.writer, { ...request, digest: first })
	assert.equal(approval.decision, 'approved')
	assert.equal(approval.digest, first)

	await store.see([sighting(nginx, 'connect', 'egress/tcp/443/10.0.0.9')])
	const second = store.digest(NAME, 'network')
	assert.notEqual(second, first)
	await assert.rejects(approve(store.reader, store.writer, { ...request, digest: first }), codeIs('conflict'))
	await assert.rejects(
		approve(store.reader, store.writer, { ...request, digest: `sha256:${'0'.repeat(64)}` }),
		codeIs('not-found')
	)
	await assert.rejects(
		approve(store.reader, store.writer, { ...request, class: 'process', digest: second }),
		codeIs('not-found'),
		'a digest of another class is unknown in this one'
	)
	await reject(store.reader, store.writer, { ...request, digest: second, reason: 'no internet' })
	assert.deepEqual(
		readApprovals(store.reader, request.workloadId).map((one) => [one.decision, one.digest]),
		[
			['approved', first],
			['rejected', second]
		]
	)
})

test('a proposal that changes between the check and the write leaves no approval', async (t) => {
	const store = await temporaryStore(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const first = store.digest(NAME, 'network')
	const workloadId = store.workloadId(NAME)
	// The reader sees the moment before; the writer is already past it.
	const before = new Map([
		['digest', first],
		['notes', '[]']
	])
	const stale = {
		...store.reader,
		get: (sql: string, ...params: []) =>
			sql.includes('proposals') ? Object.fromEntries(before) : store.reader.get(sql, ...params)
	}
	await store.see([sighting(nginx, 'connect', 'egress/tcp/443/10.0.0.9')])
	await assert.rejects(
		approve(stale, store.writer, {
			workloadId,
			class: 'network',
			digest: first,
			actor: 'a',
			reason: '',
			atMs: T0
		}),
		codeIs('conflict')
	)
	assert.deepEqual(readApprovals(store.reader, workloadId), [])
})

test('many are decided in one transaction; those that are refused stop no other', async (t) => {
	const store = await temporaryStore(t)
	await store.see([
		sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5'),
		sighting(nginx, 'read', '/etc/nginx/nginx.conf')
	])
	const old = store.digest(NAME, 'network')
	await store.see([sighting(nginx, 'connect', 'egress/tcp/443/10.0.0.9')])
	const request = { workloadId: store.workloadId(NAME), actor: 'local:ann', reason: '', atMs: T0 + 100 }
	const commits: string[][] = []
	store.writer.onCommit((tables) => commits.push([...tables]))
	const made = await decideAll(
		store.reader,
		store.writer,
		[
			{ ...request, class: 'network', digest: old },
			{ ...request, class: 'file-read', digest: store.digest(NAME, 'file-read') },
			{ ...request, class: 'privilege', digest: old },
			{ ...request, class: 'network', digest: store.digest(NAME, 'network') }
		],
		'approved'
	)
	assert.deepEqual(
		made.map((one) => (one instanceof EnforcerError ? one.code : `${one.class} ${one.decision}`)),
		['conflict', 'file-read approved', 'not-found', 'network approved']
	)
	assert.equal(commits.length, 1)
	assert.equal(readApprovals(store.reader, request.workloadId).length, 2)
	assert.deepEqual(await decideAll(store.reader, store.writer, [], 'approved'), [])
})

test('what the learner itself refuses cannot be approved, only rejected', async (t) => {
	const store = await temporaryStore(t)
	await store.see([sighting(nginx, 'read', '/etc/nginx/nginx.conf')])
	const digest = store.digest(NAME, 'file-read')
	const workloadId = store.workloadId(NAME)
	const note = { code: 'learn.open-ended', severity: 'refusal', text: '/srv/x/ is open-ended.' }
	await store.writer.transact([
		{
			sql: 'UPDATE policies SET notes = ? WHERE workload_id = ? AND digest = ?',
			params: [JSON.stringify([{ ...note, severity: 'info', text: 'So.' }, note, note]), workloadId, digest],
			expect: 1
		}
	])
	const request = {
		workloadId,
		class: 'file-read' as const,
		digest,
		actor: 'local:ann',
		reason: 'read',
		atMs: T0 + 100
	}
	await assert.rejects(
		approve(store.reader, store.writer, request),
		(error) =>
			error instanceof EnforcerError &&
			error.code === 'refused' &&
			/cannot be approved\. \/srv\/x\/ is open-ended\. And 1 more like it/.test(error.message)
	)
	assert.deepEqual(readApprovals(store.reader, workloadId), [])

	// Noted only after the check was made: the write asks again.
	const before = { ...store.reader, get: early() }
	function early(): typeof store.reader.get {
		let first = true
		return (sql, ...params) => {
			const row = store.reader.get(sql, ...params)
			const isFirst = first
			first = false
			return isFirst && row ? { ...row, notes: '[]' } : row
		}
	}
	await assert.rejects(approve(before, store.writer, request), codeIs('refused'))
	assert.deepEqual(readApprovals(store.reader, workloadId), [])
	await reject(store.reader, store.writer, request)
	assert.equal(readApprovals(store.reader, workloadId)[0]?.decision, 'rejected')
})

function codeIs(code: string) {
	return (error: unknown) =>
		error instanceof EnforcerError && error.code === code && error.message.endsWith('.')
}
