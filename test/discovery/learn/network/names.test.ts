import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchesName } from '../../../../discovery/answers.js'
import { DEFAULT_WEIGHTS } from '../../../../discovery/learn/network/growth.js'
import { generaliseNames, hasOneOwner, type NameNeed } from '../../../../discovery/learn/network/names.js'

const GROWTH = { ...DEFAULT_WEIGHTS, exposedHours: 100 }
const once = (name: string, hour: number): NameNeed => ({
	name,
	units: { hour1: hour, hour2: Infinity, start1: Infinity, start2: Infinity, startOnly: false }
})
const grown = (...names: string[]) => generaliseNames(names.map(once), GROWTH).map(({ pattern }) => pattern)
const below = (suffix: string) => ['a', 'b', 'c', 'd', 'e'].map((label) => `${label}.${suffix}`)

test('names that keep coming below what one owner holds become a pattern of one label', () => {
	assert.deepEqual(grown(...below('shards.example.com'), 'example.com'), [
		'*.shards.example.com',
		'example.com'
	])
	assert.ok(matchesName('*.example.com', 'a.example.com'))
	assert.ok(!matchesName('*.example.com', 'a.b.example.com'))
	assert.ok(!matchesName('*.example.com', 'example.com'))
	assert.ok(!matchesName('*.example.com', 'a.notexample.com'))
})

test('no pattern stands for a public suffix or for names that are rented out', () => {
	for (const suffix of [
		'com',
		'co.uk',
		'github.io',
		'blob.core.windows.net',
		's3.amazonaws.com',
		'amazonaws.com',
		'us-east-1.amazonaws.com',
		'cloudfront.net',
		'googleapis.com',
		'in-addr.arpa',
		'internal',
		'svc.cluster.local',
		'shop.svc.cluster.local'
	]) {
		assert.equal(hasOneOwner(suffix), false, suffix)
		assert.equal(grown(...below(suffix)).length, 5, suffix)
	}
	assert.equal(hasOneOwner('bucket.s3.amazonaws.com'), false, 'anybody may rent a name below it')
	assert.equal(hasOneOwner('me.github.io'), true)
})

test('names that came all at once, or came back, stay a list', () => {
	assert.equal(
		generaliseNames(
			below('example.com').map((name) => once(name, 3)),
			GROWTH
		).length,
		5
	)
	assert.equal(grown('a.example.com', 'b.example.com', 'c.example.com').length, 3)
})

test('every name is covered once, none by another owner’s pattern, in any order', () => {
	const label = fc.constantFrom('a', 'b', 'c', 'd', 'www', 'x1')
	const suffix = fc.constantFrom(
		'example.com',
		'co.uk',
		'github.io',
		's3.amazonaws.com',
		'a.example.org',
		'com'
	)
	const needs = fc.array(
		fc
			.tuple(label, suffix, fc.integer({ min: 0, max: 99 }))
			.map(([one, rest, hour]) => once(`${one}.${rest}`, hour)),
		{ maxLength: 60 }
	)
	fc.assert(
		fc.property(needs, (all) => {
			const unique = [...new Map(all.map((one) => [one.name, one])).values()]
			const patterns = generaliseNames(unique, GROWTH)
			for (const { name } of unique) {
				assert.equal(patterns.filter(({ pattern }) => matchesName(pattern, name)).length, 1, name)
			}
			for (const { pattern } of patterns) {
				if (pattern.startsWith('*.')) assert.ok(['example.com', 'a.example.org'].includes(pattern.slice(2)))
			}
			assert.deepEqual(generaliseNames([...unique].reverse(), GROWTH), patterns)
		})
	)
})
