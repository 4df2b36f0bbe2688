import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { identify } from '../../collector/identity.js'
import { type Batch, classOfVerb, type Source } from '../../collector/observation.js'
import { hasUnprintable } from '../../collector/path.js'
import { REDACTED } from '../../collector/redact.js'
import { openWriter } from '../../collector/writer.js'
import { contentsOf, temporaryFolder } from './stores.js'

/** A source each time it is made, over the same evidence or over the same doing, some of it holding `secret`. */
export interface SourceUnderTest {
	name: string
	/** A text that is in the telemetry and must not come out of the source. */
	secret: string
	make(t: TestContext): Promise<Source>
	/** Of a live source, which never ends by itself: whether these batches hold all that `make` let happen. */
	isAll?(batches: readonly Batch[]): boolean
}

/** What every source promises. One list of cases, run over each of them. */
export function sourceContract({ name, secret, make, isAll }: SourceUnderTest): void {
	// A live source takes seconds to give its batches, and what is asked of them changes none of them.
	let gathered: Promise<Batch[]> | undefined
	const batchesOf = (t: TestContext): Promise<Batch[]> => {
		gathered ??= make(t).then((source) => gather(source, isAll))
		return gathered
	}

	test(`${name}: batches are well formed, and their sequences rise`, async (t) => {
		const batches = await batchesOf(t)
		assert.ok(
			batches.some(({ sightings }) => sightings.length > 0),
			'the source gave nothing to look at'
		)
		const last = new Map<string, [epoch: number, sequence: number]>()
		for (const batch of batches) {
			const { producer, epoch, sequence } = batch.delivery
			assert.match(producer, /^(?:kernel|file):./)
			const [lastEpoch, lastSequence] = last.get(producer) ?? [0, -1]
			assert.ok(
				epoch > lastEpoch || (epoch === lastEpoch && sequence > lastSequence),
				`${producer} ${epoch}.${sequence}`
			)
			last.set(producer, [epoch, sequence])
			checkBatch(batch)
		}
	})

	test(`${name}: who did something was watched in that hour`, async (t) => {
		const batches = await batchesOf(t)
		const watched = new Set(
			batches.flatMap(({ exposure }) =>
				exposure.map(({ subject, hour }) => `${identify(subject).name} ${hour}`)
			)
		)
		const named = new Set([...watched].map((key) => key.slice(0, key.lastIndexOf(' '))))
		assert.ok(named.size > 0, 'the source says of nobody that it was watched')
		for (const { subject, firstMs } of batches.flatMap(({ sightings }) => sightings)) {
			const key = `${identify(subject).name} ${Math.floor(firstMs / HOUR_MS)}`
			// Of whom it never says so, it does not know who that is, or another source watches it.
			if (named.has(identify(subject).name)) assert.ok(watched.has(key), key)
		}
	})

	test(`${name}: delivering everything again changes nothing`, async (t) => {
		const folder = temporaryFolder(t)
		const batches = await batchesOf(t)
		const contents = []
		for (const repeats of [1, 3]) {
			const path = join(folder, String(repeats), 'whittle.db')
			const writer = await openWriter({ path, thread: false })
			for (let round = 0; round < repeats; round++)
				for (const batch of batches) await writer.applyBatch(batch)
			await writer.close()
			contents.push(contentsOf(path))
		}
		assert.deepEqual(contents[1], contents[0])
	})

	test(`${name}: stop ends it, after a batch and while one is awaited`, async (t) => {
		const source = await make(t)
		const batches = source.batches()[Symbol.asyncIterator]()
		assert.equal((await batches.next()).done, false)
		// More than there are: the last of them wait for something that never comes.
		const awaited = Array.from({ length: AWAITED_COUNT }, () => batches.next())
		await source.stop()
		// Whoever stops it may not know that somebody else has.
		await source.stop()
		assert.equal((await Promise.all(awaited)).at(-1)?.done, true)
	})

	test(`${name}: no secret comes out of it`, async (t) => {
		const path = join(temporaryFolder(t), 'whittle.db')
		const batches = await batchesOf(t)
		const text = JSON.stringify(batches)
		assert.equal(text.includes(secret), false)
		assert.ok(text.includes(REDACTED), 'what held a secret is there, without it')
		const writer = await openWriter({ path, thread: false })
		for (const batch of batches) await writer.applyBatch(batch)
		// The whole file, before anything is checkpointed or vacuumed away.
		for (const file of [path, `${path}-wal`]) assert.equal(readFileSync(file).includes(secret), false, file)
		await writer.close()
		assert.equal(readFileSync(path).includes(secret), false)
	})
}

async function gather(source: Source, isAll: SourceUnderTest['isAll']): Promise<Batch[]> {
	const batches: Batch[] = []
	for await (const batch of source.batches()) {
		batches.push(batch)
		if (isAll?.(batches) === true) await source.stop()
	}
	assert.ok(isAll === undefined || isAll(batches), 'the source ended before it had told everything')
	return batches
}

const HOUR_MS = 3_600_000
const AWAITED_COUNT = 100

function checkBatch(batch: Batch): void {
	for (const sighting of batch.sightings) {
		const { verb, object, source, count, firstMs, lastMs, subject, pod, detail } = sighting
		const where = JSON.stringify(sighting)
		assert.ok(verb in classOfVerb, where)
		assert.ok(Number.isSafeInteger(count) && count > 0, where)
		assert.ok(Number.isSafeInteger(firstMs) && Number.isSafeInteger(lastMs) && firstMs <= lastMs, where)
		assert.equal(Math.floor(firstMs / HOUR_MS), Math.floor(lastMs / HOUR_MS), where)
		assert.ok(source === '' || source.startsWith('/'), where)
		for (const text of [object, source, pod, detail ?? '', identify(subject).name])
			assert.equal(hasUnprintable(text), false, where)
		// A failure is no behaviour, and a full map counts without detail: then nothing says what it was done to.
		if (object === '') continue
		if (NETWORK_FLOWS.has(verb))
			assert.match(object, /^(?:egress|ingress)\/(?:tcp|udp|sctp|icmp|icmpv6|unix)\/\d{1,5}\/./, where)
		if (classOfVerb[verb] === 'file-read' || classOfVerb[verb] === 'file-write' || verb === 'exec')
			assert.match(object, /^\//, where)
	}
	for (const { subject, pod, atMs } of [...batch.starts, ...batch.timeline]) {
		assert.ok(Number.isSafeInteger(atMs), `${atMs}`)
		for (const text of [pod, identify(subject).name]) assert.equal(hasUnprintable(text), false, text)
	}
	for (const { hour } of batch.exposure) assert.ok(Number.isSafeInteger(hour), `${hour}`)
	for (const { fromMs, toMs, scope, lostCount } of batch.gaps) {
		assert.ok(fromMs <= toMs && lostCount >= 0, scope)
		// The store finds a workload's gaps by its name: a name has no empty part.
		assert.match(scope, /^(?:node|pod|workload):[^/]+(?:\/[^/]+)*$/)
	}
	for (const { file, line, reason, hash } of batch.bad) {
		assert.ok(file !== '' && line >= 1 && reason !== '')
		assert.match(hash, /^[0-9a-f]{64}$/)
	}
}

const NETWORK_FLOWS = new Set(['connect', 'send', 'bind', 'listen', 'accept'])
