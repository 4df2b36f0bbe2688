import { ActionIcon, Button } from '@mantine/core'
import { Check, ShieldX, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { HeldItem, Judgement } from '../api/shapes.js'
import { SensitivityMark } from '../policy/Reckoning.js'
import { Fact } from '../show/Card.js'
import { Code, CodeBlock } from '../show/Code.js'
import { ClassName } from '../show/State.js'
import { Time } from '../show/Time.js'
import { count, counted, visible } from '../show/text.js'

/** Why one behaviour is held, with everything that belongs to it, and the two answers. */
export function HeldDetail({
	item,
	bundle,
	onAnswer,
	onClose
}: {
	item: HeldItem
	/** Everything that is to be judged together with it, itself too. */
	bundle: readonly HeldItem[]
	onAnswer: (decision: Judgement, items: readonly HeldItem[]) => void
	onClose: () => void
}) {
	const body = useRef<HTMLElement>(null)
	// biome-ignore lint/correctness/useExhaustiveDependencies: another item starts at the top
	useEffect(() => {
		if (body.current !== null) body.current.scrollTop = 0
	}, [item.key])
	return (
		<aside className="evidence" aria-label="Why it is held back">
			<div className="evidence-head">
				<h2>Why it is held back</h2>
				<ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close the details" onClick={onClose}>
					<X size={16} aria-hidden />
				</ActionIcon>
			</div>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
			<section className="evidence-body" ref={body} tabIndex={0} aria-label="Details">
				<div className="evidence-object">
					<CodeBlock text={item.object} />
					<div className="soft">
						{item.verb}
						{item.source !== '' && (
							<>
								{' '}
								by <CodeBlock text={item.source} />
							</>
						)}
						{item.raw !== item.object && (
							<>
								{' '}
								(seen as <CodeBlock text={item.raw} />)
							</>
						)}
					</div>
				</div>
				<p>{visible(item.reason)}</p>
				{item.answer !== null && (
					<p className="soft">
						{visible(item.answer.actor)} answered “{item.answer.decision}” <Time ms={item.answer.atMs} />:{' '}
						{visible(item.answer.reason)}
					</p>
				)}
				<Answers items={[item]} onAnswer={onAnswer} />
				<dl className="facts">
					<Fact label="Class">
						<ClassName of={item.class} />
					</Fact>
					<Fact label="Sensitivity">
						<SensitivityMark level={item.sensitivity} />
					</Fact>
					<Fact label="Support">
						{count(item.support)} of {count(item.need)}
					</Fact>
					<Fact label="Seen">{count(item.count)} ×</Fact>
					<Fact label="First">
						<Time ms={item.firstMs} />
					</Fact>
					<Fact label="Last">
						<Time ms={item.lastMs} />
					</Fact>
				</dl>
				{bundle.length > 1 && (
					<section>
						<h3>{counted(bundle.length, 'behaviour')} that belong together</h3>
						<ul className="covers">
							{bundle.map((one) => (
								<li key={one.key}>
									<Code text={one.object} />
									<span className="faint">{one.verb}</span>
									<span>{one.answer?.decision ?? ''}</span>
								</li>
							))}
						</ul>
						<Answers items={bundle} onAnswer={onAnswer} />
					</section>
				)}
				<Texts title={item.pods.length >= 4 ? 'Pods (the smallest four)' : 'Pods'} texts={item.pods} />
				<Texts title="Samples" texts={item.samples} />
			</section>
		</aside>
	)
}

function Answers({
	items,
	onAnswer
}: {
	items: readonly HeldItem[]
	onAnswer: (decision: Judgement, items: readonly HeldItem[]) => void
}) {
	const all = items.length > 1 ? `All ${count(items.length)}: ` : ''
	return (
		<div className="held-answers">
			<Button
				size="xs"
				variant="default"
				leftSection={<Check size={14} aria-hidden />}
				onClick={() => onAnswer('needed', items)}
			>
				{all}Needed…
			</Button>
			<Button
				size="xs"
				variant="outline"
				color="red"
				leftSection={<ShieldX size={14} aria-hidden />}
				onClick={() => onAnswer('malicious', items)}
			>
				{all}Malicious…
			</Button>
		</div>
	)
}

function Texts({ title, texts }: { title: string; texts: readonly string[] }) {
	if (texts.length === 0) return null
	return (
		<section>
			<h3>{title}</h3>
			<ul className="samples">
				{texts.map((text) => (
					<li key={text}>
						<CodeBlock text={text} />
					</li>
				))}
			</ul>
		</section>
	)
}
