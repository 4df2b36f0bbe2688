import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { type Ended, root, scratch, whittle } from './run-whittle.js'

/** A recorded cluster, in which a person once had a shell in the database. */
const story = join(root, 'fixtures', 'cluster-shop')
const data = join(scratch({ after }), 'data')
const DB = 'data/StatefulSet/db/postgres'
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

before(async () => {
	const files = readdirSync(story).filter((name) => name.includes('.jsonl'))
	const { code, stderr } = await run('replay', ...files.map((name) => join(story, name)))
	assert.equal(code, 0, stderr)
})

function run(...args: string[]): Promise<Ended> {
	return whittle(['--data', data, ...args])
}

const heldList = z.object({
	items: z.array(z.object({ displayName: z.string(), object: z.string(), bundleCount: z.number() }))
})

test('how ready each class is stands in the lists, the descriptions and the explanations', async () => {
	const wide = await run('get', 'workloads', 'db/postgres', '-o', 'wide')
	assert.match(wide.stdout, /RISK IN 24 H/)
	assert.match(wide.stdout, /process \d+ %/)
	assert.match(
		(await run('get', 'policies', '-l', 'readiness=not-yet')).stdout,
		/RISK +READY.*\n.* [\d.]+ % +not yet /
	)
	const none = await run('get', 'policies', '-l', 'readiness=ready', '-o', 'json')
	assert.deepEqual(heldList.parse(JSON.parse(none.stdout)).items, [])
	const sentence =
		/A new behaviour within 24 h: [\d.]+ % \([\d.]+ % in the next hour\); seen \d+ hours, \d+ starts?, /
	for (const args of [
		['describe', 'workload', DB],
		['describe', 'policy', `${DB}/file-read`],
		['explain', `${DB}/file-read`],
		['explain', DB]
	]) {
		assert.match((await run(...args)).stdout, sentence, args.join(' '))
	}
	assert.match((await run('describe', 'policy', `${DB}/file-read`)).stdout, /waits: \d of 3 starts seen\./)
	assert.match((await run('explain', `${DB}/file-read/0`)).stdout, /^Observed; it takes \d+ /m)
	const policy = z
		.object({ readiness: z.object({ curve: z.array(z.unknown()) }) })
		.parse(JSON.parse((await run('describe', 'policy', `${DB}/process`, '-o', 'json')).stdout))
	assert.ok(policy.readiness.curve.length > 0)
})

test('what is held is listed with its reasons, and answered by bundle', async () => {
	const list = await run('get', 'held', '-n', 'data')
	assert.match(
		list.stdout,
		/^SCORE +TOGETHER +WORKLOAD .*\n[\d.]+ +6 +data\/StatefulSet\/db\/postgres +exec +\/bin\/bash /
	)
	assert.match(list.stdout, /interactive session in pod db-0/)
	assert.ok(!list.stdout.includes('shop/'))
	const words = ['answer', DB, 'exec', '/bin/bash', 'malicious']
	assert.equal((await run(...words)).code, 2, 'an answer needs a reason')
	const dry = await run(...words, '--bundle', '--reason', 'a person looked around', '--dry-run')
	assert.equal(dry.stdout.trimEnd().split('\n').length, 6)
	assert.match(dry.stdout, /nothing was done/)
	assert.match((await run('history')).stderr, /Nothing was decided/)

	const done = await run(...words, '--bundle', '--reason', 'a person looked around')
	assert.equal(done.code, 0, done.stderr)
	assert.match(done.stderr, /stays held/)
	const answered = await run('get', 'held', DB, '-l', 'answer=malicious', '-o', 'json')
	assert.equal(heldList.parse(JSON.parse(answered.stdout)).items.length, 6)
	assert.match((await run('history', DB)).stdout, /malicious .*exec \/bin\/bash .*a person looked around/)
})

test('what is needed is part of the next revision', async () => {
	const proxy = 'shop/Deployment/web/proxy'
	assert.ok(!(await run('describe', 'policy', `${proxy}/file-read`)).stdout.includes(TOKEN))
	const done = await run('answer', proxy, 'read', TOKEN, 'needed', '--reason', 'it asks the API server')
	assert.equal(done.code, 0, done.stderr)
	await whittle(['--data', data, 'replay', '-'], { input: '\n' })
	assert.ok((await run('describe', 'policy', `${proxy}/file-read`)).stdout.includes(TOKEN))
	const again = await run('answer', proxy, 'read', '/etc/never', 'needed', '--reason', 'x')
	assert.equal(again.code, 3)
	assert.match(again.stderr, /Nothing like read \/etc\/never is held of shop/)
	assert.equal((await run('answer', proxy, 'read', TOKEN, 'perhaps', '--reason', 'x')).code, 2)
})

test('words of an answer complete themselves from what is held', async () => {
	const complete = async (...words: string[]) =>
		(await run('__complete', '--', 'answer', ...words)).stdout.trimEnd().split('\n')
	assert.ok((await complete('')).includes(DB))
	assert.ok((await complete(DB, '')).includes('exec'))
	assert.ok((await complete(DB, 'exec', '/bin')).includes('/bin/bash'))
	assert.deepEqual(await complete(DB, 'exec', '/bin/bash', ''), ['needed', 'malicious'])
})

test('status predictions says whether predictions can be believed', async () => {
	const found = await run('status', 'predictions')
	assert.equal(found.code, 0)
	assert.match(found.stdout, /^(No prediction|Of \d+ predictions) of the last 30 days/)
	const json = z
		.object({ all: z.object({ ece: z.number(), table: z.array(z.unknown()) }) })
		.parse(JSON.parse((await run('status', 'predictions', '-o', 'json')).stdout))
	assert.ok(json.all.ece >= 0)
	assert.equal((await run('status', 'weather')).code, 2)
})
