import { useEffect, useRef } from 'react'

/** A key, or two in sequence (`g s`), as `KeyboardEvent.key` names them. */
export interface Shortcut {
	keys: string
	label: string
	group: string
	run(): void
}

const OFF_KEY = 'whittle-single-keys'
const SEQUENCE_MS = 1200

interface Registration {
	shortcuts: () => readonly Shortcut[]
}

const registrations: Registration[] = []
let pending: { key: string; untilMs: number } | null = null

/**
 * Registers shortcuts while the component lives. The latest registration wins, so a page overrides the shell.
 * They rest while a person types, while a dialog is open, and when switched off (WCAG 2.2, 2.1.4).
 */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
	const latest = useRef(shortcuts)
	latest.current = shortcuts
	useEffect(() => {
		const registration = { shortcuts: () => latest.current }
		registrations.push(registration)
		if (registrations.length === 1) document.addEventListener('keydown', onKeyDown)
		return () => {
			registrations.splice(registrations.indexOf(registration), 1)
			if (registrations.length === 0) document.removeEventListener('keydown', onKeyDown)
		}
	}, [])
}

/** Everything that works now, for the help: each key once, the winning one. */
export function activeShortcuts(): Shortcut[] {
	const byKeys = new Map<string, Shortcut>()
	for (const registration of registrations) {
		for (const shortcut of registration.shortcuts()) byKeys.set(shortcut.keys, shortcut)
	}
	return [...byKeys.values()]
}

export function singleKeysAreOn(): boolean {
	try {
		return window.localStorage.getItem(OFF_KEY) !== 'off'
	} catch {
		return true
	}
}

/** Remembered per browser; without storage it lasts as long as the page does not reload. */
export function switchSingleKeys(on: boolean): void {
	try {
		window.localStorage.setItem(OFF_KEY, on ? 'on' : 'off')
	} catch (error) {
		console.warn('This browser keeps no settings for this page:', error)
	}
}

function onKeyDown(event: KeyboardEvent): void {
	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
	if (isTyping(event.target) || !singleKeysAreOn()) return
	if (document.querySelector('[role="dialog"][aria-modal="true"]') !== null) return
	const now = Date.now()
	const prefix = pending !== null && pending.untilMs > now ? `${pending.key} ` : ''
	pending = null
	const shortcuts = activeShortcuts()
	const match = shortcuts.find((shortcut) => shortcut.keys === prefix + event.key)
	if (match !== undefined) {
		event.preventDefault()
		match.run()
		return
	}
	if (prefix === '' && shortcuts.some((shortcut) => shortcut.keys.startsWith(`${event.key} `))) {
		pending = { key: event.key, untilMs: now + SEQUENCE_MS }
	}
}

function isTyping(target: EventTarget | null): boolean {
	if (!(target instanceof HTMLElement)) return false
	if (target.isContentEditable) return true
	if (target instanceof HTMLInputElement)
		return !['checkbox', 'radio', 'button', 'submit'].includes(target.type)
	return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
