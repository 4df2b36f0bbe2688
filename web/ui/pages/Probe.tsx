import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX } from 'lucide-react'
import { probe } from '../api/queries.js'
import type { ProbeReport } from '../api/shapes.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Page } from '../shell/Page.js'
import { Card, Fact } from '../show/Card.js'
import { Code } from '../show/Code.js'
import { counted, visible } from '../show/text.js'

/** What this kernel lets Whittle see and enforce, found out by loading, never from configuration. */
export function Probe() {
	const query = useQuery(probe())
	return (
		<Page title="Probe">
			<Answer query={query}>{(report) => <Report report={report} />}</Answer>
		</Page>
	)
}

function Report({ report }: { report: ProbeReport }) {
	const working = report.items.filter((item) => item.works).length
	return (
		<>
			<dl className="facts">
				<Fact label="Kernel">{visible(report.kernel) || 'unknown'}</Fact>
				<Fact label="Sensor">{report.sensor ? 'running' : 'not running'}</Fact>
				{report.sensor && (
					<>
						<Fact label="Root">{report.root ? 'yes' : 'no'}</Fact>
						<Fact label="BTF">{report.btf ? 'present' : 'absent'}</Fact>
						<Fact label="Cgroups">{report.cgroupVersion}</Fact>
						<Fact label="BPF LSM">{report.bpfLsmActive ? 'active' : 'not active'}</Fact>
					</>
				)}
				{report.cgroupRoot !== '' && (
					<Fact label="Cgroup root">
						<Code text={report.cgroupRoot} />
					</Fact>
				)}
			</dl>
			{report.missing.length > 0 && (
				<Card title="What is missing, and what would bring it" className="card-accent">
					<ul className="missing">
						{report.missing.map((sentence) => (
							<li key={sentence}>{visible(sentence)}</li>
						))}
					</ul>
				</Card>
			)}
			<Card
				title={
					report.items.length === 0
						? 'Capabilities'
						: `${working} of ${counted(report.items.length, 'capability', 'capabilities')} work here`
				}
			>
				{report.items.length === 0 ? (
					<Empty title="Nothing could be tried.">
						Loading eBPF programs needs the sensor, which runs as root. Recordings can be read without it.
					</Empty>
				) : (
					<ul className="probe-items">
						{report.items.map((item) => (
							<li key={`${item.object} ${item.program}`}>
								{item.works ? (
									<CircleCheck size={15} aria-label="works" className="tone-text-green" />
								) : (
									<CircleX size={15} aria-label="does not work" className="tone-text-red" />
								)}
								<strong>{visible(item.object)}</strong>
								<Code text={item.program} />
								<span className="soft">{visible(item.sentence)}</span>
							</li>
						))}
					</ul>
				)}
			</Card>
		</>
	)
}
