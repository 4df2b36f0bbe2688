import assert from 'node:assert/strict'
import test from 'node:test'
import { canonicalAddress } from '../../collector/address.js'
import { identify } from '../../collector/identity.js'
import type { Subject } from '../../collector/observation.js'

const pod: Subject & { kind: 'container' } = {
	kind: 'container',
	cluster: 'default',
	namespace: 'shop',
	pod: 'api-7d9f-x2x4z',
	container: 'api'
}

const names: [subject: Subject, name: string][] = [
	[pod, 'default/shop/Pod/api-7d9f-x2x4z/api'],
	[{ ...pod, owner: { kind: 'deployment', name: 'api' } }, 'default/shop/Deployment/api/api'],
	[{ ...pod, owner: { kind: 'Rollout', name: 'api' } }, 'default/shop/Rollout/api/api'],
	[{ ...pod, container: '' }, 'default/shop/Pod/api-7d9f-x2x4z'],
	[{ ...pod, cluster: '' }, 'default/shop/Pod/api-7d9f-x2x4z/api'],
	[{ ...pod, container: '../../x' }, 'default/shop/Pod/api-7d9f-x2x4z/..\\x2f..\\x2fx'],
	[{ ...pod, namespace: 'a\u202eb' }, 'default/a\\xe2\\x80\\xaeb/Pod/api-7d9f-x2x4z/api'],
	[{ kind: 'host', node: 'n1', unit: 'nginx.service' }, 'host/n1/nginx.service'],
	[{ kind: 'host', node: 'n1', unit: '/whittle-learn/xyz' }, 'host/n1/whittle-learn/xyz'],
	[{ kind: 'host', node: 'a/b', unit: '/usr/sbin/cron' }, 'host/a\\x2fb/usr/sbin/cron'],
	[{ kind: 'host', node: '', unit: '' }, 'host/unknown/unknown']
]

for (const [subject, name] of names) {
	test(`${name}`, () => assert.equal(identify(subject).name, name))
}

test('a host workload keeps its unit and its cgroup', () => {
	const { kind, owner, cgroup, node, form } = identify({
		kind: 'host',
		node: 'n1',
		unit: 'nginx.service',
		cgroup: '/system.slice/nginx.service'
	})
	assert.deepEqual(
		{ kind, owner, cgroup, node, form },
		{ kind: 'Host', owner: 'nginx.service', cgroup: '/system.slice/nginx.service', node: 'n1', form: 'host' }
	)
})

test('addresses have one form', () => {
	assert.equal(canonicalAddress('10.0.0.1'), '10.0.0.1')
	assert.equal(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1')
	assert.equal(canonicalAddress('::ffff:10.0.0.1'), '10.0.0.1')
	assert.equal(canonicalAddress('fe80::1%eth0'), 'fe80::1')
	for (const wrong of [
		'',
		'1',
		'0x7f.1',
		'010.0.0.1x',
		'10.0.0.256',
		'example.org',
		':::',
		'1'.repeat(100)
	]) {
		assert.equal(canonicalAddress(wrong), undefined)
	}
})
