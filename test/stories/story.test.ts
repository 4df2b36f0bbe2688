import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { test } from 'node:test'
import { fixture, inputsOf, stories } from './inputs.js'
import { type Outcome, outcomeOf } from './outcome.js'

/** `WHITTLE_UPDATE=1` rewrites what is expected; the difference is then read as a policy is read. */
const isUpdate = process.env.WHITTLE_UPDATE === '1'

for (const story of stories()) {
	test(`${story} leads to the behaviours and manifests that are kept beside it`, async () => {
		const outcome = await outcomeOf(inputsOf(story))
		for (const { refusedCount, sample } of outcome.totals)
			assert.equal(refusedCount, 0, JSON.stringify(sample))
		const files = filesOf(outcome)
		if (isUpdate) rewrite(story, files)
		assert.deepEqual(readExpected(story), files)
	})
}

/** What is kept below `expected/`: path → content. */
function filesOf({ policies, denied, gaps, renderingNotes, manifests }: Outcome): Record<string, string> {
	const behaviours = `${JSON.stringify({ policies, denied, gaps, renderingNotes }, null, '\t')}\n`
	const entries = [...manifests].map(([file, yaml]): [string, string] => [`manifests/${file}`, yaml])
	return Object.fromEntries(
		[['behaviours.json', behaviours], ...entries].sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
	)
}

function rewrite(story: string, files: Record<string, string>): void {
	rmSync(fixture(story, 'expected'), { recursive: true, force: true })
	for (const [file, text] of Object.entries(files)) {
		const path = fixture(story, 'expected', file)
		mkdirSync(dirname(path), { recursive: true })
		writeFileSync(path, text)
	}
}

function readExpected(story: string): Record<string, string> {
	const folder = fixture(story, 'expected')
	assert.ok(existsSync(folder), `${story} has no expected/: write it with WHITTLE_UPDATE=1 and read it`)
	const files = readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => `${entry.parentPath}/${entry.name}`)
		.sort()
	return Object.fromEntries(files.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]))
}
