import { literalBits } from './name-bits.js'

/** A name among its siblings; `unit` names the only hour or start in which it was seen, if there is only one. */
export interface Named {
	name: string
	unit: string | null
}

/** Siblings that are one name with a part that a machine makes up: `php<random>`. */
export interface Template {
	/** The segment with its tokens. */
	text: string
	/** Names that it replaces, in the order of the input. */
	members: string[]
	/** How many bits shorter the names are when they are told by the template. */
	gainBits: number
}

/** Fewer distinct names prove no class. */
const MEMBERS_MIN = 4
/** The class must still be producing: names of so many different hours or starts that were seen in no other. */
const UNITS_MIN = 3
/** The shorter description must be shorter by so much; of random text, so much per character. */
const GAIN_BITS = 32
const RANDOM_GAIN_BITS = 2
const RANDOM_LENGTH_MIN = 4

/**
 * The classes of made-up names among the children of one directory. Whether siblings are one class is
 * decided by how much shorter they can be told (minimum description length) and by whether new ones still
 * appear, never by how many there are. Independent of the order of the names; each is in one template at most.
 */
export function templatesOf(names: readonly Named[]): Template[] {
	if (names.length < MEMBERS_MIN || !isProducing(names)) return []
	const templates = shapesOf(names).flatMap((group) => accepted(templateOf(group), group))
	const typed = new Set(templates.flatMap((template) => template.members))
	const rest = names.filter((one) => !typed.has(one.name))
	templates.push(...randomTemplates(rest))
	return templates.sort((a, b) => (a.text < b.text ? -1 : 1))
}

/** Tokens stand for themselves, and an escape (`\\x3c`) must not be cut. */
function isPlain(name: string): boolean {
	return !name.includes('<') && !name.includes('\\')
}

function isProducing(names: readonly Named[]): boolean {
	const units = new Set<string>()
	for (const { unit } of names) {
		if (unit !== null) units.add(unit)
		if (units.size >= UNITS_MIN) return true
	}
	return false
}

function accepted(template: Template, group: readonly Named[]): Template[] {
	const isClass = group.length >= MEMBERS_MIN && isProducing(group) && template.gainBits > GAIN_BITS
	return isClass ? [template] : []
}

/** A name cut into literal text and what may be made up: literals[0] tokens[0] literals[1] … */
interface Shaped extends Named {
	literals: string[]
	tokens: { text: string; at: number }[]
}

type Kind = 'uuid' | 'date' | 'semver' | 'hex' | 'hex2' | 'int'
/** One group: the same literal text and the same kinds of tokens. */
interface Group {
	kinds: Kind[]
	members: Shaped[]
}

/** In the order of the groups of `SHAPE`. */
const KINDS: readonly Kind[] = ['uuid', 'date', 'semver', 'hex', 'hex2', 'int']
const SHAPE = new RegExp(
	[
		'((?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z]))',
		'((?<![0-9])20[0-9]{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12][0-9]|3[01])(?:[T_.-]?(?:[01][0-9]|2[0-3])[:_.-]?[0-5][0-9](?:[:_.-]?[0-5][0-9](?:[.,_][0-9]+)?)?Z?)?(?![0-9]))',
		'((?<![0-9.])[0-9]+\\.[0-9]+\\.[0-9]+(?!\\.?[0-9]))',
		'((?<![0-9A-Za-z])(?:[0-9a-f]{8,}|[0-9A-F]{8,})(?![0-9A-Za-z]))',
		'(^[0-9a-f]{2}$)',
		'([0-9]+)'
	].join('|'),
	'g'
)

function shapesOf(names: readonly Named[]): Shaped[][] {
	const groups = new Map<string, Group>()
	for (const one of names) {
		if (!isPlain(one.name)) continue
		const { shaped, kinds } = shapeOf(one)
		if (kinds.length > 0) addTo(groups, shaped, kinds)
	}
	// Digits alone are a number, unless their siblings show that they are hexadecimal by accident.
	for (const [key, group] of [...groups]) {
		const isNumber = group.kinds.map((kind, position) => isAllDigits(kind, group, position))
		if (!isNumber.includes(true)) continue
		groups.delete(key)
		const kinds = group.kinds.map((kind, position): Kind => (isNumber[position] ? 'int' : kind))
		for (const member of group.members) addTo(groups, member, kinds)
	}
	return [...groups.values()].map((group) => group.members)
}

function shapeOf(one: Named): { shaped: Shaped; kinds: Kind[] } {
	const shaped: Shaped = { name: one.name, unit: one.unit, literals: [], tokens: [] }
	const kinds: Kind[] = []
	// Most names are words, or words with plain numbers, and need no closer look.
	if (!SPECIAL.test(one.name)) {
		cutNumbers(shaped, kinds)
		return { shaped, kinds }
	}
	let end = 0
	for (const match of one.name.matchAll(SHAPE)) {
		shaped.literals.push(one.name.slice(end, match.index))
		shaped.tokens.push({ text: match[0], at: match.index })
		end = match.index + match[0].length
		kinds.push(KINDS[match.indexOf(match[0], 1) - 1] ?? 'int')
	}
	shaped.literals.push(one.name.slice(end))
	return { shaped, kinds }
}

/** Anything but a plain number may be in it: two letters alone, eight digits of any kind, a date, a version. */
const SPECIAL = /^[0-9a-f]{2}$|[0-9a-fA-F]{8}|20[0-9]{2}|[0-9]\.[0-9]+\.[0-9]/

function cutNumbers({ name, literals, tokens }: Shaped, kinds: Kind[]): void {
	let end = 0
	for (let at = 0; at < name.length; at++) {
		if (!isDigit(name.charCodeAt(at))) continue
		const from = at
		while (at < name.length && isDigit(name.charCodeAt(at))) at++
		literals.push(name.slice(end, from))
		tokens.push({ text: name.slice(from, at), at: from })
		kinds.push('int')
		end = at
	}
	if (kinds.length > 0) literals.push(name.slice(end))
}

function isDigit(code: number): boolean {
	return code >= 48 && code <= 57
}

function addTo(groups: Map<string, Group>, member: Shaped, kinds: Kind[]): void {
	const key = member.literals.join('\0') + kinds.join()
	const group = groups.get(key)
	if (group) group.members.push(member)
	else groups.set(key, { kinds, members: [member] })
}

function isAllDigits(kind: Kind, group: Group, position: number): boolean {
	if (kind !== 'hex' && kind !== 'hex2') return false
	return group.members.every((member) => /^[0-9]+$/.test(member.tokens[position]?.text ?? ''))
}

/** What is the same in all members becomes literal again; the rest is told by its class. */
function templateOf(members: readonly Shaped[]): Template {
	const [first] = members
	const positions = (first?.tokens ?? []).map((token, position) => {
		const texts = members.map((member) => member.tokens[position]?.text ?? '')
		return { token, texts, varies: texts.some((text) => text !== token.text) }
	})
	let text = first?.literals[0] ?? ''
	let gainBits = 0
	for (const [position, { token, texts, varies }] of positions.entries()) {
		const kind = varies ? classOf(texts) : null
		text += kind === null ? token.text : `<${kind === 'hex2' ? 'hex' : kind}>`
		text += first?.literals[position + 1] ?? ''
		if (kind === null) continue
		const lengthBits = lengthBitsOf(texts)
		for (const member of members) {
			const { text: own = '', at = 0 } = member.tokens[position] ?? {}
			gainBits += literalBits(member.name, at, at + own.length) - classBits(kind, own) - lengthBits
		}
	}
	return { text, members: members.map((member) => member.name), gainBits }
}

/** The narrowest class that holds all texts of one position. */
function classOf(texts: readonly string[]): Kind {
	for (const [kind, pattern] of CLASS_PATTERNS) if (texts.every((text) => pattern.test(text))) return kind
	return 'int'
}

const CLASS_PATTERNS: readonly [Kind, RegExp][] = [
	['uuid', /^[0-9a-fA-F]{8}-/],
	['date', /^20[0-9]{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12][0-9]|3[01])(?![0-9])/],
	['semver', /^[0-9]+\.[0-9]+\.[0-9]+$/],
	['int', /^[0-9]+$/],
	['hex2', /^[0-9a-f]{2}$/],
	['hex', /^[0-9a-fA-F]{8,}$/]
]

const DIGIT_BITS = Math.log2(10)
/** A day of a century; a second of a day. */
const DAY_BITS = Math.log2(36_525)
const SECOND_BITS = Math.log2(86_400)

function classBits(kind: Kind, text: string): number {
	switch (kind) {
		case 'uuid':
			return 128
		case 'date':
			return DAY_BITS + (text.length > 10 ? SECOND_BITS : 0) + Math.max(0, text.length - 19) * DIGIT_BITS
		case 'hex':
		case 'hex2':
			return 4 * text.length
		case 'semver':
			return DIGIT_BITS * (text.length - 2)
		case 'int':
			return DIGIT_BITS * text.length
	}
}

/** What it takes to say how long each text is, when they differ in length. */
function lengthBitsOf(texts: readonly string[]): number {
	let [low, high] = [Infinity, 0]
	for (const { length } of texts) {
		low = Math.min(low, length)
		high = Math.max(high, length)
	}
	return Math.log2(high - low + 1)
}

/** A name with the part that looks most like a machine's: its longest run of letters, digits and `_`. */
interface Run extends Named {
	at: number
	run: string
}

function randomTemplates(names: readonly Named[]): Template[] {
	if (names.length < MEMBERS_MIN || !isProducing(names)) return []
	const groups = new Map<string, Run[]>()
	for (const one of names) {
		const found = isPlain(one.name) ? longestRun(one) : null
		if (!found) continue
		const key = `${one.name.slice(0, found.at)}\0${one.name.slice(found.at + found.run.length)}`
		const group = groups.get(key)
		if (group) group.push(found)
		else groups.set(key, [found])
	}
	return [...groups.values()].flatMap((group) =>
		clustersOf(group).flatMap((cluster) => randomTemplate(cluster))
	)
}

function longestRun(one: Named): Run | null {
	let longest: Run | null = null
	for (const match of one.name.matchAll(/[A-Za-z0-9_]{4,}/g)) {
		if (!longest || match[0].length >= longest.run.length)
			longest = { ...one, at: match.index, run: match[0] }
	}
	return longest
}

/** Runs by a common beginning (`php…`, `tmp…`); those without company together. */
function clustersOf(group: readonly Run[]): Run[][] {
	if (group.length < MEMBERS_MIN) return []
	const byStart = new Map<string, Run[]>()
	for (const one of group) {
		const start = one.run.slice(0, START_LENGTH)
		const cluster = byStart.get(start)
		if (cluster) cluster.push(one)
		else byStart.set(start, [one])
	}
	const clusters = [...byStart.values()].filter((cluster) => cluster.length >= MEMBERS_MIN)
	const alone = [...byStart.values()].filter((cluster) => cluster.length < MEMBERS_MIN).flat()
	return alone.length >= MEMBERS_MIN ? [...clusters, alone] : clusters
}

const START_LENGTH = 3

function randomTemplate(cluster: readonly Run[]): Template[] {
	const random = cluster.filter((one) => {
		const gain = literalBits(one.name, one.at, one.at + one.run.length) - randomBits(one.run)
		return gain > 0
	})
	if (random.length < MEMBERS_MIN || !isProducing(random)) return []
	const runs = random.map((one) => one.run)
	const before = commonStart(runs)
	const after = commonEnd(runs.map((run) => run.slice(before)))
	const texts = runs.map((run) => run.slice(before, run.length - after))
	if (texts.some((text) => text.length < RANDOM_LENGTH_MIN)) return []
	const lengthBits = lengthBitsOf(texts)
	const alphabetBits = alphabetBitsOf(texts)
	let [gainBits, length] = [0, 0]
	for (const [index, { name, at }] of random.entries()) {
		const text = texts[index] ?? ''
		gainBits += literalBits(name, at + before, at + before + text.length)
		gainBits -= alphabetBits * text.length + lengthBits
		length += text.length
	}
	if (gainBits <= GAIN_BITS || gainBits < RANDOM_GAIN_BITS * length) return []
	const [first] = random
	if (!first) return []
	const text =
		first.name.slice(0, first.at + before) +
		'<random>' +
		first.name.slice(first.at + first.run.length - after)
	return [{ text, members: random.map((one) => one.name), gainBits }]
}

function randomBits(text: string): number {
	return alphabetBitsOf([text]) * text.length
}

/** Bits per character of the smallest usual alphabet that holds all texts. */
function alphabetBitsOf(texts: readonly string[]): number {
	const all = texts.join('')
	let size = 0
	if (/[a-z]/.test(all)) size += 26
	if (/[A-Z]/.test(all)) size += 26
	if (/[0-9]/.test(all)) size += 10
	if (all.includes('_')) size += 1
	return Math.log2(Math.max(size, 2))
}

function commonStart(texts: readonly string[]): number {
	const [first = ''] = texts
	let length = first.length
	for (const text of texts) {
		let same = 0
		while (same < length && text[same] === first[same]) same++
		length = same
	}
	return length
}

function commonEnd(texts: readonly string[]): number {
	return commonStart(texts.map((text) => [...text].reverse().join('')))
}
