import { type ReactNode, useEffect } from 'react'

/** The frame of every page: its title in the tab and on top, and what stands beside it. */
export function Page({
	title,
	heading,
	aside,
	children,
	fills = false
}: {
	title: string
	heading?: ReactNode
	aside?: ReactNode
	children: ReactNode
	/** The content takes the rest of the height and scrolls by itself: tables. */
	fills?: boolean
}) {
	useEffect(() => {
		document.title = `${title} · Whittle`
	}, [title])
	return (
		<div className={fills ? 'page page-fills' : 'page'}>
			<div className="page-head">
				<h1>{heading ?? title}</h1>
				{aside !== undefined && <div className="page-aside">{aside}</div>}
			</div>
			{children}
		</div>
	)
}
