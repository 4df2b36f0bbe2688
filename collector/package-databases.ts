/**
 * What the databases of package managers say, as bytes in and raw paths out. Raw paths are absolute;
 * nothing else about them has been checked. Pure.
 */
export interface Listed {
	packages: { name: string; version: string }[]
	/** Paths as bytes, one character per byte (latin1), so that nothing is lost before it is escaped. */
	paths: string[]
}

/** dpkg(1) `status`, or one file of distroless images' `status.d`: paragraphs of `Field: value`. */
export function parseDpkgStatus(bytes: Buffer): Listed['packages'] {
	const packages: Listed['packages'] = []
	let name = ''
	let version = ''
	let isInstalled = true
	const end = () => {
		if (name !== '' && isInstalled) packages.push({ name, version })
		name = ''
		version = ''
		isInstalled = true
	}
	for (const line of lines(bytes.toString('utf8'))) {
		if (line === '') end()
		else if (line.startsWith('Package: ')) name = line.slice(9)
		else if (line.startsWith('Version: ')) version = line.slice(9)
		else if (line.startsWith('Status: ')) isInstalled = line.endsWith(' installed')
	}
	end()
	return packages
}

/** `info/PACKAGE.list`: one path per line, its directories too. */
export function parseDpkgList(bytes: Buffer): string[] {
	return lines(bytes.toString('latin1')).filter((line) => line !== '' && line !== '/.')
}

/** `info/PACKAGE.md5sums`: `hash  path` with paths relative to the root. All that distroless images keep. */
export function parseMd5sums(bytes: Buffer): string[] {
	return lines(bytes.toString('latin1')).flatMap((line) => {
		const match = /^[0-9a-f]{32} [ *](.+)$/.exec(line)
		return match?.[1] === undefined ? [] : [`/${match[1]}`]
	})
}

/** dpkg-divert(1): triples of lines, from, to, by whom; the file lies at the second. */
export function parseDiversions(bytes: Buffer): string[] {
	return lines(bytes.toString('latin1')).filter((_, index) => index % 3 === 1)
}

/** update-alternatives(1): the links that one group owns: status, master link, then pairs of name and link. */
export function parseAlternatives(bytes: Buffer): string[] {
	const all = lines(bytes.toString('latin1'))
	const end = all.indexOf('')
	return (end < 0 ? all : all.slice(0, end)).filter((line, index) => index % 2 === 1 && line.startsWith('/'))
}

/** apk-installed(5): P name, V version, F directory, R file in it; a blank line ends a package. */
export function parseApkInstalled(bytes: Buffer): Listed {
	const listed: Listed = { packages: [], paths: [] }
	let name = ''
	let version = ''
	let directory = ''
	const end = () => {
		if (name !== '') listed.packages.push({ name, version })
		name = ''
		version = ''
		directory = ''
	}
	for (const line of lines(bytes.toString('latin1'))) {
		const value = line.slice(2)
		if (line === '') end()
		else if (line.startsWith('P:')) name = value
		else if (line.startsWith('V:')) version = value
		else if (line.startsWith('F:')) directory = value === '' ? '' : `/${value}`
		else if (line.startsWith('R:')) listed.paths.push(`${directory}/${value}`)
	}
	end()
	return listed
}

/** Alpine's list of the links that busybox makes for its programs: one path per line. */
export function parseBusyboxPaths(bytes: Buffer): string[] {
	return lines(bytes.toString('latin1'))
		.filter((line) => line !== '')
		.map((line) => (line.startsWith('/') ? line : `/${line}`))
}

/** Tags of an RPM header (rpmtag.h). */
const TAG = {
	name: 1000,
	version: 1001,
	release: 1002,
	modes: 1030,
	dirIndexes: 1116,
	baseNames: 1117,
	dirNames: 1118
}
/** Types of its values (rpmtag.h): the rest is not needed. */
const TYPE = { int16: 3, int32: 4, string: 6, stringArray: 8 }
/** S_IFMT and S_IFDIR (inode(7)). */
const MODE_TYPE = 0o170000
const MODE_DIRECTORY = 0o040000

/**
 * One package of an RPM database: a header as rpm stores it, without its magic (big-endian number of
 * entries, length of data; entries of tag, type, offset, count; data). Undefined when it is damaged.
 */
export function parseRpmHeader(blob: Buffer): { name: string; version: string; paths: string[] } | undefined {
	if (blob.length < 8) return undefined
	const entryCount = blob.readUInt32BE(0)
	const dataLength = blob.readUInt32BE(4)
	const dataStart = 8 + entryCount * 16
	if (dataStart + dataLength > blob.length) return undefined
	const data = blob.subarray(dataStart, dataStart + dataLength)
	const entries = new Map<number, Entry>()
	for (let at = 8; at < dataStart; at += 16) {
		const [tag, type] = [blob.readUInt32BE(at), blob.readUInt32BE(at + 4)]
		const [offset, count] = [blob.readUInt32BE(at + 8), blob.readUInt32BE(at + 12)]
		if (offset > data.length || count > data.length) return undefined
		entries.set(tag, { type, offset, count })
	}
	const [name] = texts(data, entries.get(TAG.name)) ?? []
	const [version] = texts(data, entries.get(TAG.version)) ?? []
	const [release] = texts(data, entries.get(TAG.release)) ?? []
	if (name === undefined || version === undefined) return undefined
	const paths = rpmPaths(data, entries)
	return paths && { name, version: release === undefined ? version : `${version}-${release}`, paths }
}

interface Entry {
	type: number
	offset: number
	count: number
}

function rpmPaths(data: Buffer, entries: ReadonlyMap<number, Entry>): string[] | undefined {
	if (!entries.has(TAG.baseNames)) return []
	const baseNames = texts(data, entries.get(TAG.baseNames))
	const dirNames = texts(data, entries.get(TAG.dirNames))
	const dirIndexes = integers(data, entries.get(TAG.dirIndexes), TYPE.int32)
	const modes = integers(data, entries.get(TAG.modes), TYPE.int16)
	if (!baseNames || !dirNames || dirIndexes?.length !== baseNames.length) return undefined
	return baseNames.flatMap((baseName, index) => {
		const dirName = dirNames[dirIndexes[index] ?? -1]
		const isDirectory = ((modes?.[index] ?? 0) & MODE_TYPE) === MODE_DIRECTORY
		return dirName === undefined || isDirectory ? [] : [dirName + baseName]
	})
}

function texts(data: Buffer, entry: Entry | undefined): string[] | undefined {
	if (!entry || (entry.type !== TYPE.string && entry.type !== TYPE.stringArray)) return undefined
	const found: string[] = []
	let at = entry.offset
	for (let index = 0; index < entry.count; index++) {
		const end = data.indexOf(0, at)
		if (end < 0) return undefined
		found.push(data.toString('latin1', at, end))
		at = end + 1
	}
	return found
}

function integers(data: Buffer, entry: Entry | undefined, type: number): number[] | undefined {
	if (!entry || entry.type !== type) return undefined
	const width = type === TYPE.int16 ? 2 : 4
	if (entry.offset + entry.count * width > data.length) return undefined
	return Array.from({ length: entry.count }, (_, index) =>
		data.readUIntBE(entry.offset + index * width, width)
	)
}

function lines(text: string): string[] {
	return text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
}
