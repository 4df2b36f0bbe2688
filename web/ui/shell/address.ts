import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Parameters } from '../router.js'
import { type Chosen, splitValues } from '../table/filter.js'

/** The parameters of the address, and a way to change some of them; '' removes one. */
export function useAddress(): [Parameters, (change: Parameters) => void] {
	const parameters: Parameters = useSearch({ strict: false })
	const navigate = useNavigate()
	const change = useCallback(
		(next: Parameters) => {
			// Filters replace the history entry: Back leaves the list instead of undoing letter by letter.
			void navigate({
				to: '.',
				search: (before: Parameters) => ({ ...before, ...next }),
				replace: true,
				resetScroll: false
			})
		},
		[navigate]
	)
	return [parameters, change]
}

/** The facets that are chosen in the address. */
export function useChosen(parameters: Parameters, keys: readonly string[]): Chosen {
	return useMemo(
		() => Object.fromEntries(keys.map((key) => [key, splitValues(parameters[key] ?? '')])),
		[parameters, keys]
	)
}
