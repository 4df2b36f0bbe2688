import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One numbered step of the schema; `number` becomes the store's `user_version`. */
export interface Migration {
	number: number
	name: string
	sql: string
}

/**
 * The migrations in `folder`, in order. Names are `NNNN_subject.sql`, numbered from 1
 * without a hole; anything else is a mistake of ours and stops the program.
 */
export function loadMigrations(folder: string = ownMigrations()): Migration[] {
	const names = readdirSync(folder)
		.filter((name) => name.endsWith('.sql'))
		.sort()
	return names.map((name, index) => {
		const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1])
		if (number !== index + 1)
			throw new Error(`migration ${name} in ${folder} should have number ${index + 1}`)
		return { number, name, sql: readFileSync(join(folder, name), 'utf8') }
	})
}

/**
 * `collector/migrations` of the package that this file belongs to. The compiled file lies
 * one folder deeper than its source, so both walk up to package.json and look there.
 */
function ownMigrations(): string {
	let folder = dirname(fileURLToPath(import.meta.url))
	while (!existsSync(join(folder, 'package.json'))) {
		const parent = dirname(folder)
		if (parent === folder) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`)
		folder = parent
	}
	return join(folder, 'collector', 'migrations')
}
