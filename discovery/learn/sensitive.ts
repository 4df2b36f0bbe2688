import type { Behaviour } from '../behaviour.js'
import { parseNetworkObject } from '../behaviour.js'
import type { Verb } from '../../collector/observation.js'
import { execSensitivity } from './sensitive-programs.js'
import {
	GUARDED_FILES,
	GUARDED_NAME,
	GUARDED_SEGMENTS,
	GUARDED_TREES,
	PUBLIC_TREES,
	UNWRITABLE_FILES,
	UNWRITABLE_TREES
} from './sensitive-objects.js'

/** 0 ordinary; 1 shells, interpreters, configuration; 2 credentials, powers, what attackers live off. */
export type Sensitivity = 0 | 1 | 2

/** What a rule lets happen to a file: `read` is reading and listing, `write` everything that changes it. */
export type FileAccess = 'read' | 'write'

/**
 * Whether a file must never be covered by a rule that was not made for exactly it. `path` is object
 * text of an observation; typed tokens in it stand for themselves.
 */
export function isSensitive(path: string, access: FileAccess): boolean {
	const own = homeless(path)
	return isListed(own, access) || hasGuardedSegment(own) || isProcessSecret(own) || isTelling(own)
}

/** Whether a file's name says that it holds a secret, wherever it lies: a private key, a password file. */
export function isTelling(path: string): boolean {
	return isTellingName(path.slice(path.lastIndexOf('/') + 1)) && !isPublic(path)
}

/**
 * A sensitive object that a rule for files in a directory would cover, or null. `directory` has no
 * trailing slash ('' is the root). Only what stands in the lists: names that tell what is in a file
 * (`*.key`) may turn up anywhere, and are walls where such a file is known (`paths/walls.ts`).
 * What `isPassed` says of an object (a file, or a whole tree) is left out.
 */
export function sensitiveWithin(
	directory: string,
	recursive: boolean,
	access: FileAccess,
	isPassed: (path: string, isTree: boolean) => boolean
): string | null {
	const own = homeless(directory)
	if (own !== '' && isSensitive(`${own}/.`, access)) return directory
	if (recursive && `${HOMES}/`.startsWith(`${directory}/`)) return HOMES
	const trees = access === 'write' ? ALL_TREES : GUARDED_TREES_SORTED
	const files = access === 'write' ? ALL_FILES : GUARDED_FILES_SORTED
	const file = firstWithin(files, own, recursive, (path) => isPassed(asIn(directory, own, path), false))
	const found =
		file ?? firstWithin(trees, own, recursive, (path) => isPassed(asIn(directory, own, path), true))
	return found === null ? null : asIn(directory, own, found)
}

/** How much harm a behaviour can do if an intruder taught it to us. */
export function sensitivity(behaviour: Behaviour): Sensitivity {
	const { verb, object } = behaviour
	if (verb === 'exec') return execSensitivity(object)
	if (behaviour.class === 'file-read') return isSensitive(object, 'read') ? 2 : 0
	if (behaviour.class === 'file-write') {
		if (isSensitive(object, 'write')) return 2
		return isConfiguration(object) ? 1 : 0
	}
	return behaviour.class === 'network' ? networkSensitivity(object) : privilegeSensitivity(verb, object)
}

/** How many objects the lists hold: what "walls checked" counts. */
export const LISTED_COUNT =
	GUARDED_FILES.length + GUARDED_TREES.length + UNWRITABLE_FILES.length + UNWRITABLE_TREES.length

const GUARDED_FILE_SET: ReadonlySet<string> = new Set(GUARDED_FILES)
const GUARDED_TREE_SET: ReadonlySet<string> = new Set(GUARDED_TREES)
const UNWRITABLE_FILE_SET: ReadonlySet<string> = new Set(UNWRITABLE_FILES)
const UNWRITABLE_TREE_SET: ReadonlySet<string> = new Set(UNWRITABLE_TREES)
/** The first segments of all that is listed: most paths begin with another one. */
const TOPS: Readonly<Record<FileAccess, ReadonlySet<string>>> = {
	read: new Set([...GUARDED_FILES, ...GUARDED_TREES].map(topOf)),
	write: new Set([...GUARDED_FILES, ...GUARDED_TREES, ...UNWRITABLE_FILES, ...UNWRITABLE_TREES].map(topOf))
}
const GUARDED_TREES_SORTED = [...GUARDED_TREES].sort()
const GUARDED_FILES_SORTED = [...GUARDED_FILES].sort()
const ALL_TREES = [...GUARDED_TREES, ...UNWRITABLE_TREES].sort()
const ALL_FILES = [...GUARDED_FILES, ...UNWRITABLE_FILES].sort()
const HOMES = '/home'

function isListed(own: string, access: FileAccess): boolean {
	if (!TOPS[access].has(topOf(own))) return false
	if (GUARDED_FILE_SET.has(own) || (access === 'write' && UNWRITABLE_FILE_SET.has(own))) return true
	let end = 0
	do {
		end = own.indexOf('/', end + 1)
		const upTo = end < 0 ? own : own.slice(0, end)
		if (GUARDED_TREE_SET.has(upTo) || (access === 'write' && UNWRITABLE_TREE_SET.has(upTo))) return true
	} while (end > 0)
	return false
}

function topOf(path: string): string {
	const end = path.indexOf('/', 1)
	return end < 0 ? path : path.slice(0, end)
}

/** A directory of such a name lies above it. */
function hasGuardedSegment(own: string): boolean {
	// All of them begin like this.
	if (!own.includes('/.') && !own.includes('/secrets')) return false
	let start = 1
	for (let end = own.indexOf('/', start); end > 0; end = own.indexOf('/', start)) {
		if (GUARDED_SEGMENTS.has(own.slice(start, end))) return true
		start = end + 1
	}
	return false
}

/** A path in somebody's home as if it were in `/root`: homes differ by their owner only. */
function homeless(path: string): string {
	if (!path.startsWith('/home/')) return path
	const end = path.indexOf('/', '/home/'.length)
	return end < 0 ? '/root' : `/root${path.slice(end)}`
}

/** `found`, which lies below `own`, as it is called below `directory`, whose homeless form `own` is. */
function asIn(directory: string, own: string, found: string): string {
	return directory + found.slice(own.length)
}

/** The first path of a sorted list that lies in a directory ('' is the root); `isPassed` are left out. */
export function firstWithin(
	sorted: readonly string[],
	directory: string,
	recursive: boolean,
	isPassed: (path: string) => boolean
): string | null {
	const start = `${directory}/`
	let [low, high] = [0, sorted.length]
	while (low < high) {
		const middle = (low + high) >> 1
		if ((sorted[middle] ?? '') < start) low = middle + 1
		else high = middle
	}
	for (let at = low; at < sorted.length; at++) {
		const path = sorted[at] ?? ''
		if (!path.startsWith(start)) return null
		if ((recursive || !path.includes('/', start.length)) && !isPassed(path)) return path
	}
	return null
}

/** The environment and the memory of processes: `/proc/<pid>/environ`, `/proc/1/task/7/mem`. */
function isProcessSecret(path: string): boolean {
	return path.startsWith('/proc/') && (path.endsWith('/environ') || path.endsWith('/mem'))
}

/** NAME_MAX is 255 bytes on Linux, each of which may be escaped to four characters. */
const NAME_MAX = 4 * 255

function isTellingName(name: string): boolean {
	// Most names hold none of these letters in this order, and the expression is only asked about the rest.
	return (
		name.length <= NAME_MAX &&
		/key|cred|secret|passw|id_|\.env|\.p12|\.pfx|\.jks|\.kdbx|\.ppk|\.ovpn|priv|config|^\./.test(name) &&
		GUARDED_NAME.test(name)
	)
}

function isPublic(path: string): boolean {
	return PUBLIC_TREES.some((tree) => path.startsWith(`${tree}/`))
}

/** Configuration of the machine, of programs in it, or of a person. */
function isConfiguration(path: string): boolean {
	return path.startsWith('/etc/') || /^\/root\/\.[^/]+$/.test(homeless(path)) || /\.(?:conf|cnf)$/.test(path)
}

/** Addresses at which clouds hand out credentials, and sockets that command the machine. */
const METADATA = /^(?:cidr:)?(?:169\.254\.169\.254|169\.254\.170\.2|100\.100\.100\.200|fd00:ec2::254)(?:\/|$)/
/** The usual ports of mining pools. */
const MINING_PORTS: ReadonlySet<number> = new Set([3333, 4444, 5555, 7777, 8333, 14433, 14444, 45560, 45700])

function networkSensitivity(object: string): Sensitivity {
	const flow = parseNetworkObject(object)
	if (!flow) return 0
	if (flow.protocol === 'unix') return isSensitive(flow.peer, 'write') ? 2 : 0
	if (flow.direction !== 'egress') return 0
	if (METADATA.test(flow.peer)) return 2
	const isOutside = flow.peer === 'any' || /^(?:cidr:|name:|[0-9a-f.:]+$)/.test(flow.peer)
	return isOutside && MINING_PORTS.has(flow.port) ? 1 : 0
}

/** Each of these is as good as root, or close to it (capabilities(7)). */
const POWERS: ReadonlySet<string> = new Set([
	'CAP_BPF',
	'CAP_CHECKPOINT_RESTORE',
	'CAP_DAC_READ_SEARCH',
	'CAP_LINUX_IMMUTABLE',
	'CAP_MAC_ADMIN',
	'CAP_MAC_OVERRIDE',
	'CAP_MKNOD',
	'CAP_NET_ADMIN',
	'CAP_PERFMON',
	'CAP_SETFCAP',
	'CAP_SYSLOG',
	'CAP_SYS_ADMIN',
	'CAP_SYS_BOOT',
	'CAP_SYS_MODULE',
	'CAP_SYS_PTRACE',
	'CAP_SYS_RAWIO',
	'CAP_SYS_TIME'
])
/** What servers use while they start and give up. */
const START_POWERS: ReadonlySet<string> = new Set([
	'CAP_CHOWN',
	'CAP_DAC_OVERRIDE',
	'CAP_FOWNER',
	'CAP_FSETID',
	'CAP_IPC_LOCK',
	'CAP_KILL',
	'CAP_NET_BIND_SERVICE',
	'CAP_SETGID',
	'CAP_SETPCAP',
	'CAP_SETUID',
	'CAP_SYS_NICE',
	'CAP_SYS_RESOURCE'
])

function privilegeSensitivity(verb: Verb, object: string): Sensitivity {
	if (verb === 'capability') return POWERS.has(object) ? 2 : START_POWERS.has(object) ? 0 : 1
	if (verb === 'raw-socket') return object.startsWith('AF_PACKET') ? 2 : 1
	if (verb === 'ptrace') return object === 'traceme' ? 1 : 2
	if (verb === 'setuid') return object === '0' || object === 'root' ? 2 : 0
	return 2
}
