/** A reporter for node:test: each test that ended as one line of JSON, for the machine outside. */
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

const tests = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export default async function* report(events) {
	for await (const { type, data } of events) {
		// What tests print goes to the console, beside what the kernel says.
		if (type === 'test:stdout' || type === 'test:stderr') process.stderr.write(data.message)
		if (type !== 'test:pass' && type !== 'test:fail') continue
		const { error, duration_ms: ms } = data.details
		const file = relative(tests, data.file ?? '')
		const cause = error?.cause ?? error
		const text =
			cause === undefined ? '' : cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
		yield `${JSON.stringify({ name: data.name, file, passed: type === 'test:pass', ms: Math.round(ms), text })}\n`
	}
}
