import type { Facet } from './shape.js'
import type { z } from 'zod'
import { compareText } from '../../discovery/behaviour.js'

/** The filters of a list: by name, what each item has to say, and what is wanted of it. */
export interface Filter<T> {
	/** An item may have several values (the states of its classes). */
	valuesOf(item: T): readonly string[]
	wanted: string | undefined
}

/**
 * The items that pass all filters, and for each filter how many items every value would give
 * if the other filters stay: that is what a facet shows beside a value.
 */
export function filterWithFacets<T>(
	items: readonly T[],
	filters: Readonly<Record<string, Filter<T>>>
): { items: T[]; facets: Record<string, z.output<typeof Facet>[]> } {
	const entries = Object.entries(filters)
	const failures = items.map((item) =>
		entries.filter(([, filter]) => !passes(item, filter)).map(([name]) => name)
	)
	const facets: Record<string, z.output<typeof Facet>[]> = {}
	for (const [name, filter] of entries) {
		const counts = new Map<string, number>()
		for (const [i, item] of items.entries()) {
			const failed = failures[i] ?? []
			if (failed.some((one) => one !== name)) continue
			for (const value of new Set(filter.valuesOf(item))) counts.set(value, (counts.get(value) ?? 0) + 1)
		}
		facets[name] = [...counts]
			.map(([value, count]) => ({ value, count }))
			.toSorted((a, b) => compareText(a.value, b.value))
	}
	return { items: items.filter((_, i) => failures[i]?.length === 0), facets }
}

/** True when every word of the search is somewhere in one of the texts, without case. */
export function matches(search: string | undefined, texts: readonly string[]): boolean {
	if (search === undefined || search.trim() === '') return true
	const within = texts.map((text) => text.toLowerCase())
	return search
		.toLowerCase()
		.split(/\s+/)
		.filter((word) => word !== '')
		.every((word) => within.some((text) => text.includes(word)))
}

function passes<T>(item: T, filter: Filter<T>): boolean {
	return filter.wanted === undefined || filter.valuesOf(item).includes(filter.wanted)
}
