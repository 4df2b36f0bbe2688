import { Button, Modal, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, OctagonX } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { HeldItem, Judgement } from '../api/shapes.js'
import { complain } from '../shell/announce.js'
import { DoneButton } from '../shell/DoneButton.js'
import { Code } from '../show/Code.js'
import { counted, visible } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'
import { answer, type Outcome, readAgain } from './answer.js'

export interface Asked {
	decision: Judgement
	items: readonly HeldItem[]
}

/** Says what the answer will do, asks once for all items, and shows what became of each. */
export function AnswerDialog({
	asked,
	onClose
}: {
	asked: Asked | null
	/** `isAnswered`: something was answered; otherwise the person thought better of it. */
	onClose: (isAnswered: boolean) => void
}) {
	const [isAnswered, setAnswered] = useState(false)
	function close(): void {
		setAnswered(false)
		onClose(isAnswered)
	}
	const title =
		asked === null
			? ''
			: `${asked.decision === 'needed' ? 'Needed' : 'Malicious'}: ${asked.items.length === 1 ? 'this behaviour' : counted(asked.items.length, 'behaviour')}`
	return (
		<Modal
			opened={asked !== null}
			onClose={close}
			title={title}
			size="lg"
			closeButtonProps={{ 'aria-label': 'Close' }}
		>
			{asked !== null && <Form asked={asked} onAnswered={() => setAnswered(true)} onClose={close} />}
		</Modal>
	)
}

function Form({ asked, onAnswered, onClose }: { asked: Asked; onAnswered: () => void; onClose: () => void }) {
	const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map())
	const [isBusy, setBusy] = useState(false)
	const [isOver, setOver] = useState(false)
	const client = useQueryClient()
	const isNeeded = asked.decision === 'needed'
	const failedCount = [...outcomes.values()].filter((outcome) => !outcome.ok).length

	async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
		event.preventDefault()
		const reason = new FormData(event.currentTarget).get('reason')
		setBusy(true)
		try {
			await answer(asked.items, asked.decision, typeof reason === 'string' ? reason.trim() : '', (made) => {
				onAnswered()
				setOutcomes((before) => new Map([...before, ...made]))
			})
			setOver(true)
		} catch (error) {
			complain('Not everything was answered', error)
		} finally {
			setBusy(false)
			await readAgain(client)
		}
	}

	return (
		<form className="dialog" onSubmit={(event) => void submit(event)}>
			<p className="soft">
				{isNeeded
					? 'It becomes part of the next revision of the policy, which waits for an approval of its own.'
					: 'It is never learned, and nothing that was first done together with it is learned by itself.'}
			</p>
			<ul className="dialog-items">
				{asked.items.map((item) => (
					<li key={item.key}>
						<span className="held-name">
							{item.verb} <Code text={item.object} />
						</span>
						<WorkloadName name={item.displayName} linked={false} />
						<OutcomeLine outcome={outcomes.get(item.key)} />
					</li>
				))}
			</ul>
			{!isOver && (
				<Textarea
					name="reason"
					label="Why"
					description="For whoever reads this next."
					required
					maxLength={2000}
					autosize={false}
					rows={2}
					disabled={isBusy}
					data-autofocus
				/>
			)}
			<div className="dialog-end">
				{isOver ? (
					<>
						<span role="status" className={failedCount > 0 ? 'tone-text-red' : 'soft'}>
							{asked.items.length - failedCount} answered
							{failedCount > 0 ? `, ${failedCount} not` : ''}
						</span>
						<DoneButton onClose={onClose} />
					</>
				) : (
					<>
						<Button size="xs" variant="default" onClick={onClose} disabled={isBusy}>
							Cancel
						</Button>
						<Button size="xs" type="submit" loading={isBusy} color={isNeeded ? 'brand' : 'red'}>
							{isNeeded ? 'It is needed' : 'It is malicious'}
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
				<OctagonX size={14} aria-label="failed" className="tone-text-red" />
			)}
			{outcome.ok ? 'Answered.' : visible(outcome.sentence)}
		</span>
	)
}
