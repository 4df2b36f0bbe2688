import { Button } from '@mantine/core'
import { Check, Undo2, Upload, X } from 'lucide-react'
import { useState } from 'react'
import type { PolicyDetail } from '../api/shapes.js'
import { useShortcuts } from '../shell/shortcuts.js'
import { ApplyDialog } from './ApplyDialog.js'
import { visible } from '../show/text.js'
import { type Asked, DecideDialog } from './DecideDialog.js'
import type { Choice } from './decide.js'
import { RollbackDialog } from './RollbackDialog.js'

/** What can be done with a policy, in the order in which it is done. */
export function Actions({ policy }: { policy: PolicyDetail }) {
	const [asked, setAsked] = useState<Asked | null>(null)
	const [isApplying, setApplying] = useState(false)
	const [isRollingBack, setRollingBack] = useState(false)
	const isInForce = policy.state === 'audit' || policy.state === 'applied' || policy.state === 'enforced'
	const isApproved = policy.decision === 'approved'
	/** The learner itself says that these rules do not hold what the workload does. */
	const refusal = policy.notes.find((note) => note.severity === 'refusal')

	function ask(choice: Choice): void {
		if (policy.current && !(choice === 'approve' && refusal !== undefined))
			setAsked({ choice, items: [policy] })
	}

	useShortcuts([
		{ keys: 'a', label: 'Approve', group: 'Policy', run: () => ask('approve') },
		{ keys: 'd', label: 'Reject', group: 'Policy', run: () => ask('reject') }
	])

	return (
		<>
			<Button
				size="xs"
				variant={isApproved ? 'default' : 'filled'}
				disabled={!policy.current || isApproved || refusal !== undefined}
				title={refusal === undefined ? undefined : `It cannot be approved. ${visible(refusal.text)}`}
				leftSection={<Check size={14} aria-hidden />}
				onClick={() => ask('approve')}
			>
				{isApproved ? 'Approved' : 'Approve…'}
			</Button>
			<Button
				size="xs"
				variant="default"
				disabled={!policy.current || policy.decision === 'rejected'}
				leftSection={<X size={14} aria-hidden />}
				onClick={() => ask('reject')}
			>
				Reject…
			</Button>
			<Button
				size="xs"
				variant={isApproved && !isInForce ? 'filled' : 'default'}
				leftSection={<Upload size={14} aria-hidden />}
				onClick={() => setApplying(true)}
			>
				Apply…
			</Button>
			{isInForce && (
				<Button
					size="xs"
					variant="outline"
					color="red"
					leftSection={<Undo2 size={14} aria-hidden />}
					onClick={() => setRollingBack(true)}
				>
					Roll back…
				</Button>
			)}
			<DecideDialog asked={asked} onClose={() => setAsked(null)} />
			<ApplyDialog policy={policy} opened={isApplying} onClose={() => setApplying(false)} />
			<RollbackDialog policy={policy} opened={isRollingBack} onClose={() => setRollingBack(false)} />
		</>
	)
}
