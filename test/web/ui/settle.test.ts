import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { holdRows, settle } from '../../../web/ui/table/settle.js'

interface Row {
	key: string
	value: number
}

const keyOf = (row: Row) => row.key
const row = (key: string, value = 0): Row => ({ key, value })

describe('settle', () => {
	it('shows new content in old places', () => {
		const held = holdRows([row('a'), row('b')], keyOf)
		const settled = settle([row('b', 2), row('a', 1)], keyOf, held)
		assert.deepEqual(settled, { rows: [row('a', 1), row('b', 2)], newCount: 0, moved: true })
	})

	it('lets new rows wait, and says how many', () => {
		const held = holdRows([row('b')], keyOf)
		const settled = settle([row('a'), row('b'), row('c')], keyOf, held)
		assert.deepEqual(settled, { rows: [row('b')], newCount: 2, moved: false })
	})

	it('keeps the last content of rows that went away', () => {
		const held = holdRows([row('a', 7), row('b')], keyOf)
		assert.deepEqual(settle([row('b')], keyOf, held), {
			rows: [row('a', 7), row('b')],
			newCount: 0,
			moved: true
		})
	})

	it('never moves a held row, whatever arrives', () => {
		const keys = fc.uniqueArray(fc.constantFrom(...'abcdefgh'))
		fc.assert(
			fc.property(keys, keys, (before, after) => {
				const held = holdRows(
					before.map((key) => row(key)),
					keyOf
				)
				const settled = settle(
					after.map((key) => row(key, 1)),
					keyOf,
					held
				)
				assert.deepEqual(settled.rows.map(keyOf), before)
				assert.equal(settled.newCount, after.filter((key) => !before.includes(key)).length)
				const isSame = before.every((key) => after.includes(key)) && isSubsequence(before, after)
				assert.equal(settled.moved, !isSame)
			})
		)
	})
})

function isSubsequence(part: string[], whole: string[]): boolean {
	const rest = [...part]
	for (const key of whole) if (key === rest[0]) rest.shift()
	return rest.length === 0
}
