import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProbes } from '../../discovery/probes.js'
import { DAY_MS, HOUR_MS, item, pod, replicaSet, sighted } from './sighted.js'

const DATABASE = 'east/data/Deployment/db/postgres'

/** A pod of `data/db` whose container `postgres` declares these commands. */
function database(...commands: string[][]) {
	const probes = commands.map((command) => ({ kind: 'exec' as const, command }))
	const container = { name: 'postgres', image: '', id: '', init: false, ephemeral: false }
	return pod('data', 'db', '10.0.0.1', { containers: [{ ...container, probes }] })
}

const exec = (object: string, more: Parameters<typeof sighted>[2] = {}) =>
	sighted('exec', object, { source: '/usr/bin/runc', interactive: true, ...more })

const cases: [what: string, command: string[], seen: ReturnType<typeof sighted>, is: boolean][] = [
	['its program by path', ['/bin/ready'], exec('/bin/ready'), true],
	['a name along PATH', ['ready', '-q'], exec('/opt/bin/ready'), true],
	['no source', ['ready'], exec('/bin/ready', { source: '' }), true],
	[
		'a link, by its command line',
		['/bin/sh', '-c', 'x'],
		exec('/usr/bin/dash', { detail: '/bin/sh -c x' }),
		true
	],
	[
		'a link, another command line',
		['/bin/sh', '-c', 'x'],
		exec('/usr/bin/dash', { detail: '/bin/sh -i' }),
		false
	],
	['a path elsewhere', ['/bin/ready'], exec('/tmp/ready'), false],
	['the end of a name', ['ready'], exec('/bin/already'), false],
	['started by a shell in the container', ['ready'], exec('/bin/ready', { source: '/bin/bash' }), false],
	['what was never held', ['ready'], exec('/bin/ready', { interactive: false }), false],
	['what it reads', ['ready'], { ...exec('/bin/ready'), verb: 'read', class: 'file-read' }, false],
	['before the pod', ['ready'], exec('/bin/ready', { firstMs: DAY_MS - HOUR_MS, lastMs: DAY_MS - 1 }), false]
]

for (const [what, command, seen, is] of cases) {
	test(`a declared probe ${is ? 'is' : 'is not'} ${what}`, () => {
		const probes = createProbes([replicaSet('data', 'db'), database(command)])
		assert.equal(probes.has(DATABASE, seen), is)
	})
}

test('a probe belongs to its container alone, also before the owner of the pod is known', () => {
	const probes = createProbes([replicaSet('data', 'db'), database(['ready'])])
	assert.equal(probes.has('east/data/Deployment/db/metrics', exec('/bin/ready')), false)
	assert.equal(probes.has('east/data/Pod/db-10-0-0-1/postgres', exec('/bin/ready')), true)
	assert.equal(probes.markerOf('east/data/Deployment/db/metrics'), '')
})

test('what a probe is depends on the time, and the marker says when anything changed', () => {
	const before = { ...database(['old-ready']), toMs: DAY_MS + HOUR_MS }
	const after = { ...database(['ready']), name: 'db-2', uid: 'db-2', fromMs: DAY_MS + HOUR_MS }
	const probes = createProbes([replicaSet('data', 'db'), before, after, item('Node', '', 'a')])
	const late = { firstMs: DAY_MS + 2 * HOUR_MS, lastMs: DAY_MS + 2 * HOUR_MS }
	assert.equal(probes.has(DATABASE, exec('/bin/old-ready')), true)
	assert.equal(probes.has(DATABASE, exec('/bin/old-ready', late)), false)
	assert.equal(probes.has(DATABASE, exec('/bin/ready', late)), true)
	assert.notEqual(
		probes.markerOf(DATABASE),
		createProbes([replicaSet('data', 'db'), before]).markerOf(DATABASE)
	)
})
