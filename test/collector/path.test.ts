import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { decodeBytes, escapeText, hasUnprintable, normalisePath, sealText } from '../../collector/path.js'

const ID = '0123456789abcdef'.repeat(4)
const UID = '0a1b2c3d-1111-2222-3333-444455556666'

const paths: [raw: string | Buffer, stored: string | undefined][] = [
	['/etc/passwd', '/etc/passwd'],
	['/', '/'],
	['//etc///passwd', '/etc/passwd'],
	['/etc/./nginx/../passwd', '/etc/passwd'],
	['/../../etc/passwd', '/etc/passwd'],
	['/etc/', '/etc'],
	['/etc/..', '/'],
	['/a/...', '/a/...'],
	['/a/.hidden/..file', '/a/.hidden/..file'],
	['relative', undefined],
	['', undefined],
	['/proc/1/status', '/proc/<pid>/status'],
	['/proc/12345', '/proc/<pid>'],
	['/proc/77/task/78/comm', '/proc/<pid>/task/<pid>/comm'],
	['/proc/self/task/78/comm', '/proc/self/task/<pid>/comm'],
	['/proc/1x/status', '/proc/1x/status'],
	['/proc/sys/kernel/pid_max', '/proc/sys/kernel/pid_max'],
	['/srv/proc/1/status', '/srv/proc/1/status'],
	['/x/../proc/9/maps', '/proc/<pid>/maps'],
	[`/var/lib/docker/containers/${ID}/hostname`, '/var/lib/docker/containers/<container>/hostname'],
	[
		`/run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/rootfs`,
		'/run/containerd/io.containerd.runtime.v2.task/k8s.io/<container>/rootfs'
	],
	[
		`/sys/fs/cgroup/system.slice/docker-${ID}.scope/memory.max`,
		'/sys/fs/cgroup/system.slice/docker-<container>.scope/memory.max'
	],
	[
		`/sys/fs/cgroup/kubepods/burstable/pod${UID}/${ID}/cpu.max`,
		'/sys/fs/cgroup/kubepods/burstable/pod<uid>/<container>/cpu.max'
	],
	[
		`/sys/fs/cgroup/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope`,
		'/sys/fs/cgroup/kubepods.slice/kubepods-pod<uid>.slice/cri-containerd-<container>.scope'
	],
	[`/var/lib/kubelet/pods/${UID}/volumes/token`, '/var/lib/kubelet/pods/<uid>/volumes/token'],
	[`/var/log/pods/shop_web-0_${UID}/web/0.log`, '/var/log/pods/shop_web-0_<uid>/web/0.log'],
	[`/var/log/pods/shop_web-0_${UID}`, '/var/log/pods/shop_web-0_<uid>'],
	[
		`/var/log/pods/kube-system_etcd-a_${ID.slice(0, 32)}/etcd/1.log.gz`,
		'/var/log/pods/kube-system_etcd-a_<uid>/etcd/1.log.gz'
	],
	[`/var/log/containers/web-0_shop_web-${ID}.log`, '/var/log/containers/web-0_shop_web-<container>.log'],
	[`/var/log/pods/${UID}/0.log`, `/var/log/pods/${UID}/0.log`],
	[`/srv/var/log/pods/shop_web-0_${UID}/web/0.log`, `/srv/var/log/pods/shop_web-0_${UID}/web/0.log`],
	// A content hash is not a container: a token here would grant files that nobody asked for.
	[`/srv/blobs/sha256/${ID}`, `/srv/blobs/sha256/${ID}`],
	[`/srv/pods/${UID}`, `/srv/pods/${UID}`],
	['/tmp/a\\b', '/tmp/a\\\\b'],
	['/tmp/<pid>', '/tmp/\\x3cpid>'],
	['/tmp/new\nline', '/tmp/new\\x0aline'],
	['/tmp/\u202egnp.exe', '/tmp/\\xe2\\x80\\xaegnp.exe'],
	['/tmp/h\u00e9llo \u{1f600}', '/tmp/h\u00e9llo \u{1f600}'],
	['/tmp/\ud800', '/tmp/\\xed\\xa0\\x80'],
	[Buffer.from('2f746d702fff', 'hex'), '/tmp/\\xff'],
	[Buffer.from('2f746d702fc3a9c3', 'hex'), '/tmp/\u00e9\\xc3'],
	[Buffer.from('2f746d702fe28080', 'hex'), '/tmp/\u2000']
]

for (const [raw, stored] of paths) {
	test(`path ${escapeText(raw)} is stored as ${stored}`, () => assert.equal(normalisePath(raw), stored))
}

test('a relative path is taken below the working directory', () => {
	assert.equal(normalisePath('./main', '/srv/app/'), '/srv/app/main')
	assert.equal(normalisePath('../x', '/srv/app'), '/srv/x')
	assert.equal(normalisePath('x', 'srv'), undefined)
})

test('any bytes become text that shows nothing unprintable and can be told apart', () => {
	const seen = new Map<string, string>()
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
			const text = escapeText(Buffer.from(bytes))
			assert.equal(hasUnprintable(text), false)
			assert.equal(text.includes('<'), false)
			const hex = Buffer.from(bytes).toString('hex')
			assert.equal(seen.get(text) ?? hex, hex)
			seen.set(text, hex)
		}),
		{ numRuns: 2000 }
	)
})

test('valid UTF-8 decodes to itself', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(decodeBytes(Buffer.from(text)), text))
	)
})

test('normalising a stored path of plain characters changes nothing', () => {
	const part = fc.stringMatching(/^[a-zA-Z0-9._-]{1,12}$/)
	fc.assert(
		fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
			const once = normalisePath(`/${parts.join('/')}`) ?? ''
			assert.equal(normalisePath(once), once)
		})
	)
})

test('sealing is safe to do twice and leaves escapes alone', () => {
	assert.equal(sealText('dev-disk\\x2duuid.mount'), 'dev-disk\\x2duuid.mount')
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), (text) => {
			const sealed = sealText(text)
			assert.equal(sealText(sealed), sealed)
			assert.equal(hasUnprintable(sealed), false)
		})
	)
})
