import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

/** Nothing to show, why that is, and the next step. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
	return (
		<div className="empty">
			<p className="empty-title">{title}</p>
			{children !== undefined && <div className="empty-text">{children}</div>}
		</div>
	)
}

export function Missing({ what }: { what: string }) {
	return (
		<Empty title={`There is no such ${what}.`}>
			The address may be old, or of another store. <Link to="/">Go to the overview</Link> or search with Ctrl
			K.
		</Empty>
	)
}
