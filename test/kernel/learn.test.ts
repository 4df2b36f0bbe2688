import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadAll } from 'js-yaml'
import { z } from 'zod'
import type { Access, Context } from '../../discovery/languages/language.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import { scratch, whittle } from '../cli/run-whittle.js'

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

test('a command that is not there, and a language that is not', async () => {
	const missing = await whittle(['learn', '--', join(folder, 'no-such-command')])
	assert.match(missing.stderr, /ended with code 127/)
	const language = await whittle(['learn', '--language', 'kubeamor', '--', 'true'])
	assert.equal(language.code, 2)
	assert.match(language.stderr, /Did you mean "kubearmor"\?/)
})

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
