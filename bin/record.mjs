#!/usr/bin/env node
/**
 * Records a story again: `npm run record -- STORY… [--out DIR]`, as root on a machine with
 * eBPF. A recording whose behaviours are those of the committed one leaves it untouched.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tsImport } from 'tsx/esm/api'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { compare, readRecording, record, RECORDED_STORIES, writeRecording } = await tsImport(
	'../fixtures/record.ts',
	import.meta.url
)
const { positionals: stories, values } = parseArgs({
	allowPositionals: true,
	options: { out: { type: 'string' } }
})
const unknown = stories.filter((story) => !RECORDED_STORIES.includes(story))
if (stories.length === 0 || unknown.length > 0) {
	process.stderr.write(
		`Usage: npm run record -- STORY… [--out DIR]   (stories: ${RECORDED_STORIES.join(', ')})\n`
	)
	process.exit(2)
}
if (process.getuid?.() !== 0) {
	process.stderr.write(
		'Recording needs root: the sensor loads eBPF programs, and the programs get a cgroup.\n'
	)
	process.exit(4)
}
for (const story of stories) {
	const batch = await record(story)
	const path = join(
		values.out ?? join(root, 'fixtures', story),
		values.out ? `${story}.kernel.jsonl.gz` : 'kernel.jsonl.gz'
	)
	const { missing, unexpected } = compare(readRecording(path), batch.sightings)
	for (const behaviour of missing) console.log(`- ${behaviour}`)
	for (const behaviour of unexpected) console.log(`+ ${behaviour}`)
	if (missing.length + unexpected.length === 0) {
		console.log(
			`${story}: ${batch.sightings.length} sightings, the behaviours are those of ${path}, which stays as it is`
		)
	} else {
		mkdirSync(dirname(path), { recursive: true })
		writeRecording(path, batch)
		console.log(`${story}: ${batch.sightings.length} sightings written to ${path}`)
	}
}
