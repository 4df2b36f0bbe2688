import { Button, Modal } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { pathOf, post } from '../api/client.js'
import type { Changed, Plan, PolicyDetail } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { sentenceOf } from '../shell/Failure.js'
import { classWord } from '../show/state.js'
import { visible } from '../show/text.js'
import { Result } from './ApplyDialog.js'
import { readAgain } from './decide.js'
import { PlanView } from './PlanView.js'

/** Lifts what is in force, after showing what that does. */
export function RollbackDialog({
	policy,
	opened,
	onClose
}: {
	policy: PolicyDetail
	opened: boolean
	onClose: () => void
}) {
	return (
		<Modal
			opened={opened}
			onClose={onClose}
			title={`Roll back ${classWord[policy.class]} of ${visible(policy.displayName)}`}
			size="xl"
			closeButtonProps={{ 'aria-label': 'Close' }}
		>
			{opened && <Form policy={policy} onClose={onClose} />}
		</Modal>
	)
}

function Form({ policy, onClose }: { policy: PolicyDetail; onClose: () => void }) {
	const client = useQueryClient()
	const [isBusy, setBusy] = useState(false)
	const [result, setResult] = useState<Changed | null>(null)
	const [problem, setProblem] = useState('')
	const path = pathOf('policies', policy.workload, policy.class, 'rollback')
	const plan = useQuery({
		queryKey: ['rollback-plan', policy.workload, policy.class],
		queryFn: () => post<Plan>(`${path}/plan`, {}),
		gcTime: 0,
		staleTime: 0
	})

	if (result !== null) return <Result result={result} onClose={onClose} />
	return (
		<div className="dialog">
			<p>What is in force for this class is lifted. The approval stays; the policy can be applied again.</p>
			<Answer query={plan} what="change">
				{(data) => <PlanView plan={data} />}
			</Answer>
			{problem !== '' && (
				<p role="alert" className="tone-text-red">
					{visible(problem)}
				</p>
			)}
			<div className="dialog-end">
				<Button size="xs" variant="default" onClick={onClose} disabled={isBusy}>
					Cancel
				</Button>
				<Button
					size="xs"
					color="red"
					loading={isBusy}
					disabled={plan.data === undefined || plan.data.refusals.length > 0}
					onClick={() => void rollBack()}
				>
					Roll back now
				</Button>
			</div>
		</div>
	)

	async function rollBack(): Promise<void> {
		setBusy(true)
		setProblem('')
		try {
			setResult(await post<Changed>(path, {}))
		} catch (error) {
			setProblem(sentenceOf(error))
		} finally {
			setBusy(false)
			await readAgain(client)
		}
	}
}
