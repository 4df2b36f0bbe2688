import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Class } from '../../collector/observation.js'
import { approve } from '../../enforcer/approval.js'
import { readChanges } from '../../enforcer/change.js'
import { applyChange, planChange } from '../../enforcer/enforce.js'
import type { Enforcement } from '../../enforcer/enforcement.js'
import { previewRollback, rollbackChange } from '../../enforcer/rollback.js'
import { EnforcerError } from '../../enforcer/error.js'
import { targetsFor } from '../../enforcer/targets/targets.js'
import { nginx, sighting, T0, temporaryStore } from './temporary-store.js'

const NAME = 'host/n1/nginx.service'

test('apply needs an approval of what is proposed, does it once, and rollback brings back what was there', async (t) => {
	const { store, enforcement, request, approveNow, files } = await open(t)
	await assert.rejects(applyChange(enforcement, request), codeIs('conflict', /is not approved/))
	assert.deepEqual(readChanges(store.reader, request.workloadId), [], 'a refusal is no change')

	await approveNow()
	const plan = await planChange(enforcement, request)
	const { change, changed } = await applyChange(enforcement, request)
	assert.deepEqual(change.plan, plan)
	assert.equal(changed, true)
	assert.equal(change.state, 'applied')
	const first = await files()
	assert.notDeepEqual(first, [])
	const again = await applyChange(enforcement, request)
	assert.equal(again.changed, false)
	assert.equal(again.change.id, change.id)
	assert.equal(readChanges(store.reader, request.workloadId).length, 1)

	await store.see([sighting(nginx, 'connect', 'egress/tcp/443/10.0.0.9')])
	await assert.rejects(applyChange(enforcement, request), codeIs('conflict', /is not approved/))
	await assert.rejects(
		applyChange(enforcement, { ...request, digest: change.digest }),
		codeIs('conflict', /is not what is proposed now/)
	)
	await approveNow()
	await applyChange(enforcement, request)
	assert.notDeepEqual(await files(), first)

	const preview = await previewRollback(enforcement, request)
	const back = await rollbackChange(enforcement, request)
	assert.deepEqual(back.change.plan, preview)
	assert.equal(back.change.action, 'revert')
	assert.deepEqual(await files(), first)
	await rollbackChange(enforcement, request)
	assert.deepEqual(await files(), [])
	await assert.rejects(
		rollbackChange(enforcement, request),
		codeIs('conflict', /Nothing of the class network is in force/)
	)
	assert.deepEqual(
		readChanges(store.reader, request.workloadId).map((one) => [one.action, one.state, one.revertsId]),
		[
			['apply', 'reverted', null],
			['apply', 'reverted', null],
			['revert', 'reverted', 2],
			['revert', 'reverted', 1]
		]
	)
})

test('rolling back one class leaves the others of the workload in force', async (t) => {
	const { store, enforcement, request, approveNow, files } = await open(t)
	await store.see([
		sighting(nginx, 'exec', '/usr/sbin/nginx', { source: '/usr/lib/systemd/systemd', required: true })
	])
	await approveNow('network')
	await approveNow('process')
	await applyChange(enforcement, request)
	const networkOnly = await files()
	await applyChange(enforcement, { ...request, class: 'process' })
	assert.notDeepEqual(await files(), networkOnly)
	await rollbackChange(enforcement, { ...request, class: 'network' })
	const processOnly = await files()
	assert.notDeepEqual(processOnly, [])
	assert.ok(processOnly.every((one) => !networkOnly.some((other) => other.object === one.object)))
	await rollbackChange(enforcement, { ...request, class: 'process' })
	assert.deepEqual(await files(), [])
})

test('two at once: one does it, the other finds it done', async (t) => {
	const { store, enforcement, request, approveNow } = await open(t)
	await approveNow()
	const results = await Promise.all([applyChange(enforcement, request), applyChange(enforcement, request)])
	assert.deepEqual(
		results.map((one) => one.changed),
		[true, false]
	)
	assert.equal(readChanges(store.reader, request.workloadId).length, 1)
})

test('a failure is told, kept, and leaves nothing half done', async (t) => {
	const { store, enforcement, request, approveNow } = await open(t)
	await approveNow()
	writeFileSync(join(store.dataDir, 'manifests'), 'in the way')
	await assert.rejects(applyChange(enforcement, request), codeIs('failed', /^Nothing was changed/))
	assert.deepEqual(
		readChanges(store.reader, request.workloadId).map((one) => one.state),
		['failed']
	)
})

test('without a sensor the host target says what would bring it', async (t) => {
	const { enforcement, request } = await open(t)
	await assert.rejects(
		planChange(enforcement, { ...request, target: 'host' }),
		codeIs('unavailable', /as root/)
	)
})

async function open(t: TestContext) {
	const store = await temporaryStore(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const targets = targetsFor(store.dataDir, null)
	let nowMs = T0 + 1000
	const enforcement: Enforcement = {
		reader: store.reader,
		writer: store.writer,
		targets,
		actor: 'local:ann',
		callerPid: null,
		nowMs: () => nowMs++
	}
	const workloadId = store.workloadId(NAME)
	const request = { workloadId, class: 'network' as Class, target: 'directory', mode: 'block' as const }
	return {
		store,
		enforcement,
		request,
		approveNow: (class_: Class = 'network') =>
			approve(store.reader, store.writer, {
				workloadId,
				class: class_,
				digest: store.digest(NAME, class_),
				actor: 'local:ann',
				reason: '',
				atMs: nowMs++
			}),
		files: async () => {
			assert.ok(
				!existsSync(join(store.dataDir, 'manifests')) || readdirSync(join(store.dataDir, 'manifests'))
			)
			return (await targets[0]?.observe()) ?? []
		}
	}
}

function codeIs(code: string, sentence: RegExp) {
	return (error: unknown) =>
		error instanceof EnforcerError && error.code === code && sentence.test(error.message)
}
