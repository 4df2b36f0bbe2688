import { readPackages } from '../collector/packages.js'
import type { Writer } from '../collector/store.js'
import { nodeFilesStatement } from '../discovery/file-lists.js'
import { note } from './output.js'

/** Packages come and go with upgrades, which are days apart. */
const AGAIN_MS = 6 * 3_600_000

/**
 * Stores which files the packages of this host brought, so that "never seen used" is counted and not
 * guessed. Without a list the learner assumes; nothing else depends on it.
 */
export async function listHostFiles(writer: Writer, node: string): Promise<void> {
	const files = await readPackages('/', node)
	if (files.managers.length > 0) await writer.transact([nodeFilesStatement(node, files, Date.now())])
}

/** The same now and every six hours; a failure is told and tried again. */
export function watchHostFiles(writer: Writer, node: string): { stop(): Promise<void> } {
	let listing = Promise.resolve()
	const list = () => {
		listing = listHostFiles(writer, node).catch((error: unknown) => {
			note(`The packages of this host were not read: ${error instanceof Error ? error.message : error}`)
		})
	}
	list()
	const timer = setInterval(list, AGAIN_MS)
	timer.unref()
	return {
		async stop() {
			clearInterval(timer)
			await listing
		}
	}
}
