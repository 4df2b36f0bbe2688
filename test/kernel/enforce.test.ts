import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { policyOf } from '../../discovery/digest.js'
import type { Policy } from '../../discovery/policy.js'
import { approve } from '../../enforcer/approval.js'
import { applyChange } from '../../enforcer/enforce.js'
import type { Enforcement } from '../../enforcer/enforcement.js'
import { rollbackChange } from '../../enforcer/rollback.js'
import { reconcile } from '../../enforcer/reconcile.js'
import { EnforcerError } from '../../enforcer/error.js'
import { toCgroupRules } from '../../enforcer/languages.js'
import { hostTarget } from '../../enforcer/targets/host/host.js'
import type { TargetContext } from '../../enforcer/targets/target.js'
import { targetsFor } from '../../enforcer/targets/targets.js'
import type { NetworkDenial } from '../../native/messages.js'
import { recordDenials } from '../../web/serve.js'
import { sighting, T0, temporaryStore } from '../enforcer/temporary-store.js'
import { targetContract } from '../enforcer/target-contract.js'
import { listen, type Watched, watch } from './kernel.js'

let watched: Watched
let root: string
const denials: NetworkDenial[] = []
let cgroupCount = 0

before(async () => {
	watched = await watch()
	root = (await watched.source.service.probe()).cgroupRoot
	watched.source.service.onDenials((more) => denials.push(...more))
})
after(() => watched.close())

targetContract('host', async (t) => {
	const { path, remove } = makeCgroup()
	const { service } = watched.source
	t.after(async () => {
		await service.liftNetwork(path)
		remove()
	})
	const [first, second] = [policy('host/n1/contract', 5432), policy('host/n1/contract', 443)]
	const context: TargetContext = {
		subject: {
			workloadId: 1,
			name: 'host/n1/contract',
			form: 'host',
			namespace: '',
			kind: '',
			owner: 'contract',
			container: '',
			node: 'n1',
			cgroup: path
		},
		mode: 'block',
		inventory: [],
		neighbours: [],
		standing: { processes: [], ownPids: [process.pid], callerPid: null },
		policyAt: (_, digest) => [first, second].find((one) => one.digest === digest) ?? null
	}
	return { target: hostTarget({ sensor: service, toCgroupRules }), context, first, second }
})

test('approve, apply: its own traffic goes on, the rest is denied and told; rollback lifts it', async (t) => {
	const store = await temporaryStore(t)
	const { path, remove } = makeCgroup()
	const allowed = await listen('127.0.0.1')
	const other = await listen('127.0.0.1')
	t.after(async () => {
		await watched.source.service.liftNetwork(path)
		remove()
		allowed.server.close()
		other.server.close()
	})
	const name = 'host/n1/client.service'
	await store.see([
		sighting(
			{ kind: 'host', node: 'n1', unit: 'client.service', cgroup: path },
			'connect',
			`egress/tcp/${allowed.port}/127.0.0.1`
		)
	])
	let nowMs = T0 + 1000
	const enforcement: Enforcement = {
		reader: store.reader,
		writer: store.writer,
		targets: targetsFor(store.dataDir, watched.source.service),
		actor: 'local:test',
		callerPid: process.pid,
		nowMs: () => nowMs++
	}
	const request = {
		workloadId: store.workloadId(name),
		class: 'network' as const,
		target: 'host',
		mode: 'block' as const
	}
	await approve(store.reader, store.writer, {
		...request,
		digest: store.digest(name, 'network'),
		actor: 'local:test',
		reason: '',
		atMs: nowMs++
	})
	assert.equal(await connects(path, other.port), true, 'nothing is held yet')

	const { change } = await applyChange(enforcement, request)
	assert.equal(change.state, 'enforced', change.outcome)
	assert.equal(await connects(path, allowed.port), true, 'its own traffic goes on')
	assert.equal(await connects(path, other.port), false)
	assert.equal(await connects('', other.port), true, 'outside the cgroup nothing is held')
	assert.equal((await applyChange(enforcement, request)).changed, false)
	assert.deepEqual(await reconcile(enforcement), [], 'it is held as it should be')

	await watched.drained()
	const own = denials.filter((denial) => denial.cgroup === path)
	assert.equal(await recordDenials(store, own), 0)
	const rows = store.reader.all('SELECT workload_id, verb, object, action, count FROM violations')
	assert.deepEqual(rows, [
		{
			workload_id: request.workloadId,
			verb: 'connect',
			object: `egress/tcp/${other.port}/127.0.0.1`,
			action: 'blocked',
			count: 1
		}
	])

	// Whatever let go of it: the store knows what is in force, and it is held again.
	await watched.source.service.liftNetwork(path)
	assert.equal(await connects(path, other.port), true)
	assert.equal((await reconcile(enforcement)).length, 1)
	assert.equal(await connects(path, other.port), false)

	await rollbackChange(enforcement, request)
	assert.equal(await connects(path, other.port), true)
	assert.deepEqual(await reconcile(enforcement), [])
})

test('audit counts and denies nothing', async (t) => {
	const { path, remove } = makeCgroup()
	const other = await listen('127.0.0.1')
	const target = hostTarget({ sensor: watched.source.service, toCgroupRules })
	t.after(async () => {
		await watched.source.service.liftNetwork(path)
		remove()
		other.server.close()
	})
	const audited = policy('host/n1/audited', 9)
	const { digest } = audited
	const rules = toCgroupRules(audited, { inventory: [] }).rules
	const held = await watched.source.service.holdNetwork({ cgroup: path, digest, mode: 'audit', rules })
	assert.equal(held.held, true)
	assert.equal(await connects(path, other.port), true)
	await watched.drained()
	const own = denials.filter((denial) => denial.cgroup === path)
	assert.deepEqual(
		own.map((denial) => [denial.mode, denial.object]),
		[['audit', `egress/tcp/${other.port}/127.0.0.1`]]
	)
	assert.ok((await target.observe()).some((one) => one.object === path))
})

test('the root cgroup, a shared one and this login are refused before the sensor is asked', async (t) => {
	const store = await temporaryStore(t)
	const subject = (unit: string, cgroup: string) => ({ kind: 'host' as const, node: 'n1', unit, cgroup })
	await store.see([
		sighting(subject('loose', '/'), 'connect', 'egress/tcp/1/10.0.0.1'),
		sighting(subject('one', '/shared'), 'connect', 'egress/tcp/1/10.0.0.1'),
		sighting(subject('two', '/shared/below'), 'connect', 'egress/tcp/1/10.0.0.1')
	])
	const enforcement: Enforcement = {
		reader: store.reader,
		writer: store.writer,
		targets: targetsFor(store.dataDir, watched.source.service),
		actor: 'local:test',
		callerPid: process.pid,
		nowMs: () => T0 + 5000
	}
	for (const [unit, sentence] of [
		['loose', /root cgroup/],
		['one', /shared with host\/n1\/two/]
	] as const) {
		const workloadId = store.workloadId(`host/n1/${unit}`)
		const request = { workloadId, class: 'network' as const, target: 'host', mode: 'block' as const }
		const digest = store.digest(`host/n1/${unit}`, 'network')
		await approve(store.reader, store.writer, { ...request, digest, actor: 'a', reason: '', atMs: T0 + 5000 })
		await assert.rejects(
			applyChange(enforcement, request),
			(error: unknown) =>
				error instanceof EnforcerError && error.code === 'refused' && sentence.test(error.message)
		)
	}
	const held = await watched.source.service.heldNetwork()
	assert.ok(held.every((one) => one.cgroup !== '/' && one.cgroup !== '' && !one.cgroup.startsWith('/shared')))
})

function policy(workload: string, port: number): Policy {
	return policyOf({
		workload,
		class: 'network',
		rules: [
			{ effect: 'allow', object: `egress/tcp/${port}/cidr:127.0.0.1/32`, access: ['connect'], sources: [] }
		]
	})
}

function makeCgroup(): { path: string; remove(): void } {
	const path = `/whittle-enforce-${process.pid}-${cgroupCount++}`
	mkdirSync(join(root, path))
	return { path, remove: () => rmdirSync(join(root, path)) }
}

/** Whether a process in the cgroup ('' for this one's) can connect to a port of loopback. */
async function connects(cgroup: string, port: number): Promise<boolean> {
	const script =
		'if [ -n "$1" ]; then echo $$ > "$1/cgroup.procs" || exit 9; fi; exec 3<>"/dev/tcp/127.0.0.1/$2"'
	const folder = mkdtempSync(join(tmpdir(), 'whittle-test-'))
	try {
		const child = spawn(
			'bash',
			['-c', script, 'bash', cgroup === '' ? '' : join(root, cgroup), String(port)],
			{
				cwd: folder,
				stdio: ['ignore', 'ignore', 'pipe']
			}
		)
		let said = ''
		child.stderr.on('data', (chunk: Buffer) => {
			said += chunk.toString('utf8')
		})
		const code = await new Promise<number | null>((done) => child.on('close', done))
		assert.notEqual(code, 9, 'the process could not be moved into its cgroup')
		assert.ok(code === 0 || /not permitted/.test(said), said)
		return code === 0
	} finally {
		rmSync(folder, { recursive: true })
	}
}
