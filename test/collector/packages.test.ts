import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync as readFile, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { parseRpmHeader } from '../../collector/package-databases.js'
import { type PackageFiles, readPackages } from '../../collector/packages.js'
import { HELLO_HEADER } from './rpm-header.js'
import { temporaryFolder } from './stores.js'

/** Reads a root folder that holds these files: text, or a link as `-> target`. */
async function read(t: TestContext, files: Record<string, string | Buffer>): Promise<PackageFiles> {
	return readPackages(rootOf(t, files), 'node-a')
}

function rootOf(t: TestContext, files: Record<string, string | Buffer>): string {
	const root = join(temporaryFolder(t), 'root')
	mkdirSync(root)
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(dirname(join(root, path)), { recursive: true })
		if (typeof content === 'string' && content.startsWith('-> '))
			symlinkSync(content.slice(3), join(root, path))
		else writeFileSync(join(root, path), content)
	}
	return root
}

const STATUS = `Package: dash
Status: install ok installed
Version: 0.5.12-2
Description: POSIX-compliant shell
 Version: of nothing

Package: gone
Status: deinstall ok config-files
Version: 1

Package: coreutils
Status: hold ok installed
Version: 9.1-1
`

test('dpkg: files of packages without their directories, diverted ones and alternatives, under both names', async (t) => {
	const found = await read(t, {
		'usr/bin/dash': '',
		bin: '-> usr/bin',
		'var/lib/dpkg/status': STATUS,
		'var/lib/dpkg/info/dash.list':
			'/.\n/bin\n/bin/dash\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/dash\n',
		'var/lib/dpkg/info/coreutils:amd64.list': '/usr\n/usr/bin\n/usr/bin/ls\n/usr/share/caf\xe9\n',
		'var/lib/dpkg/info/dash.postinst': '/not/a/list\n',
		'var/lib/dpkg/diversions': '/bin/sh\n/bin/sh.distrib\ndash\n',
		'var/lib/dpkg/alternatives/awk':
			'auto\n/usr/bin/awk\nawk.1.gz\n/usr/share/man/awk.1.gz\n\n/usr/bin/mawk\n10\n/x\n'
	})
	assert.deepEqual(found.managers, ['dpkg'])
	assert.equal(found.origin, 'dpkg of node-a')
	assert.deepEqual(found.packages, [
		{ manager: 'dpkg', name: 'coreutils', version: '9.1-1' },
		{ manager: 'dpkg', name: 'dash', version: '0.5.12-2' }
	])
	assert.deepEqual(found.paths, [
		'/bin/awk',
		'/bin/dash',
		'/bin/ls',
		'/bin/sh.distrib',
		'/usr/bin/awk',
		'/usr/bin/dash',
		'/usr/bin/ls',
		'/usr/bin/sh.distrib',
		'/usr/share/café',
		'/usr/share/doc/dash',
		'/usr/share/man/awk.1.gz'
	])
	assert.deepEqual(found.problems, [])
})

test('dpkg: images without a package manager keep one status and one list of checksums per package', async (t) => {
	const found = await read(t, {
		'var/lib/dpkg/status.d/base': 'Package: base-files\nVersion: 12.4\n',
		'var/lib/dpkg/status.d/base.md5sums': `${'a'.repeat(32)}  usr/lib/os-release\nnot a line\n`
	})
	assert.deepEqual(found.packages, [{ manager: 'dpkg', name: 'base-files', version: '12.4' }])
	assert.deepEqual(found.paths, ['/usr/lib/os-release'])
})

test('apk: files by directory, and the links that busybox makes', async (t) => {
	const installed =
		'C:Q1\nP:musl\nV:1.2.4-r2\nF:\nR:init\nF:lib\nR:ld-musl-x86_64.so.1\nZ:Q1\n\nP:busybox\nV:1.36\nF:bin\nR:busybox\n'
	const found = await read(t, {
		'lib/apk/db/installed': installed,
		'etc/busybox-paths.d/busybox': 'bin/ls\n/bin/sh\n'
	})
	assert.deepEqual(found.managers, ['apk'])
	assert.deepEqual(
		found.packages.map(({ name, version }) => `${name} ${version}`),
		['busybox 1.36', 'musl 1.2.4-r2']
	)
	assert.deepEqual(found.paths, ['/bin/busybox', '/bin/ls', '/bin/sh', '/init', '/lib/ld-musl-x86_64.so.1'])
})

const HEADER = gunzipSync(Buffer.from(HELLO_HEADER, 'base64'))

function rpmDatabase(t: TestContext, sql: string, headers: readonly Buffer[]): string {
	const path = join(temporaryFolder(t), 'rpmdb.sqlite')
	const database = new Database(path)
	// rpm keeps its database in WAL mode (lib/backend/sqlite.c).
	database.pragma('journal_mode = WAL')
	database.exec(sql)
	if (headers.length > 0) {
		const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)')
		for (const header of headers) insert.run(header)
	}
	database.close()
	return path
}

const RPM_TABLE = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"

test('rpm: a header as rpm 4.18 wrote it', () => {
	assert.deepEqual(parseRpmHeader(HEADER), {
		name: 'hello',
		version: '1.2.3-4',
		paths: ['/etc/hello.d/a.conf', '/usr/bin/hello', '/usr/share/hello dir/\xc3\xa9']
	})
})

test('rpm: the files of an SQLite database, wherever it lies; a damaged package is counted', async (t) => {
	const damaged = Buffer.from(HEADER.subarray(0, 900))
	const bytes = readFile(rpmDatabase(t, RPM_TABLE, [HEADER, damaged]))
	for (const files of [
		{ 'var/lib/rpm/rpmdb.sqlite': bytes },
		{ 'usr/lib/sysimage/rpm/rpmdb.sqlite': bytes, 'var/lib/rpm': '-> ../../usr/lib/sysimage/rpm' }
	]) {
		const found = await read(t, files)
		assert.deepEqual(found.managers, ['rpm'])
		assert.deepEqual(found.packages, [{ manager: 'rpm', name: 'hello', version: '1.2.3-4' }])
		assert.deepEqual(found.paths, ['/etc/hello.d/a.conf', '/usr/bin/hello', '/usr/share/hello dir/é'])
		assert.deepEqual(
			found.problems.map(({ reason, count }) => `${count} ${reason}`),
			['1 a package in it is damaged']
		)
	}
})

test('rpm: older databases, foreign tables and noise are said, not guessed at', async (t) => {
	const reasonsOf = async (files: Record<string, string | Buffer>) => {
		const { managers, paths, problems } = await read(t, files)
		assert.deepEqual([managers, paths], [[], []])
		return problems.map(({ where, reason }) => `${where}: ${reason}`).join('\n')
	}
	assert.match(
		await reasonsOf({ 'var/lib/rpm/Packages': 'x' }),
		/^\/var\/lib\/rpm\/Packages: rpm keeps it in Berkeley DB/
	)
	assert.match(await reasonsOf({ 'var/lib/rpm/rpmdb.sqlite': 'not a database' }), /SQLite cannot read it/)
	const endless =
		'CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 UNION ALL SELECT blob + 1 FROM n) SELECT blob FROM n'
	assert.match(
		await reasonsOf({ 'var/lib/rpm/rpmdb.sqlite': readFile(rpmDatabase(t, endless, [])) }),
		/no table of packages as rpm makes it/
	)
})

test('rpm: bytes flipped or cut anywhere give a package or nothing, and never a failure', () => {
	fc.assert(
		fc.property(fc.nat(HEADER.length - 1), fc.nat(255), fc.nat(HEADER.length), (at, byte, length) => {
			const changed = Buffer.from(HEADER)
			changed[at] = byte
			for (const blob of [changed, changed.subarray(0, length)]) {
				const parsed = parseRpmHeader(blob)
				assert.ok(parsed === undefined || parsed.paths.length <= HEADER.length)
			}
		})
	)
})

test('paths that no package can have are counted, and nothing of them is used', async (t) => {
	const found = await read(t, {
		'var/lib/dpkg/status': STATUS,
		'var/lib/dpkg/info/evil.list': `/usr/../../etc/shadow\nrelative\n/a\0b\n/${'x'.repeat(5000)}\n/ok\n/bell\x07\n/..\n`
	})
	assert.deepEqual(found.paths, ['/bell\\x07', '/ok'])
	assert.deepEqual(
		found.problems.map(({ where, reason, count }) => [where, reason, count]),
		[
			['/var/lib/dpkg', 'a path holds a NUL', 1],
			['/var/lib/dpkg', 'a path is longer than Linux allows', 1],
			['/var/lib/dpkg', 'a path is not absolute', 1],
			['/var/lib/dpkg', 'a path leads upwards', 2]
		]
	)
})

test('links never lead out of the root', async (t) => {
	const outside = temporaryFolder(t)
	writeFileSync(join(outside, 'secret'), '/outside\n')
	writeFileSync(join(outside, 'status'), STATUS)
	const found = await read(t, {
		'var/lib/dpkg/status': `-> ${join(outside, 'status')}`,
		'var/lib/dpkg/info/a.list': `-> ${join(outside, 'secret')}`,
		'var/lib/dpkg/info/b.list': `-> ../../../../../../../../../../..${join(outside, 'secret')}`,
		'var/lib/dpkg/info/c.list': '-> /inside/list',
		'var/lib/dpkg/info/d.list': '-> d.list',
		'inside/list': '/inside-is-fine\n'
	})
	assert.deepEqual(found.paths, ['/inside-is-fine'])
	assert.deepEqual(found.packages, [])
	assert.deepEqual(
		found.problems.map(({ where, reason }) => `${where}: ${reason}`),
		['/var/lib/dpkg/info/d.list: too many symbolic links']
	)
	const away = await read(t, { 'var/lib': `-> ${outside}`, bin: `-> ${outside}` })
	assert.deepEqual(away.managers, [])
})

test('pipes, folders and huge files in place of a database are refused at once', async (t) => {
	const root = rootOf(t, { 'var/lib/dpkg/info/a.list/file': '', 'lib/apk/db/keep': '' })
	execFileSync('mkfifo', [join(root, 'var/lib/dpkg/status')])
	writeFileSync(join(root, 'lib/apk/db/installed'), '')
	truncateSync(join(root, 'lib/apk/db/installed'), 300_000_000)
	const found = await readPackages(root, 'pod')
	assert.deepEqual(found.managers, [])
	assert.deepEqual(
		found.problems.map(({ where, reason }) => `${where}: ${reason}`),
		[
			'/lib/apk/db/installed: it is larger than 268435456 bytes',
			'/var/lib/dpkg/info/a.list: it is no regular file',
			'/var/lib/dpkg/status: it is no regular file'
		]
	)
})

test('a root without packages, and none at all, are empty', async (t) => {
	const nothing = { managers: [], origin: '', packages: [], paths: [], problems: [] }
	assert.deepEqual(await read(t, {}), nothing)
	assert.deepEqual(await readPackages(join(temporaryFolder(t), 'missing'), 'x'), nothing)
})
