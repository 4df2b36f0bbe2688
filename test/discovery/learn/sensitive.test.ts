import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Class, Verb } from '../../../collector/observation.js'
import { classOfVerb } from '../../../collector/observation.js'
import { isSensitive, sensitiveWithin, sensitivity } from '../../../discovery/learn/sensitive.js'
import {
	GUARDED_FILES,
	GUARDED_TREES,
	UNWRITABLE_FILES,
	UNWRITABLE_TREES
} from '../../../discovery/learn/sensitive-objects.js'

const nobody = () => false

test('credentials are sensitive to read, and what others run or trust to write', () => {
	for (const path of [
		'/etc/shadow',
		'/root/.ssh/id_rsa',
		'/home/ann/.ssh/known_hosts',
		'/home/ann/.aws/credentials',
		'/srv/app/.env',
		'/srv/tls/server.key',
		'/run/secrets/kubernetes.io/serviceaccount/token',
		'/var/run/secrets/x',
		'/mnt/secrets/db/password',
		'/proc/<pid>/environ',
		'/run/docker.sock'
	])
		assert.ok(isSensitive(path, 'read') && isSensitive(path, 'write'), path)
	for (const path of ['/usr/bin/x', '/etc/passwd', '/etc/cron.d/x', '/home/ann/.bashrc', '/usr/lib/x.so'])
		assert.ok(!isSensitive(path, 'read') && isSensitive(path, 'write'), path)
	for (const path of [
		'/etc/hosts.local',
		'/var/cache/app/x',
		'/etc/ssl/certs/a.key',
		'/proc/<pid>/stat',
		'/'
	])
		assert.ok(!isSensitive(path, 'read'), path)
})

test('a directory is walled in by what lies in it, above it, and below it if it is recursive', () => {
	assert.equal(sensitiveWithin('/etc', false, 'read', nobody), '/etc/gshadow')
	assert.equal(sensitiveWithin('/etc/ssh', false, 'read', nobody), '/etc/ssh')
	assert.equal(sensitiveWithin('', true, 'read', nobody), '/home')
	assert.equal(sensitiveWithin('/home/ann', false, 'read', nobody), '/home/ann/.bash_history')
	assert.equal(sensitiveWithin('/home/ann/.cache', false, 'read', nobody), null)
	assert.equal(
		sensitiveWithin('/home/ann/.config', true, 'read', nobody),
		'/home/ann/.config/rclone/rclone.conf'
	)
	assert.equal(sensitiveWithin('/var/cache/app', true, 'write', nobody), null)
	assert.equal(sensitiveWithin('/usr/lib/python3', true, 'read', nobody), null)
	assert.equal(sensitiveWithin('/usr/lib/python3', true, 'write', nobody), '/usr/lib/python3')
	assert.equal(
		sensitiveWithin('/etc/ppp', false, 'read', (path) => path === '/etc/ppp/chap-secrets'),
		null
	)
})

test('a directory with a listed object below it is never free, whatever the access', () => {
	const listed = (access: 'read' | 'write') =>
		access === 'read'
			? [...GUARDED_FILES, ...GUARDED_TREES]
			: [...GUARDED_FILES, ...GUARDED_TREES, ...UNWRITABLE_FILES, ...UNWRITABLE_TREES]
	fc.assert(
		fc.property(
			fc.constantFrom<'read' | 'write'>('read', 'write'),
			fc.nat(),
			fc.nat(),
			(access, which, cut) => {
				const objects = listed(access)
				const path = objects[which % objects.length] ?? ''
				const parts = path.split('/')
				const directory = parts.slice(0, 1 + (cut % (parts.length - 1))).join('/')
				assert.notEqual(sensitiveWithin(directory, true, access, nobody), null)
				assert.ok(isSensitive(path, access), path)
			}
		)
	)
})

test('each behaviour has a sensitivity of 0, 1 or 2', () => {
	const tiers: [Verb, string, 0 | 1 | 2][] = [
		['exec', '/usr/sbin/nginx', 0],
		['exec', '/bin/dash', 1],
		['exec', '/usr/bin/python3.11', 1],
		['exec', '/usr/sbin/php-fpm8.2', 1],
		['exec', '/usr/bin/npm', 1],
		['exec', '/usr/bin/curl', 2],
		['exec', '/usr/bin/apt-get', 2],
		['exec', '/tmp/x', 2],
		['exec', '/tmp/xmrig', 2],
		['read', '/srv/index.html', 0],
		['read', '/etc/shadow', 2],
		['write', '/srv/data', 0],
		['create', '/etc/nginx/conf.d/x', 1],
		['write', '/usr/bin/ls', 2],
		['connect', 'egress/tcp/443/cidr:1.2.3.4/32', 0],
		['connect', 'egress/tcp/80/cidr:169.254.169.254/32', 2],
		['connect', 'egress/tcp/3333/cidr:1.2.3.4/32', 1],
		['connect', 'egress/unix/0//run/docker.sock', 2],
		['capability', 'CAP_SYS_ADMIN', 2],
		['capability', 'CAP_CHOWN', 0],
		['capability', 'CAP_NET_RAW', 1],
		['raw-socket', 'AF_PACKET/0x0003', 2],
		['raw-socket', 'AF_INET/icmp', 1],
		['ptrace', 'attach', 2],
		['setuid', '33', 0],
		['mount', 'proc /proc', 2]
	]
	for (const [verb, object, tier] of tiers) {
		const of: Class = classOfVerb[verb]
		assert.equal(sensitivity({ class: of, verb, object, source: '' }), tier, `${verb} ${object}`)
	}
})
