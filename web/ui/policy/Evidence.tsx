import { ActionIcon } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { evidence } from '../api/queries.js'
import type { PolicyDetail, RuleEvidence, RuleRow } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Fact } from '../show/Card.js'
import { Code, CodeBlock } from '../show/Code.js'
import { Mark } from '../show/State.js'
import { Time } from '../show/Time.js'
import { count, counted, visible } from '../show/text.js'
import { ReckoningView } from './Reckoning.js'

/** What one rule rests on, and why it has its shape. */
export function Evidence({
	policy,
	rule,
	onShow,
	onClose
}: {
	policy: PolicyDetail
	rule: RuleRow
	onShow: (index: number) => void
	onClose: () => void
}) {
	const query = useQuery({
		...evidence(policy.workload, policy.class, policy.digest, rule.index),
		placeholderData: keepPreviousData
	})
	const body = useRef<HTMLElement>(null)
	// biome-ignore lint/correctness/useExhaustiveDependencies: another rule starts at the top
	useEffect(() => {
		if (body.current !== null) body.current.scrollTop = 0
	}, [rule.index])
	return (
		<aside className="evidence" aria-label={`Evidence of rule ${rule.index + 1}`}>
			<div className="evidence-head">
				<h2>Evidence of rule {rule.index + 1}</h2>
				<ActionIcon
					variant="subtle"
					color="gray"
					size="sm"
					aria-label="Rule before"
					disabled={rule.index === 0}
					onClick={() => onShow(rule.index - 1)}
				>
					<ChevronUp size={16} aria-hidden />
				</ActionIcon>
				<ActionIcon
					variant="subtle"
					color="gray"
					size="sm"
					aria-label="Next rule"
					disabled={rule.index === policy.rules.length - 1}
					onClick={() => onShow(rule.index + 1)}
				>
					<ChevronDown size={16} aria-hidden />
				</ActionIcon>
				<ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close the evidence" onClick={onClose}>
					<X size={16} aria-hidden />
				</ActionIcon>
			</div>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
			<section className="evidence-body" ref={body} tabIndex={0} aria-label="Evidence">
				<div className="evidence-object">
					<CodeBlock text={rule.object} />
					<div className="soft">
						{rule.effect === 'allow' ? 'Allowed' : 'Denied'}: {rule.access.join(', ')}
						{rule.sources.length > 0 && (
							<>
								{' '}
								by <CodeBlock text={rule.sources.join(', ')} />
							</>
						)}
					</div>
				</div>
				<Answer query={query} what="evidence">
					{(data) => <Body data={data} />}
				</Answer>
			</section>
		</aside>
	)
}

function Body({ data }: { data: RuleEvidence }) {
	const { rule } = data
	return (
		<>
			<section>
				<h3>Why it is there</h3>
				<p>{visible(rule.why)}</p>
				{rule.required && (
					<p className="soft">Exec itself implies it: without it the program does not start.</p>
				)}
				{rule.interactive && (
					<p>
						<Mark tone="amber">interactive</Mark> Seen only with a terminal, or from an exec into the
						container.
					</p>
				)}
			</section>
			<section>
				<h3>What it grants beyond what was seen</h3>
				<p>{rule.beyond === '' ? 'Nothing: exactly what was seen.' : visible(rule.beyond)}</p>
			</section>
			{data.reckoning !== null && <ReckoningView account={data.account} reckoning={data.reckoning} />}
			<dl className="facts">
				<Fact label="Seen">{count(rule.count)} ×</Fact>
				<Fact label="First">{rule.count === 0 ? 'never itself' : <Time ms={rule.firstMs} />}</Fact>
				<Fact label="Last">{rule.count === 0 ? 'never itself' : <Time ms={rule.lastMs} />}</Fact>
				<Fact label="Clock hours">{count(rule.hourCount)}</Fact>
				<Fact label="Days">{count(rule.dayCount)}</Fact>
				<Fact label="Gaps">
					{data.gapCount === 0 ? (
						'none'
					) : (
						<span title="A source was blind for some of the time: absence then proves nothing.">
							{count(data.gapCount)}
						</span>
					)}
				</Fact>
			</dl>
			<section>
				<h3>{rule.pods.length >= 4 ? 'Pods (the smallest four)' : 'Pods'}</h3>
				<ul className="samples">
					{rule.pods.map((pod) => (
						<li key={pod}>
							<Code text={pod} />
						</li>
					))}
				</ul>
			</section>
			{data.samples.length > 0 && (
				<section>
					<h3>Samples</h3>
					<ul className="samples">
						{data.samples.map((sample) => (
							<li key={sample}>
								<CodeBlock text={sample} />
							</li>
						))}
					</ul>
				</section>
			)}
			<section>
				<h3>
					{data.covers.length < rule.coveredCount
						? `Covers ${counted(rule.coveredCount, 'object')}, ${count(data.covers.length)} of them here`
						: `Covers ${counted(rule.coveredCount, 'object')}`}
				</h3>
				<ul className="covers">
					{data.covers.map((cover) => (
						<li key={`${cover.verb} ${cover.object} ${cover.source}`}>
							<Code text={cover.object} />
							<span className="faint" title={cover.source === '' ? undefined : `by ${visible(cover.source)}`}>
								{cover.verb}
							</span>
							<span>{count(cover.count)} ×</span>
						</li>
					))}
				</ul>
			</section>
			{data.versions.length > 0 && (
				<section>
					<h3>Versions</h3>
					<ul className="samples">
						{data.versions.map((version) => (
							<li key={version}>
								<Code text={version} tail={16} />
							</li>
						))}
					</ul>
				</section>
			)}
		</>
	)
}
