import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
	classOfVerb,
	type Sighting,
	type Subject,
	type TimelineEntry,
	type Verb
} from '../../collector/observation.js'
import { packBatch, transferOf, unpackBatch } from '../../collector/packing.js'
import { batchOf, sightingOf } from './stores.js'

const verbs: Verb[] = Object.keys(classOfVerb).filter((name): name is Verb => name in classOfVerb)
// Structured clones have the ordinary prototype.
const plain = { noNullPrototype: true } as const
const subject: fc.Arbitrary<Subject> = fc.oneof(
	fc.constant(sightingOf().subject),
	fc.record({ kind: fc.constant('host' as const), node: fc.string(), unit: fc.string() }, plain)
)
const sighting: fc.Arbitrary<Sighting> = fc.record(
	{
		subject,
		version: fc.record({ digest: fc.string(), description: fc.string() }, plain),
		verb: fc.constantFrom(...verbs),
		object: fc.string(),
		source: fc.string(),
		result: fc.constantFrom<Sighting['result'][]>('allowed', 'denied', 'failed'),
		count: fc.maxSafeNat(),
		firstMs: fc.maxSafeNat(),
		lastMs: fc.maxSafeNat(),
		pod: fc.string(),
		required: fc.boolean(),
		interactive: fc.boolean(),
		detail: fc.string()
	},
	{
		...plain,
		requiredKeys: ['subject', 'verb', 'object', 'source', 'result', 'count', 'firstMs', 'lastMs', 'pod']
	}
)
const entry: fc.Arbitrary<TimelineEntry> = fc.record(
	{
		subject,
		pod: fc.string(),
		atMs: fc.maxSafeNat(),
		kind: fc.constantFrom<TimelineEntry['kind'][]>('first-sight', 'exec', 'connect', 'start', 'exit'),
		text: fc.string(),
		count: fc.maxSafeNat()
	},
	plain
)

test('a batch comes out of the other thread as it went in', () => {
	fc.assert(
		fc.property(fc.array(sighting), fc.array(entry), (sightings, timeline) => {
			const batch = batchOf(1, { sightings, timeline, bad: [{ file: 'f', line: 1, reason: 'r', hash: 'h' }] })
			const packed = packBatch(batch)
			assert.deepEqual(unpackBatch(structuredClone(packed, { transfer: transferOf(packed) })), batch)
		})
	)
})
