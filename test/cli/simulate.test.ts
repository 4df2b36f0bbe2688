import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { fixture } from '../stories/inputs.js'
import { scratch, whittle } from './run-whittle.js'

/** A host story of a few dozen behaviours; what is on it is in its README. */
const WORKLOAD = 'host/story/whittle-story-node-service'

let folder = ''
let data = ''
const cleanups: (() => void)[] = []

before(async () => {
	folder = scratch({ after: (work) => void cleanups.push(work) })
	data = join(folder, 'data')
	const { code, stderr } = await whittle([
		'--data',
		data,
		'replay',
		fixture('node-service', 'kernel.jsonl.gz')
	])
	assert.equal(code, 0, stderr)
})

after(() => {
	for (const work of cleanups) work()
})

const simulate = (args: string[], input = '') => whittle(['--data', data, 'simulate', ...args], { input })

/** A host policy that opens one port to one network, whose owner forgot everything else. */
const narrow = JSON.stringify({
	apiVersion: 'whittle.dev/v1',
	kind: 'WhittleHostPolicy',
	metadata: { name: 'narrow' },
	spec: {
		workload: WORKLOAD,
		digest: `sha256:${'0'.repeat(64)}`,
		network: {
			default: 'deny',
			allow: [{ direction: 'egress', protocol: 'tcp', port: 443, cidr: '192.0.2.0/24' }]
		}
	}
})

const shape = z.object({
	totals: z.record(z.string(), z.number()),
	findings: z.array(z.object({ kind: z.string(), rule: z.string(), workload: z.string() })),
	daily: z.object({ days: z.array(z.object({ state: z.string() })) }).nullable(),
	limits: z.array(z.string())
})

test('what was learned blocks nothing of what it was learned from: it ends with 0 and says so', async () => {
	const { code, stdout, stderr } = await simulate([WORKLOAD])
	assert.equal(code, 0, stderr)
	assert.match(stdout, /Nothing would have been blocked\./)
	assert.match(stdout, /Each past day with what was known before it/)
	assert.match(stdout, /Hours it speaks for:\n {2}host\/story\/whittle-story-node-service: /)
	assert.match(stdout, /What a replay cannot know:/)
	const { daily } = shape.parse(JSON.parse((await simulate([WORKLOAD, '-o', 'json', '--days', '0'])).stdout))
	assert.equal(daily, null)
})

test('a hand-written policy that would have blocked something ends with 1, with the rule beside each', async () => {
	const file = join(folder, 'narrow.yaml')
	writeFileSync(file, narrow)
	const people = await simulate(['-f', file])
	assert.equal(people.code, 1, people.stderr)
	assert.match(people.stdout, /^Tried WhittleHostPolicy narrow\n/)
	assert.match(people.stdout, /\d+ behaviours? would have been blocked\./)
	assert.match(people.stdout, /^block .* narrow: no /m)
	const json = await simulate(['-f', '-', '-o', 'json'], narrow)
	assert.equal(json.code, 1)
	const found = shape.parse(JSON.parse(json.stdout))
	assert.ok((found.totals.block ?? 0) > 0)
	assert.ok(found.findings.every((one) => one.workload === WORKLOAD))
	const lines = (await simulate(['-f', file, '-o', 'ndjson'])).stdout.trim().split('\n')
	assert.equal(lines.length, found.findings.length)
	assert.ok(lines.every((line) => typeof JSON.parse(line).rule === 'string'))
	const audited = await simulate(['-f', file, '--since', '2030-01-01'])
	assert.equal(audited.code, 0, 'nothing was seen since then')
})

test('wrong input ends with 2, or 3 for what does not exist, and says how to go on', async () => {
	const bad = join(folder, 'bad.yaml')
	writeFileSync(bad, narrow.replace('"egress"', '"sideways"'))
	const cases: [string[], string, number, RegExp][] = [
		[[], '', 2, /Name a workload, or give manifests/],
		[['-f', bad], '', 2, /bad\.yaml: Document 1 \(WhittleHostPolicy narrow\): \/spec\/network\/allow/],
		[['-f', '-'], 'a: [', 2, /standard input: Line 1/],
		[['-f', '-'], 'kind: Deployment', 2, /no object of a kind that is judged here/],
		[['-f', join(folder, 'none.yaml')], '', 3, /none\.yaml/],
		[['nobody'], '', 3, /No workload is called "nobody"/],
		[[WORKLOAD, '--language', 'moon'], '', 3, /There is no language/],
		[[WORKLOAD, '--since', 'yesterday'], '', 2, /Write 30m, 12h, 7d/],
		[[WORKLOAD, '--days', '1000'], '', 2, /from 0 to 90/],
		[[WORKLOAD, '--posture', 'shrug'], '', 2, /Allowed choices/],
		[[`${WORKLOAD}@0123456789`], '', 2, /WORKLOAD\/CLASS@DIGEST/]
	]
	for (const [args, input, code, said] of cases) {
		const ended = await simulate(args, input)
		assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`)
		assert.match(ended.stderr, said, args.join(' '))
		assert.equal(ended.stdout, '')
	}
})

test('its names are completed', async () => {
	const { stdout } = await whittle([
		'--data',
		data,
		'__complete',
		'--',
		'simulate',
		'host/story/whittle-story-n'
	])
	assert.ok(stdout.split('\n').includes(`${WORKLOAD}/network`))
	assert.ok((await whittle(['__complete', '--', 'simu'])).stdout.includes('simulate'))
})
