import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { compareText } from '../../discovery/behaviour.js'
import { packageRoot } from '../../native/addon.js'
import type { FileList } from '../../discovery/learn/state.js'

/** The kinds of images whose file lists are committed in `manifests/`. */
export const IMAGE_KINDS = ['php', 'postgres', 'python', 'nginx', 'node', 'java'] as const
export type ImageKind = (typeof IMAGE_KINDS)[number]

/** An image's files, as its packages and the application in it made them. */
export interface Image extends FileList {
	kind: ImageKind
	/** Sorted; symbolic links are not among them. */
	files: readonly string[]
	hasDirectory(path: string): boolean
	/** The file that the kernel would name: symbolic links and /bin, /sbin, /lib, /var/run followed. */
	resolve(path: string): string
}

/** What maintainer scripts make when the packages are configured: no package's list has it. */
const CONFIGURED = [
	'/etc/passwd',
	'/etc/passwd-',
	'/etc/group',
	'/etc/group-',
	'/etc/shadow',
	'/etc/shadow-',
	'/etc/gshadow',
	'/etc/ld.so.cache',
	'/etc/nsswitch.conf',
	'/etc/timezone',
	'/etc/subuid',
	'/etc/subgid',
	'/etc/environment',
	'/etc/ssl/certs/ca-certificates.crt',
	'/root/.bashrc',
	'/root/.profile',
	'/var/log/lastlog',
	'/var/log/wtmp',
	'/var/log/btmp',
	'/var/log/dpkg.log',
	'/var/lib/dpkg/status',
	'/etc/localtime -> /usr/share/zoneinfo/Etc/UTC',
	'/usr/bin/awk -> /usr/bin/mawk',
	'/usr/bin/java -> /usr/lib/jvm/java-17-openjdk-amd64/bin/java',
	'/usr/bin/psql -> /usr/share/postgresql-common/pg_wrapper'
]

/** Directories that a file list does not name because nothing is in them. */
const EMPTY_DIRECTORIES = [
	'/tmp',
	'/var/tmp',
	'/dev/shm',
	'/run',
	'/run/lock',
	'/home',
	'/srv',
	'/opt',
	'/mnt'
]

/** The committed list of a kind of image together with the application's files; paths absolute. */
export function loadImage(kind: ImageKind, applicationFiles: readonly string[] = []): Image {
	const text = gunzipSync(
		readFileSync(join(packageRoot(), 'bench/learning/manifests', `${kind}.txt.gz`))
	).toString()
	const lines = text.split('\n').filter((line) => line.startsWith('/'))
	return createImage(kind, [...lines, ...CONFIGURED, ...applicationFiles])
}

function createImage(kind: ImageKind, lines: readonly string[]): Image {
	const files = new Set<string>()
	const links = new Map<string, string>()
	for (const line of lines) {
		const [path = '', target] = line.split(' -> ')
		if (target === undefined) files.add(path)
		else links.set(path, target)
	}
	const sorted = [...files].sort(compareText)
	const directories = directoriesOf([...sorted, ...EMPTY_DIRECTORIES.map((path) => `${path}/`)])
	const direct = new Map<string, number>()
	for (const path of sorted) {
		const directory = path.slice(0, path.lastIndexOf('/'))
		direct.set(directory, (direct.get(directory) ?? 0) + 1)
	}
	return {
		kind,
		origin: `file list of the ${kind} image`,
		files: sorted,
		has: (path) => files.has(path),
		hasDirectory: (path) => directories.has(path),
		resolve: (path) => resolveIn(links, path),
		countBelow(directory, onlyDirect) {
			if (onlyDirect) return direct.get(directory) ?? 0
			return lowerBound(sorted, `${directory}0`) - lowerBound(sorted, `${directory}/`)
		},
		*below(directory) {
			const end = lowerBound(sorted, `${directory}0`)
			for (let at = lowerBound(sorted, `${directory}/`); at < end; at++) yield sorted[at] ?? ''
		}
	}
}

function directoriesOf(paths: readonly string[]): Set<string> {
	const directories = new Set<string>([''])
	for (const path of paths) {
		let end = path.lastIndexOf('/')
		while (end > 0 && !directories.has(path.slice(0, end))) {
			directories.add(path.slice(0, end))
			end = path.lastIndexOf('/', end - 1)
		}
	}
	return directories
}

/** Linux gives up after 40 links (path_resolution(7)); four are enough for every list here. */
const LINKS_MAX = 4

function resolveIn(links: ReadonlyMap<string, string>, path: string): string {
	let now = path
		.replace(/^\/(s?bin|lib(?:32|64|x32)?)(?=\/|$)/, '/usr/$1')
		.replace(/^\/var\/(run|lock)(?=\/|$)/, (_, name) => (name === 'run' ? '/run' : '/run/lock'))
	for (let count = 0; count < LINKS_MAX; count++) {
		const target = links.get(now)
		if (target === undefined) return now
		now = target
	}
	return now
}

/** Index of the first text that is not below `wanted`. */
function lowerBound(sorted: readonly string[], wanted: string): number {
	let low = 0
	let high = sorted.length
	while (low < high) {
		const middle = (low + high) >> 1
		if (compareText(sorted[middle] ?? '', wanted) < 0) low = middle + 1
		else high = middle
	}
	return low
}
