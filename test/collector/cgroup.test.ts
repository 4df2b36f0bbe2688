import assert from 'node:assert/strict'
import test from 'node:test'
import { type CgroupIdentity, readCgroup } from '../../collector/cgroup.js'

const ID = 'a'.repeat(63).concat('1')
const UID = '0a1b2c3d-1111-2222-3333-444455556666'
const UID_SYSTEMD = UID.replaceAll('-', '_')

const cases: [path: string, identity: CgroupIdentity][] = [
	['/', { kind: 'root' }],
	['', { kind: 'root' }],
	[`/docker/${ID}`, { kind: 'container', id: ID, runtime: 'docker' }],
	[`/system.slice/docker-${ID}.scope`, { kind: 'container', id: ID, runtime: 'docker' }],
	[`/actions_job/${ID}`, { kind: 'container', id: ID, runtime: 'docker' }],
	[`/system.slice/crio-${ID}.scope`, { kind: 'container', id: ID, runtime: 'cri-o' }],
	[`/system.slice/crio-conmon-${ID}.scope`, { kind: 'unit', unit: `crio-conmon-${ID}.scope` }],
	[`/machine.slice/libpod-${ID}.scope`, { kind: 'container', id: ID, runtime: 'podman' }],
	[`/machine.slice/libpod-${ID}.scope/container`, { kind: 'container', id: ID, runtime: 'podman' }],
	[`/machine.slice/libpod-conmon-${ID}.scope`, { kind: 'unit', unit: `libpod-conmon-${ID}.scope` }],
	[
		`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
		{ kind: 'container', id: ID, runtime: 'podman' }
	],
	[
		`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_SYSTEMD}.slice/cri-containerd-${ID}.scope`,
		{ kind: 'container', id: ID, runtime: 'containerd', podUid: UID }
	],
	[
		`/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice/crio-${ID}.scope`,
		{ kind: 'container', id: ID, runtime: 'cri-o', podUid: UID }
	],
	[`/kubepods/besteffort/pod${UID}/${ID}`, { kind: 'container', id: ID, runtime: 'kubernetes', podUid: UID }],
	[`/kubepods/pod${UID}/${ID}`, { kind: 'container', id: ID, runtime: 'kubernetes', podUid: UID }],
	[
		`/system.slice/containerd.service/kubepods-burstable-pod${UID_SYSTEMD}.slice:cri-containerd:${ID}`,
		{ kind: 'container', id: ID, runtime: 'containerd', podUid: UID }
	],
	['/lxc.payload.web', { kind: 'container', id: 'web', runtime: 'lxc' }],
	['/lxc/web', { kind: 'container', id: 'web', runtime: 'lxc' }],
	['/lxc.monitor.web', { kind: 'unit', unit: '/lxc.monitor.web' }],
	['/machine.slice/systemd-nspawn@deb.service', { kind: 'container', id: 'deb', runtime: 'nspawn' }],
	['/machine.slice/machine-my\\x2ddeb.scope', { kind: 'container', id: 'my-deb', runtime: 'nspawn' }],
	[
		'/garden/0a1b2c3d-1111-2222-3333-4444',
		{ kind: 'container', id: '0a1b2c3d-1111-2222-3333-4444', runtime: 'garden' }
	],
	// What runs inside a container cannot take another name by the cgroups that it makes.
	[`/docker/${ID}/docker/${'b'.repeat(64)}`, { kind: 'container', id: ID, runtime: 'docker' }],
	[`/docker/${ID}/system.slice/sshd.service`, { kind: 'container', id: ID, runtime: 'docker' }],
	['/system.slice/nginx.service', { kind: 'unit', unit: 'nginx.service' }],
	[
		'/system.slice/system-postgresql.slice/postgresql@15-main.service',
		{ kind: 'unit', unit: 'postgresql@15-main.service' }
	],
	// Delegated: the unit's own children are the unit.
	['/system.slice/app.service/sshd.service', { kind: 'unit', unit: 'app.service' }],
	['/system.slice/app.service/workers/7', { kind: 'unit', unit: 'app.service' }],
	['/user.slice/user-1000.slice/session-3.scope', { kind: 'unit', unit: 'session-3.scope' }],
	[
		'/user.slice/user-1000.slice/user@1000.service/init.scope',
		{ kind: 'unit', unit: 'user@1000.service/init.scope' }
	],
	[
		'/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service',
		{ kind: 'unit', unit: 'user@1000.service/nginx.service' }
	],
	['/init.scope', { kind: 'unit', unit: 'init.scope' }],
	['/system.slice', { kind: 'unit', unit: 'system.slice' }],
	['/whittle-learn/xyz', { kind: 'unit', unit: '/whittle-learn/xyz' }],
	['/whittle.slice/xyz', { kind: 'unit', unit: '/whittle.slice/xyz' }],
	// A long hex name that no runtime made is a cgroup like any other.
	[`/jobs/${ID}`, { kind: 'unit', unit: `/jobs/${ID}` }],
	[`/docker/${'a'.repeat(63)}`, { kind: 'unit', unit: `/docker/${'a'.repeat(63)}` }]
]

for (const [path, identity] of cases) {
	test(`cgroup ${path.replace(/([0-9a-f]{8})[0-9a-f]{50,}/g, '$1…') || '(empty)'}`, () => {
		assert.deepEqual(readCgroup(path), identity)
	})
}
