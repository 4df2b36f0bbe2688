import type { Verb } from '../../collector/observation.js'
import { VERBS } from '../../discovery/behaviour.js'
import type { Image } from './image.js'
import type { Random } from './random.js'

/**
 * One act of a program, written as `VERB OBJECT [by SOURCE]`; names in braces are filled in anew each
 * time (`/tmp/php{rand6}`), except `{file:DIR}`, which is one of the image's own files below DIR, chosen
 * when the workload is made. The text is the truth: `pattern` matches everything it can ever be.
 */
export interface Act {
	verb: Verb
	source: string
	/** The object as written; acts that share it speak of the same file. */
	text: string
	/** The object, when it is always the same. */
	fixed: string | null
	emit(random: Random, hour: number): string
	/** Matches every object that it can emit. */
	pattern: RegExp
}

/** Reads an act; `main` is the source when none is named. */
export function parseAct(text: string, main: string, image: Image, random: Random): Act {
	const [, verb, rest = '', by] = /^(\S+) (.*?)(?: by (\S+))?$/.exec(text) ?? []
	const known = VERBS.find((one) => one === verb)
	if (known === undefined) throw new Error(`no act: ${text}`)
	const object = rest
		.replace(/\{file:([^}]+)\}/g, (_, directory: string) => pickFile(directory, image, random))
		.replace(/\{build:([^}]+)\}/g, (_, name: string) => drawn(name, random, 0))
	const parts = object.split(/\{([^}]+)\}/)
	const pattern = parts.map((part, at) => (at % 2 === 0 ? escapeRegExp(part) : patternOf(part)))
	return {
		verb: known,
		source: by ?? main,
		text: object,
		fixed: parts.length === 1 ? object : null,
		emit: (now, hour) => parts.map((part, at) => (at % 2 === 0 ? part : drawn(part, now, hour))).join(''),
		pattern: new RegExp(`^${pattern.join('')}$`)
	}
}

function pickFile(directory: string, image: Image, random: Random): string {
	const files = [...image.below(directory)]
	if (files.length === 0) throw new Error(`the ${image.kind} image has no files below ${directory}`)
	return random.pick(files)
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const ALPHABETS: Readonly<Record<string, string>> = {
	rand: `${LETTERS}${LETTERS.toUpperCase()}0123456789`,
	low: `${LETTERS}0123456789`,
	hex: '0123456789abcdef',
	digits: '0123456789'
}

/** `rand6`, `low26`, `hex32`, `digits5`: so many characters of an alphabet. */
const RUN = /^(rand|low|hex|digits)(\d+)$/
/** `of17`: one of 17 numbers between 1 and 254; `under500`: a number below 500. */
const NUMBER = /^(of|under)(\d+)$/

function drawn(token: string, random: Random, hour: number): string {
	const [, alphabet = '', length] = RUN.exec(token) ?? []
	const letters = ALPHABETS[alphabet]
	if (letters !== undefined) {
		return Array.from({ length: Number(length) }, () => letters[random.integer(0, letters.length - 1)]).join(
			''
		)
	}
	const [, kind, count] = NUMBER.exec(token) ?? []
	if (kind === 'of') return String(numbersOf(Number(count))[random.integer(0, Number(count) - 1)])
	if (kind === 'under') return String(random.integer(0, Number(count) - 1))
	switch (token) {
		case 'uuid': {
			const hex = (length: number) => drawn(`hex${length}`, random, hour)
			return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
		}
		case 'date':
			return isoDay(hour)
		case 'day':
			return isoDay(hour).replaceAll('-', '')
		case 'segment':
			// A write-ahead log's next file: its number grows with time.
			return `00000001${Math.floor(hour / 4)
				.toString(16)
				.toUpperCase()
				.padStart(16, '0')}`
		case 'version':
			return `${random.integer(1, 3)}.${random.integer(0, 12)}.${random.integer(0, 20)}`
		default:
			throw new Error(`no such name to fill in: {${token}}`)
	}
}

function isoDay(hour: number): string {
	return new Date(hour * 3_600_000).toISOString().slice(0, 10)
}

/** Spread over a last octet, always the same ones. */
function numbersOf(count: number): number[] {
	return Array.from({ length: count }, (_, at) => 1 + Math.floor((at * 254) / count))
}

function patternOf(token: string): string {
	const [, alphabet, length] = RUN.exec(token) ?? []
	if (alphabet === 'digits') return `[0-9]{${length}}`
	if (alphabet === 'hex') return `[0-9a-f]{${length}}`
	if (alphabet !== undefined) return `[${alphabet === 'low' ? 'a-z0-9' : 'A-Za-z0-9'}]{${length}}`
	const [, kind, count] = NUMBER.exec(token) ?? []
	if (kind === 'of') return `(?:${numbersOf(Number(count)).join('|')})`
	if (kind === 'under') return '[0-9]+'
	if (token === 'uuid') return '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
	if (token === 'date') return '[0-9]{4}-[0-9]{2}-[0-9]{2}'
	if (token === 'day') return '[0-9]{8}'
	if (token === 'segment') return '[0-9A-F]{24}'
	return '[0-9]+\\.[0-9]+\\.[0-9]+'
}

function escapeRegExp(text: string): string {
	return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
