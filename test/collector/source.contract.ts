import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { identify } from '../../collector/identity.js'
import { type Batch, classOfVerb, type Source } from '../../collector/observation.js'
import { hasUnprintable } from '../../collector/path.js'
import { openWriter } from '../../collector/writer.js'
import { contentsOf, temporaryFolder } from './stores.js'

/** A source over the same evidence each time it is made, some of it holding `secret`. */
export interface SourceUnderTest {
	name: string
	/** A text that is in the telemetry and must not come out of the source. */
	secret: string
	make(t: TestContext): Promise<Source>
}

/** What every source promises. One list of cases, run over each of them. */
export function sourceContract({ name, secret, make }: SourceUnderTest): void {
	test(`${name}: batches are well formed, and their sequences rise`, async (t) => {
		const batches = await collect(await make(t))
		assert.ok(
			batches.some(({ sightings }) => sightings.length > 0),
			'the source gave nothing to look at'
		)
		const last = new Map<string, [epoch: number, sequence: number]>()
		for (const batch of batches) {
			const { producer, epoch, sequence } = batch.delivery
			const [lastEpoch, lastSequence] = last.get(producer) ?? [0, -1]
			assert.ok(
				epoch > lastEpoch || (epoch === lastEpoch && sequence > lastSequence),
				`${producer} ${epoch}.${sequence}`
			)
			last.set(producer, [epoch, sequence])
			checkBatch(batch)
		}
	})

	test(`${name}: delivering everything again changes nothing`, async (t) => {
		const folder = temporaryFolder(t)
		const batches = await collect(await make(t))
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

	test(`${name}: stop ends it`, async (t) => {
		const source = await make(t)
		for await (const _batch of source.batches()) await source.stop()
	})

	test(`${name}: no secret comes out of it`, async (t) => {
		const path = join(temporaryFolder(t), 'whittle.db')
		const batches = await collect(await make(t))
		assert.equal(JSON.stringify(batches).includes(secret), false)
		const writer = await openWriter({ path, thread: false })
		for (const batch of batches) await writer.applyBatch(batch)
		// The whole file, before anything is checkpointed or vacuumed away.
		for (const file of [path, `${path}-wal`]) assert.equal(readFileSync(file).includes(secret), false, file)
		await writer.close()
		assert.equal(readFileSync(path).includes(secret), false)
	})
}

async function collect(source: Source): Promise<Batch[]> {
	const batches: Batch[] = []
	for await (const batch of source.batches()) batches.push(batch)
	return batches
}

const HOUR_MS = 3_600_000

function checkBatch(batch: Batch): void {
	for (const sighting of batch.sightings) {
		const { verb, object, source, count, firstMs, lastMs, subject, pod, detail } = sighting
		const where = JSON.stringify(sighting)
		assert.ok(verb in classOfVerb, where)
		assert.ok(Number.isSafeInteger(count) && count > 0, where)
		assert.ok(Number.isSafeInteger(firstMs) && Number.isSafeInteger(lastMs) && firstMs <= lastMs, where)
		assert.equal(Math.floor(firstMs / HOUR_MS), Math.floor(lastMs / HOUR_MS), where)
		assert.ok(object.length > 0, where)
		assert.ok(source === '' || source.startsWith('/'), where)
		for (const text of [object, source, pod, detail ?? '', identify(subject).name])
			assert.equal(hasUnprintable(text), false, where)
		if (NETWORK_FLOWS.has(verb))
			assert.match(object, /^(?:egress|ingress)\/(?:tcp|udp|sctp|icmp|icmpv6|unix)\/\d{1,5}\/./, where)
		if (classOfVerb[verb] === 'file-read' || classOfVerb[verb] === 'file-write' || verb === 'exec')
			assert.match(object, /^\//, where)
	}
	for (const { fromMs, toMs, scope } of batch.gaps) {
		assert.ok(fromMs <= toMs)
		assert.match(scope, /^(?:node|pod|workload):./)
	}
	for (const { file, line, reason, hash } of batch.bad) {
		assert.ok(file !== '' && line >= 1 && reason !== '')
		assert.match(hash, /^[0-9a-f]{64}$/)
	}
}

const NETWORK_FLOWS = new Set(['connect', 'send', 'bind', 'listen', 'accept'])
