import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { workload } from '../api/queries.js'
import type { WorkloadDetail } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Answer } from '../shell/Answer.js'
import { Page } from '../shell/Page.js'
import { currentTab, type Tab, Tabs } from '../shell/Tabs.js'
import { Card, Fact } from '../show/Card.js'
import { Code } from '../show/Code.js'
import { ClassName, DecisionMark, Risk, StateMark } from '../show/State.js'
import { Time } from '../show/Time.js'
import { count, counted, visible } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'
import { HeldList } from '../held/HeldList.js'
import { ReadinessView } from '../readiness/Readiness.js'
import { BehaviourList } from './workload/BehaviourList.js'
import { EventList } from '../show/EventList.js'
import { GapList } from '../show/GapList.js'
import { TimelineList } from './workload/TimelineList.js'
import { ViolationList } from '../show/ViolationList.js'

export function WorkloadPage() {
	const { workload: name } = useParams({ from: '/workloads/$workload' })
	const query = useQuery(workload(name))
	return (
		<Page
			title={visible(name)}
			heading={
				<span className="heading">
					<Link to="/workloads" className="crumb">
						Workloads
					</Link>
					<span className="crumb">/</span>
					<WorkloadName
						name={query.data?.displayName ?? name}
						cluster={query.data?.cluster ?? ''}
						linked={false}
					/>
				</span>
			}
			fills
		>
			<Answer query={query} what="workload">
				{(data) => <Detail data={data} />}
			</Answer>
		</Page>
	)
}

function Detail({ data }: { data: WorkloadDetail }) {
	const [parameters] = useAddress()
	const tabs: Tab[] = [
		{ id: 'behaviours', label: 'Behaviours' },
		{ id: 'readiness', label: 'Readiness' },
		{ id: 'held', label: 'Held back' },
		{ id: 'timeline', label: 'Timeline' },
		{ id: 'violations', label: 'Violations', count: data.violationCount },
		{ id: 'gaps', label: 'Gaps' },
		{ id: 'versions', label: 'Versions', count: data.versions.length },
		{ id: 'history', label: 'History' }
	]
	const tab = currentTab(tabs, parameters.tab)
	return (
		<>
			<Facts data={data} />
			<Classes data={data} />
			<div className="tabs">
				<Tabs tabs={tabs} current={tab} label="Parts of this workload" />
				{tab === 'behaviours' && <BehaviourList name={data.name} />}
				{tab === 'readiness' && <ReadinessView name={data.name} />}
				{tab === 'held' && <HeldList name={data.name} />}
				{tab === 'timeline' && <TimelineList name={data.name} />}
				{tab === 'violations' && <ViolationList name={data.name} />}
				{tab === 'gaps' && <GapList name={data.name} />}
				{tab === 'versions' && <Versions data={data} />}
				{tab === 'history' && <EventList name={data.name} />}
			</div>
		</>
	)
}

function Facts({ data }: { data: WorkloadDetail }) {
	return (
		<dl className="facts">
			<Fact label="Kind">{visible(data.kind) || data.form}</Fact>
			{data.node !== '' && <Fact label="Node">{visible(data.node)}</Fact>}
			<Fact label="First seen">
				<Time ms={data.firstMs} />
			</Fact>
			<Fact label="Last seen">
				<Time ms={data.lastMs} />
			</Fact>
			<Fact label="Starts">{count(data.startCount)}</Fact>
			<Fact label="Watched">
				{counted(data.exposedHourCount, 'hour')}
				{data.lossyHourCount > 0 && (
					<span className="tone-text-amber">, {counted(data.lossyHourCount, 'hour')} with loss</span>
				)}
			</Fact>
			<Fact label={data.form === 'host' ? 'Instances' : 'Pods'}>
				{data.pods.length >= 100 ? '100 or more' : count(data.pods.length)}
			</Fact>
			{data.cgroup !== '' && (
				<Fact label="Cgroup">
					<Code text={data.cgroup} />
				</Fact>
			)}
		</dl>
	)
}

function Classes({ data }: { data: WorkloadDetail }) {
	return (
		<ul className="classes" aria-label="State of each class">
			{data.classes.map((each) => (
				<li key={each.class}>
					<ClassName of={each.class} />
					<span className="marks">
						<StateMark state={each.state} />
						{each.decision !== 'none' && <DecisionMark decision={each.decision} />}
						{each.readiness !== null && <Risk {...each.readiness} />}
					</span>
					<span className="soft sentence" title={visible(each.sentence)}>
						{visible(each.sentence)}
					</span>
					<span className="end">{each.digest === null ? '' : counted(each.ruleCount, 'rule')}</span>
					<span className="end">
						{each.digest !== null && (
							<Link
								to="/policies/$workload/$class"
								params={{ workload: data.displayName, class: each.class }}
							>
								Open policy
							</Link>
						)}
					</span>
				</li>
			))}
		</ul>
	)
}

function Versions({ data }: { data: WorkloadDetail }) {
	return (
		<div className="overview">
			<Card title={counted(data.versions.length, 'version')}>
				<ul className="rows">
					{data.versions.map((version) => (
						<li key={version.digest} className="rows-tall">
							<span className="rows-main">
								<strong>{visible(version.description) || 'no description'}</strong>
								<br />
								<Code text={version.digest} tail={16} />
							</span>
							<span>
								<Time ms={version.firstMs} prefix="first " />
								<br />
								<Time ms={version.lastMs} prefix="last " />
							</span>
						</li>
					))}
				</ul>
			</Card>
			<Card title={data.form === 'host' ? 'Instances' : 'Pods'}>
				<ul className="rows">
					{data.pods.map((pod) => (
						<li key={pod}>
							<Code text={pod} />
						</li>
					))}
				</ul>
				{data.aliases.length > 0 && (
					<>
						<h3>Also seen as</h3>
						<ul className="rows">
							{data.aliases.map((alias) => (
								<li key={alias}>
									<Code text={alias} />
								</li>
							))}
						</ul>
					</>
				)}
			</Card>
		</div>
	)
}
