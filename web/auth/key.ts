import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf, newSecret } from './secret.js'

/** Where the command line finds the key; whoever may read this file may do what the owner may. */
export function keyFile(dataDir: string): string {
	return join(dataDir, 'token')
}

/**
 * The hash of the API key in `<data>/token`; makes the file (0600) when there is none. Throws when
 * others may read it: then the key is not a secret any more.
 */
export function ensureKey(dataDir: string): Buffer {
	mkdirSync(dataDir, { recursive: true, mode: 0o700 })
	return createKey(dataDir) ?? hashOf(readKey(dataDir))
}

/** The API key itself, for the command line. Throws an Error with one sentence for people. */
export function readKey(dataDir: string): string {
	const file = keyFile(dataDir)
	const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
	try {
		if ((fstatSync(descriptor).mode & 0o077) !== 0) {
			throw new Error(
				`${file} can be read by others, so it is no secret: delete it, and the next start makes a new one.`
			)
		}
		const key = readFileSync(descriptor, 'utf8').trim()
		if (!/^whittle_[A-Za-z0-9_-]{43}$/.test(key)) {
			throw new Error(`${file} holds no key of Whittle's: delete it, and the next start makes a new one.`)
		}
		return key
	} finally {
		closeSync(descriptor)
	}
}

/** Null when there is a file already; O_EXCL makes two starts at once agree on one key. */
function createKey(dataDir: string): Buffer | null {
	let descriptor: number
	try {
		descriptor = openSync(keyFile(dataDir), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return null
		throw error
	}
	try {
		const key = newSecret('whittle')
		writeSync(descriptor, `${key}\n`)
		return hashOf(key)
	} finally {
		closeSync(descriptor)
	}
}
