import assert from 'node:assert/strict'
import { test } from 'node:test'
import { violationsOf } from '../../enforcer/violation.js'
import type { NetworkDenial } from '../../native/messages.js'
import { nginx, sighting, T0, temporaryStore } from './temporary-store.js'

const CGROUP = '/system.slice/nginx.service'
const denial: NetworkDenial = {
	cgroup: CGROUP,
	digest: `sha256:${'a'.repeat(64)}`,
	mode: 'block',
	verb: 'connect',
	object: 'egress/tcp/9/10.0.0.1',
	source: '/usr/bin/curl',
	pid: 42,
	count: 3,
	firstMs: T0,
	lastMs: T0 + 10
}

test('denials of one drain are merged, and go to the workload whose policy it is', async (t) => {
	const store = await temporaryStore(t)
	await store.see([sighting(nginx, 'connect', 'egress/tcp/5432/10.0.0.5')])
	const workloadId = store.workloadId('host/n1/nginx.service')
	const held = new Map([[denial.digest, workloadId]])
	const { statements, unknownCount } = violationsOf(
		[
			denial,
			{ ...denial, cgroup: `${CGROUP}/worker`, lastMs: T0 + 20 },
			{ ...denial, digest: `sha256:${'b'.repeat(64)}`, count: 5 }
		],
		held
	)
	assert.equal(unknownCount, 5)
	await store.writer.transact(statements)
	assert.deepEqual(rows(), [{ count: 6, first_ms: T0, last_ms: T0 + 20, action: 'blocked' }])

	// What goes on within the hour stays one row; later it is another.
	await store.writer.transact(
		violationsOf([{ ...denial, firstMs: T0 + 60_000, lastMs: T0 + 60_001 }], held).statements
	)
	assert.deepEqual(rows(), [{ count: 9, first_ms: T0, last_ms: T0 + 60_001, action: 'blocked' }])
	await store.writer.transact(
		violationsOf(
			[
				{ ...denial, firstMs: T0 + 7_200_000, lastMs: T0 + 7_200_000 },
				{ ...denial, mode: 'audit' }
			],
			held
		).statements
	)
	assert.deepEqual(
		rows().map((row) => [row.count, row.action]),
		[
			[9, 'blocked'],
			[3, 'would-block'],
			[3, 'blocked']
		]
	)

	function rows() {
		return store.reader.all(
			'SELECT count, first_ms, last_ms, action FROM violations ORDER BY first_ms, action'
		)
	}
})

test('a scan of all ports is a few rows, and no count is lost', () => {
	const scan = Array.from({ length: 5000 }, (_, port) => ({
		...denial,
		object: `egress/tcp/${port}/10.0.0.1`,
		count: 1
	}))
	const { statements } = violationsOf(scan, new Map([[denial.digest, 1]]))
	assert.ok(statements.length <= 201)
	const counts = statements.map((statement) => Number(statement.params.at(-1)))
	assert.equal(
		counts.reduce((a, b) => a + b),
		5000
	)
})
