#!/usr/bin/env node
/**
 * Runs suites of tests: `node test/run.mjs unit kernel …`. Each ends with the plain line
 * `N passed, N failed, N skipped`. A suite in which no test ran has failed: a moved folder
 * must not look like success. Files may be given instead of a suite, to run just those.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** These folders need the real thing (root, eBPF, a browser, a cluster); every other test is a unit test. */
const SUITES = {
	unit: { fileLimitMs: 300_000, concurrency: 2 },
	kernel: { fileLimitMs: 1_200_000, concurrency: 1 },
	browser: { fileLimitMs: 900_000, concurrency: 1 },
	story: { fileLimitMs: 1_200_000, concurrency: 1 },
	learning: { fileLimitMs: 1_800_000, concurrency: 1 },
	vm: { fileLimitMs: 1_800_000, concurrency: 1 },
	cluster: { fileLimitMs: 1_800_000, concurrency: 1 },
	kafka: { fileLimitMs: 1_800_000, concurrency: 1 }
}

const asked = process.argv.slice(2)
if (asked.length === 0 || asked.some((name) => !(name in SUITES) && !name.endsWith('.test.ts'))) {
	process.stderr.write(
		`Usage: node test/run.mjs SUITE…   (suites: ${Object.keys(SUITES).join(', ')}; or files)\n`
	)
	process.exit(2)
}
const files = asked.filter((name) => name.endsWith('.test.ts'))
let failed =
	files.length > 0 &&
	!(await runFiles(
		files.map((file) => resolve(file)),
		SUITES.unit
	))
for (const suite of asked.filter((name) => name in SUITES)) {
	if (!(await runFiles(suiteFiles(suite), SUITES[suite]))) failed = true
}
process.exitCode = failed ? 1 : 0

function suiteFiles(suite) {
	const top = join(root, 'test')
	if (suite !== 'unit') return testFiles(join(top, suite))
	return readdirSync(top, { withFileTypes: true })
		.filter((entry) => !(entry.name in SUITES))
		.flatMap((entry) => {
			const path = join(top, entry.name)
			if (entry.isDirectory()) return testFiles(path)
			return entry.name.endsWith('.test.ts') ? [path] : []
		})
		.sort()
}

function testFiles(folder) {
	if (!existsSync(folder)) return []
	return readdirSync(folder, { recursive: true })
		.filter((name) => name.endsWith('.test.ts'))
		.map((name) => join(folder, name))
		.sort()
}

/** @returns whether every test passed and at least one ran */
async function runFiles(paths, { fileLimitMs, concurrency }) {
	const scratch = mkdtempSync(join(tmpdir(), 'whittle-test-run-'))
	const summaryPath = join(scratch, 'summary.json')
	let code = 1
	if (paths.length > 0) {
		code = await new Promise((done, reject) => {
			const child = spawn(
				process.execPath,
				[
					...[
						'--test',
						'--import',
						'tsx',
						`--test-concurrency=${concurrency}`,
						`--test-timeout=${fileLimitMs}`
					],
					...['--test-reporter', './test/reporter.mjs', '--test-reporter-destination', 'stdout'],
					...paths.map((path) => relative(root, path))
				],
				{
					cwd: root,
					stdio: ['ignore', 'inherit', 'inherit'],
					env: { ...process.env, WHITTLE_TEST_SUMMARY: summaryPath }
				}
			)
			child.on('error', reject)
			child.on('close', (status) => done(status ?? 1))
		})
	}
	const nothing = { passed: 0, failed: 0, skipped: [] }
	const summary = existsSync(summaryPath) ? JSON.parse(readFileSync(summaryPath, 'utf8')) : nothing
	rmSync(scratch, { recursive: true })
	for (const { name, reason } of summary.skipped) console.log(`skipped: ${name}: ${reason}`)
	const ran = summary.passed + summary.failed > 0
	if (!ran) console.log('no test ran, so this counts as a failure')
	const failedCount = summary.failed === 0 && (code !== 0 || !ran) ? 1 : summary.failed
	console.log(`${summary.passed} passed, ${failedCount} failed, ${summary.skipped.length} skipped`)
	return failedCount === 0
}
