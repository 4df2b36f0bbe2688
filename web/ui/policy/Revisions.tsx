import { Link } from '@tanstack/react-router'
import type { PolicyDetail } from '../api/shapes.js'
import { Card } from '../show/Card.js'
import { Digest } from '../show/Copy.js'
import { DecisionMark } from '../show/State.js'
import { Time } from '../show/Time.js'
import { count, counted } from '../show/text.js'

/** Every revision that was proposed; each is immutable. */
export function Revisions({ policy }: { policy: PolicyDetail }) {
	return (
		<Card title="Newest first">
			<ul className="rows">
				{policy.revisions.map((revision) => (
					<li key={revision.digest}>
						<span className="rows-main">
							<strong>Revision {count(revision.revision)}</strong>{' '}
							{revision.current && <span className="tone-text-violet">proposed now</span>}
						</span>
						<span className="soft">{counted(revision.ruleCount, 'rule')}</span>
						<DecisionMark decision={revision.decision} />
						<Digest digest={revision.digest} />
						<Time ms={revision.createdMs} />
						{revision.digest === policy.digest ? (
							<span className="faint">shown</span>
						) : (
							<Link to="." search={revision.current ? {} : { digest: revision.digest }}>
								Show
							</Link>
						)}
					</li>
				))}
			</ul>
		</Card>
	)
}
