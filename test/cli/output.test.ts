import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault, faultOf, faultText } from '../../cli/fault.js'
import { type Column, paint, type Style, safeJson, safeText, table, when } from '../../cli/output.js'
import { StoreError } from '../../collector/errors.js'
import { EnforcerError } from '../../enforcer/error.js'
import { OperationError } from '../../web/operations/error.js'

const pipe: Style = {
	terminal: false,
	coloured: false,
	width: Number.POSITIVE_INFINITY,
	nowMs: 1_700_000_000_000
}
const terminal: Style = { ...pipe, terminal: true, coloured: true, width: 24 }
type Pair = { name: string; count: number }
const columns: Column<Pair>[] = [
	{ header: 'NAME', value: (item) => item.name },
	{
		header: 'COUNT',
		value: (item) => `${item.count}`,
		colour: (item) => (item.count > 1 ? 'red' : undefined)
	},
	{ header: 'TWICE', wide: true, value: (item) => `${item.count * 2}` }
]

test('tables: as wide as their texts, wide ones with more, no spaces at the ends', () => {
	const items = [
		{ name: 'a', count: 1 },
		{ name: 'bcdef', count: 22 }
	]
	assert.equal(table(items, columns, false, pipe), 'NAME   COUNT\na      1\nbcdef  22\n')
	assert.equal(table(items, columns, true, pipe, false), 'a      1   2\nbcdef  22  44\n')
	assert.equal(table([], columns, false, pipe, false), '')
})

test('a terminal gets colours and nothing beyond its edge; a pipe gets everything', () => {
	const items = [{ name: 'x'.repeat(40), count: 2 }]
	const wide = table(items, columns, false, terminal, false)
	assert.equal(wide, `${'x'.repeat(23)}…  ${paint('', 'red', terminal)}\n`)
	assert.equal(table([{ name: 'x', count: 2 }], columns, false, terminal, false), 'x  \u001b[31m2\u001b[0m\n')
	assert.ok(table(items, columns, false, pipe, false).includes('x'.repeat(40)))
})

test('no text makes a terminal show something else than it is', () => {
	const dangerous = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
	const hostile = fc.array(
		fc.oneof(fc.string(), fc.constantFrom('\u001b[2J', '\r', '\u202e', '\u0085', '\n', '\u2066', '\0', '\\'))
	)
	fc.assert(
		fc.property(hostile, (parts) => {
			const text = parts.join('')
			assert.ok(!dangerous.test(safeText(text)))
			assert.ok(!dangerous.test(safeJson({ text }, 2).replaceAll('\n', '')))
			assert.deepEqual(JSON.parse(safeJson({ text }, 2)), { text })
			const [line, rest] = table([{ name: text, count: 1 }], columns, false, pipe, false).split('\n')
			assert.ok(line !== undefined && rest === '' && !dangerous.test(line))
		})
	)
})

test('times are RFC 3339 in files and pipes, and short at a terminal', () => {
	assert.equal(when(pipe.nowMs, pipe), '2023-11-14T22:13:20.000Z')
	const ago = (ms: number) => when(terminal.nowMs - ms, terminal)
	assert.deepEqual([0, 119_000, 120_000, 7_199_000, 7_200_000, 200_000_000, -5000].map(ago), [
		'0s ago',
		'119s ago',
		'2m ago',
		'119m ago',
		'2h ago',
		'2d ago',
		'0s ago'
	])
	assert.equal(when(null, pipe), '-')
})

test('every code of every folder ends the program in a way of its own, and a bug stays a bug', () => {
	const endings = [
		[new StoreError('missing', 'x'), 'notFound'],
		[new StoreError('owned', 'x'), 'conflict'],
		[new StoreError('read-only', 'x'), 'notAllowed'],
		[new StoreError('full', 'x'), 'unreachable'],
		[new EnforcerError('refused', 'x'), 'notAllowed'],
		[new EnforcerError('unavailable', 'x'), 'unreachable'],
		[new OperationError('not-found', 'x'), 'notFound'],
		[new OperationError('ambiguous', 'x'), 'usage']
	] as const
	for (const [error, ending] of endings) assert.equal(faultOf(error)?.ending, ending, error.code)
	assert.equal(faultOf(new TypeError('undefined is not a function')), undefined)
	assert.equal(faultOf(Object.assign(new Error('x'), { code: 'ERR_ASSERTION' })), undefined)
})

test('a fault says what, why and how to fix it', () => {
	const fault = new Fault(
		'unreachable',
		'disk',
		'The disk is away.',
		'Plug it in.',
		new Error('no such device')
	)
	assert.equal(
		faultText(fault, false),
		'whittle: The disk is away.\n  why: no such device\n  fix: Plug it in.\n'
	)
	assert.deepEqual(JSON.parse(faultText(fault, true)), {
		type: 'urn:whittle:problem:disk',
		title: 'what it needed did not answer: the service, the disk, a target',
		detail: 'The disk is away.',
		code: 'disk',
		exitCode: 7,
		why: 'no such device',
		fix: 'Plug it in.'
	})
})
