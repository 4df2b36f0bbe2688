import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'

/**
 * Read-only YAML. The editor lives in a shadow root: there style-mod adopts constructed style sheets, while
 * in the document it would write a style element, which the page's Content-Security-Policy refuses. Colours
 * come through as CSS variables, so that they follow light and dark.
 */
export default function CodeView({ text, label }: { text: string; label: string }) {
	const host = useRef<HTMLDivElement>(null)
	useEffect(() => {
		const element = host.current
		if (element === null) return
		const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' })
		const view = new EditorView({
			parent: root,
			root,
			state: EditorState.create({
				doc: text,
				extensions: [
					EditorState.readOnly.of(true),
					EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true', tabindex: '0' }),
					lineNumbers(),
					drawSelection(),
					yaml(),
					syntaxHighlighting(colours),
					look
				]
			})
		})
		return () => view.destroy()
	}, [text, label])
	return <div ref={host} className="yaml-view" />
}

const colours = HighlightStyle.define([
	{ tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--blue)' },
	{ tag: [tags.string, tags.special(tags.string), tags.content], color: 'var(--ink)' },
	{ tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.atom], color: 'var(--violet)' },
	{ tag: [tags.comment, tags.lineComment], color: 'var(--ink-faint)' },
	{ tag: [tags.separator, tags.punctuation, tags.meta], color: 'var(--ink-faint)' }
])

const look = EditorView.theme({
	'&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--surface)', fontSize: '12.5px' },
	'&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
	'.cm-scroller': { fontFamily: 'var(--font-code)', lineHeight: '1.55', overflow: 'auto' },
	'.cm-content': { padding: '10px 0', caretColor: 'var(--accent)' },
	'.cm-line': { padding: '0 14px 0 8px' },
	'.cm-gutters': {
		backgroundColor: 'var(--surface)',
		color: 'var(--ink-faint)',
		border: '0',
		paddingLeft: '6px'
	},
	'.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
		backgroundColor: 'var(--accent-soft) !important'
	}
})
