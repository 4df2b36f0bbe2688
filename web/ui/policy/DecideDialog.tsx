import { Button, Modal, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, OctagonX } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { complain } from '../shell/announce.js'
import { DoneButton } from '../shell/DoneButton.js'
import { ClassName } from '../show/State.js'
import { counted, visible } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'
import { type Choice, decide, type Item, type Outcome, readAgain } from './decide.js'

export interface Asked {
	choice: Choice
	items: readonly Item[]
}

/** Asks once for all items, decides about each, and shows what became of each. */
export function DecideDialog({
	asked,
	onClose
}: {
	asked: Asked | null
	/** `isDecided`: something was decided; otherwise the person thought better of it. */
	onClose: (isDecided: boolean) => void
}) {
	const [isDecided, setDecided] = useState(false)
	function close(): void {
		setDecided(false)
		onClose(isDecided)
	}
	const title =
		asked === null
			? ''
			: `${asked.choice === 'approve' ? 'Approve' : 'Reject'} ${asked.items.length === 1 ? 'this policy' : counted(asked.items.length, 'policy', 'policies')}`
	return (
		<Modal
			opened={asked !== null}
			onClose={close}
			title={title}
			size="lg"
			closeButtonProps={{ 'aria-label': 'Close' }}
		>
			{asked !== null && <Form asked={asked} onDecided={() => setDecided(true)} onClose={close} />}
		</Modal>
	)
}

function Form({ asked, onDecided, onClose }: { asked: Asked; onDecided: () => void; onClose: () => void }) {
	const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map())
	const [isBusy, setBusy] = useState(false)
	const [isOver, setOver] = useState(false)
	const client = useQueryClient()
	const isApproval = asked.choice === 'approve'
	const failedCount = [...outcomes.values()].filter((outcome) => !outcome.ok).length

	async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
		event.preventDefault()
		const reason = new FormData(event.currentTarget).get('reason')
		setBusy(true)
		onDecided()
		try {
			await decide(asked.items, asked.choice, typeof reason === 'string' ? reason.trim() : '', (made) =>
				setOutcomes(
					(before) => new Map([...before, ...made.map(([item, one]) => [keyOf(item), one] as const)])
				)
			)
			setOver(true)
		} catch (error) {
			complain('Not everything was decided', error)
		} finally {
			setBusy(false)
			await readAgain(client)
		}
	}

	return (
		<form className="dialog" onSubmit={(event) => void submit(event)}>
			<p className="soft">
				{isApproval
					? 'An approval is bound to exactly these digests. It changes nothing on any machine: applying is a step of its own.'
					: 'A rejected policy is not applied. When new evidence leads to another one, that one is proposed again.'}
			</p>
			<ul className="dialog-items">
				{asked.items.map((item) => (
					<li key={keyOf(item)}>
						<WorkloadName name={item.displayName} linked={false} />
						<ClassName of={item.class} />
						<OutcomeLine outcome={outcomes.get(keyOf(item))} />
					</li>
				))}
			</ul>
			{!isOver && (
				<Textarea
					name="reason"
					label={isApproval ? 'Why (optional)' : 'Why'}
					description={isApproval ? undefined : 'For whoever reads this next.'}
					required={!isApproval}
					maxLength={2000}
					autosize={false}
					rows={2}
					disabled={isBusy}
					{...(isApproval ? {} : { 'data-autofocus': true })}
				/>
			)}
			<div className="dialog-end">
				{isOver ? (
					<>
						<span role="status" className={failedCount > 0 ? 'tone-text-red' : 'soft'}>
							{asked.items.length - failedCount} {isApproval ? 'approved' : 'rejected'}
							{failedCount > 0 ? `, ${failedCount} not` : ''}
						</span>
						<DoneButton onClose={onClose} />
					</>
				) : (
					<>
						<Button size="xs" variant="default" onClick={onClose} disabled={isBusy}>
							Cancel
						</Button>
						<Button
							size="xs"
							type="submit"
							loading={isBusy}
							color={isApproval ? 'brand' : 'red'}
							{...(isApproval ? { 'data-autofocus': true } : {})}
						>
							{isApproval ? 'Approve' : 'Reject'}
						</Button>
					</>
				)}
			</div>
		</form>
	)
}

function OutcomeLine({ outcome }: { outcome: Outcome | undefined }) {
	if (outcome === undefined) return null
	return (
		<span className="outcome">
			{outcome.ok ? (
				<CircleCheck size={14} aria-label="done" className="tone-text-green" />
			) : (
				<OctagonX size={14} aria-label="not done" className="tone-text-red" />
			)}
			<span>
				{visible(outcome.sentence)}
				{!outcome.ok && outcome.isStale && ' Read the new proposal, then decide about that one.'}
			</span>
		</span>
	)
}

function keyOf(item: Item): string {
	return `${item.workload}\n${item.class}`
}
