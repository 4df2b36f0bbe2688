import { type Command, Option } from 'commander'
import { usage } from './fault.js'

export type Format = 'table' | 'wide' | 'name' | 'json' | 'ndjson' | 'yaml'
const FORMATS: Format[] = ['table', 'wide', 'name', 'json', 'ndjson', 'yaml']

/** How one kind of thing is listed. */
export interface Listing<T> {
	/** `WorkloadList`: the kind of the JSON object that holds the items. */
	kind: string
	/** `workload/NAME`, as `-o name` prints it. */
	name(item: T): string
	columns: Column<T>[]
	/** What is said (on standard error) when there is nothing. */
	empty: string
}

export interface Column<T> {
	header: string
	/** Only with `-o wide`. */
	wide?: boolean
	value(item: T, style: Style): string
	colour?(item: T): Colour | undefined
}

export type Colour = 'red' | 'yellow' | 'green' | 'dim'

/** What the other end of standard output can show. */
export interface Style {
	terminal: boolean
	coloured: boolean
	/** Columns of the terminal; unlimited elsewhere, so that nothing is cut in files and pipes. */
	width: number
	nowMs: number
}

/** Adds `-o` to a verb. */
export function addOutputOption(command: Command, formats: Format[] = FORMATS): Command {
	const choice = new Option('-o, --output <format>', 'how to print it').choices(formats)
	return command.addOption(choice.default(formats[0] ?? 'table'))
}

/** The style of standard output: `--color`, NO_COLOR, FORCE_COLOR, and whether it is a terminal. */
export function styleOf(color: string, nowMs: number): Style {
	const terminal = process.stdout.isTTY === true
	const wanted = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0'
	const unwanted = (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb'
	const coloured = color === 'always' || (color === 'auto' && !unwanted && (wanted || terminal))
	return { terminal, coloured, width: terminal ? process.stdout.columns : Number.POSITIVE_INFINITY, nowMs }
}

/** Prints pages of items in the asked format; ndjson is written as the pages come. */
export async function printList<T>(
	pages: AsyncIterable<T[]>,
	listing: Listing<T>,
	format: Format,
	style: Style,
	headers = true
): Promise<number> {
	const items: T[] = []
	let count = 0
	for await (const page of pages) {
		count += page.length
		if (format === 'ndjson') for (const item of page) print(`${safeJson(item)}\n`)
		else if (format === 'name') for (const item of page) print(`${safeText(listing.name(item))}\n`)
		else items.push(...page)
	}
	if (format === 'json') print(`${safeJson({ kind: listing.kind, items }, 2)}\n`)
	else if (format === 'yaml') print(await yamlText({ kind: listing.kind, items }))
	else if (format === 'table' || format === 'wide') {
		if (items.length > 0) print(table(items, listing.columns, format === 'wide', style, headers))
		else note(listing.empty)
	}
	return count
}

/** Prints one object in the asked format; `people` gives the lines of the table formats. */
export async function printOne<T>(
	item: T,
	format: Format,
	listing: Pick<Listing<T>, 'name'>,
	people: () => string
): Promise<void> {
	if (format === 'json') print(`${safeJson(item, 2)}\n`)
	else if (format === 'ndjson') print(`${safeJson(item)}\n`)
	else if (format === 'yaml') print(await yamlText(item))
	else if (format === 'name') print(`${safeText(listing.name(item))}\n`)
	else print(people())
}

/** Columns two spaces apart, the last one cut at the edge of a terminal. */
export function table<T>(
	items: readonly T[],
	columns: readonly Column<T>[],
	wide: boolean,
	style: Style,
	headers = true
): string {
	const shown = columns.filter((column) => wide || column.wide !== true)
	const rows = items.map((item) => ({
		texts: shown.map((column) => safeText(column.value(item, style))),
		colours: shown.map((column) => column.colour?.(item))
	}))
	if (headers)
		rows.unshift({ texts: shown.map((column) => column.header), colours: shown.map(() => undefined) })
	const widths = shown.map((_, i) => Math.max(0, ...rows.map((row) => [...(row.texts[i] ?? '')].length)))
	return rows
		.map(({ texts, colours }) => {
			let room = style.width
			const cells = texts.map((text, i) => {
				const last = i === texts.length - 1
				const cut = shorten(text, Math.max(room, 0))
				const padded = last ? cut : cut.padEnd(Math.min(widths[i] ?? 0, Math.max(room, 0)))
				room -= (widths[i] ?? 0) + 2
				return paint(padded, colours[i], style)
			})
			return `${cells.join('  ').trimEnd()}\n`
		})
		.join('')
}

/** `3m ago` at a terminal, RFC 3339 elsewhere. */
export function when(ms: number | null, style: Style): string {
	if (ms === null) return '-'
	if (!style.terminal) return new Date(ms).toISOString()
	const seconds = Math.max(0, Math.round((style.nowMs - ms) / 1000))
	const units: [number, string][] = [
		[86_400, 'd'],
		[3600, 'h'],
		[60, 'm']
	]
	const unit = units.find(([size]) => seconds >= size * 2)
	return unit === undefined ? `${seconds}s ago` : `${Math.floor(seconds / unit[0])}${unit[1]} ago`
}

export function paint(text: string, colour: Colour | undefined, style: Style): string {
	if (!style.coloured || colour === undefined) return text
	const code = { red: 31, yellow: 33, green: 32, dim: 2 }[colour]
	return `\u001b[${code}m${text}\u001b[0m`
}

/** Data: to standard output. */
export function print(text: string): void {
	process.stdout.write(text)
}

/** Everything that is not data: to standard error. */
export function note(sentence: string): void {
	process.stderr.write(`${safeText(sentence)}\n`)
}

/** Control and bidirectional characters could make a terminal show something else: `\xNN`, `\u{…}`. */
export function safeText(text: string): string {
	return text.replace(UNSAFE, (character) => {
		const point = character.codePointAt(0) ?? 0
		return point < 256 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`
	})
}

/** Control characters (C0, DEL, C1) and the bidirectional ones of Unicode UAX 9; not the line feed of our own lines. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** JSON that a terminal shows as what it is. */
export function safeJson(value: unknown, indent?: number): string {
	const text = JSON.stringify(value, undefined, indent)
	if (text === undefined) throw usage('There is nothing to print.', 'This is a bug; please report it.')
	return text
		.split('\n')
		.map((line) =>
			line.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
		)
		.join('\n')
}

/** YAML; what YAML would write raw and unsafe is written as JSON, which is YAML too. */
async function yamlText(value: unknown): Promise<string> {
	const { dump } = await import('js-yaml')
	const plain: unknown = JSON.parse(JSON.stringify(value))
	const text = dump(plain, { lineWidth: -1 })
	const lines = text.split('\n').join('')
	return lines.search(UNSAFE) !== -1 ? `${safeJson(plain, 2)}\n` : text
}

function shorten(text: string, width: number): string {
	const letters = [...text]
	if (letters.length <= width) return text
	return width < 1 ? '' : `${letters.slice(0, width - 1).join('')}…`
}
