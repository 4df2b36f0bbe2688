import assert from 'node:assert/strict'
import test from 'node:test'
import type { Act } from '../../collector/aggregate.js'
import { identify } from '../../collector/identity.js'
import { type Decoded, timeWindow } from '../../collector/sources/replay/decoded.js'
import { KubeArmorDecoder } from '../../collector/sources/replay/kubearmor.js'

const NOW_MS = Date.UTC(2026, 10, 23)
const DIGEST = `sha256:${'5'.repeat(64)}`

const base = {
	Timestamp: 1765218527,
	UpdatedTime: '2025-12-08T18:28:47.125539Z',
	ClusterName: 'default',
	HostName: 'archlinux',
	NamespaceName: 'shop',
	Owner: { Ref: 'Deployment', Name: 'nginx', Namespace: 'shop' },
	PodName: 'nginx-779797d5bd-wlrsn',
	ContainerID: 'c830',
	ContainerName: 'nginx',
	ContainerImage: `docker.io/library/nginx:latest@${DIGEST}`,
	ParentProcessName: '/usr/bin/bash',
	ProcessName: '/usr/bin/curl',
	PID: 51,
	Type: 'ContainerLog',
	Source: '/usr/bin/curl google.com',
	Result: 'Passed'
}

function decode(parts: Record<string, unknown>): Decoded {
	return new KubeArmorDecoder(timeWindow(NOW_MS)).decode({ ...base, ...parts })
}

function eventsOf(parts: Record<string, unknown>) {
	const decoded = decode(parts)
	assert.equal(decoded.is, 'events', JSON.stringify(decoded))
	assert.ok(decoded.is === 'events')
	return { ...decoded.events, atMs: decoded.atMs }
}

const file = (data: string, resource = '/etc/app.conf') => ({
	Operation: 'File',
	Resource: resource,
	Data: data
})
const network = (resource: string, data: string) => ({ Operation: 'Network', Resource: resource, Data: data })

const acts: [line: Record<string, unknown>, acts: string[]][] = [
	[file('syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC'), ['read /etc/app.conf']],
	[file('syscall=SYS_OPEN flags=O_RDONLY'), ['read /etc/app.conf']],
	[file('syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_DIRECTORY'), ['list /etc/app.conf']],
	[file('syscall=SYS_OPENAT fd=-100 flags=O_WRONLY'), ['write /etc/app.conf']],
	[file('syscall=SYS_OPENAT fd=-100 flags=O_RDWR'), ['read /etc/app.conf', 'write /etc/app.conf']],
	[
		file('syscall=SYS_OPENAT fd=-100 flags=O_WRONLY|O_CREAT|O_TRUNC'),
		['write /etc/app.conf', 'create /etc/app.conf']
	],
	[file('syscall=SYS_UNLINKAT flags=', '/sbin/raw'), ['delete /sbin/raw']],
	[file('syscall=SYS_RMDIR', '/tmp/d'), ['delete /tmp/d']],
	[file('syscall=SYS_FCHOWNAT userid=0 group=0 mode=0'), ['chown /etc/app.conf']],
	[file('lsm=FILE_OPEN'), ['read /etc/app.conf']],
	[file('lsm=PATH_UNLINK'), ['delete /etc/app.conf']],
	[{ ...file('syscall=SYS_OPENAT fd=-100 flags=O_RDONLY', './x'), Cwd: '/srv/' }, ['read /srv/x']],
	[file('syscall=SYS_OPENAT fd=-100 flags=O_RDONLY', '/proc/4711/status'), ['read /proc/<pid>/status']],
	[
		{ Operation: 'Process', Resource: '/usr/bin/curl google.com', Data: 'syscall=SYS_EXECVE' },
		['exec /usr/bin/curl']
	],
	[
		{
			Operation: 'Process',
			Resource: './run.sh -x',
			ProcessName: '/srv/run.sh',
			Data: 'syscall=SYS_EXECVEAT'
		},
		['exec /srv/run.sh']
	],
	[
		{
			Operation: 'Process',
			Resource: '/usr/bin/apt',
			ProcessName: '/bin/bash',
			Data: 'syscall=SYS_EXECVE',
			Result: 'Permission denied'
		},
		['exec /usr/bin/apt']
	],
	[
		{
			Operation: 'Process',
			Resource: '/usr/bin/sleep 10',
			ProcessName: '/bin/sleep',
			Data: 'lsm=SECURITY_BPRM_CHECK',
			Action: 'Block'
		},
		['exec /usr/bin/sleep']
	],
	[
		{
			Operation: 'Process',
			Resource: '/bin/x',
			Data: 'syscall=SYS_PTRACE request=PTRACE_ATTACH pid=1 process=/bin/x'
		},
		['ptrace attach']
	],
	[
		{ Operation: 'Process', Resource: '', Data: 'syscall=SYS_PTRACE request=PTRACE_TRACEME pid=0 process=' },
		['ptrace traceme']
	],
	[
		{ Operation: 'Process', Resource: '', Data: 'syscall=SYS_PTRACE request=PTRACE_POKEDATA pid=9 process=' },
		['ptrace write']
	],
	[
		network('remoteip=10.1.2.3 port=443 protocol=TCP', 'kprobe=tcp_connect domain=AF_INET'),
		['connect egress/tcp/443/10.1.2.3']
	],
	[
		network('remoteip=2001:DB8::0:1 port=443 protocol=TCPv6', 'kprobe=tcp_connect domain=AF_INET6'),
		['connect egress/tcp/443/2001:db8::1']
	],
	[
		network('remoteip=10.1.2.3 port=80 protocol=TCP', 'kprobe=tcp_accept domain=AF_INET'),
		['accept ingress/tcp/80/10.1.2.3']
	],
	[
		network('sa_family=AF_INET sin_port=53 sin_addr=10.0.0.10', 'syscall=SYS_CONNECT fd=10'),
		['connect egress/udp/53/10.0.0.10']
	],
	[
		network('sin_addr=10.0.0.10 sin_port=8080 sa_family=AF_INET', 'syscall=SYS_CONNECT fd=10'),
		['connect egress/tcp/8080/10.0.0.10']
	],
	[
		network('sa_family=AF_INET6 sin6_port=443 sin6_addr=::1', 'syscall=SYS_CONNECT fd=3'),
		['connect egress/tcp/443/::1']
	],
	[
		network('sa_family=AF_INET sin_port=8080 sin_addr=0.0.0.0', 'syscall=SYS_BIND fd=3'),
		['bind ingress/tcp/8080/any']
	],
	[
		network('sa_family=AF_UNIX sun_path=/run/db.sock', 'syscall=SYS_CONNECT fd=3'),
		['connect egress/unix/0//run/db.sock']
	],
	[
		network(
			'sa_family=AF_INET sin_port=53',
			'kfunc=UDP_SENDMSG,domain=Google.com.default.svc.cluster.local,daddr=10.43.0.10,qtype=AAAA'
		),
		['resolve google.com.default.svc.cluster.local', 'send egress/udp/53/10.43.0.10']
	],
	[
		network('sa_family=AF_INET sin_port=53', 'kfunc=UDP_SENDMSG domain=google.com. daddr=10.43.0.10 qtype=A'),
		['resolve google.com', 'send egress/udp/53/10.43.0.10']
	],
	[
		network('domain=AF_INET type=SOCK_RAW|SOCK_CLOEXEC protocol=ICMP', 'syscall=SYS_SOCKET'),
		['raw-socket AF_INET/icmp']
	],
	[network('domain=AF_PACKET type=SOCK_DGRAM protocol=0', 'syscall=SYS_SOCKET'), ['raw-socket AF_PACKET/0']],
	[
		{
			Operation: 'NetworkFirewall',
			Resource: 'EGRESS',
			Action: 'Block',
			Data: 'SourceIP=10.42.0.233 SourcePort=0 DestinationIP=8.8.8.8 DestinationPort=0 Protocol=ICMP QuotaLevel=pod QuotaLimit=2MB'
		},
		['connect egress/icmp/0/8.8.8.8']
	],
	[
		{ Operation: 'Capabilities', Resource: 'CAP_NET_RAW', Data: 'lsm=CAPABLE CAP_NET_RAW' },
		['capability CAP_NET_RAW']
	],
	[{ Operation: 'Capabilities', Resource: 'net_raw', Data: 'lsm=CAPABLE' }, ['capability CAP_NET_RAW']],
	[{ Operation: 'Syscall', Data: 'syscall=SYS_SETGID userid=0' }, ['setuid gid 0']],
	[{ Operation: 'Syscall', Data: 'syscall=SYS_SETUID userid=33' }, ['setuid uid 33']],
	[
		{
			Operation: 'Syscall',
			Data: 'syscall=SYS_MOUNT source=none target=/mnt filesystem=tmpfs mountflag=0 data='
		},
		['mount tmpfs /mnt']
	],
	[{ Operation: 'Syscall', Data: 'syscall=SYS_UMOUNT target=/mnt flag=0' }, ['mount umount /mnt']]
]

for (const [line, expected] of acts) {
	test(`${line.Operation} ${line.Resource ?? ''} ${line.Data}`, () => {
		const say = ({ verb, object }: Act): string => `${verb} ${object}`
		assert.deepEqual(eventsOf(line).acts.map(say), expected)
	})
}

const nothing: Record<string, unknown>[] = [
	file('syscall=SYS_CLOSE fd=3', ''),
	network('', 'syscall=SYS_LISTEN fd=3'),
	network('domain=AF_NETLINK type=SOCK_RAW protocol=0', 'syscall=SYS_SOCKET'),
	network('domain=AF_INET type=SOCK_STREAM protocol=TCP', 'syscall=SYS_SOCKET'),
	network('sa_family=AF_INET sin_port=0 sin_addr=10.0.0.1', 'syscall=SYS_CONNECT fd=3'),
	{ Operation: 'Device', Resource: 'x', Data: 'Class=9' }
]
for (const line of nothing)
	test(`says nothing of use: ${JSON.stringify(line)}`, () => assert.equal(decode(line).is, 'nothing'))

const refusals: [line: Record<string, unknown>, reason: RegExp][] = [
	[{ Operation: 'Quantum' }, /unknown Operation/],
	[{ Operation: 'File', Resource: 7, Data: '' }, /field that should be text/],
	[file('flags=O_RDONLY', '/a\0b'), /NUL/],
	[file('flags=O_RDONLY', `/${'x'.repeat(5000)}`), /longer than 4095 bytes/],
	[file('flags=O_RDONLY', `/${'\u{1f600}'.repeat(1100)}`), /longer than 4095 bytes/],
	[file('flags=O_RDONLY', 'relative'), /not absolute/],
	[{ ...file('flags=O_RDONLY'), HostPID: 2 ** 53 }, /over 2\^53/],
	[{ ...file('flags=O_RDONLY'), PID: 1.5 }, /over 2\^53 or not whole/],
	[{ ...file('flags=O_RDONLY'), UpdatedTime: '1970-01-01T00:00:00Z' }, /before the year 2000/],
	[{ ...file('flags=O_RDONLY'), UpdatedTime: '2100-01-01T00:00:00Z' }, /48 hours ahead/],
	[{ ...file('flags=O_RDONLY'), UpdatedTime: 'yesterday' }, /time cannot be read/],
	[{ ...file('flags=O_RDONLY'), UpdatedTime: '', Timestamp: undefined }, /time cannot be read/],
	[network('remoteip=999.1.2.3 port=443 protocol=TCP', 'kprobe=tcp_connect'), /neither IPv4 nor IPv6/],
	[network('remoteip=9.1.2.3 port=70000 protocol=TCP', 'kprobe=tcp_connect'), /port is not a number/],
	[{ Operation: 'Capabilities', Resource: '<script>' }, /unknown capability/]
]
for (const [line, reason] of refusals) {
	test(`refused: ${String(reason)} ${line.Operation}`, () => {
		const decoded = decode(line)
		assert.ok(decoded.is === 'refused', JSON.stringify(decoded).slice(0, 200))
		assert.match(decoded.reason, reason)
	})
}

test('who, when and which image', () => {
	const { actor, atMs } = eventsOf(file('flags=O_RDONLY'))
	assert.equal(identify(actor.subject).name, 'default/shop/Deployment/nginx/nginx')
	assert.equal(atMs, Date.UTC(2025, 11, 8, 18, 28, 47, 125))
	assert.deepEqual(actor.version, { digest: DIGEST, description: base.ContainerImage })
	assert.equal(actor.source, '/usr/bin/curl')
	assert.equal(actor.pod, 'nginx-779797d5bd-wlrsn')
})

test('an exec belongs to the program that asked for it', () => {
	const line = {
		Operation: 'Process',
		Resource: '/usr/bin/curl --token=S3cr3t x',
		Data: 'syscall=SYS_EXECVE'
	}
	const { actor } = eventsOf(line)
	assert.equal(actor.source, '/usr/bin/bash')
	assert.equal(actor.detail, '/usr/bin/curl --token=***')
})

const results: [line: Record<string, unknown>, result: string][] = [
	[{ Result: 'Passed' }, 'allowed'],
	[{ Result: 'Operation now in progress' }, 'allowed'],
	[{ Result: 'Permission denied' }, 'denied'],
	[{ Result: 'Operation not permitted' }, 'denied'],
	[{ Result: 'No such file or directory' }, 'failed'],
	[{ Type: 'MatchedPolicy', Action: 'Block', Result: 'Permission denied' }, 'denied'],
	[{ Type: 'MatchedPolicy', Action: 'Block', Result: 'Passed' }, 'denied'],
	[{ Type: 'MatchedPolicy', Action: 'Audit (Block)', Result: 'Passed' }, 'allowed'],
	[{ Type: 'MatchedPolicy', PolicyName: 'DefaultPosture', Action: 'Audit', Result: 'Passed' }, 'allowed'],
	[
		{ Type: 'MatchedPolicy', PolicyName: 'DefaultPosture', Action: 'Block', Result: 'Permission denied' },
		'denied'
	]
]
for (const [line, result] of results) {
	test(`${JSON.stringify(line)} is ${result}`, () =>
		assert.equal(eventsOf({ ...file('flags=O_RDONLY'), ...line }).actor.result, result))
}

test('a terminal or an exec through the runtime is interactive, the first process of a container is its start', () => {
	const exec = {
		Operation: 'Process',
		Resource: '/bin/sh',
		ProcessName: '/bin/sh',
		Data: 'syscall=SYS_EXECVE'
	}
	assert.equal(eventsOf(exec).actor.interactive, undefined)
	assert.equal(eventsOf({ ...exec, TTY: 'pts0' }).actor.interactive, true)
	assert.equal(eventsOf({ ...exec, ParentProcessName: '/usr/bin/runc' }).actor.interactive, true)
	const first = eventsOf({ ...exec, ParentProcessName: '/usr/bin/containerd-shim-runc-v2', PID: 1 })
	assert.equal(first.actor.interactive, undefined)
	assert.equal(first.startOf, 'c830')
})

test('a host goes by its program, and the older lower-camel form is read too', () => {
	const { actor } = eventsOf({
		Type: 'MatchedHostPolicy',
		NamespaceName: '',
		PodName: '',
		ContainerName: '',
		Operation: 'Process',
		Resource: '/usr/bin/sleep 10',
		ParentProcessName: '/bin/bash',
		Action: 'Block'
	})
	assert.equal(identify(actor.subject).name, 'host/archlinux/bin/bash')
	const old = new KubeArmorDecoder(timeWindow(NOW_MS)).decode({
		clusterName: 'default',
		containerName: 'api',
		data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY',
		hostName: 'n1',
		hostPid: 7,
		namespaceName: 'shop',
		operation: 'File',
		podName: 'api-1',
		resource: '/etc/hosts',
		result: 'Passed',
		source: '/usr/bin/api --serve',
		timestamp: 1765218527,
		type: 'ContainerLog'
	})
	assert.ok(old.is === 'events')
	assert.equal(identify(old.events.actor.subject).name, 'default/shop/Pod/api-1/api')
	assert.equal(old.events.actor.source, '/usr/bin/api')
})

test('a throttled container leaves a gap of its own', () => {
	const decoded = decode({
		Type: 'SystemEvent',
		Operation: 'AlertThreshold',
		DroppingAlertsInterval: 30,
		MaxAlertsPerSec: 10
	})
	assert.ok(decoded.is === 'gap')
	const { scope, fromMs, toMs, reason } = decoded.gap
	assert.deepEqual(
		{ scope, length: toMs - fromMs, reason },
		{ scope: 'pod:default/shop/nginx-779797d5bd-wlrsn', length: 30_000, reason: 'alert-throttle' }
	)
})

test('a gap of nonsensical length ends after a day', () => {
	const decoded = decode({ Operation: 'AlertThreshold', DroppingAlertsInterval: Number.MAX_SAFE_INTEGER })
	assert.ok(decoded.is === 'gap')
	assert.equal(decoded.gap.toMs - decoded.gap.fromMs, 86_400_000)
})

test('a path that could mislead is kept with its bytes escaped, and reported', () => {
	const { acts: found, note } = eventsOf(file('flags=O_RDONLY', '/tmp/\u202egnp.exe'))
	assert.equal(found[0]?.object, '/tmp/\\xe2\\x80\\xaegnp.exe')
	assert.match(note ?? '', /bidirectional: kept/)
})

test('what is remembered about a line is what it says', () => {
	const decoder = new KubeArmorDecoder(timeWindow(NOW_MS))
	const one = decoder.decode({ ...base, ...file('flags=O_RDONLY') })
	const again = decoder.decode({
		...base,
		...file('flags=O_RDONLY'),
		PID: 52,
		UpdatedTime: '2025-12-08T19:00:00Z'
	})
	assert.ok(one.is === 'events' && again.is === 'events')
	assert.equal(one.events, again.events)
	for (const change of [
		{ Resource: '/x' },
		{ Data: 'flags=O_WRONLY' },
		{ ProcessName: '/x' },
		{ Result: 'x' },
		{ Action: 'Block' },
		{ TTY: 'pts0' },
		{ PodName: 'x' },
		{ ContainerImage: 'x' },
		{ Type: 'HostLog' }
	]) {
		const other = decoder.decode({ ...base, ...file('flags=O_RDONLY'), ...change })
		assert.ok(other.is === 'events')
		assert.notDeepEqual(other.events, one.events, JSON.stringify(change))
	}
})
