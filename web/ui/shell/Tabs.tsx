import { Link } from '@tanstack/react-router'
import { count } from '../show/text.js'

export interface Tab {
	id: string
	label: string
	count?: number | undefined
}

/**
 * Parts of a page as links, so that each has an address. What one part narrowed or sorted means nothing in
 * another, so those parameters go; `keep` stays.
 */
export function Tabs({
	tabs,
	current,
	label,
	keep = {}
}: {
	tabs: readonly Tab[]
	current: string
	label: string
	keep?: Record<string, string>
}) {
	return (
		<nav className="tab-list" aria-label={label}>
			{tabs.map((tab) => (
				<Link
					key={tab.id}
					to="."
					search={{ ...keep, tab: tab.id }}
					replace
					className="tab"
					aria-current={tab.id === current ? 'page' : undefined}
					activeOptions={{ includeSearch: true }}
				>
					{tab.label}
					{tab.count !== undefined && <span className="badge">{count(tab.count)}</span>}
				</Link>
			))}
		</nav>
	)
}

/** The tab that the address names, or the first. */
export function currentTab(tabs: readonly Tab[], parameter: string | undefined): string {
	return tabs.find((tab) => tab.id === parameter)?.id ?? tabs[0]?.id ?? ''
}
