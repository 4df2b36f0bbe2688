import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
	bytes,
	counted,
	duration,
	exactTime,
	headAndTail,
	isoTime,
	relative,
	visible
} from '../../../web/ui/show/text.js'

describe('visible', () => {
	it('shows what could not be seen', () => {
		assert.equal(visible('a\u202eb\u0000c\u200bd\n'), 'a\\u{202e}b\\u{0}c\\u{200b}d\\u{a}')
	})

	it('leaves the escapes of the store as they are', () => {
		assert.equal(visible('/srv/\\x1b[31m/\\\\x'), '/srv/\\x1b[31m/\\\\x')
	})

	it('leaves nothing invisible', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (text) => {
				assert.doesNotMatch(visible(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
			})
		)
	})
})

describe('headAndTail', () => {
	it('loses nothing', () => {
		fc.assert(
			fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 4, max: 60 }), (text, length) => {
				assert.equal(headAndTail(text, length).join(''), text)
			})
		)
	})

	it('cuts at a slash when one is near the end', () => {
		assert.deepEqual(headAndTail('/usr/lib/postgresql/15/bin/postgres', 18), [
			'/usr/lib/postgresql',
			'/15/bin/postgres'
		])
	})
})

describe('what people read', () => {
	it('says times in one unit, and only times that are ones', () => {
		assert.equal(duration(42_000), '42 s')
		assert.equal(duration(3_599_000), '59 min')
		assert.equal(duration(90_000_000), '1 d')
		assert.equal(relative(1000, 2000), 'now')
		assert.equal(relative(0, 7_200_000), '2 h ago')
		assert.equal(relative(60_000, 0), 'in 1 min')
		assert.equal(isoTime(2 ** 53), '')
		assert.equal(exactTime(Number.NaN), '')
		assert.match(exactTime(0), /^1970-01-01T00:00:00\.000Z \(local /)
	})

	it('counts', () => {
		assert.equal(counted(1, 'policy', 'policies'), '1 policy')
		assert.equal(counted(12_345, 'rule'), '12,345 rules')
		assert.equal(bytes(999), '999 B')
		assert.equal(bytes(2_400_000), '2.4 MB')
	})
})
