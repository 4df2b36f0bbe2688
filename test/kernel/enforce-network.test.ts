import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { CgroupNetworkPolicy, CgroupNetworkRule, NetworkDenial } from '../../native/messages.js'
import { listen, pause, watch } from './kernel.js'
import type { Watched } from './kernel.js'

let watched: Watched
let allowed: number
let other: number
const servers: { close(): void }[] = []
const denials: NetworkDenial[] = []
const cgroup = '/whittle-test-enforce'

before(async () => {
	watched = await watch()
	watched.source.service.onDenials((seen) => denials.push(...seen))
	for (const address of ['127.0.0.1', '::1']) servers.push((await listen(address)).server)
	const first = await listen('127.0.0.1')
	const second = await listen('127.0.0.1')
	servers.push(first.server, second.server)
	allowed = first.port
	other = second.port
	mkdirSync(folder(), { recursive: true })
})

after(async () => {
	for (const server of servers) server.close()
	await watched.source.service.liftNetwork(cgroup)
	await watched.close()
	rmdirSync(folder())
})

const folder = (): string => join(watched.connection.hello.cgroups.v2, cgroup)

function egress(
	port: number,
	cidr = '127.0.0.1/32',
	protocol: CgroupNetworkRule['protocol'] = 'tcp'
): CgroupNetworkRule {
	return { direction: 'egress', protocol, portFrom: port, portTo: port, cidr }
}

function policy(rules: CgroupNetworkRule[], change: Partial<CgroupNetworkPolicy> = {}): CgroupNetworkPolicy {
	return { cgroup, digest: 'sha256:0123', mode: 'block', rules, ...change }
}

/** What a program inside (or outside) the cgroup gets: `ok` or the error's name. It joins before its exec. */
function attempt(code: string, inside = true): string {
	const script = `import socket, errno\ntry:\n  ${code}\n  print('ok')\nexcept OSError as e:\n  print(errno.errorcode[e.errno])`
	const join = inside ? `echo 0 > ${folder()}/cgroup.procs; ` : ''
	return execFileSync('/bin/sh', ['-c', `${join}exec /usr/bin/python3 -c "$0"`, script], {
		encoding: 'utf8'
	}).trim()
}
const connect = (port: number, address = '127.0.0.1', inside = true): string =>
	attempt(`socket.create_connection(('${address}', ${port}), 2)`, inside)

test('a held cgroup does what its policy lists and nothing else; others are not touched', async () => {
	assert.equal(connect(other), 'ok', 'before')
	const result = await watched.source.service.holdNetwork(policy([egress(allowed)]))
	assert.equal(result.held, true, result.sentence)
	assert.deepEqual(
		[result.selfTest?.deniedCorrectly, result.selfTest?.allowedCorrectly],
		[true, true],
		result.sentence
	)
	assert.equal(connect(allowed), 'ok')
	assert.equal(connect(other), 'EPERM')
	assert.equal(connect(allowed, '127.0.0.2'), 'EPERM', 'another address')
	assert.equal(connect(other, '127.0.0.1', false), 'ok', 'outside the cgroup')
	const udp = (port: number) =>
		attempt(`socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', ${port}))`)
	assert.equal(udp(allowed), 'EPERM', 'the same port over UDP, by sendto')
	assert.equal(
		attempt(`socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(('::ffff:127.0.0.1', ${other}))`),
		'EPERM',
		'IPv4 by its IPv6 spelling'
	)
	assert.equal(
		attempt(`socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(('::ffff:127.0.0.1', ${allowed}))`),
		'ok'
	)
	assert.equal(
		attempt(
			`s = socket.socket(); s.setsockopt(6, 30, 1); s.sendto(b'x', 0x20000000, ('127.0.0.1', ${other}))`
		),
		'EPERM',
		'MSG_FASTOPEN'
	)
	assert.equal(attempt(`socket.socket().bind(('127.0.0.1', 8))`), 'EPERM', 'a port to listen on')
	assert.equal(attempt(`socket.socket().bind(('127.0.0.1', 0))`), 'ok', 'any free port opens nothing by name')
})

test('each denial is told within a drain: who, what, which policy, how often', async () => {
	await watched.drained()
	denials.length = 0
	for (let i = 0; i < 7; i++) assert.equal(connect(other), 'EPERM')
	await watched.drained()
	const told = denials.filter((denial) => denial.object === `egress/tcp/${other}/127.0.0.1`)
	assert.equal(
		told.reduce((sum, denial) => sum + denial.count, 0),
		7
	)
	for (const denial of told) {
		assert.deepEqual(
			[denial.cgroup, denial.digest, denial.mode, denial.verb],
			[cgroup, 'sha256:0123', 'block', 'connect']
		)
		assert.match(denial.source, /\/python3/)
		assert.ok(Math.abs(denial.firstMs - Date.now()) < 30_000, 'in wall time')
	}
})

test('what was denied is an attempt in the evidence, never an allowed behaviour', async () => {
	await watched.drained()
	const sightings = watched.sightings.filter((s) => s.object === `egress/udp/${allowed}/127.0.0.1`)
	assert.deepEqual([...new Set(sightings.map((s) => s.result))], ['denied'])
})

test('a descendant cgroup is held with it', async () => {
	const below = join(folder(), 'below')
	mkdirSync(below)
	const script = `import socket\nopen('${below}/cgroup.procs','w').write('0')\ntry:\n  socket.create_connection(('127.0.0.1', ${other}), 2); print('ok')\nexcept PermissionError: print('EPERM')`
	assert.equal(execFileSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' }).trim(), 'EPERM')
	rmdirSync(below)
})

test('a new revision replaces the old one without an unprotected moment', async () => {
	// A program that tries the denied port all the time, and counts how often it got through.
	const script = `
import socket
open('${folder()}/cgroup.procs','w').write('0')
through = tries = 0
open('${watched.folder}/trying','w').write('')
import os
while not os.path.exists('${watched.folder}/stop'):
  s = socket.socket()
  try:
    s.connect(('127.0.0.1', ${other})); through += 1
  except PermissionError: pass
  s.close(); tries += 1
print(through, tries)`
	const child: ChildProcess = spawn('/usr/bin/python3', ['-c', script], {
		stdio: ['ignore', 'pipe', 'inherit']
	})
	let output = ''
	child.stdout?.on('data', (bytes) => {
		output += String(bytes)
	})
	const ended = new Promise((done) => child.on('exit', done))
	await pause(500)
	for (let revision = 0; revision < 20; revision++) {
		await watched.source.service.holdNetwork(
			policy([egress(allowed), egress(1000 + revision)], { digest: `sha256:${revision}` })
		)
	}
	writeFileSync(`${watched.folder}/stop`, '')
	await ended
	const [through, tries] = output.trim().split(' ').map(Number)
	assert.equal(through, 0)
	assert.ok((tries ?? 0) > 100, `${tries} tries`)
})

test('audit lets everything through and tells what it would have denied', async () => {
	await watched.source.service.holdNetwork(
		policy([egress(allowed)], { mode: 'audit', digest: 'sha256:audit' })
	)
	await watched.drained()
	denials.length = 0
	assert.equal(connect(other), 'ok')
	await watched.drained()
	const told = denials.find((denial) => denial.object === `egress/tcp/${other}/127.0.0.1`)
	assert.deepEqual([told?.mode, told?.digest, told?.count], ['audit', 'sha256:audit', 1])
})

test('networks, port ranges and listening ports are held as written', async () => {
	const server = createServer()
	await watched.source.service.holdNetwork(
		policy([
			{ direction: 'egress', protocol: 'tcp', portFrom: other - 1, portTo: other + 1, cidr: '127.0.0.0/8' },
			{ direction: 'ingress', protocol: 'tcp', portFrom: 18_080, portTo: 18_080, cidr: '0.0.0.0/0' }
		])
	)
	assert.equal(connect(other), 'ok')
	assert.equal(connect(allowed) === 'EPERM' || Math.abs(allowed - other) <= 1, true)
	assert.equal(attempt(`socket.socket().bind(('127.0.0.1', 18080))`), 'ok')
	assert.equal(attempt(`socket.socket(socket.AF_INET6).bind(('::', 18080))`), 'ok')
	assert.equal(attempt(`socket.socket().bind(('127.0.0.1', 18081))`), 'EPERM')
	server.close()
})

test('the root cgroup is never held, by whatever name; nor one that is not there', async () => {
	for (const name of ['/', '', '/.', '/whittle-test-enforce/..', '/../../..']) {
		const result = await watched.source.service.holdNetwork(policy([], { cgroup: name }))
		assert.equal(result.held, false, name)
		assert.match(result.sentence, /root cgroup/)
	}
	const gone = await watched.source.service.holdNetwork(policy([], { cgroup: '/not-here' }))
	assert.deepEqual([gone.held, /no cgroup/.test(gone.sentence)], [false, true])
	assert.equal(connect(other, '127.0.0.1', false), 'ok')
	assert.deepEqual(
		(await watched.source.service.heldNetwork()).map((held) => held.cgroup),
		[cgroup]
	)
})

test('nonsense in a policy is refused, and what was held stays held', async () => {
	await watched.source.service.holdNetwork(policy([egress(allowed)]))
	await assert.rejects(
		watched.source.service.holdNetwork(policy([egress(allowed, '127.0.0.1/99')])),
		/prefix length/
	)
	await assert.rejects(
		watched.source.service.holdNetwork(
			policy([{ direction: 'egress', protocol: 'tcp', portFrom: 1000, portTo: 9000, cidr: '0.0.0.0/0' }])
		),
		/at most 256/
	)
	assert.equal(connect(other), 'EPERM')
})

test('a cgroup that is made anew at the same path is not taken for held, until it is held again', async () => {
	await watched.source.service.holdNetwork(policy([egress(allowed)]))
	rmdirSync(folder())
	mkdirSync(folder())
	assert.deepEqual(await watched.source.service.heldNetwork(), [], 'what is gone is not held')
	assert.equal(connect(other), 'ok')
	await watched.source.service.holdNetwork(policy([egress(allowed)]))
	assert.equal(connect(other), 'EPERM')
})

test('lifted, everything is as before', async () => {
	const result = await watched.source.service.liftNetwork(cgroup)
	assert.match(result.sentence, /no longer held/)
	assert.equal(connect(other), 'ok')
	assert.deepEqual(await watched.source.service.heldNetwork(), [])
	assert.equal(readFileSync(`${folder()}/cgroup.procs`, 'utf8'), '')
})
