import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { chance, fixture, inputsOf, readLines } from './inputs.js'
import { inFolder, type Outcome, outcomeOf } from './outcome.js'

/** A line as an attacker, a broken disk or a newer KubeArmor may write it. */
interface Hostile {
	what: string
	line: string
}

const web = {
	ClusterName: 'default',
	HostName: 'node-a',
	NamespaceName: 'shop',
	PodName: 'web-5c9d8f7b6d-4kq2x',
	ContainerName: 'web',
	UpdatedTime: '2025-11-04T12:00:00.000000Z',
	Type: 'ContainerLog',
	Operation: 'File',
	ProcessName: '/usr/sbin/nginx',
	Source: '/usr/sbin/nginx',
	Resource: '/etc/shadow',
	Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY',
	Result: 'Passed'
}
const line = (changes: Record<string, unknown>): string => JSON.stringify({ ...web, ...changes })

/** None of these may become a rule, and none may be passed over in silence. */
const refused: Hostile[] = [
	{ what: 'broken JSON', line: '{"Operation":"File","Resource":"/etc/shadow"' },
	{ what: 'no object', line: '"Operation"' },
	{ what: 'a list', line: '[{"Operation":"File"}]' },
	{ what: 'another kind of line', line: '{"hello":"world"}' },
	{ what: 'a NUL in a path', line: line({ Resource: '/etc/\u0000shadow' }) },
	{ what: 'raw NUL bytes', line: '\u0000\u0000\u0000' },
	{ what: 'a path of 5,000 bytes', line: line({ Resource: `/${'a'.repeat(5_000)}` }) },
	{ what: 'a number over 2^53', line: line({ PID: 2 ** 60 }) },
	{ what: 'the year 1970', line: line({ UpdatedTime: '1970-01-01T00:00:01.000000Z' }) },
	{ what: 'the year 2100', line: line({ UpdatedTime: '2100-01-01T00:00:00.000000Z' }) },
	{ what: 'an unknown Operation', line: line({ Operation: 'Teleport' }) },
	{ what: 'no time', line: line({ UpdatedTime: 'yesterday' }) },
	{ what: 'a number where text should be', line: line({ Resource: 7 }) },
	{
		what: 'a port of 70,000',
		line: line({
			Operation: 'Network',
			Resource: 'remoteip=10.0.0.1 port=70000 protocol=TCP',
			Data: 'kprobe=tcp_connect domain=AF_INET'
		})
	},
	{
		what: 'an address that is none',
		line: line({
			Operation: 'Network',
			Resource: 'remoteip=300.1.1.1 port=80 protocol=TCP',
			Data: 'kprobe=tcp_connect domain=AF_INET'
		})
	},
	{ what: 'a Hubble flow without a time', line: '{"flow":{"verdict":"FORWARDED"}}' },
	{ what: 'an inventory item of no kind', line: '{"inventory":{"kind":"Dragon","name":"smaug"}}' },
	{ what: 'a line of 2 MB', line: line({ Cwd: '/'.repeat(2_000_000) }) }
]

test('hostile lines between the others change no policy, and each is counted', async () => {
	const expected = await outcomeOf(inputsOf('cluster-shop'))
	const outcome = await inFolder((folder) => outcomeOf(withHostileLines(folder)))
	assert.deepEqual(decisions(outcome), decisions(expected))
	const totals = outcome.totals.reduce(
		(sum, one) => ({ refused: sum.refused + one.refusedCount, lines: sum.lines + one.lineCount }),
		{ refused: 0, lines: 0 }
	)
	assert.equal(totals.refused, refused.length)
	assert.equal(totals.lines, expected.totals.reduce((sum, one) => sum + one.lineCount, 0) + refused.length)
	const places = outcome.totals.flatMap(({ sample }) => sample).map(({ file, line: at }) => `${file}:${at}`)
	assert.equal(new Set(places).size, refused.length)
})

for (const { what, line: text } of refused) {
	test(`alone among good lines, ${what} is refused with its place`, async () => {
		const good = line({ Resource: '/etc/hostname' })
		const outcome = await inFolder((folder) => {
			const path = join(folder, 'kubearmor.jsonl')
			writeFileSync(path, `${good}\n${text}\n${good}\n`)
			return outcomeOf([path])
		})
		const [totals] = outcome.totals
		assert.equal(totals?.refusedCount, 1)
		assert.deepEqual(
			totals?.sample.map((bad) => bad.line),
			[2]
		)
		assert.equal(totals?.appliedCount, 2)
	})
}

test('bytes that could deceive a reader are kept as escapes, and reported', async () => {
	const outcome = await inFolder((folder) => {
		const path = join(folder, 'kubearmor.jsonl')
		const broken = Buffer.from(line({ Resource: '/data/broken-X' }).replace('-X', '-\u00ff'), 'latin1')
		const bidirectional = line({ Resource: '/data/gpj.\u202eexe' })
		writeFileSync(path, Buffer.concat([broken, Buffer.from('\n'), Buffer.from(`${bidirectional}\n`)]))
		return outcomeOf([path])
	})
	const rules = Object.values(outcome.policies).flatMap((policy) => policy.rules)
	assert.deepEqual(rules, [
		'allow read /data/broken-\\xff by /usr/sbin/nginx',
		'allow read /data/gpj.\\xe2\\x80\\xaeexe by /usr/sbin/nginx'
	])
	assert.equal(outcome.totals[0]?.sample.length, 2)
	assert.ok([...outcome.manifests.values()].every((yaml) => /^[\n -~]*$/.test(yaml)))
})

test('of half a gzip everything before the end is used, and the end is reported', async () => {
	const outcome = await inFolder((folder) => {
		const path = join(folder, 'kubearmor.jsonl.gz')
		const whole = gzipSync(`${readLines(fixture('cluster-shop', 'kubearmor.jsonl.gz')).join('\n')}\n`)
		writeFileSync(path, whole.subarray(0, whole.length / 2))
		return outcomeOf([path])
	})
	const [totals] = outcome.totals
	assert.ok(totals !== undefined && totals.appliedCount > 1000)
	assert.equal(totals.refusedCount, 0)
	assert.deepEqual(
		totals.sample.map(({ reason }) => reason),
		['the gzip data ends too early: the rest of the file is missing']
	)
})

/** Each hostile line stands somewhere in the story's inputs, at a place that looks like chance. */
function withHostileLines(folder: string): string[] {
	const random = chance(2026)
	const files = inputsOf('cluster-shop').map(readLines)
	for (const { line: text } of refused) {
		const file = files[Math.floor(random() * files.length)]
		file?.splice(Math.floor(random() * file.length), 0, text)
	}
	return files.map((lines, index) => {
		const path = join(folder, `input-${index}.jsonl`)
		writeFileSync(path, `${lines.join('\n')}\n`)
		return path
	})
}

const decisions = ({ policies, denied, gaps, manifests }: Outcome): unknown => ({
	policies,
	denied,
	gaps,
	manifests: [...manifests]
})
