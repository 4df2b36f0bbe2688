import { Link } from '@tanstack/react-router'
import { visible } from './text.js'

/**
 * A workload's name as a link: where it lives is faint, what it is stands out. Both forms start with two
 * segments of place: `NAMESPACE/KIND/…` and `host/NODE/…`, three when the cluster is said.
 */
export function WorkloadName({
	name,
	cluster = '',
	linked = true
}: {
	name: string
	cluster?: string
	linked?: boolean
}) {
	const segments = name.split('/')
	const placeCount = cluster !== '' && name.startsWith(`${cluster}/`) && segments[0] !== 'host' ? 3 : 2
	const place = segments.length > placeCount ? `${segments.slice(0, placeCount).join('/')}/` : ''
	const safe = visible(name)
	const content = (
		<bdi className="code" title={safe}>
			<span className="code-head faint">{visible(place)}</span>
			<span className="code-tail code-strong">{visible(name.slice(place.length))}</span>
		</bdi>
	)
	if (!linked) return content
	return (
		<Link to="/workloads/$workload" params={{ workload: name }} className="row-link">
			{content}
		</Link>
	)
}
