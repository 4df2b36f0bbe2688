import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compile, listen, unitOf, watch } from './kernel.js'

const rounds = 10_007

test('two writers on two CPUs: every kind of open, exec and connect is counted exactly', async () => {
	const watched = await watch()
	try {
		const { port, server } = await listen('127.0.0.1')
		const local = await listen({ path: join(watched.folder, 'socket') })
		for (const name of ['both', 'append']) writeFileSync(join(watched.folder, name), '')
		const program = compile('operations', watched.folder)
		const argv = (cpu: number) => [program, String(rounds), String(port), watched.folder, String(cpu)]
		const codes = await Promise.all([watched.run('left', argv(0)), watched.run('right', argv(1))])
		assert.deepEqual(codes, [0, 0])
		await watched.drained()
		server.close()
		local.server.close()
		for (const name of ['left', 'right']) {
			const counts = watched.counts(name)
			const failed = watched.counts(name, 'failed')
			const expected = {
				'read /etc/hostname': rounds,
				'read /etc/hosts': rounds,
				'read /etc/passwd': rounds,
				[`read ${watched.folder}/both`]: rounds,
				[`write ${watched.folder}/both`]: rounds,
				[`write ${watched.folder}/append`]: rounds,
				[`list ${watched.folder}`]: rounds,
				[`connect egress/udp/${port}/127.0.0.1`]: rounds,
				[`connect egress/udp/${port}/::1`]: rounds,
				[`connect egress/tcp/${port}/127.0.0.1`]: rounds,
				[`connect egress/unix/0/${watched.folder}/socket`]: rounds,
				[`send egress/udp/${port}/127.0.0.1`]: rounds,
				'exec /usr/bin/true': Math.ceil(rounds / 10)
			}
			for (const [behaviour, count] of Object.entries(expected)) {
				assert.equal(counts.get(behaviour), count, `${name}: ${behaviour}`)
			}
			const created = [...counts].filter(([key]) => key.startsWith(`create ${watched.folder}/new-`))
			const deleted = [...counts].filter(([key]) => key.startsWith(`delete ${watched.folder}/new-`))
			assert.deepEqual(
				created.map(([, count]) => count),
				[rounds]
			)
			assert.deepEqual(
				deleted.map(([, count]) => count),
				[rounds]
			)
			assert.equal(failed.get('read '), rounds, 'missing files are counted, without becoming a behaviour')
		}
		assert.deepEqual(watched.source.losses(), [], 'nothing was lost')
	} finally {
		await watched.close()
	}
})

test('a tiny map: the total stays exact, and the ledger says what lost its detail', async () => {
	const watched = await watch({ counterEntries: 8 })
	try {
		const { port, server } = await listen('127.0.0.1')
		const local = await listen({ path: join(watched.folder, 'socket') })
		for (const name of ['both', 'append']) writeFileSync(join(watched.folder, name), '')
		const program = compile('operations', watched.folder)
		assert.equal(await watched.run('tiny', [program, String(rounds), String(port), watched.folder]), 0)
		await watched.drained()
		server.close()
		local.server.close()
		const total = (verb: string): number =>
			watched.sightings
				.filter((s) => s.verb === verb && s.result === 'allowed' && unitOf(s) === '/whittle-learn/tiny')
				.reduce((sum, s) => sum + s.count, 0)
		// connect: udp, udp over IPv6, tcp, unix; send: one; delete and create: one a round.
		assert.equal(total('connect'), 4 * rounds)
		assert.equal(total('send'), rounds)
		assert.equal(total('delete'), rounds)
		assert.equal(total('create'), rounds)
		assert.equal(total('exec'), Math.ceil(rounds / 10) + 1)
		const ledger = watched.source.losses()
		assert.ok(
			ledger.some(({ kind, count }) => kind.startsWith('counters full') && count > 0),
			`the ledger says so: ${JSON.stringify(ledger)}`
		)
		assert.ok(
			watched.gaps.some(
				(gap) => gap.reason === 'map-full' && gap.scope.endsWith('/whittle-learn/tiny') && gap.lostCount > 0
			),
			'and a gap limited to that workload'
		)
	} finally {
		await watched.close()
	}
})

test('a day of temporary files, each with a new inode and name, fills nothing', async () => {
	const watched = await watch()
	try {
		// One a second for a day, without the waiting: 86,400 names.
		const script = `
			const fs = require('fs')
			fs.mkdirSync('temporary')
			for (let i = 0; i < 86400; i++) { fs.closeSync(fs.openSync('temporary/' + i + '.tmp', 'w')); fs.unlinkSync('temporary/' + i + '.tmp') }
			fs.readFileSync('/etc/hostname')`
		assert.equal(await watched.run('temporary', [process.execPath, '-e', script]), 0)
		await watched.drained()
		const counts = watched.counts('temporary')
		const created = [...counts].filter(([key]) => key.startsWith('create '))
		assert.equal(
			created.reduce((sum, [, count]) => sum + count, 0),
			86_400,
			'each one is counted'
		)
		assert.ok(created.length <= 600, `${created.length} names are kept`)
		assert.ok(
			(counts.get(`create ${watched.folder}/temporary/<any>`) ?? 0) > 80_000,
			'the rest is counted under its directory'
		)
		assert.equal(counts.get('read /etc/hostname'), 1, 'and what came after them kept its own name')
		const ledger = watched.source.losses()
		assert.ok(
			ledger.every(({ kind }) => kind.startsWith('counted under')),
			`no map was full: ${JSON.stringify(ledger)}`
		)
	} finally {
		await watched.close()
	}
})
