import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { compile, listen, watch } from '../../kernel/kernel.js'
import type { Watched } from '../../kernel/kernel.js'

const rounds = 211
let watched: Watched

before(async () => {
	watched = await watch()
})
after(() => watched.close())

test('every kind of open, exec, connect and send of a known program is counted exactly', async () => {
	const { folder } = watched
	const tcp = await listen('127.0.0.1')
	const local = await listen({ path: join(folder, 'socket') })
	for (const name of ['both', 'append']) writeFileSync(join(folder, name), '')
	const program = compile('operations', folder)
	const code = await watched.run('known', [program, String(rounds), String(tcp.port), folder])
	assert.equal(code, 0)
	await watched.drained()
	for (const { server } of [tcp, local]) server.close()

	const counts = watched.counts('known')
	const expected = {
		'read /etc/hostname': rounds,
		'read /etc/hosts': rounds,
		'read /etc/passwd': rounds,
		[`read ${folder}/both`]: rounds,
		[`write ${folder}/both`]: rounds,
		[`write ${folder}/append`]: rounds,
		[`list ${folder}`]: rounds,
		[`connect egress/udp/${tcp.port}/127.0.0.1`]: rounds,
		[`connect egress/udp/${tcp.port}/::1`]: rounds,
		[`connect egress/tcp/${tcp.port}/127.0.0.1`]: rounds,
		[`connect egress/unix/0/${folder}/socket`]: rounds,
		[`send egress/udp/${tcp.port}/127.0.0.1`]: rounds,
		'exec /usr/bin/true': Math.ceil(rounds / 10)
	}
	for (const [behaviour, count] of Object.entries(expected))
		assert.equal(counts.get(behaviour), count, `${behaviour} of\n${[...counts.keys()].join('\n')}`)
	assert.equal(watched.counts('known', 'failed').get('read '), rounds, 'missing files are counted too')
	assert.deepEqual(
		watched.gaps.filter(({ lostCount }) => lostCount > 0),
		[],
		'nothing was lost'
	)
})
