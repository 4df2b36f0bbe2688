import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_WEIGHTS } from '../../../../discovery/learn/network/growth.js'
import {
	generaliseRequests,
	type SegmentTyping,
	typedAsPaths
} from '../../../../discovery/learn/network/requests.js'

const GROWTH = { ...DEFAULT_WEIGHTS, exposedHours: 100 }
const once = (object: string, hour: number) => ({
	object,
	units: { hour1: hour, hour2: Infinity, start1: Infinity, start2: Infinity, startOnly: false }
})
/** Four numbers are `<int>`, four other words `<random>`. */
const typing: SegmentTyping = (siblings) => {
	const numbers = siblings.filter(({ text }) => /^\d+$/.test(text))
	const words = siblings.filter(({ text }) => !/^\d+$/.test(text))
	const typed = new Map<string, string>()
	if (numbers.length >= 4) for (const { text } of numbers) typed.set(text, '<int>')
	if (words.length >= 4) for (const { text } of words) typed.set(text, '<random>')
	return typed
}
const said = (...objects: string[]) =>
	generaliseRequests(objects.map(once), typing, GROWTH).map(({ object }) => object)

test('segments that are numbers become a token; method, host and depth stay', () => {
	assert.deepEqual(
		said(
			'GET api/orders/1/lines',
			'GET api/orders/2/lines',
			'GET api/orders/3/lines',
			'GET api/orders/4',
			'GET api/orders',
			'POST api/orders/5',
			'GET other/orders/6'
		),
		[
			'GET api/orders',
			'GET api/orders/<int>',
			'GET api/orders/<int>/lines',
			'GET other/orders/6',
			'POST api/orders/5'
		]
	)
})

test('below /admin and its like nothing is generalised, and no token reads like one', () => {
	for (const wall of ['admin', 'actuator', 'debug', 'internal', 'metrics', '.git', 'Admin']) {
		const below = [1, 2, 3, 4].map((id) => `GET api/${wall}/${id}`)
		assert.deepEqual(said(...below), below, wall)
	}
	const top = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((word) => `GET api/${word}`)
	assert.deepEqual(said(...top), top, '<random> at the top would be /admin, too')
	assert.deepEqual(said(...top.map((one) => one.replace('api/', 'api/files/'))), ['GET api/files/<random>'])
	assert.deepEqual(
		said('GET api/x/aaaa', 'GET api/x/bbbb', 'GET api/x/cccc', 'GET api/x/dddd', 'GET api/x/metrics'),
		['GET api/x/<random>', 'GET api/x/metrics']
	)
})

test('what is no request of a known form stays as it is', () => {
	assert.deepEqual(said('GET api', 'nonsense', 'GET api/'), ['GET api', 'GET api/', 'nonsense'])
})

test('segments are typed as those of file paths are, while new ones come', () => {
	const ids = [
		'7d444840-9dc0-11d1-b245-5ffdce74fad2',
		'e902893a-9d22-4c7e-a7b8-d6e313b71d9f',
		'1b4e28ba-2fa1-41d2-883f-0016d3cca427',
		'6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'
	]
	const needs = ids.map((id, hour) => once(`GET api/users/${id}/cart`, hour))
	assert.deepEqual(
		generaliseRequests(needs, typedAsPaths, GROWTH).map(({ object, members }) => [object, members.length]),
		[['GET api/users/<uuid>/cart', 4]]
	)
	const inOneHour = ids.map((id) => once(`GET api/users/${id}/cart`, 0))
	assert.equal(generaliseRequests(inOneHour, typedAsPaths, GROWTH).length, 4)
})
