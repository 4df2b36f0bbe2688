import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawFamily } from '../../bench/learning/family.js'
import { live } from '../../bench/learning/generator.js'
import { IMAGE_KINDS } from '../../bench/learning/image.js'
import { createRandom } from '../../bench/learning/random.js'

const DAYS = 10

function life(seed: string, kind: (typeof IMAGE_KINDS)[number] = 'nginx') {
	return live(drawFamily('f', kind, createRandom(seed)), 'f/w', seed, DAYS)
}

test('the same seed gives the same life, another seed another', () => {
	assert.deepEqual(life('a').rows, life('a').rows)
	assert.notDeepEqual(life('a').rows, life('b').rows)
})

test('every kind of program lives, and does only what its truth allows', () => {
	for (const kind of IMAGE_KINDS) {
		const workload = life('truth', kind)
		const rows = workload.needs.flat()
		assert.ok(rows.length > 100, kind)
		const foreign = rows.filter((row) => !workload.isLegitimate(row.class, row.object))
		assert.deepEqual(
			foreign.map((row) => `${row.verb} ${row.object}`),
			[],
			kind
		)
	}
})

test('rows are those of their day, within its hours, once per behaviour', () => {
	const workload = life('rows', 'php')
	workload.rows.forEach((rows, at) => {
		const keys = rows.map((row) => `${row.verb} ${row.object} ${row.source} ${row.interactive}`)
		assert.equal(new Set(keys).size, keys.length)
		for (const row of rows) {
			assert.equal(row.day, workload.firstDay + at)
			assert.ok(row.hours > 0 && row.hours < 2 ** 24)
			assert.ok(row.firstMs <= row.lastMs)
			assert.equal(Math.floor(row.firstMs / 86_400_000), row.day)
		}
	})
})

test('nothing is seen in a gap, and nothing is exposed in it', () => {
	const workload = Array.from({ length: 40 }, (_, at) => life(`gap ${at}`)).find(
		({ exposure }) => exposure.gaps.length > 0
	)
	const [gap] = workload?.exposure.gaps ?? []
	assert.ok(workload && gap)
	const inGap = (hour: number) => hour * 3_600_000 >= gap.fromMs && hour * 3_600_000 < gap.toMs
	for (const row of workload.rows.flat()) {
		for (let bit = 0; bit < 24; bit++) if (row.hours & (1 << bit)) assert.ok(!inGap(row.day * 24 + bit))
	}
	assert.ok(!workload.exposure.hours.some(inGap))
	assert.ok(workload.needs.flat().length >= workload.rows.flat().filter((row) => !row.interactive).length)
})
