import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadAll } from 'js-yaml'
import { z } from 'zod'
import { whittle } from './whittle.js'

const entries = z.array(z.object({ path: z.string(), readOnly: z.boolean().optional() })).default([])
const manifestShape = z.object({
	spec: z.object({
		process: z.object({ matchPaths: entries }).default({ matchPaths: [] }),
		file: z.object({ matchPaths: entries }).default({ matchPaths: [] })
	})
})

test('learn prints a policy with the shell, the program, and what they opened, read-only', () => {
	const { stdout } = whittle(['learn', '--', 'sh', '-c', 'cat /etc/hostname'])
	const specs = loadAll(stdout).map((one) => manifestShape.parse(one).spec)
	const executed = new Set(specs.flatMap(({ process }) => process.matchPaths.map(({ path }) => path)))
	assert.deepEqual([...executed].sort(), ['/usr/bin/cat', '/usr/bin/dash'], stdout)
	const files = specs.flatMap(({ file }) => file.matchPaths)
	assert.ok(
		files.every(({ readOnly }) => readOnly === true),
		stdout
	)
	const opened = new Set(files.map(({ path }) => path))
	for (const path of ['/etc/hostname', '/usr/bin/cat', '/usr/bin/dash'])
		assert.ok(opened.has(path), `${path} is missing from\n${stdout}`)
	for (const library of [/\/libc\.so\.6$/, /\/ld-linux-x86-64\.so\.2$/])
		assert.ok(
			[...opened].some((path) => library.test(path)),
			`${library} is missing from\n${stdout}`
		)
	assert.ok(!stdout.includes('/etc/shadow'))
})
