import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, createWriteStream, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { storePath } from '../../collector/database.js'
import { InputError, openInput } from '../../collector/sources/replay/input.js'
import { type ReplayTotals, replayFiles } from '../../collector/sources/replay/replay-files.js'
import { openWriter } from '../../collector/writer.js'
import { jsonLines, kubearmorLine, NOW_MS, writeRecordings } from './recordings.js'
import { assertHas, contentsOf, temporaryFolder } from './stores.js'

async function replay(
	data: string,
	files: string[],
	stdin?: Readable
): Promise<{ totals: ReplayTotals; path: string }> {
	const path = storePath(data)
	const writer = await openWriter({ path, thread: false })
	try {
		const totals = await replayFiles(files, writer, {
			nowMs: NOW_MS,
			...(stdin === undefined ? {} : { stdin })
		})
		return { totals, path }
	} finally {
		await writer.close()
	}
}

const good = (number: number): string => JSON.stringify(kubearmorLine({ Resource: `/srv/good-${number}` }))

/** Every kind of line that cannot be used as it is: bytes, what is said about it, and whether it is used all the same. */
const corpus: { line: string | Buffer; says: RegExp; isUsed?: boolean }[] = [
	{ line: '{"Operation":"File","Resource":', says: /not JSON/ },
	{ line: 'S3cr3tV4lue not json at all', says: /not JSON/ },
	{ line: '[1,2]', says: /not a JSON object/ },
	{ line: '7', says: /not a JSON object/ },
	{ line: '{"hello":"world"}', says: /no known kind/ },
	{ line: '['.repeat(400_000), says: /not JSON/ },
	{ line: '{"a":'.repeat(150_000), says: /not JSON/ },
	{
		line: Buffer.concat([Buffer.from('{"Operation":"File"'), Buffer.from([0]), Buffer.from('}')]),
		says: /not JSON/
	},
	{ line: JSON.stringify(kubearmorLine({ Resource: '/tmp/a\0b' })), says: /NUL byte/ },
	{
		line: JSON.stringify(kubearmorLine({ Resource: `/${'p'.repeat(5000)}` })),
		says: /longer than 4095 bytes/
	},
	{ line: JSON.stringify(kubearmorLine()).replace('"PID":7', '"PID":9007199254740993'), says: /over 2\^53/ },
	{
		line: JSON.stringify(kubearmorLine({ UpdatedTime: '1970-01-01T00:00:00Z' })),
		says: /before the year 2000/
	},
	{ line: JSON.stringify(kubearmorLine({ UpdatedTime: '2100-01-01T00:00:00Z' })), says: /48 hours ahead/ },
	{
		line: JSON.stringify(kubearmorLine({ UpdatedTime: undefined, Timestamp: -5 })),
		says: /before the year 2000/
	},
	{ line: JSON.stringify(kubearmorLine({ Operation: 'Teleport' })), says: /unknown Operation/ },
	{
		line: JSON.stringify(kubearmorLine({ Resource: '/tmp/\u202egnp.exe' })),
		says: /bidirectional: kept/,
		isUsed: true
	},
	{
		line: JSON.stringify(kubearmorLine({ Resource: '/tmp/\ud800' })),
		says: /invalid UTF-8.*kept/,
		isUsed: true
	},
	{
		line: Buffer.concat(
			JSON.stringify(kubearmorLine({ Resource: '/tmp/@' }))
				.split('@')
				.flatMap((part, index) => [...(index > 0 ? [Buffer.from([0xff])] : []), Buffer.from(part)])
		),
		says: /invalid UTF-8.*kept/,
		isUsed: true
	},
	{
		line: JSON.stringify({ sighting: { verb: 'read' } }),
		says: /not a recorded sighting: the field sighting\.subject/
	},
	{
		line: JSON.stringify({ inventory: { kind: 'Pod', name: 'x', from: 'yesterday' } }),
		says: /not a recorded inventory: the field inventory\.from/
	},
	{ line: JSON.stringify({ inventory: { kind: 'Sausage', name: 'x', from: 0 } }), says: /inventory\.kind/ },
	{ line: JSON.stringify({ flow: { time: 1 } }), says: /not a Hubble flow/ }
]

test('each bad line is reported with its place, and nothing after it is lost', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'bad.jsonl')
	const lines = corpus.flatMap(({ line }, index) => [Buffer.from(good(index)), Buffer.from(line)])
	writeFileSync(file, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])))
	const { totals, path } = await replay(folder, [file])
	const usedCount = corpus.filter(({ isUsed }) => isUsed).length
	assertHas(totals, {
		lineCount: 2 * corpus.length,
		appliedCount: corpus.length + usedCount,
		refusedCount: corpus.length - usedCount,
		skippedCount: 0
	})
	const bad = contentsOf(path).bad ?? []
	assert.equal(bad.length, corpus.length)
	for (const [index, { line, says }] of corpus.entries()) {
		const row = bad.find(
			(found) =>
				typeof found === 'object' && found !== null && 'line' in found && found.line === 2 * index + 2
		)
		assert.ok(typeof row === 'object' && row !== null && 'reason' in row, `line ${2 * index + 2}`)
		assert.match(String(row.reason), says)
		assertHas(row, { file, hash: createHash('sha256').update(line).digest('hex') })
	}
	const objects = (contentsOf(path).observations ?? []).map((row) => JSON.stringify(row)).join('\n')
	for (const index of corpus.keys())
		assert.ok(objects.includes(`/srv/good-${index}"`), `line ${2 * index + 1}`)
	assert.ok(objects.includes('/tmp/\\\\xe2\\\\x80\\\\xaegnp.exe'))
	assert.ok(objects.includes('/tmp/\\\\xff'))
	assert.equal(JSON.stringify(totals).includes('S3cr3tV4lue'), false)
})

test('a line of 100 MB is skipped in bounded memory', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'long.jsonl')
	const out = createWriteStream(file)
	const block = Buffer.alloc(1_000_000, 'x')
	const hash = createHash('sha256')
	out.write(`${good(1)}\n`)
	for (let index = 0; index < 100; index++) {
		hash.update(block)
		if (!out.write(block)) await once(out, 'drain')
	}
	out.end(`\n${good(2)}\n`)
	await once(out, 'finish')
	const before = process.memoryUsage.rss()
	const { totals, path } = await replay(folder, [file])
	assert.ok(process.memoryUsage.rss() - before < 80_000_000, 'the line was held in memory')
	assertHas(totals, { lineCount: 3, appliedCount: 2, refusedCount: 1 })
	assertHas(contentsOf(path).bad?.[0], {
		line: 2,
		reason: 'the line is longer than 1048576 bytes',
		hash: hash.digest('hex')
	})
})

test('lines are the same however the file is cut into chunks, with or without a last newline, with CRLF and a byte order mark', async (t) => {
	const folder = temporaryFolder(t)
	const text = jsonLines(
		Array.from({ length: 3000 }, (_, index) => kubearmorLine({ Resource: `/srv/caf\u00e9-${index % 40}` }))
	)
	const variants = {
		plain: text,
		crlf: `\ufeff${text.replaceAll('\n', '\r\n')}\r\n`,
		bare: text.slice(0, -1),
		members: Buffer.concat([gzipSync(text.slice(0, 99_999)), gzipSync(text.slice(99_999))])
	}
	const contents = []
	for (const [name, bytes] of Object.entries(variants)) {
		const file = join(folder, name)
		writeFileSync(file, bytes)
		const { totals, path } = await replay(join(folder, `data-${name}`), [file])
		assertHas(totals, { appliedCount: 3000, refusedCount: 0 })
		contents.push(contentsOf(path).observations)
	}
	for (const other of contents.slice(1)) assert.deepEqual(other, contents[0])
})

/** Lines that do not compress, so that half of the file is about half of the lines. */
function noisyLines(count: number): string {
	return jsonLines(
		Array.from({ length: count }, (_, index) =>
			kubearmorLine({ Resource: `/srv/${index}`, Labels: randomBytes(200).toString('base64') })
		)
	)
}

test('half a gzip: what came before the cut is kept, and the cut is reported', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'half.jsonl.gz')
	const whole = gzipSync(noisyLines(1000))
	writeFileSync(file, whole.subarray(0, whole.length / 2))
	const { totals } = await replay(folder, [file])
	assert.ok(totals.appliedCount > 450 && totals.appliedCount < 550, String(totals.appliedCount))
	assert.deepEqual(totals.reportedByReason, {
		'the gzip data ends too early: the rest of the file is missing': 1
	})
	assertHas(totals.sample[0], { file, line: totals.appliedCount + 1 })
})

test('damage in a gzip, and what is no gzip after one: everything before is kept', async (t) => {
	const folder = temporaryFolder(t)
	const whole = gzipSync(noisyLines(1000))
	const damaged = Buffer.from(whole)
	damaged.fill(0xff, 100_000, 100_040)
	for (const [name, bytes, least] of [
		['damaged', damaged, 450],
		['trailing', Buffer.concat([whole, Buffer.from('and then some text')]), 1000]
	] as const) {
		const file = join(folder, name)
		writeFileSync(file, bytes)
		const { totals } = await replay(join(folder, `data-${name}`), [file])
		assert.ok(totals.appliedCount >= least, `${name}: ${totals.appliedCount}`)
		assert.equal(totals.reportedByReason['the gzip data is damaged: what follows could not be read'], 1)
	}
})

test('standard input, plain or gzip, is read like the file of the same bytes', async (t) => {
	const folder = temporaryFolder(t)
	const text = jsonLines([kubearmorLine(), kubearmorLine({ Resource: '/x' })])
	const file = join(folder, 'same.jsonl')
	writeFileSync(file, text)
	const first = await replay(folder, ['-'], Readable.from([Buffer.from(text)]))
	assertHas(first.totals, { appliedCount: 2, duplicateCount: 0 })
	assertHas((await replay(folder, [file])).totals, { appliedCount: 0, duplicateCount: 2 })
	assertHas((await replay(folder, ['-'], Readable.from([gzipSync(text)]))).totals, { appliedCount: 2 })
})

test('a pipe is read once and is still named by its content', async (t) => {
	const folder = temporaryFolder(t)
	const text = jsonLines([kubearmorLine(), kubearmorLine({ Resource: '/x' })])
	const pipe = join(folder, 'pipe')
	execFileSync('mkfifo', [pipe])
	const writing = writeFile(pipe, text)
	assertHas((await replay(folder, [pipe])).totals, { appliedCount: 2 })
	await writing
	assertHas((await replay(folder, ['-'], Readable.from([text]))).totals, { duplicateCount: 2 })
})

test('a file that is written to meanwhile is used, and reported', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'growing.jsonl')
	writeFileSync(file, jsonLines([kubearmorLine()]))
	const input = await openInput(file)
	const reading = input.chunks()
	await reading.next()
	appendFileSync(file, 'more')
	let last = await reading.next()
	while (last.done !== true) last = await reading.next()
	assert.match(last.value ?? '', /changed while it was read/)
})

test('hostile lines of great length are held in bounded memory', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'wide.jsonl')
	const out = createWriteStream(file)
	for (let index = 0; index < 400; index++) {
		const wide = 'w'.repeat(500_000)
		const line =
			index % 2 === 0
				? kubearmorLine({ PodName: `${index}${wide}` })
				: kubearmorLine({ Source: `/bin/x ${wide}${index}`, Resource: `/${index}` })
		if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain')
	}
	out.end()
	await once(out, 'finish')
	const before = process.memoryUsage.rss()
	const { totals } = await replay(folder, [file])
	assert.ok(
		process.memoryUsage.rss() - before < 150_000_000,
		`${process.memoryUsage.rss() - before} bytes more`
	)
	assertHas(totals, {
		lineCount: 400,
		appliedCount: 200,
		reportedByReason: { 'a name is longer than 1024 characters': 200 }
	})
})

test('a second replay is a no-op', async (t) => {
	const folder = temporaryFolder(t)
	const files = (await writeRecordings(folder)).map((name) => join(folder, name))
	const { totals, path } = await replay(folder, files)
	const before = contentsOf(path)
	assertHas(totals, { fileCount: 4, duplicateCount: 0, refusedCount: 1 })
	const again = await replay(folder, files.toReversed())
	assertHas(again.totals, { appliedCount: 0, duplicateCount: totals.appliedCount, refusedCount: 1 })
	assert.deepEqual(contentsOf(path), before)
	assert.ok(before.workloads?.some((row) => JSON.stringify(row).includes('default/shop/Deployment/api/api')))
	assertHas(before.starts?.[0], { pod: 'api-1' })
})

test('a replay that is killed resumes: nothing is lost, nothing counts twice', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'big.jsonl')
	const records = Array.from({ length: 60_000 }, (_, index) =>
		kubearmorLine({ Resource: `/srv/${index % 50_000}`, PodName: `api-${index % 7}` })
	)
	writeFileSync(file, jsonLines(records))
	const expected = await replay(join(folder, 'calm'), [file])
	const data = join(folder, 'killed')
	const child = spawn(
		process.execPath,
		[
			'--import',
			'tsx',
			fileURLToPath(new URL('./replay-slowly.ts', import.meta.url)),
			data,
			file,
			String(NOW_MS)
		],
		{
			stdio: ['ignore', 'pipe', 'inherit']
		}
	)
	// It says so after each batch that is stored; it dies while the next one is.
	await once(child.stdout, 'data')
	child.kill('SIGKILL')
	await once(child, 'exit')
	const resumed = await replay(data, [file])
	assert.ok(
		resumed.totals.duplicateCount > 0 && resumed.totals.appliedCount > 0,
		JSON.stringify(resumed.totals)
	)
	assert.equal(resumed.totals.duplicateCount + resumed.totals.appliedCount, records.length)
	assert.deepEqual(contentsOf(resumed.path), contentsOf(expected.path))
})

test('the order of the lines does not matter', async (t) => {
	const folder = temporaryFolder(t)
	const records = Array.from({ length: 400 }, (_, index) =>
		kubearmorLine({
			Resource: `/srv/${index % 9}`,
			PodName: `api-${index % 6}`,
			TTY: index % 5 === 0 ? 'pts0' : '',
			Source: `/usr/bin/api ${index % 3}`,
			UpdatedTime: new Date(NOW_MS - 86_400_000 + index * 400_000).toISOString()
		})
	)
	const contents = []
	for (const [name, lines] of [
		['forward', records],
		['backward', records.toReversed()]
	] as const) {
		const file = join(folder, name)
		writeFileSync(file, jsonLines([...lines]))
		const { path } = await replay(join(folder, `data-${name}`), [file])
		const { observations, workloads, versions, exposure, starts } = contentsOf(path)
		contents.push({ observations, workloads, versions, exposure, starts })
	}
	assert.deepEqual(contents[1], contents[0])
})

test('a file that is not there stops the replay before anything is stored', async (t) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'there.jsonl')
	writeFileSync(file, jsonLines([kubearmorLine()]))
	await assert.rejects(
		replay(folder, [file, join(folder, 'missing.jsonl')]),
		isInputError(/missing\.jsonl cannot be read/)
	)
	assert.deepEqual(contentsOf(storePath(folder)).workloads, [])
	await assert.rejects(replay(folder, [folder]), isInputError(/is a folder/))
})

function isInputError(says: RegExp): (error: unknown) => true {
	return (error) => {
		assert.ok(error instanceof InputError, String(error))
		assert.match(error.message, says)
		return true
	}
}

test('a file of nothing but bad lines is reported in bounded space', async (t: TestContext) => {
	const folder = temporaryFolder(t)
	const file = join(folder, 'noise')
	writeFileSync(file, 'x\n'.repeat(30_000))
	const { totals, path } = await replay(folder, [file])
	assertHas(totals, {
		lineCount: 30_000,
		refusedCount: 30_000,
		reportedByReason: { 'the line is not JSON': 30_000 }
	})
	const bad = contentsOf(path).bad ?? []
	assert.equal(bad.length, 10_001)
	assertHas(bad.at(-1), { reason: '20000 more lines were reported than are listed' })
})
