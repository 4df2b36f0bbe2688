import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root, scratch, whittle } from './run-whittle.js'

const story = ['inventory.jsonl', 'kubearmor.jsonl.gz', 'hubble.jsonl.gz'].map((name) =>
	join(root, 'fixtures', 'cluster-shop', name)
)

test('a replay on one core, where the writer has no thread of its own, says and stores the same', async (t) => {
	const folder = scratch(t)
	const [one, many] = [join(folder, 'one'), join(folder, 'many')]
	const replay = (data: string) => ['--data', data, 'replay', '-o', 'json', ...story]
	const cpu = /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
	const pinned = await promisify(execFile)('taskset', [
		'-c',
		cpu,
		join(root, 'bin', 'whittle'),
		...replay(one)
	])
	const free = await whittle(replay(many))
	assert.equal(free.code, 0, free.stderr)
	const { lineCount, refusedCount } = JSON.parse(pinned.stdout)
	assert.ok(lineCount > 8000)
	assert.equal(refusedCount, 0)
	assert.deepEqual(JSON.parse(pinned.stdout), JSON.parse(free.stdout))
	const exported = async (data: string) => (await whittle(['--data', data, 'export'])).stdout
	const manifests = await exported(one)
	assert.match(manifests, /kind: NetworkPolicy/)
	assert.equal(await exported(many), manifests)
})
