import assert from 'node:assert/strict'
import { readDataFile } from '../../data-file.js'

/**
 * How many bits it takes to say `name[from..to)` for somebody who knows which names people give to
 * files (bigrams of Debian's file lists, `bench/learning/train-bigrams.ts`): few for words, many for
 * what a machine made up.
 */
export function literalBits(name: string, from: number, to: number): number {
	const { bits, caseSame, caseChange } = model()
	let before = from === 0 ? EDGE : symbolOf(name.charCodeAt(from - 1))
	let caseBefore = from === 0 ? 0 : caseOf(name.charCodeAt(from - 1))
	let sum = 0
	for (let at = from; at < to; at++) {
		const code = name.charCodeAt(at)
		const symbol = symbolOf(code)
		sum += bits[before * SYMBOLS + symbol] ?? 0
		const letterCase = caseOf(code)
		if (letterCase !== 0 && caseBefore !== 0) sum += letterCase === caseBefore ? caseSame : caseChange
		caseBefore = letterCase
		before = symbol
	}
	return sum
}

const SYMBOLS = 38
const OTHER = 36
const EDGE = 37

function symbolOf(code: number): number {
	if (code >= 97 && code <= 122) return code - 97
	if (code >= 65 && code <= 90) return code - 65
	return code >= 48 && code <= 57 ? code - 48 + 26 : OTHER
}

/** 1 for a small letter, 2 for a capital, 0 for anything else. */
function caseOf(code: number): 0 | 1 | 2 {
	if (code >= 97 && code <= 122) return 1
	return code >= 65 && code <= 90 ? 2 : 0
}

interface Model {
	/** −log2 P(next | before), row by row. */
	bits: Float64Array
	caseSame: number
	caseChange: number
}

let loaded: Model | undefined

function model(): Model {
	loaded ??= parsed(readDataFile('discovery/learn/paths/bigrams.json'))
	return loaded
}

function parsed(file: unknown): Model {
	assert(typeof file === 'object' && file !== null && 'bits' in file && Array.isArray(file.bits))
	assert('caseSame' in file && typeof file.caseSame === 'number')
	assert('caseChange' in file && typeof file.caseChange === 'number')
	const bits = Float64Array.from(file.bits.flat().map(Number))
	assert(bits.length === SYMBOLS * SYMBOLS && bits.every(Number.isFinite), 'bigrams.json holds 38 × 38 bits')
	return { bits, caseSame: file.caseSame, caseChange: file.caseChange }
}
