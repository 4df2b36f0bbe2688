import Database from 'better-sqlite3'
import {
	parseAlternatives,
	parseApkInstalled,
	parseBusyboxPaths,
	parseDiversions,
	parseDpkgList,
	parseDpkgStatus,
	parseMd5sums,
	parseRpmHeader
} from './package-databases.js'
import { escapeText, normalisePath, PATH_BYTES_MAX } from './path.js'
import { type Found, Rooted } from './rooted.js'

export type PackageManager = 'apk' | 'dpkg' | 'rpm'

/** What the package managers of a root folder know. */
export interface PackageFiles {
	/** Those whose database was read, sorted. */
	managers: PackageManager[]
	/** `dpkg of NAME`; '' when there was nothing to read. */
	origin: string
	/** Sorted by manager, name and version. */
	packages: { manager: PackageManager; name: string; version: string }[]
	/**
	 * Files in the stored form of paths, sorted and distinct, under both of their names where
	 * `/bin` is `/usr/bin`. Only what packages brought: what was copied in by hand is not here.
	 */
	paths: string[]
	/** What could not be used: where, why, and how often. Sorted. */
	problems: { where: string; reason: string; count: number }[]
}

/**
 * The files that the packages of a root folder brought: `/` for this host, a container's root for an
 * image. `name` is what people call it. The folder may be hostile: links do not lead out of it, files
 * are read up to a size, and what cannot be used is counted.
 */
export async function readPackages(root: string, name: string): Promise<PackageFiles> {
	const reading = new Reading(new Rooted(root))
	const managers: PackageManager[] = []
	if (await readApk(reading)) managers.push('apk')
	if (await readDpkg(reading)) managers.push('dpkg')
	if (await readRpm(reading)) managers.push('rpm')
	const aliases = await readAliases(reading.rooted)
	return {
		managers,
		origin: managers.length === 0 ? '' : `${managers.join(' and ')} of ${escapeText(name)}`,
		packages: reading.packages.sort((a, b) =>
			compare(`${a.manager} ${a.name} ${a.version}`, `${b.manager} ${b.name} ${b.version}`)
		),
		paths: reading.files(aliases),
		problems: reading.problems()
	}
}

/** The largest database of a big host is a tenth of it. */
const FILE_BYTES_MAX = 268_435_456
const ALL_BYTES_MAX = 1_073_741_824
const PATHS_MAX = 4_000_000
const NAMES_MAX = 200_000
const PROBLEMS_MAX = 100

const DPKG = '/var/lib/dpkg'
const APK_DATABASES = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed']
const BUSYBOX_PATHS = '/etc/busybox-paths.d'
const RPM_FOLDERS = ['/var/lib/rpm', '/usr/lib/sysimage/rpm']

async function readDpkg(reading: Reading): Promise<boolean> {
	const status = await reading.file(`${DPKG}/status`)
	if (status) reading.addPackages('dpkg', parseDpkgStatus(status))
	await reading.each(`${DPKG}/info`, '.list', (_, bytes) => reading.addPaths(parseDpkgList(bytes), DPKG))
	let found = status !== undefined
	// Distroless images keep one status file and one list of checksums for each package.
	await reading.each(`${DPKG}/status.d`, '', (file, bytes) => {
		found = true
		if (file.endsWith('.md5sums')) reading.addPaths(parseMd5sums(bytes), DPKG)
		else reading.addPackages('dpkg', parseDpkgStatus(bytes))
	})
	const diversions = await reading.file(`${DPKG}/diversions`)
	if (diversions) reading.addPaths(parseDiversions(diversions), DPKG)
	await reading.each(`${DPKG}/alternatives`, '', (_, bytes) =>
		reading.addPaths(parseAlternatives(bytes), DPKG)
	)
	return found
}

async function readApk(reading: Reading): Promise<boolean> {
	for (const database of APK_DATABASES) {
		const bytes = await reading.file(database)
		if (bytes === undefined) continue
		const { packages, paths } = parseApkInstalled(bytes)
		reading.addPackages('apk', packages)
		reading.addPaths(paths, database)
		await reading.each(BUSYBOX_PATHS, '', (_, list) =>
			reading.addPaths(parseBusyboxPaths(list), BUSYBOX_PATHS)
		)
		return true
	}
	return false
}

async function readRpm(reading: Reading): Promise<boolean> {
	for (const folder of RPM_FOLDERS) {
		const database = `${folder}/rpmdb.sqlite`
		const bytes = await reading.file(database)
		if (bytes === undefined) continue
		const log = await reading.file(`${database}-wal`)
		if (log && log.length > 0)
			reading.refuse(database, 'changes that are only in its write-ahead log were not read')
		return readRpmDatabase(reading, database, bytes)
	}
	for (const folder of RPM_FOLDERS) {
		for (const file of ['Packages', 'Packages.db']) {
			if ((await reading.rooted.resolve(`${folder}/${file}`)) === undefined) continue
			reading.refuse(
				`${folder}/${file}`,
				'rpm keeps it in Berkeley DB or ndb form, which is not read; `rpmdb --rebuilddb` of rpm 4.16 or later makes it SQLite'
			)
			return false
		}
	}
	return false
}

const SQLITE_HEADER_BYTES = 100

/** The database as a copy in memory: nothing is written beside it, no lock is taken. */
function readRpmDatabase(reading: Reading, where: string, bytes: Buffer): boolean {
	if (bytes.length < SQLITE_HEADER_BYTES) {
		reading.refuse(where, 'SQLite cannot read it')
		return false
	}
	// A database in memory cannot be in WAL mode; 1 says that it is not (SQLite file format §1.3.3).
	bytes.fill(1, 18, 20)
	let database: Database.Database | undefined
	try {
		database = new Database(bytes)
		database.pragma('trusted_schema = OFF')
		const table = database
			.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'Packages'")
			.get()
		if (!hasPlainTable(table)) {
			reading.refuse(where, 'it holds no table of packages as rpm makes it')
			return false
		}
		for (const blob of database.prepare('SELECT blob FROM Packages').pluck().iterate()) {
			const header = Buffer.isBuffer(blob) ? parseRpmHeader(blob) : undefined
			if (!header) {
				reading.refuse(where, 'a package in it is damaged')
				continue
			}
			// Keys of signers are kept as packages without files.
			if (header.name !== 'gpg-pubkey') reading.addPackages('rpm', [header])
			reading.addPaths(header.paths, where)
		}
		return true
	} catch (error) {
		if (!(error instanceof Database.SqliteError)) throw error
		reading.refuse(where, 'SQLite cannot read it')
		return false
	} finally {
		database?.close()
	}
}

/** A view, a virtual table or a computed column could run anything for any time. */
function hasPlainTable(row: unknown): boolean {
	if (typeof row !== 'object' || row === null || !('sql' in row) || typeof row.sql !== 'string') return false
	return /^CREATE TABLE ['"]?Packages['"]? \(hnum INTEGER PRIMARY KEY AUTOINCREMENT, ?blob BLOB NOT NULL\)$/.test(
		row.sql
	)
}

/** Directories that distributions made links of others (file-hierarchy(7), "merged /usr"). */
const MERGED = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr/sbin', '/usr/lib64']

/** Merged directories and what they really are. */
async function readAliases(rooted: Rooted): Promise<[from: string, to: string][]> {
	const aliases: [string, string][] = []
	for (const from of MERGED) {
		const to = await rooted.resolve(from)
		if (to !== undefined && to !== from && to !== '/') aliases.push([`${from}/`, `${escapeText(to)}/`])
	}
	return aliases
}

/** One root being read, with its bounds. */
class Reading {
	readonly rooted: Rooted
	readonly packages: PackageFiles['packages'] = []
	#paths = new Set<string>()
	#directories = new Set<string>()
	#problems = new Map<string, PackageFiles['problems'][number]>()
	#bytesLeft = ALL_BYTES_MAX

	constructor(rooted: Rooted) {
		this.rooted = rooted
	}

	async file(path: string): Promise<Buffer | undefined> {
		const found: Found = await this.rooted.read(path, Math.min(FILE_BYTES_MAX, this.#bytesLeft))
		if (found === undefined) return undefined
		if ('refused' in found) {
			this.refuse(path, found.refused)
			return undefined
		}
		this.#bytesLeft -= found.bytes.length
		return found.bytes
	}

	/** Every readable file directly in a folder whose name ends so, by name. */
	async each(folder: string, ending: string, use: (name: string, bytes: Buffer) => void): Promise<void> {
		const found = await this.rooted.list(folder, NAMES_MAX)
		if (found === undefined) return
		if ('refused' in found) return this.refuse(folder, found.refused)
		if (found.cut) this.refuse(folder, `it holds more than ${NAMES_MAX} names`)
		for (const name of found.names) {
			const bytes = name.endsWith(ending) ? await this.file(`${folder}/${name}`) : undefined
			if (bytes) use(name, bytes)
		}
	}

	addPackages(manager: PackageManager, packages: readonly { name: string; version: string }[]): void {
		for (const { name, version } of packages) {
			this.packages.push({ manager, name: escapeText(name), version: escapeText(version) })
		}
	}

	/** Raw paths, one character per byte. */
	addPaths(paths: Iterable<string>, where: string): void {
		for (const raw of paths) {
			const problem = pathProblem(raw)
			if (problem !== undefined) this.refuse(where, problem)
			else if (this.#paths.size >= PATHS_MAX) this.refuse(where, `more than ${PATHS_MAX} paths`)
			else this.#addPath(raw)
		}
	}

	#addPath(raw: string): void {
		const path = normalisePath(Buffer.from(raw, 'latin1'))
		if (path === undefined || path === '/') return
		this.#paths.add(path)
		this.#directories.add(path.slice(0, path.lastIndexOf('/')))
	}

	refuse(where: string, reason: string): void {
		const known = this.#problems.get(`${where}\0${reason}`)
		if (known) known.count++
		else if (this.#problems.size < PROBLEMS_MAX || where === '') {
			this.#problems.set(`${where}\0${reason}`, { where: escapeText(where), reason, count: 1 })
		} else this.refuse('', 'more problems than are listed')
	}

	/** What was listed without the directories among it, and with its other names. */
	files(aliases: readonly [from: string, to: string][]): string[] {
		const files = new Set<string>()
		for (const path of this.#paths) {
			if (this.#directories.has(path)) continue
			files.add(path)
			for (const [from, to] of aliases) {
				if (path.startsWith(from)) files.add(to + path.slice(from.length))
				// Programs are called by either name; libraries are reported by their real one.
				else if (from.endsWith('bin/') && path.startsWith(to)) files.add(from + path.slice(to.length))
			}
		}
		return [...files].sort()
	}

	problems(): PackageFiles['problems'] {
		return [...this.#problems.values()].sort((a, b) =>
			compare(`${a.where} ${a.reason}`, `${b.where} ${b.reason}`)
		)
	}
}

/** Why a listed path is none that a package can have; raw, one character per byte. */
function pathProblem(raw: string): string | undefined {
	if (!raw.startsWith('/')) return 'a path is not absolute'
	if (raw.includes('\0')) return 'a path holds a NUL'
	if (raw.length > PATH_BYTES_MAX) return 'a path is longer than Linux allows'
	return /\/\.\.(?:\/|$)/.test(raw) ? 'a path leads upwards' : undefined
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0
}
