import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync
} from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { APPLICATION_ID, openDatabase, openReadOnly, storePath } from '../../collector/database.js'
import { StoreError, type StoreErrorCode, storeErrorFrom } from '../../collector/errors.js'
import { loadMigrations } from '../../collector/migrations.js'
import { acquireOwner, readOwner } from '../../collector/owner.js'
import { openReader } from '../../collector/reader.js'
import { openWriter } from '../../collector/writer.js'
import { assertHas, batchOf, contentsOf, sightingOf, temporaryFolder } from './stores.js'

/** One sentence, with what to do about it. */
function refusal(code: StoreErrorCode, says: RegExp): (error: unknown) => true {
	return (error) => {
		assert.ok(error instanceof StoreError, String(error))
		assert.equal(error.code, code, error.message)
		assert.match(error.message, says)
		assert.match(error.message, /[^.]\.$/)
		assert.equal(error.message.includes('\n'), false)
		return true
	}
}

test('a new store is private, complete and ours', async (t) => {
	const data = join(temporaryFolder(t), 'data')
	const path = storePath(data)
	const writer = await openWriter({ path, thread: false })
	await writer.applyBatch(batchOf(1, { sightings: [sightingOf()] }))
	assert.equal(statSync(data).mode & 0o777, 0o700)
	assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
	for (const name of readdirSync(dirname(path)))
		assert.equal(statSync(join(dirname(path), name)).mode & 0o777, 0o600, name)
	await writer.close()
	const db = new Database(path, { readonly: true })
	assert.equal(db.pragma('application_id', { simple: true }), APPLICATION_ID)
	assert.equal(db.pragma('user_version', { simple: true }), loadMigrations().length)
	assert.equal(db.pragma('journal_mode', { simple: true }), 'wal')
	db.close()
})

test('a tenant is a folder name and nothing else', () => {
	assert.equal(storePath('/data', 'team-a'), '/data/team-a/whittle.db')
	for (const tenant of ['', '..', 'a/b', 'A', '.hidden', 'a'.repeat(64), 'x\n']) {
		assert.throws(() => storePath('/data', tenant), refusal('name', /cannot be a tenant/))
	}
})

test('what is not a store of ours is refused and left as it is', async (t) => {
	const folder = temporaryFolder(t)
	const path = join(folder, 'whittle.db')
	const cases: [name: string, write: () => void, code: StoreErrorCode, says: RegExp][] = [
		[
			'text',
			() => writeFileSync(path, 'a shopping list, rather longer than a header of SQLite would be'.repeat(20)),
			'foreign',
			/is not a Whittle store/
		],
		['database', () => tableIn(path, 'CREATE TABLE songs (title TEXT)'), 'foreign', /is not a Whittle store/],
		[
			'newer',
			() =>
				tableIn(
					path,
					`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 99; CREATE TABLE x (y)`
				),
			'newer',
			/newer Whittle .*update this Whittle/
		]
	]
	for (const [name, write, code, says] of cases) {
		rmSync(path, { force: true })
		write()
		const before = readFileSync(path)
		await assert.rejects(openWriter({ path, thread: false }), refusal(code, says), name)
		await assert.rejects(openWriter({ path, thread: true }), refusal(code, says), name)
		assert.throws(() => openReader(path), refusal(code, says), name)
		assert.deepEqual(readFileSync(path), before, name)
		assert.deepEqual(readdirSync(folder), ['whittle.db'], name)
	}
})

test('a damaged page is found when the store is opened', async (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const writer = await openWriter({ path, thread: false })
	const sightings = Array.from({ length: 2000 }, (_, index) => sightingOf({ object: `/srv/${index}` }))
	await writer.applyBatch(batchOf(1, { sightings }))
	await writer.close()
	const bytes = readFileSync(path)
	bytes.fill(0x5a, 4096 * 12, 4096 * 20)
	writeFileSync(path, bytes)
	await assert.rejects(
		openWriter({ path, thread: false }),
		refusal('corrupt', /is damaged: .*restore a backup/)
	)
})

test('a store that does not exist cannot be read, and says how it comes about', (t) => {
	assert.throws(
		() => openReader(join(temporaryFolder(t), 'whittle.db')),
		refusal('missing', /There is no store at .*whittle replay/)
	)
})

test('a folder that takes no writes is named', async (t) => {
	const folder = temporaryFolder(t)
	const closed = join(folder, 'closed')
	mkdirSync(closed)
	chmodSync(folder, 0o755)
	chmodSync(closed, 0o555)
	await asOrdinaryUser(async () => {
		await assert.rejects(
			openWriter({ path: storePath(closed), thread: false }),
			refusal('read-only', /cannot be written: give this user write access/)
		)
		assert.throws(() => acquireOwner(closed, ''), refusal('read-only', /cannot be written/))
	})
	assert.deepEqual(readdirSync(closed), [])
})

test('a full disk stops the writer, damages nothing, and space brings it back', (t) => {
	const full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
	refusal('full', /No space is left/)(storeErrorFrom(full, '/data/whittle.db'))
	const mounted = mountTiny(t)
	if (mounted === undefined) {
		t.diagnostic(
			'no file system of two megabytes can be mounted here (it takes CAP_SYS_ADMIN or user namespaces)'
		)
		return
	}
	assert.equal(mounted.run(fileURLToPath(new URL('./full-disk.ts', import.meta.url))), 'held\n')
})

test('the writer in a thread does what the writer in this thread does', async (t) => {
	const folder = temporaryFolder(t)
	const batches = [1, 2, 3, 4, 5, 6, 7, 8].map((sequence) =>
		batchOf(sequence, { sightings: [sightingOf({ object: `/srv/${sequence % 3}`, count: sequence })] })
	)
	const contents = []
	for (const thread of [false, true]) {
		const path = join(folder, String(thread), 'whittle.db')
		const writer = await openWriter({ path, thread })
		const commits: string[][] = []
		const stop = writer.onCommit((tables) => commits.push(tables))
		// Not awaited one by one: they queue, and nobody overtakes.
		const applied = await Promise.all(batches.map((batch) => writer.applyBatch(batch)))
		assert.deepEqual(
			applied.map(({ duplicate }) => duplicate),
			batches.map(() => false)
		)
		assert.equal(commits.length, batches.length)
		assert.ok(commits[0]?.includes('observations'))
		stop()
		await writer.applyBatch(batchOf(9))
		assert.equal(commits.length, batches.length)
		await writer.close()
		await assert.rejects(writer.applyBatch(batchOf(10)), refusal('closed', /was closed/))
		contents.push(contentsOf(path))
	}
	assert.deepEqual(contents[0], contents[1])
})

for (const thread of [false, true]) {
	test(`a transaction is whole or not at all (${thread ? 'in a thread' : 'direct'})`, async (t) => {
		const path = join(temporaryFolder(t), 'whittle.db')
		const writer = await openWriter({ path, thread })
		await writer.applyBatch(batchOf(1, { sightings: [sightingOf()] }))
		const commits: string[][] = []
		writer.onCommit((tables) => commits.push(tables))
		const approve = {
			sql: `INSERT INTO approvals (workload_id, class, digest, decision, actor, reason, at_ms) VALUES (1, 'network', ?, 'approved', 'eve', '', 1)`,
			params: ['sha256:1'],
			expect: 1
		}
		assert.deepEqual(await writer.transact([approve]), [1])
		assert.deepEqual(commits, [['approvals']])
		const lost = { sql: 'UPDATE approvals SET reason = ? WHERE id = ?', params: ['x', 99], expect: 1 }
		await assert.rejects(
			writer.transact([approve, lost]),
			refusal('conflict', /Somebody changed the same approvals/)
		)
		assert.deepEqual(await writer.transact([{ sql: 'DELETE FROM approvals RETURNING id', params: [] }]), [1])
		await writer.close()
	})
}

test('migrations run once each, in order, after a backup', (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const [first] = loadMigrations()
	assert.ok(first !== undefined)
	const second = {
		number: 2,
		name: '0002_more.sql',
		sql: 'CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more VALUES (7)'
	}
	openDatabase(path, [first]).close()
	tableIn(path, `INSERT INTO objects (text) VALUES ('kept')`)
	openDatabase(path, [first, second]).close()
	const db = openDatabase(path, [first, second])
	assert.deepEqual(db.prepare('SELECT x FROM more').all(), [{ x: 7 }])
	assert.deepEqual(db.prepare('SELECT text FROM objects').all(), [{ text: 'kept' }])
	db.close()
	const backup = new Database(`${path}.before-0002`, { readonly: true })
	assert.equal(backup.pragma('user_version', { simple: true }), 1)
	assert.deepEqual(backup.prepare('SELECT text FROM objects').all(), [{ text: 'kept' }])
	backup.close()
	assert.equal(statSync(`${path}.before-0002`).mode & 0o777, 0o600)
})

test('a reader does not guess at an older store', (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const [first] = loadMigrations()
	assert.ok(first !== undefined)
	openDatabase(path, [first]).close()
	const second = { number: 2, name: '0002_more.sql', sql: 'CREATE TABLE more (x INTEGER) STRICT' }
	assert.throws(
		() => openReadOnly(path, [first, second]),
		refusal('older', /older Whittle: start `whittle up` once/)
	)
	openReadOnly(path, [first]).close()
})

test('a migration that fails leaves the store as it was', (t) => {
	const path = join(temporaryFolder(t), 'whittle.db')
	const [first] = loadMigrations()
	assert.ok(first !== undefined)
	openDatabase(path, [first]).close()
	const broken = {
		number: 2,
		name: '0002_broken.sql',
		sql: 'CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1)'
	}
	assert.throws(() => openDatabase(path, [first, broken]), /no such table: nowhere/)
	const db = openDatabase(path, [first])
	assert.deepEqual(db.prepare(`SELECT name FROM sqlite_schema WHERE name = 'half'`).all(), [])
	db.close()
})

test('a data folder has one owner, and a dead one is replaced', async (t) => {
	const data = temporaryFolder(t)
	assert.equal(readOwner(data), null)
	const held = acquireOwner(data, '/run/whittle.sock')
	assertHas(readOwner(data), { pid: process.pid, socket: '/run/whittle.sock' })
	assert.throws(
		() => acquireOwner(data, ''),
		refusal('owned', /Another Whittle \(process \d+\) already works on .*stop it/)
	)
	held.release()
	held.release()
	assert.equal(readOwner(data), null)

	const sleeper = spawn('sleep', ['60'])
	await once(sleeper, 'spawn')
	const pid = sleeper.pid ?? 0
	const owner = (parts: object): void =>
		writeFileSync(join(data, 'owner.json'), JSON.stringify({ pid, startTicks: 0, socket: '', ...parts }))
	owner({})
	assert.throws(() => acquireOwner(data, ''), refusal('owned', /Another Whittle/))
	// Same pid, other start: the number was given to somebody else.
	owner({ startTicks: 1 })
	assert.equal(readOwner(data), null)
	owner({})
	sleeper.kill('SIGKILL')
	await once(sleeper, 'exit')
	assert.equal(readOwner(data), null)
	acquireOwner(data, '').release()
	writeFileSync(join(data, 'owner.json'), 'half a fi')
	acquireOwner(data, '').release()
})

test('of many that start at once, one becomes the owner', async (t) => {
	const data = temporaryFolder(t)
	const script = fileURLToPath(new URL('./take-owner.ts', import.meta.url))
	const children = [1, 2, 3].map(() =>
		spawn(process.execPath, ['--import', 'tsx', script, data], { stdio: ['pipe', 'pipe', 'inherit'] })
	)
	const answers = await Promise.all(
		children.map(async (child) => {
			const [chunk]: Buffer[] = await once(child.stdout, 'data')
			return String(chunk).trim()
		})
	)
	assert.deepEqual(answers.sort(), ['owned', 'owned', 'taken'])
	for (const child of children) child.stdin.end()
	await Promise.all(children.map((child) => once(child, 'exit')))
	assert.equal(readOwner(data), null)
})

function tableIn(path: string, sql: string): void {
	const db = new Database(path)
	db.exec(sql)
	db.close()
}

/** Root ignores permissions, so for a moment it is nobody (the group does not matter here). */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
	if (process.geteuid?.() !== 0) return work()
	process.seteuid?.(65_534)
	try {
		await work()
	} finally {
		process.seteuid?.(0)
	}
}

/** A file system of two megabytes in a mount namespace of its own: nothing of it is left afterwards. */
function mountTiny(t: TestContext): { run(script: string): string } | undefined {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-tiny-'))
	t.after(() => rmSync(folder, { recursive: true, force: true }))
	const flags = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
	const inside = (command: string): string =>
		execFileSync(
			'unshare',
			[...flags, 'sh', '-c', `mount -t tmpfs -o size=2m none "$0" && ${command}`, folder],
			{
				encoding: 'utf8',
				stdio: ['ignore', 'pipe', 'pipe']
			}
		)
	try {
		inside('true')
	} catch (error) {
		assert.ok(error instanceof Error)
		return undefined
	}
	return { run: (script) => inside(`"${process.execPath}" --import tsx "${script}" "$0"`) }
}
