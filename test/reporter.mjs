/**
 * A reporter for node:test: one line per file, failures in full, and the counts as JSON in the
 * file that WHITTLE_TEST_SUMMARY names. Only tests count, not the suites around them; a file
 * without a single test is a failure.
 */
import { writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

export default async function* report(events) {
	const summary = { passed: 0, failed: 0, skipped: [] }
	const files = new Map()
	const open = []
	const told = new Set()
	for await (const { type, data } of events) {
		if (type === 'test:stderr' || type === 'test:stdout') yield data.message
		// The names above a test, so that a failure says where it belongs.
		if (type === 'test:start') {
			open.length = data.nesting
			open[data.nesting] = data.name
		}
		if (type !== 'test:pass' && type !== 'test:fail') continue
		const file = relative(process.cwd(), data.file ?? 'unknown')
		const isFile = data.nesting === 0 && data.file !== undefined && resolve(data.name) === data.file
		const counts = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
		files.set(file, counts)
		const name = `${file}: ${[...open.slice(0, data.nesting), data.name].join(' › ')}`
		if (isFile && type === 'test:pass') continue
		if (type === 'test:fail') {
			// A parent that failed only because of its children is not one more failure.
			if (data.details.error?.failureType === 'subtestsFailed') continue
			summary.failed++
			counts.failed++
			const text = describe(data.details.error)
			// A hook that fails fails every test of its file, each time with the same words.
			yield `✗ ${name}\n${indent(told.has(text) ? 'the same error as above' : text)}\n`
			told.add(text)
		} else if (data.details.type !== 'suite') {
			if (data.skip !== undefined || data.todo !== undefined) {
				summary.skipped.push({ name, reason: String(data.skip || data.todo || 'no reason given') })
				counts.skipped++
			} else {
				summary.passed++
				counts.passed++
			}
		}
	}
	for (const [file, counts] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
		if (counts.passed + counts.failed + counts.skipped === 0) {
			summary.failed++
			yield `✗ ${file}: has no test\n`
		} else {
			const mark = counts.failed > 0 ? '✗' : '✓'
			const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
			yield `${mark} ${file}: ${counts.passed} of ${counts.passed + counts.failed}${skipped}\n`
		}
	}
	if (process.env.WHITTLE_TEST_SUMMARY)
		writeFileSync(process.env.WHITTLE_TEST_SUMMARY, JSON.stringify(summary))
}

function describe(error) {
	const cause = error?.cause ?? error
	if (!(cause instanceof Error)) return inspect(cause, { depth: 5 })
	return (cause.stack ?? cause.message).replace(/^ +at .*node:internal.*\n?/gm, '').trimEnd()
}

function indent(text) {
	return text.replace(/^/gm, '    ')
}
