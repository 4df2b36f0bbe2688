import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { whittle } from '../cli/run-whittle.js'
import { compile, listen } from './kernel.js'
import { type RunningUp, startUp, workloadOf } from './running-up.js'

/** Everything here is asked of the store that `whittle up` wrote, or of its API; nothing of its parts. */
const rounds = 10_007

let up: RunningUp

before(async () => {
	up = await startUp()
})
after(() => up.remove())

test('two writers on two CPUs: every kind of open, exec and connect is counted exactly', async () => {
	const { argv, close, port } = await operations(up.folder)
	const codes = await Promise.all([up.run('left', argv(0)), up.run('right', argv(1))])
	assert.deepEqual(codes, [0, 0])
	await up.stored()
	await close()
	assertExact(port)
	assert.deepEqual(lossesOf('left'), [], 'nothing was lost')
	assert.deepEqual(lossesOf('right'), [])
})

test('a day of temporary files, each with a new inode and name, fills nothing', async () => {
	// One a second for a day, without the waiting: 86,400 names.
	const script = `
		const fs = require('fs')
		fs.mkdirSync('temporary')
		for (let i = 0; i < 86400; i++) { fs.closeSync(fs.openSync('temporary/' + i + '.tmp', 'w')); fs.unlinkSync('temporary/' + i + '.tmp') }
		fs.readFileSync('/etc/hostname')`
	assert.equal(await up.run('temporary', [process.execPath, '-e', script]), 0)
	await up.stored()
	const counts = up.counts('temporary')
	const filesOf = (verb: string) => [...counts].filter(([key]) => key.startsWith(`${verb} `))
	for (const verb of ['create', 'delete']) {
		const total = filesOf(verb).reduce((sum, [, count]) => sum + count, 0)
		assert.equal(total, 86_400, `${verb}: each one is counted`)
	}
	assert.ok(filesOf('create').length <= 600, `${filesOf('create').length} names are kept`)
	const rest = counts.get(`create ${up.folder}/temporary/<any>`) ?? 0
	assert.ok(rest > 80_000, 'the rest is counted under its directory')
	// The name in an unlink is a text that the program chose: those have a larger budget, of the unit.
	assert.ok(filesOf('delete').length <= 4200, `${filesOf('delete').length} texts are kept`)
	assert.equal(counts.get('read /etc/hostname'), 1, 'and what came after them kept its own name')
	assert.deepEqual(lossesOf('temporary'), [], 'no map was full')
	const names = up.query((reader) =>
		reader.get("SELECT count(*) AS count FROM objects WHERE text LIKE '%/temporary/%'")
	)
	assert.ok(Number(names?.count) <= 4800, `the store keeps ${names?.count} of the names`)
})

test('a tiny map: the total stays exact, and the ledger says what lost its detail', async (t) => {
	const tiny = await startUp(['--counter-entries', '8'])
	t.after(() => tiny.remove())
	const { argv, close } = await operations(tiny.folder)
	assert.equal(await tiny.run('tiny', argv(0)), 0)
	await tiny.stored()
	await close()
	const counts = tiny.counts('tiny')
	const total = (verb: string): number =>
		[...counts].reduce((sum, [key, count]) => (key.startsWith(`${verb} `) ? sum + count : sum), 0)
	// connect: udp, udp over IPv6, tcp, unix; send: one; delete and create: one a round.
	assert.equal(total('connect'), 4 * rounds)
	assert.equal(total('send'), rounds)
	assert.equal(total('delete'), rounds)
	assert.equal(total('create'), rounds)
	assert.equal(total('exec'), Math.ceil(rounds / 10) + 1)

	const ledger = await whittle(['--data', tiny.data, 'get', 'gaps', workloadOf('tiny'), '-o', 'json'])
	assert.equal(ledger.code, 0, ledger.stderr)
	const gaps = gapList.parse(JSON.parse(ledger.stdout)).items
	const own = gaps.filter(({ scope }) => scope === `workload:${workloadOf('tiny')}`)
	assert.ok(own.length > 0, ledger.stdout)
	for (const gap of own) {
		assert.equal(gap.reason, 'map-full')
		assert.match(gap.detail, /^counters full: detail lost, total kept$/)
	}
	const nameless = [...counts].reduce((sum, [key, count]) => (key.endsWith(' ') ? sum + count : sum), 0)
	const lost = own.reduce((sum, { lostCount }) => sum + lostCount, 0)
	assert.ok(nameless > 0 && lost >= nameless, `the ledger holds ${lost}, without detail are ${nameless}`)

	const status = await whittle(['--data', tiny.data, 'status', '-o', 'json'])
	const { lostCount } = z.object({ lostCount: z.number() }).parse(JSON.parse(status.stdout))
	assert.ok(lostCount >= lost, 'the status adds it up')
})

test('the end of the service, with its last drain, adds nothing and loses nothing', async () => {
	const before = [up.counts('left'), up.counts('right'), up.counts('temporary')]
	assert.equal(await up.stop(), 0, up.said())
	assert.deepEqual([up.counts('left'), up.counts('right'), up.counts('temporary')], before)
})

const gapList = z.object({
	items: z.array(
		z.object({ scope: z.string(), reason: z.string(), detail: z.string(), lostCount: z.number() })
	)
})

/** What test/kernel/operations.c needs: its peers and its files. */
async function operations(folder: string) {
	const { port, server } = await listen('127.0.0.1')
	const local = await listen({ path: join(folder, 'socket') })
	for (const name of ['both', 'append']) writeFileSync(join(folder, name), '')
	const program = compile('operations', folder)
	return {
		port,
		argv: (cpu: number) => [program, String(rounds), String(port), folder, String(cpu)],
		async close() {
			for (const one of [server, local.server]) await new Promise((done) => one.close(done))
		}
	}
}

function assertExact(port: number): void {
	const expected = {
		'read /etc/hostname': rounds,
		'read /etc/hosts': rounds,
		'read /etc/passwd': rounds,
		[`read ${up.folder}/both`]: rounds,
		[`write ${up.folder}/both`]: rounds,
		[`write ${up.folder}/append`]: rounds,
		[`list ${up.folder}`]: rounds,
		[`connect egress/udp/${port}/127.0.0.1`]: rounds,
		[`connect egress/udp/${port}/::1`]: rounds,
		[`connect egress/tcp/${port}/127.0.0.1`]: rounds,
		[`connect egress/unix/0/${up.folder}/socket`]: rounds,
		[`send egress/udp/${port}/127.0.0.1`]: rounds,
		'exec /usr/bin/true': Math.ceil(rounds / 10)
	}
	for (const name of ['left', 'right']) {
		const counts = up.counts(name)
		for (const [behaviour, count] of Object.entries(expected))
			assert.equal(counts.get(behaviour), count, `${name}: ${behaviour}`)
		for (const verb of ['create', 'delete']) {
			const files = [...counts].filter(([key]) => key.startsWith(`${verb} ${up.folder}/new-`))
			assert.deepEqual(
				files.map(([, count]) => count),
				[rounds],
				`${name}: ${verb}`
			)
		}
		const failed = up.counts(name, 'failed')
		assert.equal(failed.get('read '), rounds, 'missing files are counted, without becoming a behaviour')
	}
}

/** What the store says was lost of this workload, or of the whole node. */
function lossesOf(name: string): unknown[] {
	return up.query((reader) =>
		reader.all(
			'SELECT scope, reason, lost_count, detail FROM gaps WHERE lost_count > 0 AND scope IN (?, ?)',
			`workload:${workloadOf(name)}`,
			`node:${hostname()}`
		)
	)
}
