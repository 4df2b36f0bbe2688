import { Button, Checkbox, CloseButton, Popover, TextInput } from '@mantine/core'
import { ChevronDown, Search } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { count, visible } from '../show/text.js'
import type { Facet, FacetOption } from './filter.js'

const SEARCH_PAUSE_MS = 120

/** Search, facets and how many rows they leave. */
export function Toolbar<Row>({
	search,
	onSearch,
	placeholder,
	facets,
	options,
	onChoose,
	onClear,
	shown,
	total,
	more = false,
	noun,
	children
}: {
	search: string
	onSearch: (text: string) => void
	placeholder: string
	facets: readonly Facet<Row>[]
	options: ReadonlyMap<string, FacetOption[]>
	onChoose: (key: string, values: string[]) => void
	onClear: () => void
	shown: number
	total: number
	/** The service has more than this page has read. */
	more?: boolean
	noun: string
	children?: ReactNode
}) {
	const isNarrowed =
		search !== '' || facets.some((facet) => options.get(facet.key)?.some((option) => option.chosen))
	return (
		<div className="toolbar">
			<SearchInput search={search} onSearch={onSearch} placeholder={placeholder} />
			{facets.map((facet) => (
				<FacetButton
					key={facet.key}
					facet={facet}
					options={options.get(facet.key) ?? []}
					onChoose={(values) => onChoose(facet.key, values)}
				/>
			))}
			{isNarrowed && (
				<Button size="compact-xs" variant="subtle" onClick={onClear}>
					Clear
				</Button>
			)}
			<span className="toolbar-count" aria-live="polite">
				{shown === total ? count(total) : `${count(shown)} of ${count(total)}`}
				{more ? '+' : ''} {noun}
			</span>
			{children}
		</div>
	)
}

function SearchInput({
	search,
	onSearch,
	placeholder
}: {
	search: string
	onSearch: (text: string) => void
	placeholder: string
}) {
	const [text, setText] = useState(search)
	const sent = useRef(search)
	// The address may change by itself: Back, Clear, a link.
	useEffect(() => {
		if (search !== sent.current) {
			sent.current = search
			setText(search)
		}
	}, [search])
	useEffect(() => {
		if (text === sent.current) return
		const timer = setTimeout(() => {
			sent.current = text
			onSearch(text)
		}, SEARCH_PAUSE_MS)
		return () => clearTimeout(timer)
	}, [text, onSearch])
	return (
		<TextInput
			data-search
			className="toolbar-search"
			size="xs"
			type="search"
			aria-label={placeholder}
			placeholder={placeholder}
			leftSection={<Search size={14} aria-hidden />}
			rightSection={
				text === '' ? (
					<kbd aria-hidden>/</kbd>
				) : (
					<CloseButton size="xs" aria-label="Clear the search" onClick={() => setText('')} />
				)
			}
			value={text}
			onChange={(event) => setText(event.currentTarget.value)}
			onKeyDown={(event) => {
				if (event.key !== 'Escape') return
				if (text === '') event.currentTarget.blur()
				else setText('')
			}}
		/>
	)
}

function FacetButton<Row>({
	facet,
	options,
	onChoose
}: {
	facet: Facet<Row>
	options: readonly FacetOption[]
	onChoose: (values: string[]) => void
}) {
	const id = useId()
	const chosen = options.filter((option) => option.chosen).map((option) => option.value)
	const labelOf = (value: string) => (value === '' ? 'none' : visible(facet.labelOf?.(value) ?? value))
	const [first] = chosen
	return (
		<Popover position="bottom-start" trapFocus returnFocus transitionProps={{ duration: 80 }} shadow="md">
			<Popover.Target>
				<Button
					size="xs"
					variant={chosen.length > 0 ? 'light' : 'default'}
					rightSection={<ChevronDown size={13} aria-hidden />}
					className="facet"
				>
					{facet.label}
					{first !== undefined && (
						<span className="facet-value">
							{labelOf(first)}
							{chosen.length > 1 ? ` +${chosen.length - 1}` : ''}
						</span>
					)}
				</Button>
			</Popover.Target>
			<Popover.Dropdown aria-labelledby={id} className="facet-menu">
				<div className="facet-head">
					<span id={id}>{facet.label}</span>
					{chosen.length > 0 && (
						<Button size="compact-xs" variant="subtle" onClick={() => onChoose([])}>
							Any
						</Button>
					)}
				</div>
				{options.length === 0 && <p className="faint">Nothing to choose from.</p>}
				<ul>
					{options.map((option) => (
						<li key={option.value}>
							<Checkbox
								size="xs"
								label={
									<span className="facet-option">
										<bdi>{labelOf(option.value)}</bdi>
										<span className="facet-count">{count(option.count)}</span>
									</span>
								}
								checked={option.chosen}
								onChange={() =>
									onChoose(
										option.chosen
											? chosen.filter((value) => value !== option.value)
											: [...chosen, option.value]
									)
								}
							/>
						</li>
					))}
				</ul>
			</Popover.Dropdown>
		</Popover>
	)
}
