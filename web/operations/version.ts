import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const packageShape = z.object({ name: z.string(), version: z.string() })

/** Whittle's version, from its package.json: the nearest one above, under `dist/` as in the sources. */
export function readVersion(): string {
	for (
		let folder = dirname(fileURLToPath(import.meta.url));
		dirname(folder) !== folder;
		folder = dirname(folder)
	) {
		const found = packageShape.safeParse(jsonAt(join(folder, 'package.json')))
		if (found.success && found.data.name === 'whittle') return found.data.version
	}
	return 'unknown'
}

function jsonAt(path: string): unknown {
	try {
		return JSON.parse(readFileSync(path, 'utf8'))
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
		throw error
	}
}
