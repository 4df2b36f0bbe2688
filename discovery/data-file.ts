import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A JSON file that belongs to the program (schemas, trained tables), by its path in the project: the
 * compiled program lies in `dist/`, and its data stays where it was written.
 */
export function readDataFile(path: string): unknown {
	return JSON.parse(readFileSync(join(projectFolder(), path), 'utf8'))
}

function projectFolder(): string {
	let folder = dirname(fileURLToPath(import.meta.url))
	while (!existsSync(join(folder, 'package.json'))) {
		const parent = dirname(folder)
		if (parent === folder)
			throw new Error(`No package.json above ${import.meta.url}: install Whittle as a whole folder.`)
		folder = parent
	}
	return folder
}
