import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { FEATURES } from '../../discovery/learn/hazard.js'
import { type Ended, root, scratch, whittle } from './run-whittle.js'

/** A recorded cluster, in which the workload `api` was rolled out from 2.3.0 to 2.4.0. */
const story = join(root, 'fixtures', 'cluster-shop')
const data = join(scratch({ after }), 'data')
const API = 'shop/Deployment/api/api'
const OLD = '6a8706869b64eee407ed697f6ca30954f97db8ac2a232770da615a5056264ab8'
const NEW = '8d22e7b73355bfe11539a90610485ac5368f758c95b25856d5715a2479395b50'

before(async () => {
	const files = readdirSync(story).filter((name) => name.includes('.jsonl'))
	const { code, stderr } = await run('replay', ...files.map((name) => join(story, name)))
	assert.equal(code, 0, stderr)
})

function run(...args: string[]): Promise<Ended> {
	return whittle(['--data', data, ...args])
}

const diffShape = z.object({
	before: z.object({ digest: z.string() }),
	after: z.object({ digest: z.string() }),
	items: z.array(z.object({ change: z.string(), side: z.string(), object: z.string(), class: z.string() })),
	totals: z.record(z.string(), z.number())
})
const json = async (...args: string[]) =>
	diffShape.parse(JSON.parse((await run(...args, '-o', 'json')).stdout))

test('two versions: what the new one adds, and nothing that is only not watched for', async () => {
	const people = await run('diff', API)
	assert.equal(people.code, 1, people.stderr)
	assert.match(
		people.stdout,
		/^--- shop\/Deployment\/api\/api registry\.example\/shop\/api:2\.3\.0@sha256:6a87/
	)
	assert.match(people.stdout, /^\+\+\+ shop\/Deployment\/api\/api registry\.example\/shop\/api:2\.4\.0@/m)
	assert.match(people.stdout, /^\+ +file-read +read +\/app\/payments\.js /m)
	assert.match(people.stdout, /^\+ +network +connect +egress\/tcp\/443\/cidr:203\.0\.113\.20\/32 /m)
	assert.match(
		people.stdout,
		/^5 behaviours only in the second, 0 only in the first, 0 undecided, 22 in both\.$/m
	)
	assert.match(people.stdout, /What a comparison cannot know:/)
	const found = await json('diff', API)
	assert.deepEqual(
		found.items.map((one) => `${one.change} ${one.object}`),
		[
			'added /app/payments.js',
			'added /etc/ssl/certs/ca-certificates.crt',
			'added api.payments.example',
			'added egress/tcp/443/cidr:2001:db8:51::443/128',
			'added egress/tcp/443/cidr:203.0.113.20/32'
		]
	)
	const all = await json('diff', API, '--all')
	assert.equal(all.items.length, 27)
	const network = await run('diff', `${API}/network`, '-o', 'ndjson')
	assert.equal(network.stdout.trimEnd().split('\n').length, 3)
})

test('versions by the digits of their digests, either way round', async () => {
	const back = await json('diff', API, '--from', NEW.slice(0, 12), '--to', `sha256:${OLD}`)
	assert.deepEqual([back.before.digest, back.after.digest], [`sha256:${NEW}`, `sha256:${OLD}`])
	const payments = back.items.filter((one) => one.object === '/app/payments.js')
	// It belongs to starts, and one start of the old version is not enough to call it gone.
	assert.deepEqual(
		payments.map((one) => [one.change, one.side]),
		[['undecided', 'before']]
	)
	const from = await json('diff', API, '--from', OLD.slice(0, 8))
	assert.equal(from.after.digest, `sha256:${NEW}`)
})

test('two workloads: what they share, and what only one does', async () => {
	const found = await json('diff', 'shop/StatefulSet/db/redis', 'data/StatefulSet/db/postgres', '--all')
	const of = (object: string) => found.items.find((one) => one.object === object)
	assert.deepEqual([of('/data/dump.rdb')?.change, of('/data/dump.rdb')?.side], ['gone', 'before'])
	assert.equal(of('ingress/tcp/5432/workload:default/shop/Deployment/api')?.change, 'added')
	assert.ok(!found.items.some((one) => one.object === '/bin/bash'), 'a person did that')
})

test('wrong input is told what is wrong', async () => {
	const cases: [string[], number, RegExp][] = [
		[['diff'], 2, /missing required argument/],
		[['diff', 'nothing/like-it'], 3, /No workload is called/],
		[['diff', 'web/web'], 3, /Only one version of shop\/Deployment\/web\/web was seen/],
		[['diff', API, API], 2, /Both names mean shop\/Deployment\/api\/api/],
		[['diff', API, 'web/web', '--from', OLD], 2, /compared as wholes/],
		[['diff', API, '--from', 'ffffffff'], 3, /has no version "ffffffff": its versions are sha256:/],
		[['diff', API, '--from', '6a87'], 3, /Eight digits are enough/],
		[['diff', API, '--from', NEW, '--to', NEW], 2, /name two/],
		[['diff', `${API}/network`, 'web/web/process'], 2, /name two classes/],
		[['diff', API, '--limit', '0'], 2, /--limit/],
		[['get', 'unused', 'nothing/like-it'], 3, /No workload is called/],
		[['get', 'fleet', '-n', 'shop'], 2, /-n does not apply to fleet/],
		[['get', 'fleet', '-l', 'class=nonsense'], 2, /class/]
	]
	for (const [args, code, message] of cases) {
		const ended = await run(...args)
		assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`)
		assert.match(ended.stderr, message)
		assert.equal(ended.stdout, '')
	}
})

test('the fleet as rows, with the names of its features', async () => {
	const { stdout } = await run('get', 'fleet', '-o', 'ndjson')
	const rows = stdout
		.trimEnd()
		.split('\n')
		.map((line) =>
			z
				.object({ workload: z.string(), class: z.string(), features: z.record(z.string(), z.number()) })
				.parse(JSON.parse(line))
		)
	assert.ok(rows.length > 30)
	assert.deepEqual(Object.keys(rows[0]?.features ?? {}), [...FEATURES])
	const one = await run('get', 'fleet', API, '-o', 'name')
	assert.deepEqual(one.stdout.trimEnd().split('\n'), [
		'fleet/shop/Deployment/api/network',
		'fleet/shop/Deployment/api/api/file-read',
		'fleet/shop/Deployment/api/api/file-write',
		'fleet/shop/Deployment/api/api/process'
	])
	assert.match(
		(await run('status', 'fleet')).stdout,
		/^0 of \d+ classes of workloads are ready, .*\nCLASS +WORKLOADS/
	)
})

test('three days are too few to call anything unused, or to judge a prediction', async () => {
	const unused = await run('get', 'unused')
	assert.deepEqual([unused.code, unused.stdout], [0, ''])
	assert.match(unused.stderr, /No rule was unused for long enough/)
	assert.match((await run('get', 'features')).stderr, /No prediction can be judged yet/)
})

test('names complete themselves', async () => {
	const { stdout } = await run('__complete', '--', 'diff', API, 'shop/')
	assert.ok(stdout.split('\n').includes('shop/Deployment/web/web'))
	assert.ok((await run('__complete', '--', 'get', 'un')).stdout.includes('unused'))
})
