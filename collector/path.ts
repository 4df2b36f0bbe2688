import { isUtf8 } from 'node:buffer'
import { posix } from 'node:path'

/** PATH_MAX of Linux (limits.h) without the terminating NUL: no longer name ever reached a system call. */
export const PATH_BYTES_MAX = 4095

/**
 * The stored form of an absolute path: `.`, `..` and `//` resolved lexically, bytes escaped
 * (`escapeText`), and the typed tokens that are always right: `/proc/<pid>`, its `task/<pid>`,
 * `<container>` for container ids and `<uid>` for pod UIDs. A relative path is taken
 * below `cwd`; undefined when there is none.
 */
export function normalisePath(raw: Buffer | string, cwd = ''): string | undefined {
	let text = typeof raw === 'string' ? raw : decodeBytes(raw)
	if (!text.startsWith('/')) {
		if (!cwd.startsWith('/') || text === '') return undefined
		text = `${cwd}/${text}`
	}
	if (isPlain(text)) return text
	const resolved = posix.normalize(text)
	const escaped = escapeText(resolved.length > 1 && resolved.endsWith('/') ? resolved.slice(0, -1) : resolved)
	return typeTokens(escaped)
}

/**
 * Text as it is stored and shown: bytes that are invalid UTF-8, control or bidirectional
 * become `\xNN`, a backslash `\\`, and `<` `\x3c`, because `<…>` marks a typed token.
 * In a string, U+DC80–U+DCFF stand for the single bytes 80–FF (as `decodeBytes` makes them).
 */
export function escapeText(raw: Buffer | string): string {
	const text = typeof raw === 'string' ? raw : decodeBytes(raw)
	if (!NEEDS_ESCAPE.test(text)) return text
	let escaped = ''
	for (const character of text) escaped += ESCAPED.test(character) ? escapeCharacter(character) : character
	return escaped
}

/**
 * Makes a text safe to store without touching what is escaped already: names of pods, units
 * and cgroups pass through several hands, and doing it twice changes nothing.
 */
export function sealText(text: string): string {
	if (!NEEDS_ESCAPE.test(text)) return text
	let sealed = ''
	for (const character of text) {
		sealed += character !== '\\' && ESCAPED.test(character) ? escapeCharacter(character) : character
	}
	return sealed
}

/** True for text with bytes that `escapeText` would write as `\xNN` (other than a plain `<`). */
export function hasUnprintable(text: string): boolean {
	return UNPRINTABLE.test(text)
}

/** UTF-8 to string; a byte that is not UTF-8 becomes U+DC00 + byte (PEP 383), so that nothing is lost. */
export function decodeBytes(bytes: Buffer): string {
	if (isUtf8(bytes)) return bytes.toString('utf8')
	let text = ''
	let from = 0
	for (let at = 0; at < bytes.length; ) {
		const length = sequenceLength(bytes, at)
		if (length === 0) {
			text += bytes.toString('utf8', from, at) + String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
			at += 1
			from = at
		} else at += length
	}
	return text + bytes.toString('utf8', from)
}

// Control (C0, DEL, C1), bidirectional (Unicode UAX #9 §2), line and paragraph separators,
// byte order mark, surrogates that stand alone.
const UNPRINTABLE_SET =
	'\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff'
const UNPRINTABLE = new RegExp(`[${UNPRINTABLE_SET}]`, 'u')
const ESCAPED = new RegExp(`^[\\\\<${UNPRINTABLE_SET}]$`, 'u')
// Cheap first look, without the u flag: pairs of surrogates get the slow look and stay as they are.
const NEEDS_ESCAPE = /[\\<]|[^\x20-\x7e]/

/** Paths that need nothing done to them: by far the most, so this is one scan. */
function isPlain(path: string): boolean {
	return PLAIN.test(path) && !SPECIAL.test(path)
}

const PLAIN = /^\/[\x20-\x2e\x30-\x3b\x3d-\x5b\x5d-\x7e]+(?:\/[\x20-\x2e\x30-\x3b\x3d-\x5b\x5d-\x7e]+)*$/
const SPECIAL = /\/\.{1,2}(?:\/|$)|^\/proc\/|[0-9a-f]{64}|\/pods\/|kubepods/

function escapeCharacter(character: string): string {
	if (character === '\\') return '\\\\'
	const code = character.codePointAt(0) ?? 0
	if (code >= 0xdc80 && code <= 0xdcff) return hex(code - 0xdc00)
	if (code >= 0xd800 && code <= 0xdfff) {
		// A lone surrogate has no UTF-8 form; these are the three bytes that would encode it (WTF-8).
		return hex(0xe0 | (code >> 12)) + hex(0x80 | ((code >> 6) & 0x3f)) + hex(0x80 | (code & 0x3f))
	}
	let escaped = ''
	for (const byte of Buffer.from(character, 'utf8')) escaped += hex(byte)
	return escaped
}

function hex(byte: number): string {
	return `\\x${byte.toString(16).padStart(2, '0')}`
}

/** Length of the well-formed UTF-8 sequence at `at` (RFC 3629 §4), 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
	const lead = bytes[at] ?? 0
	if (lead < 0x80) return 1
	const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
	if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0
	return isUtf8(bytes.subarray(at, at + length)) ? length : 0
}

const UUID = '[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}'
const PROC = /^\/proc\/[0-9]+(?=\/|$)/
const PROC_TASK = /^(\/proc\/[^/]+\/task)\/[0-9]+(?=\/|$)/
const POD_UID = new RegExp(`((?:^|/)var/lib/kubelet/pods)/${UUID}(?=/|$)`)
const POD_SLICE = new RegExp(`(/(?:kubepods[a-z-]*-)?pod)${UUID}(?=\\.slice(?:/|$)|/|$)`)
// NAMESPACE_POD_UID, as the kubelet's BuildPodLogsDirectory names it; a static pod's UID is the MD5 of its manifest.
const POD_LOGS = new RegExp(`^(/var/log/pods/[^/_]+_[^/_]+_)(?:${UUID}|[0-9a-f]{32})(?=/|$)`)
/** The links beside them: POD_NAMESPACE_CONTAINER-ID.log (the kubelet's LogSymlink). */
const CONTAINER_LOG = /^(\/var\/log\/containers\/[^/]+-)[0-9a-f]{64}(?=\.log$)/
const RUNTIME_SCOPE = /((?:^|\/)(?:docker|crio|cri-containerd|libpod)-)[0-9a-f]{64}(?=\.scope(?:\/|$))/g
// Where a bare 64-digit name is a container. Elsewhere it may be a content hash, and a
// token there would grant files that nobody asked for.
const CONTAINER_HOMES =
	/^\/(?:var\/lib\/docker\/containers|var\/lib\/containers\/storage\/overlay-containers|var\/lib\/containerd\/io\.containerd\.[a-z0-9.-]+\/[^/]+|(?:var\/)?run\/(?:docker|containerd|containers|crio|runc|crun|libpod)\b|sys\/fs\/cgroup|var\/lib\/kubelet\/pods)(?=\/)/
const CONTAINER_ID = /\/[0-9a-f]{64}(?=\/|$)/g

function typeTokens(path: string): string {
	let typed = path.replace(PROC, '/proc/<pid>').replace(PROC_TASK, '$1/<pid>')
	typed = typed.replace(POD_UID, '$1/<uid>').replace(RUNTIME_SCOPE, '$1<container>')
	typed = typed.replace(POD_LOGS, '$1<uid>').replace(CONTAINER_LOG, '$1<container>')
	if (!CONTAINER_HOMES.test(typed)) return typed
	if (typed.includes('kubepods')) typed = typed.replace(POD_SLICE, '$1<uid>')
	return typed.replace(CONTAINER_ID, '/<container>')
}
