import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_WEIGHTS } from '../../../../discovery/learn/network/growth.js'
import { generalisePorts, type PortNeed } from '../../../../discovery/learn/network/ports.js'

const GROWTH = { ...DEFAULT_WEIGHTS, exposedHours: 100 }
const once = (port: number, hour: number): PortNeed => ({
	port,
	units: { hour1: hour, hour2: Infinity, start1: Infinity, start2: Infinity, startOnly: false }
})
const always = (port: number): PortNeed => ({
	port,
	units: { hour1: 0, hour2: 1, start1: Infinity, start2: Infinity, startOnly: false }
})
const said = (needs: PortNeed[], listens = (_port: number) => false) =>
	generalisePorts(needs, GROWTH, listens).map(({ first, last }) =>
		first === last ? `${first}` : `${first}-${last}`
	)
const grown = (...ports: number[]) => said(ports.map(once))

test('ports that keep coming become a range from the lowest to the highest', () => {
	assert.deepEqual(grown(8000, 8003, 8004, 8010), ['8000-8010'])
	assert.deepEqual(said([once(8000, 1), once(8003, 2), once(8004, 3), always(8010), always(443)]), [
		'443',
		'8000-8010'
	])
	assert.deepEqual(grown(8000, 8001, 8002, 8004, 9500, 9501, 9503, 9504), ['8000-8004', '9500-9504'])
})

test('three ports, ports of one hour, and ports that came back are lists', () => {
	assert.deepEqual(grown(8000, 8001, 8002), ['8000', '8001', '8002'])
	assert.deepEqual(said([8000, 8001, 8002, 8003, 8004].map((port) => once(port, 7))).length, 5)
	assert.deepEqual(said([8000, 8001, 8002, 8003, 8004].map(always)).length, 5)
})

test('no range takes in SSH, the kubelet or the API server that nobody spoke to', () => {
	assert.deepEqual(grown(20, 21, 24, 25), ['20', '21', '24', '25'])
	assert.deepEqual(grown(10_248, 10_249, 10_251, 10_252).length, 4)
	assert.deepEqual(grown(20, 21, 22, 23, 24, 25), ['20-25'], 'told of, it is in')
})

test('a port that clients are lent is in a range only where the peer listens', () => {
	assert.deepEqual(grown(50_000, 50_003, 50_007, 50_010).length, 4)
	assert.deepEqual(
		said([50_000, 50_003, 50_007, 50_010].map(once), () => true),
		['50000-50010']
	)
	assert.deepEqual(grown(32_760, 32_762, 32_765, 32_770).length, 4)
	assert.deepEqual(grown(32_000, 32_100, 61_000, 61_100).length, 4, 'around all of them')
})

test('ports picked at random are no range, however many they are', () => {
	const many = Array.from({ length: 2000 }, (_, index) => once(1024 + index * 3, index))
	assert.equal(said(many).length, 2000)
	const scattered = Array.from({ length: 400 }, (_, index) => once(1024 + index * 75, index))
	assert.equal(said(scattered).length, 400, 'nothing is opened from end to end')
	const media = Array.from({ length: 400 }, (_, index) => once(20_000 + index * 5, index))
	assert.deepEqual(said(media), ['20000-21995'])
})

const needs = fc
	.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 80 })
	.chain((ports) =>
		fc.tuple(...ports.map((port) => fc.integer({ min: 0, max: 99 }).map((hour) => once(port, hour))))
	)

test('every port is in exactly one range, none takes in a wall, and order does not matter', () => {
	fc.assert(
		fc.property(needs, (all) => {
			const ranges = generalisePorts(all, GROWTH, () => false)
			for (const one of all) {
				const covering = ranges.filter(({ first, last }) => one.port >= first && one.port <= last)
				assert.equal(covering.length, 1)
			}
			for (const { first, last, members } of ranges) {
				for (const wall of [22, 445, 6443, 10_250]) {
					const isTold = all.some(({ port }) => port === wall)
					assert.ok(members.length === 1 || isTold || wall < first || wall > last)
				}
				assert.ok(members.length === 1 || last < 32_768 || first > 60_999)
			}
			assert.deepEqual(
				generalisePorts([...all].reverse(), GROWTH, () => false),
				ranges
			)
		})
	)
})
