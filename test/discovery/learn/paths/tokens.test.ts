import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { generaliseFiles } from '../../../../discovery/learn/paths/generalise.js'
import { literalBits } from '../../../../discovery/learn/paths/name-bits.js'
import { covers, segmentPattern } from '../../../../discovery/learn/paths/object.js'
import { type Named, templatesOf } from '../../../../discovery/learn/paths/tokens.js'
import { FACTS, need } from './needs.js'

/** A small generator with a fixed seed (Lehmer, 1951). */
function randomOf(seed: number): (alphabet: string, length: number) => string {
	let state = seed
	return (alphabet, length) =>
		Array.from({ length }, () => {
			state = (state * 48_271) % 2_147_483_647
			return alphabet[state % alphabet.length] ?? ''
		}).join('')
}

const random = randomOf(20_251_103)
const HEX = '0123456789abcdef'
const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz'
const BASE62 = `${BASE36}ABCDEFGHIJKLMNOPQRSTUVWXYZ`

function times(count: number, name: (i: number) => string): Named[] {
	return Array.from({ length: count }, (_, i) => ({ name: name(i), unit: `hour ${i}` }))
}

function texts(names: readonly Named[]): string[] {
	return templatesOf(names).map((template) => template.text)
}

test('each class of made-up names is told, with the literal text around it', () => {
	assert.deepEqual(texts(times(20, (i) => String(10_000 + i * 137))), ['<int>'])
	assert.deepEqual(texts(times(12, (i) => `${4000 + i * 97}.tmp`)), ['<int>.tmp'])
	assert.deepEqual(texts(times(6, () => `sess_${random(HEX, 32)}`)), ['sess_<hex>'])
	assert.deepEqual(
		texts(
			times(
				6,
				() => `${random(HEX, 8)}-${random(HEX, 4)}-4${random(HEX, 3)}-a${random(HEX, 3)}-${random(HEX, 12)}`
			)
		),
		['<uuid>']
	)
	assert.deepEqual(texts(times(9, (i) => `access.log-202511${10 + i}.gz`)), ['access.log-<date>.gz'])
	assert.deepEqual(texts(times(9, (i) => `app-2025-11-${10 + i}.log`)), ['app-<date>.log'])
	assert.deepEqual(texts(times(9, (i) => `plugin-${i}.${i + 12}.${i * 7}.jar`)), ['plugin-<semver>.jar'])
	assert.deepEqual(texts(times(40, () => `${random('0123456789', 1)}${random('abcdef', 1)}`)), ['<hex>'])
	assert.deepEqual(texts(times(6, () => `php${random(BASE62, 6)}`)), ['php<random>'])
	assert.deepEqual(texts(times(6, () => `tmp${random(`${BASE36}_`, 8)}`)), ['tmp<random>'])
	assert.deepEqual(texts(times(6, () => `.${random(BASE62, 10)}.swap`)), ['.<random>.swap'])
})

test('what the kubelet mounts a secret by at each rotation is a date', () => {
	const names = times(8, (i) => `..2025_11_${10 + i}_08_15_00.${100_000_000 + i * 7_654_321}`)
	assert.deepEqual(texts(names), ['..<date>'])
})

test('words are not made up, however many there are', () => {
	const words =
		'configuration template database network handler controller service session account profile password library' +
		' document resource manager connection exception container validation collection iterator formatter'
	const names = words.split(' ').map((name, i) => ({ name, unit: `hour ${i}` }))
	assert.deepEqual(texts(names), [])
	assert.deepEqual(texts(names.map((one) => ({ ...one, name: `lib${one.name}.so.1` }))), [])
	assert.deepEqual(texts(names.map((one) => ({ ...one, name: one.name.toUpperCase() }))), [])
})

test('few names, or names that stopped appearing, prove no class', () => {
	assert.deepEqual(texts(times(3, () => random(HEX, 32))), [], 'three of them')
	const old = times(50, () => random(HEX, 32)).map((one) => ({ ...one, unit: null }))
	assert.deepEqual(texts(old), [], 'all of them seen again and again')
	const atOnce = times(50, () => random(HEX, 32)).map((one) => ({ ...one, unit: 'hour 1' }))
	assert.deepEqual(texts(atOnce), [], 'all of them of one hour')
	assert.deepEqual(texts([{ name: 'python3.11', unit: 'hour 1' }]), [])
	assert.deepEqual(texts(times(4, (i) => `${13 + i}`)), [], 'four versions of PostgreSQL')
})

test('what is the same in all names stays literal', () => {
	assert.deepEqual(texts(times(12, (i) => `php8.2-${30_000 + i * 71}.pid`)), ['php8.2-<int>.pid'])
	assert.deepEqual(texts(times(12, () => `v2-${random(HEX, 40)}`)), ['v2-<hex>'])
})

test('an escaped byte is not taken for a number', () => {
	assert.deepEqual(texts(times(20, (i) => `\\x0${i % 10}-${'ab'.repeat(i + 1)}`)), [])
})

test('kinds of names beside each other are told apart', () => {
	const names = [
		...times(8, () => `php${random(BASE62, 6)}`),
		...times(8, () => `${random(HEX, 32)}.cache`),
		...times(8, (i) => `job-${7000 + i * 13}.log`),
		{ name: 'lock', unit: null },
		{ name: 'config.json', unit: 'hour 3' }
	]
	assert.deepEqual(texts(names), ['<hex>.cache', 'job-<int>.log', 'php<random>'])
})

test('a template stands for all names that it replaced, in any order of them, each once', () => {
	const name = fc.oneof(
		fc.nat({ max: 999_999 }).map(String),
		fc.stringMatching(/^[0-9a-f]{12}$/),
		fc.stringMatching(/^(tmp|php|x-)[A-Za-z0-9]{6,8}(\.lck)?$/),
		fc.stringMatching(/^20[12][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])(\.log)?$/),
		fc.stringMatching(/^[a-z]{3,9}$/)
	)
	const named = fc
		.uniqueArray(name, { maxLength: 40 })
		.map((names) => times(names.length, (i) => names[i] ?? ''))
	fc.assert(
		fc.property(
			named.chain((names) =>
				fc.tuple(
					fc.constant(names),
					fc.shuffledSubarray(names, { minLength: names.length, maxLength: names.length })
				)
			),
			([names, shuffled]) => {
				const templates = templatesOf(names)
				assert.deepEqual(texts(shuffled), texts(names))
				const members = templates.flatMap((template) => template.members)
				assert.equal(new Set(members).size, members.length)
				for (const { text, members: own } of templates) {
					for (const member of own) assert.match(member, segmentPattern(text))
				}
			}
		),
		{ numRuns: 200 }
	)
})

test('directories with made-up names are one directory, and so is what lies in them', () => {
	const needs = Array.from({ length: 40 }, (_, i) => {
		const id = `${random(HEX, 8)}-${random(HEX, 4)}-4${random(HEX, 3)}-8${random(HEX, 3)}-${random(HEX, 12)}`
		return [need('create', `/srv/jobs/${id}/state.json`, [i]), need('read', `/srv/jobs/${id}/input.csv`, [i])]
	}).flat()
	const rules = generaliseFiles(needs, FACTS)
	assert.deepEqual(
		rules.map((rule) => rule.object),
		['/srv/jobs/<uuid>/input.csv', '/srv/jobs/<uuid>/state.json']
	)
	assert.match(rules[0]?.why ?? '', /stands for 40 names of one kind: new ones keep appearing/)
	assert.deepEqual(
		rules[0]?.tokens.map((token) => [token.path, token.memberCount]),
		[['/srv/jobs/<uuid>', 40]]
	)
})

test('secrets are never one of many', () => {
	const keys = Array.from({ length: 20 }, (_, i) => need('read', `/srv/tls/${random(HEX, 16)}.key`, [i]))
	assert.equal(generaliseFiles(keys, FACTS).length, 20)
})

test('tokens that observations carry pass through, and are not confused with names in brackets', () => {
	const needs = [
		need('read', '/proc/<pid>/stat'),
		need('read', '/var/log/pods/<uid>/0.log'),
		need('write', '/tmp/\\x3cint>')
	]
	assert.deepEqual(
		generaliseFiles(needs, FACTS).map((rule) => rule.object),
		['/proc/<pid>/stat', '/var/log/pods/<uid>/0.log', '/tmp/\\x3cint>']
	)
})

test('objects cover what they say', () => {
	const cases: [object: string, path: string, isCovered: boolean][] = [
		['/a/b', '/a/b', true],
		['/a/b', '/a/bc', false],
		['/a/<any>', '/a/b', true],
		['/a/<any>', '/a/b/c', false],
		['/a/<any>', '/a', false],
		['/a/<all>', '/a/b/c', true],
		['/a/<all>', '/ab', false],
		['/a/<int>.tmp', '/a/17.tmp', true],
		['/a/<int>.tmp', '/a/17xtmp', false],
		['/a/<hex>/x', '/a/a3/x', true],
		['/a/<hex>/x', '/a/abc/x', false],
		['/a/php<random>', '/a/phpAb12Cd', true],
		['/a/php<random>', '/a/php/x', false],
		['/a/<date>', '/a/2025-11-23T10:11:12Z', true],
		['/a/<date>', '/a/20251323', false],
		['/proc/<pid>/stat', '/proc/1/stat', true],
		['/proc/<pid>/stat', '/proc/<pid>/stat', true],
		['/a.b/<any>', '/axb/c', false]
	]
	for (const [object, path, isCovered] of cases)
		assert.equal(covers(object, path), isCovered, `${object} ${path}`)
})

test('a word takes fewer bits than what a machine makes up', () => {
	const perCharacter = (name: string) => literalBits(name, 0, name.length) / name.length
	for (const word of ['configuration', 'index', 'template', 'README', 'ChangeLog']) {
		assert.ok(perCharacter(word) < 5.6, `${word} ${perCharacter(word)}`)
	}
	assert.ok(perCharacter(random(BASE62, 24)) > 8)
	assert.ok(perCharacter(random(HEX, 24)) > 5.7)
})
