import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { chance, inputsOf, readLines, shuffled } from './inputs.js'
import { inFolder, type Outcome, outcomeOf } from './outcome.js'

/**
 * Same evidence, same bytes: the lines of the cluster story in any order, over any number of
 * files, with files delivered twice and lines in two files, give the same policies.
 */
const story = inputsOf('cluster-shop')
const lines = story.flatMap(readLines)
let expected: Outcome

before(async () => {
	expected = await outcomeOf(story)
})

for (let seed = 1; seed <= 20; seed++) {
	test(`shuffle ${seed}: the same YAML and digests`, async () => {
		const outcome = await inFolder((folder) => outcomeOf(delivered(folder, chance(seed))))
		assert.deepEqual(decisions(outcome), decisions(expected))
	})
}

/** The lines in another order, cut at random places into files, some of them delivered again. */
function delivered(folder: string, random: () => number): string[] {
	const repeated = lines.filter(() => random() < 0.02)
	const all = shuffled([...lines, ...repeated], random)
	const paths: string[] = []
	for (let from = 0; from < all.length; ) {
		const count = 1 + Math.floor(random() * (all.length / 3))
		const text = `${all.slice(from, from + count).join('\n')}\n`
		const path = join(folder, `part-${paths.length}.jsonl`)
		writeFileSync(path, random() < 0.5 ? text : gzipSync(text))
		paths.push(path)
		from += count
	}
	const again = paths.filter(() => random() < 0.3)
	return shuffled([...paths, ...again], random)
}

/** Counts may differ where a line came twice; what was decided may not. */
const decisions = ({ policies, denied, renderingNotes, manifests }: Outcome): unknown => ({
	policies,
	denied,
	renderingNotes,
	manifests: [...manifests]
})
