import { createSpotlight, Spotlight, type SpotlightActionGroupData, useSpotlight } from '@mantine/spotlight'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { policies, workloads } from '../api/queries.js'
import { classWord, stateWord } from '../show/state.js'
import { ClassIcon, StateIcon } from '../show/State.js'
import { counted, visible } from '../show/text.js'
import { places } from './Navigation.js'

const MOST_PER_GROUP = 8

const [store, palette] = createSpotlight()

export function openPalette(): void {
	palette.open()
}

/** Ctrl-K: places, workloads and policies by any part of their names. Reads its lists when first opened. */
export function Palette() {
	const [query, setQuery] = useState('')
	const [wasOpened, setWasOpened] = useState(false)
	const { opened } = useSpotlight(store)
	const navigate = useNavigate()
	const allWorkloads = useQuery({ ...workloads(), enabled: wasOpened })
	const allPolicies = useQuery({ ...policies(), enabled: wasOpened })

	const groups = useMemo((): SpotlightActionGroupData[] => {
		const words = query
			.toLowerCase()
			.split(/\s+/)
			.filter((word) => word !== '')
		const matches = (text: string) => words.every((word) => text.toLowerCase().includes(word))
		const goto = places
			.filter((place) => matches(place.label))
			.map((place) => ({
				id: place.to,
				label: place.label,
				leftSection: <place.icon size={16} aria-hidden />,
				rightSection: <kbd>g {place.key}</kbd>,
				onClick: () => void navigate({ to: place.to })
			}))
		const found = (allWorkloads.data?.items ?? [])
			.filter((workload) => matches(workload.name))
			.slice(0, MOST_PER_GROUP)
			.map((workload) => ({
				id: `workload ${workload.id}`,
				label: visible(workload.displayName),
				description: `${visible(workload.kind)}, ${counted(workload.startCount, 'start')}`,
				onClick: () =>
					void navigate({ to: '/workloads/$workload', params: { workload: workload.displayName } })
			}))
		const suggested = (words.length === 0 ? [] : (allPolicies.data?.items ?? []))
			.filter((policy) => matches(`${policy.workload} ${classWord[policy.class]} ${policy.class}`))
			.slice(0, MOST_PER_GROUP)
			.map((policy) => ({
				id: `policy ${policy.key}`,
				label: `${visible(policy.displayName)} · ${classWord[policy.class]}`,
				description: `${counted(policy.ruleCount, 'rule')}, ${stateWord[policy.state].label}`,
				leftSection: <ClassIcon of={policy.class} size={16} />,
				rightSection: <StateIcon state={policy.state} />,
				onClick: () =>
					void navigate({
						to: '/policies/$workload/$class',
						params: { workload: policy.displayName, class: policy.class }
					})
			}))
		return [
			{ group: 'Places', actions: goto },
			{ group: 'Workloads', actions: found },
			{ group: 'Policies', actions: suggested }
		].filter((group) => group.actions.length > 0)
	}, [query, allWorkloads.data, allPolicies.data, navigate])

	// Spotlight marks the first action when the query changes; these also change when an answer arrives.
	useEffect(() => {
		if (!opened || groups.length === 0) return
		const list = document.getElementById(store.getState().listId)
		if (list === null || list.querySelector('[data-selected]') !== null) return
		list.querySelector('[data-action]')?.setAttribute('data-selected', 'true')
		store.updateState((state) => ({ ...state, selected: 0 }))
	}, [groups, opened])

	return (
		<Spotlight
			store={store}
			centered={false}
			actions={groups}
			filter={(_, actions) => actions}
			query={query}
			onQueryChange={setQuery}
			onSpotlightOpen={() => setWasOpened(true)}
			nothingFound={allWorkloads.isFetching ? 'Reading…' : 'Nothing has that in its name.'}
			attributes={{ content: { 'aria-label': 'Go to' } }}
			shortcut="mod + K"
			tagsToIgnore={[]}
			lockScroll={false}
			scrollable
			maxHeight={420}
			transitionProps={{ duration: 80 }}
			overlayProps={{ backgroundOpacity: 0.3, blur: 0 }}
			searchProps={{
				leftSection: <Search size={16} aria-hidden />,
				placeholder: 'Workload, policy or place',
				'aria-label': 'Workload, policy or place'
			}}
		/>
	)
}
