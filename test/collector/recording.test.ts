import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRecorded, encodeBatch } from '../../collector/recording.js'

function containersOf(line: Record<string, unknown>) {
	const decoded = decodeRecorded(line)
	assert.ok('recorded' in decoded && 'inventory' in decoded.recorded, JSON.stringify(decoded))
	return decoded.recorded.inventory
}

const pod = (container: Record<string, unknown>) => ({
	inventory: {
		kind: 'pod',
		name: 'db-0',
		namespace: 'data',
		from: 0,
		containers: [{ name: 'db', ...container }]
	}
})

test('of a container’s probes those are kept that run something, without secrets and control characters', () => {
	const { containers } = containersOf(
		pod({
			probes: [
				{ kind: 'exec', command: ['pg_isready', '-U', 'shop'] },
				{ kind: 'exec', command: ['mysqladmin', '--password', 'hunter22', 'ping'] },
				{ kind: 'exec', command: ['sh', '-c', 'true\nfalse'] },
				{ kind: 'httpGet', path: '/healthz' },
				{ kind: 'exec', command: [] }
			]
		})
	)
	assert.deepEqual(
		containers[0]?.probes?.map(({ command }) => command),
		[
			['pg_isready', '-U', 'shop'],
			['mysqladmin', '--password', '***'],
			['sh', '-c', 'true\\x0afalse']
		]
	)
	assert.equal(JSON.stringify(containers).includes('hunter22'), false)
})

test('probes may be left out, and a recorded item is read again as it was', () => {
	assert.deepEqual(containersOf(pod({})).containers[0]?.probes, [])
	const item = containersOf(pod({ probes: [{ kind: 'exec', command: ['sh', '-c', 'a  b\t<c'] }] }))
	const [line] = encodeBatch({
		delivery: { producer: 'file:0', epoch: 0, sequence: 0 },
		sightings: [],
		starts: [],
		gaps: [],
		inventory: [item],
		timeline: [],
		bad: [],
		exposure: []
	})
	assert.deepEqual(containersOf(JSON.parse(line ?? '')), item)
})

test('a probe of another shape is refused with its place', () => {
	const decoded = decodeRecorded(pod({ probes: [{ kind: 'exec', command: 'pg_isready' }] }))
	assert.match('refused' in decoded ? decoded.refused : '', /inventory\.containers/)
})

test('of annotations those are kept that say who will call; probes that connect become ports', () => {
	const item = containersOf({
		inventory: {
			kind: 'Pod',
			namespace: 'shop',
			name: 'web-1',
			from: 1,
			annotations: { 'prometheus.io/port': '9102', 'vault.example/token': 'S3cr3t' },
			containers: [
				{
					name: 'web',
					probes: [
						{ kind: 'http', port: 8081 },
						{ kind: 'tcp', port: 80 },
						{ kind: 'http', port: 80 }
					]
				}
			]
		}
	})
	assert.deepEqual(item.annotations, { 'prometheus.io/port': '9102' })
	assert.deepEqual(item.containers[0]?.probePorts, [80, 8081])
	assert.deepEqual(item.containers[0]?.probes, [])
})
