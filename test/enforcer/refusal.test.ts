import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCgroup, parseStat, type Process, readProcesses } from '../../enforcer/processes.js'
import {
	cgroupRefusals,
	isOwnCgroup,
	lineage,
	neverEnforced,
	type Standing,
	type Subject
} from '../../enforcer/refusal.js'

const nobody: Standing = { processes: [], ownPids: [], callerPid: null }

for (const unit of [
	'ssh.service',
	'sshd.service',
	'getty@tty1.service',
	'init.scope',
	'systemd-resolved.service',
	'systemd-logind.service',
	'named.service',
	'dnsmasq.service',
	'containerd.service',
	'docker.service',
	'kubelet.service',
	'k3s.service',
	'session-3.scope',
	'user@1000.service',
	'usr/bin/containerd-shim-runc-v2',
	'usr/sbin/sshd',
	'whittle.service',
	'dbus.service'
]) {
	test(`host/n1/${unit} is never enforced on`, () => {
		const [note] = neverEnforced(host(unit))
		assert.equal(note?.severity, 'refusal')
		assert.match(note?.text ?? '', /shown and never blocked\.$/)
	})
}

for (const unit of [
	'nginx.service',
	'postgresql@15-main.service',
	'login-api.service',
	'userdb.service',
	'runcible.service',
	'docker-4f1c.scope'
]) {
	test(`host/n1/${unit} may be`, () => assert.deepEqual(neverEnforced(host(unit)), []))
}

test('system pods are never enforced on; an application that is called login may be', () => {
	for (const owner of [
		'coredns',
		'kube-proxy',
		'kube-apiserver-n1',
		'calico-node',
		'cilium',
		'kubearmor-snitch',
		'etcd-n1'
	]) {
		assert.equal(neverEnforced(pod(owner)).length, 1, owner)
	}
	for (const owner of ['login', 'web', 'named-entities'])
		assert.deepEqual(neverEnforced(pod(owner)), [], owner)
})

test('no denial at the root cgroup, and none without a cgroup', () => {
	for (const cgroup of ['', '/', '//', '/a/../b', '/a//b', 'a', '/.']) {
		assert.equal(isOwnCgroup(cgroup), false, cgroup)
		assert.deepEqual(codes({ ...host('nginx.service'), cgroup }), ['host.root-cgroup'], cgroup)
	}
	assert.equal(isOwnCgroup('/system.slice/nginx.service'), true)
})

test('no denial on a cgroup that another workload runs in or below', () => {
	const shared = (cgroup: string) =>
		cgroupRefusals(host('nginx.service'), [{ name: 'host/n1/other', cgroup }], nobody).map(
			(note) => note.code
		)
	assert.deepEqual(shared('/system.slice/nginx.service'), ['host.shared-cgroup'])
	assert.deepEqual(shared('/system.slice/nginx.service/sub'), ['host.shared-cgroup'])
	assert.deepEqual(shared('/system.slice/nginx.service2'), [], 'a longer name is not below')
	assert.deepEqual(shared('/system.slice'), [], 'what is above is not hit')
})

test('no denial that would cut off this login', () => {
	const inside = '/system.slice/nginx.service'
	const processes: Process[] = [
		process_(1, 0, 'systemd', '/init.scope'),
		process_(10, 1, 'sshd', '/system.slice/ssh.service'),
		process_(11, 10, 'bash', inside),
		process_(12, 11, 'node', '/elsewhere')
	]
	const at = (standing: Partial<Standing>) =>
		cgroupRefusals(host('nginx.service'), [], { ...nobody, processes, ...standing }).map((note) => note.code)
	assert.deepEqual(at({}), [])
	assert.deepEqual(at({ callerPid: 12 }), ['host.this-login'], 'an ancestor of the caller runs in it')
	assert.deepEqual(at({ ownPids: [12] }), ['never.whittle'])
	const leader = processes.map((one) =>
		one.pid === 11 ? { ...one, isSessionLeader: true, hasTerminal: true } : one
	)
	assert.deepEqual(at({ processes: leader }), ['host.login'], 'a shell at a terminal runs in it')
	const daemon = [...processes, process_(13, 1, 'sshd', `${inside}/sub`)]
	assert.deepEqual(at({ processes: daemon }), ['never.process'])
	const inContainer = [...processes, process_(14, 1, 'systemd', inside)]
	assert.deepEqual(at({ processes: inContainer }), [], 'a systemd that is not process 1 is a container’s')
})

test('a chain of parents that loops ends', () => {
	const loop = [process_(5, 6, 'a', '/'), process_(6, 5, 'b', '/')]
	assert.deepEqual(
		lineage(loop, 5).map((one) => one.pid),
		[5, 6]
	)
})

test('a container is not held by the host target', () => {
	assert.deepEqual(codes(pod('web')), ['host.container'])
})

test('/proc/PID/stat is read from its last parenthesis on', () => {
	assert.deepEqual(parseStat('12 (a) b) (c) S 1 12 11 34816 -1 4194560 1 0'), {
		name: 'a) b) (c',
		parentPid: 1,
		sessionPid: 11,
		terminal: 34816
	})
	assert.equal(parseStat('nonsense'), null)
	assert.equal(parseCgroup('12:cpu:/x\n0::/system.slice/a.service\n'), '/system.slice/a.service')
	assert.equal(parseCgroup('3:cpu:/x\n'), '')
})

test('this process and its parents are among the processes', async () => {
	const chain = lineage(await readProcesses(), process.pid)
	assert.equal(chain[0]?.pid, process.pid)
	assert.equal(chain[1]?.pid, process.ppid)
})

function host(unit: string): Subject {
	return {
		workloadId: 1,
		name: `host/n1/${unit}`,
		form: 'host',
		namespace: '',
		kind: '',
		owner: unit,
		container: '',
		node: 'n1',
		cgroup: `/system.slice/${unit}`
	}
}

function pod(owner: string): Subject {
	return {
		workloadId: 1,
		name: `c1/kube-system/DaemonSet/${owner}/x`,
		form: 'container',
		namespace: 'kube-system',
		kind: 'DaemonSet',
		owner,
		container: 'x',
		node: '',
		cgroup: ''
	}
}

function codes(subject: Subject): string[] {
	return cgroupRefusals(subject, [], nobody).map((note) => note.code)
}

function process_(pid: number, parentPid: number, program: string, cgroup: string): Process {
	return { pid, parentPid, program, cgroup, isSessionLeader: false, hasTerminal: false }
}
