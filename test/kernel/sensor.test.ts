import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	rmdirSync,
	writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { packageRoot } from '../../native/addon.js'
import { frameType } from '../../native/frame.js'
import { encodeLaunch } from '../../native/launch.js'
import { compile, pause, unitOf, watch } from './kernel.js'
import type { Watched } from './kernel.js'

const nobody = 65534
let watched: Watched

before(async () => {
	watched = await watch()
	chmodSync(watched.folder, 0o755)
})
after(() => watched.close())

const sightings = (unit: string) => watched.sightings.filter((sighting) => unitOf(sighting) === unit)

test('a launch runs with the uid, gid and groups of the peer that asked, never with ours', async () => {
	// Only root may speak to the socket; for this test somebody else is let in.
	chmodSync(dirname(watched.connection.hello.socket), 0o755)
	chmodSync(watched.connection.hello.socket, 0o666)
	const client = `
		import { launchCommand } from ${JSON.stringify(join(packageRoot(), 'dist/native/launch-client.js'))}
		const launched = await launchCommand(process.argv[1], { name: 'as-peer', argv: ['sh', '-c', 'id -u; id -g; id -G; grep Cap /proc/self/status'], environment: ['PATH=/usr/bin:/bin'], folder: '/' })
		const { code } = await launched.ended
		launched.close()
		process.exitCode = code`
	const output = execFileSync(
		process.execPath,
		['--input-type=module', '-e', client, watched.connection.hello.socket],
		{ uid: nobody, gid: nobody, encoding: 'utf8', cwd: '/' }
	)
	chmodSync(watched.connection.hello.socket, 0o600)
	const lines = output.trim().split('\n')
	assert.deepEqual(lines.slice(0, 3), [String(nobody), String(nobody), String(nobody)])
	for (const name of ['CapPrm', 'CapEff', 'CapAmb']) {
		assert.match(output, new RegExp(`${name}:\\s+0000000000000000`), `${name} is empty`)
	}
})

test('the service cannot ask for a launch: no frame of its connection runs anything', async () => {
	const proof = join(watched.folder, 'launched-by-the-service')
	const request = encodeLaunch({ name: 'no', argv: ['touch', proof], environment: [], folder: '/' })
	for (let type = 0; type < 256; type++) {
		if (
			type === frameType.probe ||
			type === frameType.held ||
			type === frameType.hold ||
			type === frameType.lift
		)
			continue
		await assert.rejects(watched.connection.send(type, request), /nothing else/, `frame ${type}`)
	}
	await pause(300)
	assert.equal(existsSync(proof), false)
})

test('a peer that sends nonsense to the launch socket is told so, and the sensor goes on', async () => {
	const client = `
		const socket = require('net').connect(process.argv[1])
		socket.on('connect', () => socket.write('GET / HTTP/1.1\\r\\n\\r\\n'))
		socket.on('data', (d) => process.stdout.write(d.subarray(8)))
		socket.on('end', () => process.exit(0))`
	const output = execFileSync(process.execPath, ['-e', client, watched.connection.hello.socket], {
		encoding: 'utf8'
	})
	assert.match(output, /does not speak/)
	assert.equal(await watched.run('still-there', ['true']), 0)
})

test('a denied open is an attempt, under its path, and is never counted as allowed', async () => {
	const secret = join(watched.folder, 'secret')
	writeFileSync(secret, '', { mode: 0o600 })
	const program = `
		process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody})
		const fs = require('fs')
		for (const [path, flags] of [[${JSON.stringify(secret)}, 'r'], ['secret', 'r+'], ['/etc/shadow', 'r']]) {
			try { fs.openSync(path, flags); process.exit(1) } catch (e) { if (e.code !== 'EACCES') process.exit(2) }
		}`
	assert.equal(await watched.run('denied', [process.execPath, '-e', program]), 0)
	await watched.drained()
	const denied = watched.counts('denied', 'denied')
	assert.equal(denied.get(`read ${secret}`), 2, 'absolute, and relative to the working directory')
	assert.equal(denied.get(`write ${secret}`), 1)
	assert.equal(denied.get('read /etc/shadow'), 1)
	const allowed = [...watched.counts('denied').keys()]
	assert.ok(!allowed.some((key) => key.includes(secret) || key.includes('shadow')), allowed.join('\n'))
})

test('every way to change a file is seen with its path', async () => {
	const script = `
		cd "$0" && mkdir made && echo x > made/a && ln made/a made/hard && ln -s a made/soft && mv made/a made/b &&
		chmod 600 made/b && chown 1:1 made/b && truncate -s 0 made/b && touch made/b && mkfifo made/pipe &&
		rm made/hard made/soft made/b made/pipe && rmdir made`
	assert.equal(await watched.run('changes', ['sh', '-c', script, watched.folder]), 0)
	await watched.drained()
	const seen = watched.counts('changes')
	const made = join(watched.folder, 'made')
	for (const key of [
		`mkdir ${made}`,
		`create ${made}/a`,
		`link ${made}/a`,
		`link ${made}/hard`,
		`link ${made}/soft`,
		`rename ${made}/a`,
		`rename ${made}/b`,
		`chmod ${made}/b`,
		`chown ${made}/b`,
		`truncate ${made}/b`,
		`setattr ${made}/b`,
		`mknod ${made}/pipe`,
		`delete ${made}/hard`,
		`delete ${made}`
	]) {
		assert.ok(
			seen.has(key),
			`${key} is missing from\n${[...seen.keys()].filter((k) => k.includes('made')).join('\n')}`
		)
	}
})

test('what exec itself opens is marked as required: binary, loader, script', async () => {
	const script = join(watched.folder, 'script.sh')
	writeFileSync(script, '#!/bin/sh\nexec /usr/bin/true\n', { mode: 0o755 })
	assert.equal(await watched.run('exec', ['./script.sh']), 0)
	await watched.drained()
	const required = sightings('/whittle-learn/exec')
		.filter((sighting) => sighting.required)
		.map((sighting) => sighting.object)
	assert.ok(required.includes('/usr/bin/dash'), required.join(' '))
	assert.ok(required.includes(script), 'the script, by its absolute path')
	assert.ok(
		required.some((path) => path.includes('/ld-linux') || path.includes('/ld-')),
		'the loader'
	)
	const execs = sightings('/whittle-learn/exec').filter((sighting) => sighting.verb === 'exec')
	assert.deepEqual(execs.map(({ object, source }) => [object, source]).sort(), [
		// Enforcers ask about the script as about its interpreter.
		[script, ''],
		['/usr/bin/dash', ''],
		['/usr/bin/true', '/usr/bin/dash']
	])
})

test('a command line is kept as evidence, without its secrets', async () => {
	assert.equal(await watched.run('secrets', ['sh', '-c', 'true', 'x', '--password=hunter2hunter2']), 0)
	await watched.drained()
	const details = sightings('/whittle-learn/secrets').map((sighting) => sighting.detail ?? '')
	assert.ok(
		details.some((detail) => detail.includes('--password=***')),
		details.join('\n')
	)
	assert.ok(!JSON.stringify(watched.sightings).includes('hunter2'))
})

test('outside any cgroup of its own, a launcher’s child starts a unit that its descendants inherit', async () => {
	// A shell that the kernel knows as "cron": launchers are recognised by their name at exec.
	const cron = join(watched.folder, 'cron')
	const job = join(watched.folder, 'job')
	copyFileSync('/bin/dash', cron)
	copyFileSync('/bin/dash', job)
	const jobScript = join(watched.folder, 'job-script')
	const datagram =
		"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"
	writeFileSync(jobScript, `cat /etc/hostname\n/usr/bin/python3 -c "${datagram}"\ntrue\n`)
	const leave = watched.connection.hello.cgroups.hierarchies
		.map(({ mount }) => `echo $$ > ${mount}/cgroup.procs; `)
		.join('')
	const script = `${leave}echo $$ > ${watched.connection.hello.cgroups.v2}/cgroup.procs; exec ${cron} -c '${job} ${jobScript}; true'`
	// Launched, because what this test itself starts is taken for Whittle, as it should be.
	assert.equal(await watched.run('leaving', ['sh', '-c', script]), 0)
	await watched.drained()
	const unit = sightings(job)
	assert.ok(
		unit.some(({ verb, object }) => verb === 'read' && object === '/etc/hostname'),
		'the descendant’s read is the job’s'
	)
	assert.ok(unit.some(({ verb, object }) => verb === 'exec' && object === '/usr/bin/cat'))
	assert.ok(
		unit.some(({ verb, object }) => verb === 'send' && object === 'egress/udp/9/127.0.0.1'),
		'and so is its datagram, also where the kernel keeps no record of a sender'
	)
	assert.ok(
		watched.starts.some((start) => unitOf(start) === job),
		'and the job started'
	)
})

test('a container that is gone at once keeps its name: the kernel told it when the cgroup was made', async () => {
	const id = 'c0ffee'.padEnd(64, '0')
	const folder = join(watched.connection.hello.cgroups.v2, `docker-${id}.scope`)
	mkdirSync(folder)
	execFileSync('/bin/sh', ['-c', `echo $$ > ${folder}/cgroup.procs; exec cat /etc/hostname`])
	for (let left = 20; left > 0; left--) {
		try {
			rmdirSync(folder)
			break
		} catch {
			await pause(10)
		}
	}
	await watched.drained()
	const seen = sightings(`docker/${id.slice(0, 12)}`)
	assert.ok(seen.some(({ verb, object }) => verb === 'read' && object === '/etc/hostname'))
})

test('a 32-bit program opens a gap for its workload', async () => {
	const path = join(watched.folder, 'thirty-two')
	writeFileSync(path, elf32(), { mode: 0o755 })
	assert.equal(await watched.run('thirty-two', [path]), 0, 'this kernel runs 32-bit programs')
	await watched.drained()
	const gap = watched.gaps.find(({ reason }) => reason === 'executable-32-bit')
	assert.ok(gap, 'there is a gap')
	assert.match(gap.scope, /^workload:.*\/whittle-learn\/thirty-two$/)
})

test('io_uring opens a gap for its workload', async () => {
	const program = compile('uring', watched.folder)
	const code = await watched.run('uring', [program])
	assert.equal(code, 0, `io_uring works here (errno ${code})`)
	await watched.drained()
	const gap = watched.gaps.find(({ reason }) => reason === 'io-uring')
	assert.ok(gap, 'there is a gap')
	assert.match(gap.scope, /^workload:.*\/whittle-learn\/uring$/)
	assert.equal(gap.lostCount, 23, 'one for each request')
})

test('capabilities, raw sockets, namespaces and ptrace are seen', async () => {
	const script = `
		unshare --net true
		python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)'
		strace -o /dev/null true
		setpriv --reuid 65534 --clear-groups true`
	assert.equal(await watched.run('privilege', ['sh', '-c', script]), 0)
	await watched.drained()
	const seen = watched.counts('privilege')
	for (const key of ['namespace net', 'raw-socket AF_INET/icmp', 'setuid uid', 'setuid groups']) {
		assert.ok(seen.has(key), `${key} is missing from\n${[...seen.keys()].join('\n')}`)
	}
	assert.ok(seen.has('ptrace attach') || seen.has('ptrace traceme'))
	const capability = watched.connection.hello.programs.find(({ program }) => program === 'handle_capability')
	if (capability?.attached) assert.ok(seen.has('capability CAP_NET_RAW'))
})

test('Whittle’s command line is never seen, wherever it is run', async () => {
	assert.equal(await watched.run('cli', [join(packageRoot(), 'bin', 'whittle'), 'version']), 0)
	assert.equal(await watched.run('not-cli', ['node', '-e', '0']), 0)
	await watched.drained()
	assert.deepEqual([...watched.counts('cli').keys()], [])
	assert.ok(watched.counts('not-cli').size > 0, 'while another script of the same Node is')
})

test('probe says in a sentence what each program is for, and what is missing', async () => {
	const report = await watched.connection.probe()
	assert.equal(report.kernel, readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim())
	assert.ok(report.items.length > 80)
	for (const item of report.items) assert.match(item.sentence, /^(sees|holds) /, item.program)
	assert.ok(report.items.some((item) => item.program === 'handle_openat' && item.works))
})

/** The smallest 32-bit program: exit(0) through int 0x80. ELF header, one program header, eight bytes of code. */
function elf32(): Buffer {
	const image = Buffer.alloc(84 + 8)
	const base = 0x08048000
	image.write('\x7fELF', 0, 'latin1')
	image.set([1, 1, 1], 4)
	image.writeUInt16LE(2, 16)
	image.writeUInt16LE(3, 18)
	image.writeUInt32LE(1, 20)
	image.writeUInt32LE(base + 84, 24)
	image.writeUInt32LE(52, 28)
	image.writeUInt16LE(52, 40)
	image.writeUInt16LE(32, 42)
	image.writeUInt16LE(1, 44)
	image.writeUInt32LE(1, 52)
	image.writeUInt32LE(0, 56)
	image.writeUInt32LE(base, 60)
	image.writeUInt32LE(base, 64)
	image.writeUInt32LE(image.length, 68)
	image.writeUInt32LE(image.length, 72)
	image.writeUInt32LE(5, 76)
	image.writeUInt32LE(0x1000, 80)
	// xor eax,eax; inc eax; xor ebx,ebx; int 0x80
	image.set([0x31, 0xc0, 0x40, 0x31, 0xdb, 0xcd, 0x80], 84)
	return image
}
