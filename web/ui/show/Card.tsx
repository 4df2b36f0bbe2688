import type { ReactNode } from 'react'

/** A titled part of a page. */
export function Card({
	title,
	aside,
	children,
	className = ''
}: {
	title: ReactNode
	aside?: ReactNode
	children: ReactNode
	className?: string
}) {
	return (
		<section className={`card ${className}`}>
			<div className="card-head">
				<h2>{title}</h2>
				{aside !== undefined && <div className="card-aside">{aside}</div>}
			</div>
			{children}
		</section>
	)
}

/** Grey bars while something is read for the first time. */
export function Waiting({ lines = 6, label = 'Reading' }: { lines?: number; label?: string }) {
	return (
		<div className="waiting" role="status" aria-label={label}>
			{Array.from({ length: lines }, (_, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: bars are all alike
				<div key={index} className="waiting-bar" />
			))}
		</div>
	)
}

/** A label over a value; several of them in a row describe a thing. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
	return (
		<div className="fact">
			<dt>{label}</dt>
			<dd>{children}</dd>
		</div>
	)
}
