import { constants } from 'node:fs'
import { type FileHandle, open, opendir, readlink } from 'node:fs/promises'

/** What a look below the root found: bytes, nothing, or why it was not looked at. */
export type Found = { bytes: Buffer } | { refused: string } | undefined

/**
 * Reads files below a folder that somebody else controls (a container's root) as if it were `/`:
 * symbolic links, absolute ones and `..` too, stay inside, also when they change meanwhile. Every step
 * opens one name below an open directory without following it (openat2(2) RESOLVE_IN_ROOT by hand).
 */
export class Rooted {
	readonly root: string

	constructor(root: string) {
		this.root = root
	}

	/** A regular file of at most `maxBytes`; pipes and devices are refused without waiting for them. */
	async read(path: string, maxBytes: number): Promise<Found> {
		const walked = await this.#walk(path)
		if (walked === undefined || 'refused' in walked) return walked
		try {
			return await readHandle(walked.handle, maxBytes)
		} catch (error) {
			return refusedBy(error)
		} finally {
			await walked.handle.close()
		}
	}

	/** Names in a directory, sorted; at most `maxCount`, and then `cut`. Undefined when there is none. */
	async list(
		path: string,
		maxCount: number
	): Promise<{ names: string[]; cut: boolean } | { refused: string } | undefined> {
		const walked = await this.#walk(path)
		if (walked === undefined || 'refused' in walked) return walked
		try {
			const names: string[] = []
			const directory = await opendir(`/proc/self/fd/${walked.handle.fd}`)
			for await (const { name } of directory) {
				if (names.length === maxCount) return { names: names.sort(), cut: true }
				names.push(name)
			}
			return { names: names.sort(), cut: false }
		} catch (error) {
			return ABSENT.has(codeOf(error)) ? undefined : refusedBy(error)
		} finally {
			await walked.handle.close()
		}
	}

	/** What the path leads to when every link is followed inside the root; undefined when it leads nowhere. */
	async resolve(path: string): Promise<string | undefined> {
		const walked = await this.#walk(path)
		if (walked === undefined || 'refused' in walked) return undefined
		await walked.handle.close()
		return walked.path
	}

	async #walk(path: string): Promise<{ handle: FileHandle; path: string } | { refused: string } | undefined> {
		const rest = path.split('/').reverse()
		/** Open directories from the root down to where we are. */
		const above: { name: string; handle: FileHandle }[] = []
		let linkCount = 0
		try {
			above.push({ name: '', handle: await open(this.root, DIRECTORY) })
			for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
				const here = above.at(-1)
				if (here === undefined) return undefined
				if (name === '' || name === '.') continue
				if (name === '..') {
					if (above.length > 1) await above.pop()?.handle.close()
					continue
				}
				const at = `/proc/self/fd/${here.handle.fd}/${name}`
				const handle = await openName(at)
				if (handle !== 'link') above.push({ name, handle })
				else if (++linkCount > LINKS_MAX) return { refused: 'too many symbolic links' }
				else {
					const target = await readlink(at)
					if (target.startsWith('/')) {
						for (const { handle } of above.splice(1)) await handle.close()
					}
					rest.push(...target.split('/').reverse())
				}
			}
			const last = above.pop()
			if (last === undefined) return undefined
			return { handle: last.handle, path: `${[...above, last].map((one) => one.name).join('/')}` || '/' }
		} catch (error) {
			return ABSENT.has(codeOf(error)) ? undefined : refusedBy(error)
		} finally {
			for (const { handle } of above) await handle.close()
		}
	}
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY
const ANY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY
/** As many as Linux follows (path_resolution(7)). */
const LINKS_MAX = 40
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENXIO', 'ESTALE'])
const REFUSED: ReadonlyMap<string, string> = new Map([
	['EACCES', 'this user may not read it'],
	['EPERM', 'this user may not read it'],
	['ENAMETOOLONG', 'its name is too long'],
	['ELOOP', 'too many symbolic links']
])

/** What the file system said about somebody else's file; anything else is a bug. */
function refusedBy(error: unknown): { refused: string } {
	const code = codeOf(error)
	if (code === '' || code.startsWith('ERR_')) throw error
	return { refused: REFUSED.get(code) ?? `it cannot be read (${code})` }
}

async function openName(path: string): Promise<FileHandle | 'link'> {
	try {
		return await open(path, ANY)
	} catch (error) {
		// O_NOFOLLOW on a symbolic link (open(2)).
		if (codeOf(error) === 'ELOOP') return 'link'
		throw error
	}
}

async function readHandle(handle: FileHandle, maxBytes: number): Promise<Found> {
	const stat = await handle.stat()
	if (!stat.isFile()) return { refused: 'it is no regular file' }
	if (stat.size > maxBytes) return { refused: `it is larger than ${maxBytes} bytes` }
	const chunks: Buffer[] = []
	let length = 0
	for (;;) {
		const { bytesRead, buffer } = await handle.read({
			buffer: Buffer.allocUnsafe(CHUNK_BYTES),
			position: length
		})
		if (bytesRead === 0) return { bytes: Buffer.concat(chunks, length) }
		length += bytesRead
		// A file may grow while it is read.
		if (length > maxBytes) return { refused: `it is larger than ${maxBytes} bytes` }
		chunks.push(buffer.subarray(0, bytesRead))
	}
}

const CHUNK_BYTES = 65_536

function codeOf(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
