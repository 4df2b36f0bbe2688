import { Button, Modal, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { pathOf, post } from '../api/client.js'
import { status, workload } from '../api/queries.js'
import type { Changed, Mode, Plan, PolicyDetail, TargetName } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { DoneButton } from '../shell/DoneButton.js'
import { sentenceOf } from '../shell/Failure.js'
import { Choices } from '../show/Choices.js'
import { Notes, StateMark } from '../show/State.js'
import { classWord } from '../show/state.js'
import { counted, visible } from '../show/text.js'
import { readAgain } from './decide.js'
import { PlanView } from './PlanView.js'

/** Above this many pods a person types the name before anything is blocked. */
const TYPED_NAME_ABOVE = 10

const targets = [
	{ value: 'host', label: 'This host' },
	{ value: 'directory', label: 'Files in a folder' }
] as const

const modes = [
	{ value: 'audit', label: 'Audit: count only' },
	{ value: 'block', label: 'Block' }
] as const

/** Shows the plan of a change before anything is done, then what became of it. */
export function ApplyDialog({
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
			title={`Apply ${classWord[policy.class]} of ${visible(policy.displayName)}`}
			size="xl"
			closeButtonProps={{ 'aria-label': 'Close' }}
		>
			{opened && <Form policy={policy} onClose={onClose} />}
		</Modal>
	)
}

function Form({ policy, onClose }: { policy: PolicyDetail; onClose: () => void }) {
	const client = useQueryClient()
	const { data: service } = useQuery(status())
	// Only the network class of something on this host can be held by its sensor; files can carry every class.
	const [target, setTarget] = useState<TargetName>(
		service?.sensor === true && policy.class === 'network' && policy.namespace === '' ? 'host' : 'directory'
	)
	const [mode, setMode] = useState<Mode>('audit')
	const [typed, setTyped] = useState('')
	const [isBusy, setBusy] = useState(false)
	const [result, setResult] = useState<Changed | null>(null)
	const [problem, setProblem] = useState('')
	const path = pathOf('policies', policy.workload, policy.class)
	const wanted = { target, mode: target === 'directory' ? 'block' : mode, digest: policy.digest }
	const subject = useQuery(workload(policy.workload))
	// Asked anew each time: a plan is only worth something at the moment it is read.
	const plan = useQuery({
		queryKey: ['plan', policy.workload, policy.class, wanted],
		queryFn: () => post<Plan>(`${path}/plan`, wanted),
		gcTime: 0,
		staleTime: 0
	})

	const podCount = Math.max(policy.podCount, subject.data?.pods.length ?? 0)
	const name =
		subject.data?.owner === undefined || subject.data.owner === '' ? policy.displayName : subject.data.owner
	const mustType = target === 'host' && mode === 'block' && podCount > TYPED_NAME_ABOVE
	const isRefused = plan.data === undefined || plan.data.refusals.length > 0
	const isApproved = policy.decision === 'approved'

	if (result !== null) return <Result result={result} onClose={onClose} />
	return (
		<div className="dialog">
			<div className="yaml-bar">
				<Choices label="Where" choices={targets} value={target} onChange={setTarget} />
				{target === 'host' && <Choices label="How" choices={modes} value={mode} onChange={setMode} />}
			</div>
			<p>{blastRadius(policy, target, mode, podCount)}</p>
			<Answer query={plan} what="plan">
				{(data) => <PlanView plan={data} />}
			</Answer>
			{!isApproved && (
				<Notes
					notes={[
						{
							code: 'approval.missing',
							severity: 'warning',
							text: 'Exactly this digest has not been approved. Approve it first; then it can be applied.'
						}
					]}
				/>
			)}
			{mustType && (
				<TextInput
					size="xs"
					label={`Type ${visible(name)} to confirm`}
					autoComplete="off"
					value={typed}
					onChange={(event) => setTyped(event.currentTarget.value)}
				/>
			)}
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
					color={target === 'host' && mode === 'block' ? 'red' : 'brand'}
					loading={isBusy}
					disabled={isRefused || !isApproved || (mustType && typed !== name)}
					onClick={() => void apply()}
				>
					{target === 'directory' ? 'Write the files' : mode === 'block' ? 'Enforce now' : 'Start auditing'}
				</Button>
			</div>
		</div>
	)

	async function apply(): Promise<void> {
		setBusy(true)
		setProblem('')
		try {
			setResult(await post<Changed>(`${path}/apply`, wanted))
		} catch (error) {
			setProblem(sentenceOf(error))
		} finally {
			setBusy(false)
			await readAgain(client)
		}
	}
}

/** No optimistic success: what the service says came of it, a failure too. */
export function Result({ result, onClose }: { result: Changed; onClose: () => void }) {
	return (
		<div className="dialog">
			<p role="status">
				<StateMark state={result.state} /> {visible(result.sentence)}
			</p>
			{result.change.outcome !== '' && result.change.outcome !== result.sentence && (
				<p className="soft">{visible(result.change.outcome)}</p>
			)}
			<div className="dialog-end">
				<DoneButton onClose={onClose} />
			</div>
		</div>
	)
}

function blastRadius(policy: PolicyDetail, target: TargetName, mode: Mode, podCount: number): string {
	const whom = `${visible(policy.displayName)} (${counted(podCount, 'pod or instance', 'pods or instances')} seen)`
	const what = counted(policy.ruleCount, 'rule')
	if (target === 'directory') {
		return `Writes files that carry ${what} for ${whom}. Nothing is enforced until something applies these files.`
	}
	if (mode === 'audit') return `Concerns ${whom}. What ${what} would not allow is counted; nothing is denied.`
	return `Concerns ${whom}. Everything of this class that ${what} do not allow will be denied at once.`
}
