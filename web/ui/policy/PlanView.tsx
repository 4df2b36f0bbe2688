import type { Plan } from '../api/shapes.js'
import { Code } from '../show/Code.js'
import { Notes } from '../show/State.js'
import { counted, visible } from '../show/text.js'

type Action = Plan['actions'][number]

/** What would be done, what would undo it, and everything that speaks against it. */
export function PlanView({ plan }: { plan: Plan }) {
	const warnings = plan.notes.filter((note) => note.severity !== 'info')
	const remarks = plan.notes.filter((note) => note.severity === 'info')
	return (
		<div className="plan">
			{plan.refusals.length > 0 && <Notes notes={plan.refusals} />}
			{warnings.length > 0 && <Notes notes={warnings} />}
			{plan.actions.length > 0 && (
				<section aria-label="What is done">
					<h3>What is done</h3>
					<ActionList actions={plan.actions} />
				</section>
			)}
			{plan.undo.length > 0 && (
				<details>
					<summary>What would undo it</summary>
					<ActionList actions={plan.undo} />
				</details>
			)}
			{remarks.length > 0 && (
				<details>
					<summary>{counted(remarks.length, 'remark')}</summary>
					<Notes notes={remarks} />
				</details>
			)}
			{plan.actions.length === 0 && plan.refusals.length === 0 && (
				<p className="soft">Nothing would change: it is in force already.</p>
			)}
		</div>
	)
}

function ActionList({ actions }: { actions: readonly Action[] }) {
	return (
		<ol className="plan">
			{actions.map((action) => (
				<li key={`${action.verb} ${action.object}`} className="plan-action">
					<span>{visible(action.sentence)}</span>
					<span className="soft">
						<strong>{action.verb}</strong> <Code text={action.object} tail={48} />
					</span>
					{action.content !== '' && (
						<details>
							<summary>What will be there</summary>
							{/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
							<pre tabIndex={0}>{action.content}</pre>
						</details>
					)}
				</li>
			))}
		</ol>
	)
}
