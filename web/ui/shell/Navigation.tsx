import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import {
	Activity,
	Boxes,
	Hand,
	History,
	LayoutDashboard,
	Lightbulb,
	ShieldAlert,
	Stethoscope
} from 'lucide-react'
import { status } from '../api/queries.js'
import type { Status } from '../api/shapes.js'
import { count } from '../show/text.js'

/** The places of the page; `key` follows `g`. */
export const places = [
	{ to: '/', label: 'Overview', key: 'o', icon: LayoutDashboard },
	{ to: '/workloads', label: 'Workloads', key: 'w', icon: Boxes },
	{ to: '/policies', label: 'Suggestions', key: 's', icon: Lightbulb },
	{ to: '/held', label: 'Held back', key: 'b', icon: Hand },
	{ to: '/violations', label: 'Violations', key: 'v', icon: ShieldAlert },
	{ to: '/history', label: 'History', key: 'y', icon: History },
	{ to: '/health', label: 'Gaps & health', key: 'h', icon: Activity },
	{ to: '/probe', label: 'Probe', key: 'p', icon: Stethoscope }
] as const

export function Navigation() {
	const { data } = useQuery(status())
	return (
		<nav className="nav" aria-label="Places">
			<Link to="/" className="brand" aria-label="Whittle, overview">
				<img src="/mark.svg" width={22} height={22} alt="" />
				<span>Whittle</span>
			</Link>
			<ul>
				{places.map((place) => (
					<li key={place.to}>
						<Link
							to={place.to}
							activeOptions={{ exact: place.to === '/', includeSearch: false }}
							className="nav-link"
							title={`g ${place.key}`}
						>
							<place.icon size={16} aria-hidden />
							<span>{place.label}</span>
							<Badge to={place.to} status={data} />
						</Link>
					</li>
				))}
			</ul>
			{data !== undefined && (
				<p className="nav-foot">
					{data.node}
					<br />
					Whittle {data.version}
				</p>
			)}
		</nav>
	)
}

function Badge({ to, status }: { to: string; status: Status | undefined }) {
	if (status === undefined) return null
	if (to === '/workloads' && status.workloadCount > 0)
		return <span className="badge">{count(status.workloadCount)}</span>
	if (to === '/policies' && status.states.proposed > 0) {
		return (
			<span className="badge" title="Proposed, waiting for a decision">
				{count(status.states.proposed)}
			</span>
		)
	}
	if (to === '/held' && status.heldCount > 0) {
		return (
			<span className="badge" title="Seen and not learned; time alone will not settle these">
				{count(status.heldCount)}
			</span>
		)
	}
	if (to === '/violations' && status.violationsToday > 0) {
		return (
			<span className="badge badge-red" title="Today (UTC)">
				{count(status.violationsToday)}
			</span>
		)
	}
	if (to === '/health' && status.gapCount > 0) return <span className="badge">{count(status.gapCount)}</span>
	return null
}
