import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const fixtures = join(import.meta.dirname, '../../fixtures')

/** A file or folder below fixtures/. */
export const fixture = (...parts: string[]): string => join(fixtures, ...parts)

/** Names of the stories: every folder of fixtures/ that holds recorded lines. */
export const stories = (): string[] =>
	readdirSync(fixtures, { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && inputsOf(entry.name).length > 0)
		.map((entry) => entry.name)
		.sort()

/** The recorded lines of a story, as paths in the order of their names. */
export const inputsOf = (story: string): string[] =>
	readdirSync(fixture(story))
		.filter((name) => /\.jsonl(\.gz)?$/.test(name))
		.sort()
		.map((name) => fixture(story, name))

/** The lines of a recorded file, unpacked, without their ends. */
export function readLines(path: string): string[] {
	const bytes = readFileSync(path)
	const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
	return text.split('\n').slice(0, -1)
}

/** Numbers in [0, 1) that look like chance and are the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
	let state = seed >>> 0
	return () => {
		state = (state + 0x6d2b79f5) >>> 0
		let mixed = Math.imul(state ^ (state >>> 15), state | 1)
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
	}
}

/** The same items in another order (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
	const result = [...items]
	for (let last = result.length - 1; last > 0; last--) {
		const other = Math.floor(random() * (last + 1))
		const [a, b] = [result[last], result[other]]
		if (a === undefined || b === undefined) continue
		result[last] = b
		result[other] = a
	}
	return result
}
