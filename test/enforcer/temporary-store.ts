import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { storePath } from '../../collector/database.js'
import type { Batch, Class, Sighting, Subject } from '../../collector/observation.js'
import { openReader } from '../../collector/reader.js'
import type { Reader, Writer } from '../../collector/store.js'
import { openWriter } from '../../collector/writer.js'
import { createDiscoverer, type Discoverer } from '../../discovery/discover.js'

/** A real store in a folder of its own, with a real discoverer beside it. */
export interface TemporaryStore {
	dataDir: string
	path: string
	writer: Writer
	reader: Reader
	/** Applies what was seen as the next delivery of one producer, and discovers. */
	see(sightings: Sighting[], more?: Partial<Batch>): Promise<void>
	workloadId(name: string): number
	digest(name: string, class_: Class): string
}

/** 2026-01-15T10:00:00Z */
export const T0 = Date.UTC(2026, 0, 15, 10)

export async function temporaryStore(t: TestContext): Promise<TemporaryStore> {
	const dataDir = mkdtempSync(join(tmpdir(), 'whittle-test-'))
	const path = storePath(dataDir)
	const writer = await openWriter({ path, thread: false })
	const reader = openReader(path)
	t.after(async () => {
		reader.close()
		await writer.close()
		rmSync(dataDir, { recursive: true, force: true })
	})
	const discoverer: Discoverer = createDiscoverer(reader, writer)
	let sequence = 0
	return {
		dataDir,
		path,
		writer,
		reader,
		async see(sightings, more = {}) {
			sequence++
			await writer.applyBatch({
				delivery: { producer: 'kernel:n1', epoch: 1, sequence },
				sightings,
				starts: [],
				gaps: [],
				inventory: [],
				timeline: [],
				bad: [],
				exposure: [],
				...more
			})
			await discoverer.discover(T0 + sequence)
		},
		workloadId(name) {
			return Number(reader.get('SELECT id FROM workloads WHERE name = ?', name)?.id)
		},
		digest(name, class_) {
			const row = reader.get(
				`SELECT digest FROM proposals JOIN policies ON policies.id = policy_id
					WHERE proposals.workload_id = ? AND proposals.class = ?`,
				Number(reader.get('SELECT id FROM workloads WHERE name = ?', name)?.id),
				class_
			)
			return String(row?.digest)
		}
	}
}

export const nginx: Subject = {
	kind: 'host',
	node: 'n1',
	unit: 'nginx.service',
	cgroup: '/system.slice/nginx.service'
}

export function container(namespace: string, owner: string, name: string, cluster = 'c1'): Subject {
	return {
		kind: 'container',
		cluster,
		namespace,
		pod: `${owner}-1`,
		container: name,
		owner: { kind: 'Deployment', name: owner },
		node: 'n1'
	}
}

export function sighting(
	subject: Subject,
	verb: Sighting['verb'],
	object: string,
	more: Partial<Sighting> = {}
): Sighting {
	return {
		subject,
		verb,
		object,
		source: '/usr/sbin/nginx',
		result: 'allowed',
		count: 1,
		firstMs: T0,
		lastMs: T0,
		pod: subject.kind === 'container' ? subject.pod : subject.unit,
		...more
	}
}
