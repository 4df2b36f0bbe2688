import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { whittle } from './whittle.js'

/** What each kernel lets no program of ours see, with the reason that people are told. */
const OFF: Record<string, Record<string, RegExp>> = {
	'6.1': { handle_capability: /^sees the use of capabilities: not on this kernel \(.*'cap_capable'/ },
	'6.12': { handle_capability: /^sees the use of capabilities: not on this kernel \(.*'cap_capable'/ }
}
/** What cannot happen there, or is told under another name: nothing is missed. */
const ABSENT: Record<string, Record<string, RegExp>> = {
	'6.1': {
		handle_fchmodat2: /this kernel has no such call/,
		handle_io_uring: /another name for it, which handle_io_uring_before watches/
	},
	'6.12': { handle_io_uring_before: /another name for it, which handle_io_uring watches/ }
}

const kernel = /^\d+\.\d+/.exec(readFileSync('/proc/sys/kernel/osrelease', 'utf8'))?.[0] ?? ''
const reportShape = z.object({
	sensor: z.boolean(),
	btf: z.boolean(),
	cgroupVersion: z.string(),
	items: z.array(
		z.object({ object: z.string(), program: z.string(), works: z.boolean(), sentence: z.string() })
	),
	missing: z.array(z.string())
})

test('probe: every program loads and is attached, but for exactly those that this kernel cannot have', () => {
	const { stdout } = whittle(['probe', '-o', 'json'])
	const report = reportShape.parse(JSON.parse(stdout))
	assert.deepEqual([report.sensor, report.btf, report.cgroupVersion], [true, true, 'v2'])
	assert.deepEqual([...new Set(report.items.map(({ object }) => object))].sort(), [
		...['enforce', 'file', 'network', 'privilege', 'process']
	])
	assertSaid(
		report.items.filter(({ works }) => !works),
		OFF[kernel]
	)
	assertSaid(
		report.items.filter(({ works, sentence }) => works && sentence.includes(': ')),
		ABSENT[kernel]
	)
	assert.ok(report.missing.some((sentence) => /The use of capabilities cannot be seen/.test(sentence)))
})

function assertSaid(items: { program: string; sentence: string }[], expected: Record<string, RegExp> = {}) {
	const said = items.map(({ program, sentence }) => `${program}: ${sentence}`).join('\n')
	assert.deepEqual(items.map(({ program }) => program).sort(), Object.keys(expected).sort(), said)
	for (const { program, sentence } of items) assert.match(sentence, expected[program] ?? /^$/)
}
