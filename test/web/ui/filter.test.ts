import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Facet, filterRows, joinValues, splitValues, textCache } from '../../../web/ui/table/filter.js'

interface Row {
	name: string
	kind: string
	tags: string[]
}

const rows: Row[] = [
	{ name: 'web', kind: 'Deployment', tags: ['a', 'b'] },
	{ name: 'api', kind: 'Deployment', tags: ['b'] },
	{ name: 'db', kind: 'StatefulSet', tags: [] }
]
const facets: Facet<Row>[] = [
	{ key: 'kind', label: 'Kind', valuesOf: (row) => [row.kind], order: ['StatefulSet', 'Deployment'] },
	{ key: 'tag', label: 'Tag', valuesOf: (row) => row.tags }
]
const textOf = textCache((row: Row) => [row.name, row.kind])

describe('filterRows', () => {
	it('keeps everything when nothing is chosen, and counts every value', () => {
		const { rows: kept, options } = filterRows(rows, facets, {}, '', textOf)
		assert.deepEqual(kept, rows)
		assert.deepEqual(options.get('kind'), [
			{ value: 'StatefulSet', count: 1, chosen: false },
			{ value: 'Deployment', count: 2, chosen: false }
		])
		assert.deepEqual(
			options.get('tag')?.map((option) => [option.value, option.count]),
			[
				['b', 2],
				['a', 1]
			]
		)
	})

	it('adds up within a facet and narrows between facets', () => {
		assert.equal(filterRows(rows, facets, { kind: ['Deployment', 'StatefulSet'] }, '', textOf).rows.length, 3)
		const narrowed = filterRows(rows, facets, { kind: ['Deployment'], tag: ['a'] }, '', textOf)
		assert.deepEqual(
			narrowed.rows.map((row) => row.name),
			['web']
		)
		// A count is what choosing the value would show, given the other facets only.
		assert.deepEqual(
			narrowed.options.get('kind')?.map((option) => [option.value, option.count]),
			[['Deployment', 1]]
		)
		assert.deepEqual(
			narrowed.options.get('tag')?.map((option) => [option.value, option.count]),
			[
				['b', 2],
				['a', 1]
			]
		)
	})

	it('wants every word, in any case', () => {
		assert.deepEqual(
			filterRows(rows, facets, {}, ' DEPLOY  ap ', textOf).rows.map((row) => row.name),
			['api']
		)
	})

	it('keeps a chosen value that nothing has any more, so that it can be taken back', () => {
		const { rows: kept, options } = filterRows(rows, facets, { kind: ['Job'] }, '', textOf)
		assert.deepEqual(kept, [])
		assert.ok(
			options.get('kind')?.some((option) => option.value === 'Job' && option.chosen && option.count === 0)
		)
	})
})

describe('values in an address', () => {
	it('come back as they went, whatever is in them', () => {
		const values = fc.array(fc.string(), { minLength: 1 }).filter((list) => list.length > 1 || list[0] !== '')
		fc.assert(fc.property(values, (list) => assert.deepEqual(splitValues(joinValues(list)), list)))
	})

	it('are none when the parameter is empty', () => {
		assert.deepEqual(splitValues(''), [])
	})
})
