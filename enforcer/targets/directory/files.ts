import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Manifest } from '../../../discovery/languages/language.js'
import { EnforcerError } from '../../error.js'
import { readMarker } from './marker.js'

/** A file of Whittle's below the folder. */
export interface OwnFile {
	/** `NAMESPACE/NAME.yaml`. */
	path: string
	text: string
	/** Hash of the workload's name. */
	workload: string
	untouched: boolean
}

const PATH = /^[a-z0-9_]([-a-z0-9_.]{0,251}[a-z0-9_])?\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\.yaml$/

/**
 * True for `NAMESPACE/NAME.yaml` with names as Kubernetes allows them (RFC 1123): nothing that
 * such a path can name lies outside the folder.
 */
export function isSafePath(path: string): boolean {
	return PATH.test(path) && !path.includes('..')
}

/**
 * Where each manifest goes, in the same order: `NAMESPACE/NAME.yaml`, `_cluster/NAME.yaml` without
 * a namespace, and `NAME.KIND.yaml` for those that would share a name.
 */
export function pathsOf(manifests: readonly Pick<Manifest, 'kind' | 'name' | 'namespace'>[]): string[] {
	const plain = manifests.map((one) => `${one.namespace === '' ? '_cluster' : one.namespace}/${one.name}`)
	return plain.map((path, i) =>
		plain.filter((other) => other === path).length === 1
			? `${path}.yaml`
			: `${path}.${(manifests[i]?.kind ?? '').toLowerCase()}.yaml`
	)
}

/** The files that Whittle wrote below `folder`, sorted by path; none when there is no folder. */
export async function ownFiles(folder: string): Promise<OwnFile[]> {
	const own: OwnFile[] = []
	for (const namespace of await entries(folder)) {
		if (!namespace.isDirectory()) continue
		for (const file of await entries(join(folder, namespace.name))) {
			const path = `${namespace.name}/${file.name}`
			if (!file.isFile() || !isSafePath(path)) continue
			const text = await readFile(join(folder, path), 'utf8')
			const marker = readMarker(text)
			if (marker) own.push({ path, text, ...marker })
		}
	}
	return own.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** The text of a file below the folder; null when there is none. */
export async function textAt(folder: string, path: string): Promise<string | null> {
	return readFile(safe(folder, path), 'utf8').catch((error: unknown) => {
		if (isMissing(error)) return null
		throw error
	})
}

/**
 * Puts `text` at `path`, or takes the file away for null, at once and for good: written beside,
 * synced, renamed. Throws `conflict` over a file that is not Whittle's untouched own.
 */
export async function putText(folder: string, path: string, text: string | null): Promise<void> {
	const file = safe(folder, path)
	await refuseForeign(folder, path)
	if (text === null) {
		await rm(file, { force: true })
		return
	}
	await mkdir(dirname(file), { recursive: true, mode: 0o755 })
	const beside = join(dirname(file), `.whittle-${process.pid}-${path.slice(path.indexOf('/') + 1)}.new`)
	await rm(beside, { force: true })
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
	const handle = await open(beside, flags, 0o644)
	try {
		await handle.writeFile(text)
		await handle.sync()
	} finally {
		await handle.close()
	}
	await rename(beside, file)
	await syncFolder(dirname(file))
}

/** Why Whittle leaves what is at `path` alone; null when it may write there. */
export async function foreignAt(folder: string, path: string): Promise<string | null> {
	const parent = await lstat(dirname(safe(folder, path))).catch(missing)
	if (parent && !parent.isDirectory()) return `${dirname(path)} is not a folder of its own`
	const there = await lstat(safe(folder, path)).catch(missing)
	if (!there) return null
	if (!there.isFile()) return `${path} is not a regular file`
	const marker = readMarker((await textAt(folder, path)) ?? '')
	if (!marker) return `${path} was not written by Whittle`
	return marker.untouched ? null : `${path} was edited after Whittle wrote it`
}

async function refuseForeign(folder: string, path: string): Promise<void> {
	const foreign = await foreignAt(folder, path)
	if (foreign) {
		throw new EnforcerError(
			'conflict',
			`${foreign}, in ${folder}: move it away or remove it, then try again.`
		)
	}
}

function safe(folder: string, path: string): string {
	if (!isSafePath(path)) {
		throw new EnforcerError(
			'refused',
			`${JSON.stringify(path)} is not a file name that the directory target writes.`
		)
	}
	return join(folder, path)
}

async function entries(folder: string) {
	const found = await readdir(folder, { withFileTypes: true }).catch(missing)
	return found ?? []
}

/** A rename is only safe from a power cut once the folder itself is synced. */
async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, constants.O_RDONLY)
	try {
		await handle.sync()
	} finally {
		await handle.close()
	}
}

function missing(error: unknown): null {
	if (isMissing(error)) return null
	throw error
}

function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
