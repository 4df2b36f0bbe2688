import { ActionIcon } from '@mantine/core'
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { CircleQuestionMark, LogOut, Menu, Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { announceSignedOut, remove } from '../api/client.js'
import { complain } from './announce.js'
import { Help } from './Help.js'
import { LiveMark } from './LiveMark.js'
import { Navigation, places } from './Navigation.js'
import { openPalette, Palette } from './Palette.js'
import { SchemeSwitch } from './SchemeSwitch.js'
import { useShortcuts } from './shortcuts.js'

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

/** What is around every page: places on the left, search and state on top. */
export function Shell() {
	const [isHelpOpen, setHelpOpen] = useState(false)
	const [isNavOpen, setNavOpen] = useState(false)
	const navigate = useNavigate()
	const { pathname } = useLocation()

	// biome-ignore lint/correctness/useExhaustiveDependencies: the drawer closes whenever the place changes
	useEffect(() => setNavOpen(false), [pathname])

	useShortcuts([
		...places.map((place) => ({
			keys: `g ${place.key}`,
			label: `Go to ${place.label.toLowerCase()}`,
			group: 'Go',
			run: () => void navigate({ to: place.to })
		})),
		{ keys: '?', label: 'This help', group: 'Everywhere', run: () => setHelpOpen(true) },
		{ keys: '/', label: 'Search this list', group: 'Everywhere', run: focusSearch }
	])

	return (
		<div className="shell" data-nav-open={isNavOpen ? '' : undefined}>
			<a className="skip" href="#content">
				Skip to the content
			</a>
			<header className="top">
				<ActionIcon
					className="nav-toggle"
					variant="subtle"
					color="gray"
					aria-label="Places"
					aria-expanded={isNavOpen}
					onClick={() => setNavOpen(!isNavOpen)}
				>
					<Menu size={18} aria-hidden />
				</ActionIcon>
				<button type="button" className="top-search" onClick={openPalette}>
					<Search size={14} aria-hidden />
					<span>Go to a workload, a policy, a place…</span>
					<kbd>{isMac ? '⌘' : 'Ctrl'} K</kbd>
				</button>
				<div className="top-end">
					<LiveMark />
					<ActionIcon
						variant="subtle"
						color="gray"
						aria-label="Keyboard help"
						title="Keyboard help (?)"
						onClick={() => setHelpOpen(true)}
					>
						<CircleQuestionMark size={17} aria-hidden />
					</ActionIcon>
					<SchemeSwitch />
					<ActionIcon
						variant="subtle"
						color="gray"
						aria-label="Sign out"
						title="Sign out"
						onClick={() => void leave()}
					>
						<LogOut size={16} aria-hidden />
					</ActionIcon>
				</div>
			</header>
			<Navigation />
			<main id="content" className="content" tabIndex={-1}>
				<Outlet />
			</main>
			<Palette />
			<Help opened={isHelpOpen} onClose={() => setHelpOpen(false)} />
		</div>
	)

	async function leave(): Promise<void> {
		try {
			await remove('/session')
			announceSignedOut()
		} catch (error) {
			complain('Not signed out', error)
		}
	}
}

function focusSearch(): void {
	const input = document.querySelector<HTMLInputElement>('[data-search]')
	if (input === null) openPalette()
	else {
		input.focus()
		input.select()
	}
}
