/** One way to narrow a list: the values that a row has, and how they are said. */
export interface Facet<Row> {
	/** Also the name of its parameter in the address. */
	key: string
	label: string
	valuesOf(row: Row): readonly string[]
	labelOf?(value: string): string
	/** Values in the order in which people list them; others follow by count. */
	order?: readonly string[]
}

export interface FacetOption {
	value: string
	/** Rows that would be shown with this value, given everything else that is chosen. */
	count: number
	chosen: boolean
}

export interface Filtered<Row> {
	rows: Row[]
	options: ReadonlyMap<string, FacetOption[]>
}

/** What is chosen, by facet key; a facet that is absent or empty narrows nothing. */
export type Chosen = Readonly<Record<string, readonly string[]>>

/**
 * Narrows rows by facets and words in one pass. Within a facet values add up, between facets they must all
 * hold, and every word of the search must occur. A value's count is what choosing it would show.
 */
export function filterRows<Row>(
	rows: readonly Row[],
	facets: readonly Facet<Row>[],
	chosen: Chosen,
	search: string,
	textOf: (row: Row) => string
): Filtered<Row> {
	const words = search
		.toLowerCase()
		.split(/\s+/)
		.filter((word) => word !== '')
	const wanted = facets.map((facet) => new Set(chosen[facet.key] ?? []))
	const counts = facets.map(() => new Map<string, number>())
	const kept: Row[] = []

	for (const row of rows) {
		const text = words.length === 0 ? '' : textOf(row)
		if (!words.every((word) => text.includes(word))) continue
		const values = facets.map((facet) => facet.valuesOf(row))
		const failing: number[] = []
		for (const [index, set] of wanted.entries()) {
			if (set.size > 0 && !values[index]?.some((value) => set.has(value))) failing.push(index)
		}
		if (failing.length === 0) kept.push(row)
		for (const [index, ofRow] of values.entries()) {
			if (failing.length > 1 || (failing.length === 1 && failing[0] !== index)) continue
			const tally = counts[index]
			for (const value of ofRow) tally?.set(value, (tally.get(value) ?? 0) + 1)
		}
	}

	const options = new Map<string, FacetOption[]>()
	for (const [index, facet] of facets.entries()) {
		options.set(facet.key, optionsOf(facet, wanted[index] ?? new Set(), counts[index] ?? new Map()))
	}
	return { rows: kept, options }
}

function optionsOf<Row>(
	facet: Facet<Row>,
	wanted: ReadonlySet<string>,
	tally: ReadonlyMap<string, number>
): FacetOption[] {
	// A chosen value stays in the list even when nothing has it any more, or it could not be taken back.
	const values = new Set([...tally.keys(), ...wanted])
	const rank = new Map((facet.order ?? []).map((value, index) => [value, index]))
	const unranked = rank.size
	return [...values]
		.map((value) => ({ value, count: tally.get(value) ?? 0, chosen: wanted.has(value) }))
		.sort(
			(a, b) =>
				(rank.get(a.value) ?? unranked) - (rank.get(b.value) ?? unranked) ||
				b.count - a.count ||
				(a.value < b.value ? -1 : a.value > b.value ? 1 : 0)
		)
}

/** Lower-case text of each row for the search, made once per row object. */
export function textCache<Row extends object>(
	partsOf: (row: Row) => readonly string[]
): (row: Row) => string {
	const texts = new WeakMap<Row, string>()
	return (row) => {
		const known = texts.get(row)
		if (known !== undefined) return known
		const text = partsOf(row).join('\n').toLowerCase()
		texts.set(row, text)
		return text
	}
}

/** Several values as one parameter of the address; commas and backslashes inside them are escaped. */
export function joinValues(values: readonly string[]): string {
	return values.map((value) => value.replace(/[\\,]/g, (character) => `\\${character}`)).join(',')
}

/** The other way round; '' is no values. */
export function splitValues(text: string): string[] {
	if (text === '') return []
	const values: string[] = []
	let value = ''
	for (let index = 0; index < text.length; index += 1) {
		const character = text.charAt(index)
		if (character === '\\' && index + 1 < text.length) {
			index += 1
			value += text.charAt(index)
		} else if (character === ',') {
			values.push(value)
			value = ''
		} else value += character
	}
	values.push(value)
	return values
}
