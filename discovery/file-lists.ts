import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { PackageFiles } from '../collector/packages.js'
import type { Reader, Statement } from '../collector/store.js'
import type { Actor } from './backtest/history.js'
import { createFileList } from './learn/files.js'
import type { FileList } from './learn/state.js'
import { parseWorkloadName } from './workload.js'

/** The lists of files that the store knows, each read when it is first asked for. */
export interface FileLists {
	/** The list of the image or host that a workload runs on; null when nobody listed it. */
	of(actor: Actor | undefined): FileList | null
}

export function readFileLists(reader: Reader): FileLists {
	const known = new Map<string, FileList | null>()
	return {
		of(actor) {
			const scope = actor ? scopeOf(actor) : null
			if (scope === null) return null
			let list = known.get(scope)
			if (list === undefined) {
				list = readList(reader, scope)
				known.set(scope, list)
			}
			return list
		}
	}
}

/** What stores the packaged files of a node; nothing changes when the same list is there. */
export function nodeFilesStatement(node: string, list: PackageFiles, nowMs: number): Statement {
	const text = list.paths.join('\n')
	return {
		sql:
			'INSERT INTO image_files (scope, origin, partial, digest, paths, read_ms) VALUES (?, ?, 1, ?, ?, ?)' +
			' ON CONFLICT (scope) DO UPDATE SET origin = excluded.origin, digest = excluded.digest,' +
			' paths = excluded.paths, read_ms = excluded.read_ms WHERE digest <> excluded.digest',
		params: [
			`node:${node}`,
			list.origin,
			createHash('sha256').update(text).digest('hex'),
			gzipSync(text).toString('base64'),
			nowMs
		]
	}
}

/** A container brings its own files; only what a host runs itself is in the host's packages. */
function scopeOf(actor: Actor): string | null {
	if (actor.form !== 'host' || actor.node === '') return null
	const name = parseWorkloadName(actor.name)
	if (name?.form !== 'host' || CONTAINER_UNIT.test(name.unit)) return null
	return `node:${actor.node}`
}

/** Units that are containers of a runtime on the host, as cgroup paths name them. */
const CONTAINER_UNIT = /(^|\/)(docker|libpod|cri-containerd|crio|containerd|lxc|machine)[-./]/

function readList(reader: Reader, scope: string): FileList | null {
	const row = reader.get('SELECT origin, partial, paths FROM image_files WHERE scope = ?', scope)
	if (!row) return null
	const paths = gunzipSync(Buffer.from(String(row.paths), 'base64'))
		.toString('utf8')
		.split('\n')
	return createFileList(String(row.origin), paths, { partial: row.partial === 1 })
}
