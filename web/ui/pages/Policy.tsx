import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { policy } from '../api/queries.js'
import { Actions } from '../policy/Actions.js'
import { ReadinessView } from '../readiness/Readiness.js'
import { Revisions } from '../policy/Revisions.js'
import { Rules } from '../policy/Rules.js'
import { SimulationView } from '../policy/Simulation.js'
import { Yaml } from '../policy/Yaml.js'
import type { PolicyDetail } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Answer } from '../shell/Answer.js'
import { Missing } from '../shell/Empty.js'
import { Page } from '../shell/Page.js'
import { currentTab, type Tab, Tabs } from '../shell/Tabs.js'
import { Fact } from '../show/Card.js'
import { Digest } from '../show/Copy.js'
import { EventList } from '../show/EventList.js'
import { ClassName, DecisionMark, Notes, StandingMark, StateMark } from '../show/State.js'
import { classWord, isClass } from '../show/state.js'
import { Time } from '../show/Time.js'
import { count, counted, percent, visible } from '../show/text.js'
import { WorkloadName } from '../show/WorkloadName.js'

export function PolicyPage() {
	const { workload, class: of } = useParams({ from: '/policies/$workload/$class' })
	const [parameters] = useAddress()
	if (!isClass(of)) return <Missing what="class" />
	return <Detail name={workload} of={of} digest={parameters.digest} />
}

function Detail({
	name,
	of,
	digest
}: {
	name: string
	of: PolicyDetail['class']
	digest: string | undefined
}) {
	const query = useQuery(policy(name, of, digest))
	return (
		<Page
			title={`${visible(name)}, ${classWord[of]}`}
			heading={
				<span className="heading">
					<Link to="/policies" className="crumb">
						Suggestions
					</Link>
					<span className="crumb">/</span>
					<Subject name={query.data?.displayName ?? name} cluster={query.data?.cluster ?? ''} of={of} />
					<span className="crumb">/</span>
					<ClassName of={of} />
				</span>
			}
			aside={query.data === undefined ? undefined : <Actions policy={query.data} />}
			fills
		>
			<Answer query={query} what="policy">
				{(data) => <Parts data={data} digest={digest} />}
			</Answer>
		</Page>
	)
}

/** The class network is per pod: its workload is a pod, whose containers are the workloads of the list. */
function Subject({ name, cluster, of }: { name: string; cluster: string; of: PolicyDetail['class'] }) {
	if (of !== 'network' || name.startsWith('host/')) return <WorkloadName name={name} cluster={cluster} />
	return (
		<Link to="/workloads" search={{ q: name }} className="row-link">
			<WorkloadName name={name} cluster={cluster} linked={false} />
		</Link>
	)
}

function Parts({ data, digest }: { data: PolicyDetail; digest: string | undefined }) {
	const [parameters] = useAddress()
	const severe = data.notes.filter((note) => note.severity !== 'info')
	const tabs: Tab[] = [
		{ id: 'rules', label: 'Rules', count: data.rules.length },
		{ id: 'readiness', label: 'Readiness' },
		{ id: 'simulation', label: 'Simulation' },
		{ id: 'yaml', label: 'YAML' },
		{ id: 'notes', label: 'Notes', count: data.notes.length },
		{ id: 'history', label: 'History', count: data.approvals.length + data.changes.length },
		{ id: 'revisions', label: 'Revisions', count: data.revisions.length }
	]
	const tab = currentTab(tabs, parameters.tab)
	return (
		<>
			<dl className="facts">
				<Fact label="State">
					<StateMark state={data.state} />
				</Fact>
				<Fact label="Decision">
					<DecisionMark decision={data.decision} />
				</Fact>
				<Fact label="Digest">
					<Digest digest={data.digest} />
				</Fact>
				<Fact label="Revision">
					{count(data.revision)}
					{!data.current && <span className="tone-text-amber"> (not what is proposed now)</span>}
				</Fact>
				<Fact label="Proposed">
					<Time ms={data.sinceMs} />
				</Fact>
				<Fact label="Rests on">
					{counted(data.hourCount, 'hour')}, {counted(data.dayCount, 'day')},{' '}
					{counted(data.podCount, data.namespace === '' ? 'instance' : 'pod')},{' '}
					{counted(data.startCount, 'start')}
				</Fact>
				{data.readiness !== null && (
					<Fact label="New within 24 h">
						{percent(data.readiness.risk24)} <StandingMark standing={data.readiness.standing} />
					</Fact>
				)}
			</dl>
			<p className="soft">{visible(data.sentence)}</p>
			{severe.length > 0 && tab === 'rules' && <Notes notes={severe.slice(0, 2)} />}
			<div className="tabs">
				<Tabs
					tabs={tabs}
					current={tab}
					label="Parts of this policy"
					keep={digest === undefined ? {} : { digest }}
				/>
				{tab === 'rules' && <Rules policy={data} />}
				{tab === 'readiness' && <ReadinessView name={data.workload} of={data.class} />}
				{tab === 'simulation' && <SimulationView policy={data} />}
				{tab === 'yaml' && <Yaml policy={data} />}
				{tab === 'notes' &&
					(data.notes.length === 0 ? (
						<p className="soft">There is nothing more to know about this policy.</p>
					) : (
						<Notes notes={data.notes} />
					))}
				{tab === 'history' && <EventList name={data.workload} of={data.class} />}
				{tab === 'revisions' && <Revisions policy={data} />}
			</div>
		</>
	)
}
