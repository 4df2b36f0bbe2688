import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceCommand } from '../../cli/service-command.js'
import { barrier, mayEnter, type Permissions, serviceUser } from '../../cli/service-user.js'

const PASSWD = [
	'root:x:0:0:root:/root:/bin/bash',
	'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
	'alice:x:1000:1000::/home/alice:/bin/sh',
	'toor:x:0:0::/root:/bin/sh',
	'wheel:x:1001:0::/:/bin/sh'
].join('\n')
const whittle = { name: 'whittle', uid: 999, gid: 995 }

test('the service runs as the owner of the data folder, and never as root', () => {
	const withWhittle = `${PASSWD}\nwhittle:x:999:995::/nonexistent:/usr/sbin/nologin\n`
	assert.deepEqual(serviceUser({ uid: 1000, gid: 1000 }, PASSWD), { name: 'alice', uid: 1000, gid: 1000 })
	assert.deepEqual(serviceUser({ uid: 0, gid: 0 }, withWhittle), whittle)
	assert.deepEqual(serviceUser(undefined, withWhittle), whittle)
	assert.equal(serviceUser(undefined, PASSWD).name, 'nobody')
	assert.deepEqual(serviceUser({ uid: 4242, gid: 4242 }, PASSWD), { name: '4242', uid: 4242, gid: 4242 })
	for (const owner of [
		{ uid: 0, gid: 0 },
		{ uid: 1001, gid: 0 },
		{ uid: 4242, gid: 0 },
		{ uid: 0, gid: 1000 }
	]) {
		const { uid, gid } = serviceUser(owner, PASSWD)
		assert.ok(uid > 0 && gid > 0, `${JSON.stringify(owner)} gave ${uid}:${gid}`)
	}
	assert.throws(() => serviceUser(undefined, 'root:x:0:0::/root:/bin/sh'), /no user "whittle"/)
})

test('a folder is entered by the bits of the owner, the group or the others, the first that fits', () => {
	const cases: [Permissions, boolean][] = [
		[{ uid: 0, gid: 0, mode: 0o755 }, true],
		[{ uid: 0, gid: 0, mode: 0o700 }, false],
		[{ uid: 999, gid: 0, mode: 0o700 }, true],
		[{ uid: 999, gid: 0, mode: 0o077 }, false],
		[{ uid: 0, gid: 995, mode: 0o710 }, true],
		[{ uid: 0, gid: 995, mode: 0o701 }, false]
	]
	for (const [permissions, expected] of cases) assert.equal(mayEnter(whittle, permissions), expected)
})

test('the barrier is the outermost folder that cannot be entered', () => {
	const closed = new Set(['/root', '/root/deep/er'])
	const stat = (path: string) => ({ uid: 0, gid: 0, mode: closed.has(path) ? 0o700 : 0o755 })
	assert.equal(barrier(whittle, '/root/deep/er/whittle/dist', stat), '/root')
	assert.equal(barrier(whittle, '/srv/whittle/dist', stat), undefined)
})

test('rights are dropped before the service starts, and paths are never a part of the script', () => {
	const hostile = '/srv/$(reboot); rm -rf "x'
	const plain = serviceCommand(whittle, { needed: [], barriers: [] }, '/run/whittle', ['node', hostile])
	assert.equal(plain[0], '/usr/bin/setpriv')
	for (const flag of [
		'--reuid=999',
		'--regid=995',
		'--clear-groups',
		'--bounding-set=-all',
		'--no-new-privs'
	]) {
		assert.ok(plain.includes(flag), flag)
	}
	const covered = serviceCommand(whittle, { needed: [hostile], barriers: ['/root'] }, '/run/whittle', [
		'node',
		hostile
	])
	assert.equal(covered[0], '/usr/bin/unshare')
	const script = covered[covered.indexOf('-c') + 1] ?? ''
	assert.ok(script.startsWith('set -eu') && !script.includes('reboot') && !script.includes('/root'))
	assert.deepEqual(covered.slice(covered.indexOf('/run/whittle'), covered.indexOf('/usr/bin/setpriv')), [
		'/run/whittle',
		'1',
		'1',
		hostile,
		'/root'
	])
})
