import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { loadAll } from 'js-yaml'
import { z } from 'zod'
import type { Access, Context } from '../../discovery/languages/language.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import { root, scratch, whittle } from '../cli/run-whittle.js'
import { assertWithoutRights, descendants, isAlive, openFiles, status, until } from './processes.js'

const folder = scratch({ after })
const server = createServer((_, response) => response.end('hello\n'))
let port = 0

before(async () => {
	await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
	const address = server.address()
	port = typeof address === 'object' && address !== null ? address.port : 0
})
after(() => {
	server.closeAllConnections()
	server.close()
})

const manifestShape = z.record(z.string(), z.unknown()).and(z.object({ kind: z.string() }))

test('a command is run as it is, and its policy holds what it did and nothing else', async () => {
	const command = `cat /etc/hostname; curl -s http://127.0.0.1:${port} >/dev/null`
	const { code, stdout, stderr } = await whittle(['learn', '--', 'sh', '-c', command])
	assert.equal(code, 0, stderr)
	const manifests = loadAll(stdout).map((one) => manifestShape.parse(one))
	assert.ok(manifests.length > 0)
	for (const manifest of manifests)
		assert.deepEqual(kubearmor.validate(manifest), [], JSON.stringify(manifest))
	assert.match(stderr, /^\S+$/m, 'what the command said is on standard error')

	const judge = (access: Access) => kubearmor.evaluate(manifests, access, host).verdict
	const shell = stdout.match(/path: (\/\S*\/(?:dash|bash|sh|busybox))$/m)?.[1] ?? ''
	const cat = stdout.match(/path: (\/\S*\/(?:cat|coreutils))$/m)?.[1] ?? ''
	const curl = stdout.match(/path: (\/\S*\/curl)$/m)?.[1] ?? ''
	assert.equal(judge({ verb: 'read', object: '/etc/hostname', source: cat }), 'allow')
	assert.equal(judge({ verb: 'exec', object: cat, source: shell }), 'allow')
	assert.equal(judge({ verb: 'exec', object: curl, source: shell }), 'allow')
	assert.equal(judge({ verb: 'connect', object: `egress/tcp/${port}/127.0.0.1`, source: curl }), 'allow')
	assert.equal(judge({ verb: 'read', object: '/etc/shadow', source: cat }), 'block')
	assert.equal(judge({ verb: 'write', object: '/etc/hostname', source: cat }), 'block')
	assert.equal(judge({ verb: 'exec', object: '/usr/bin/python3', source: shell }), 'block')
	assert.equal(judge({ verb: 'send', object: 'egress/udp/53/127.0.0.1', source: curl }), 'block')
})

test('what it writes and how it ends is told; standard output holds the policy alone', async () => {
	const file = join(folder, 'made')
	const args = ['learn', '--repeat', '2', '--', 'sh', '-c', `echo loud; echo x > ${file}; exit 7`]
	const { code, stdout, stderr } = await whittle(args)
	assert.equal(code, 0, stderr)
	assert.ok(!stdout.includes('loud') && stderr.includes('loud'))
	assert.match(stderr, /Run 1 of 2 ended with code 7/)
	assert.match(stderr, /Run 2 of 2 ended with code 7/)
	assert.ok(stdout.includes(file))
	// Making a file and writing to one that is there are two things: both times it is made first.
	rmSync(file)
	assert.equal((await whittle(args)).stdout, stdout, 'the same doing gives the same bytes')
})

test('a command that does not end by itself is ended after --timeout', async () => {
	const { code, stdout, stderr } = await whittle(['learn', '--timeout', '1', '--', 'sleep', '600'])
	assert.equal(code, 0, stderr)
	assert.match(stderr, /ended by signal 15/)
	assert.match(stdout, /\/sleep$/m)
})

test('what a command did is decoded, stored and printed by a process without any right', async (t) => {
	const { child, said, family } = await learning(t, 'sleeping')
	const observer = family().filter(({ command }) => command.includes(' observe '))
	const [pid] = observer.map((one) => one.pid)
	assert.ok(observer.length === 1 && pid !== undefined, said())
	assertWithoutRights(pid)
	assert.ok(
		openFiles(pid).some((path) => path.endsWith('/whittle.db')),
		'it has the store open'
	)
	// The others are root, because whoever asked is: what asks, what launches, the sensor, the command.
	const others = family().filter((one) => one.pid !== pid)
	assert.ok(others.some(({ command }) => command.includes('/native/sensor.js')))
	for (const other of others) {
		assert.deepEqual(status(other.pid, 'Uid'), [0, 0, 0, 0], other.command)
		assert.ok(!openFiles(other.pid).some((path) => path.includes('whittle.db')), other.command)
	}
	child.kill('SIGTERM')
	assert.equal(await child.ended, 0, said())
	assert.match(said(), /path: .*\/sleep$/m)
	assert.deepEqual(leftBehind(), [], 'no folder is left behind')
})

test('without the process that decodes, the command is ended, and no policy is made up', async (t) => {
	const { child, said, family } = await learning(t, 'unwatched')
	const all = family()
	const observer = all.find(({ command }) => command.includes(' observe '))
	assert.ok(observer !== undefined)
	process.kill(observer.pid, 'SIGKILL')
	assert.equal(await child.ended, 7, said())
	assert.match(said(), /What decodes the telemetry was ended by SIGKILL/)
	assert.doesNotMatch(said(), /^kind:/m)
	await until(() => all.every(({ pid }) => !isAlive(pid)), 'the end of the command', said)
	for (const name of leftBehind()) {
		assert.ok(said().includes(name), `${name} is told to be left behind`)
		rmSync(join(tmpdir(), name), { recursive: true })
	}
})

test('a command that is not there, and a language that is not', async () => {
	const missing = await whittle(['learn', '--', join(folder, 'no-such-command')])
	assert.match(missing.stderr, /ended with code 127/)
	const language = await whittle(['learn', '--language', 'kubeamor', '--', 'true'])
	assert.equal(language.code, 2)
	assert.match(language.stderr, /Did you mean "kubearmor"\?/)
})

/** Runs `learn` on a command that does not end by itself; resolves when that runs. */
async function learning(t: TestContext, name: string) {
	const mark = join(folder, name)
	const script = `touch ${mark}; exec sleep 600`
	const child = spawn(join(root, 'bin', 'whittle'), ['learn', '--name', name, '--', 'sh', '-c', script], {
		stdio: ['ignore', 'pipe', 'pipe']
	})
	let said = ''
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			said += text
		})
	}
	const ended = new Promise<number | null>((done) => child.on('close', done))
	t.after(() => child.kill('SIGTERM'))
	await until(
		() => existsSync(mark),
		'the command',
		() => said
	)
	const family = () => descendants(child.pid ?? 0)
	await until(
		() => family().some(({ command }) => command === 'sleep 600 '),
		'sleep',
		() => said
	)
	return { child: { kill: (signal: 'SIGTERM') => child.kill(signal), ended }, said: () => said, family }
}

function leftBehind(): string[] {
	return readdirSync(tmpdir()).filter((name) => name.startsWith('whittle-learn-'))
}

const host: Context = {
	workload: `host/${hostname()}/whittle-learn/sh`,
	namespace: '',
	podLabels: {},
	namespaceLabels: {},
	container: '',
	node: hostname(),
	nodeLabels: { 'kubernetes.io/hostname': hostname() },
	posture: { file: 'block', network: 'block', capabilities: 'block' }
}
