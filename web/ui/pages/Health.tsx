import { useQuery } from '@tanstack/react-query'
import { badInputs, status } from '../api/queries.js'
import type { BadInput, Status } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Page } from '../shell/Page.js'
import { currentTab, type Tab, Tabs } from '../shell/Tabs.js'
import { PredictionsView } from '../readiness/Predictions.js'
import { Fact } from '../show/Card.js'
import { Code } from '../show/Code.js'
import { GapList } from '../show/GapList.js'
import { Time } from '../show/Time.js'
import { bytes, count, visible } from '../show/text.js'
import type { Column } from '../table/column.js'
import { type Facet, textCache } from '../table/filter.js'
import { List } from '../table/List.js'

export function Health() {
	const query = useQuery(status())
	const [parameters] = useAddress()
	const tabs: Tab[] = [
		{ id: 'gaps', label: 'Gaps', count: query.data?.gapCount },
		{ id: 'bad-inputs', label: 'Bad inputs', count: query.data?.badInputCount },
		{ id: 'predictions', label: 'Predictions' }
	]
	const tab = currentTab(tabs, parameters.tab)
	return (
		<Page title="Gaps & health" fills>
			{query.data !== undefined && <Facts status={query.data} />}
			<div className="tabs">
				<Tabs tabs={tabs} current={tab} label="Parts of health" />
				{tab === 'gaps' && <GapList />}
				{tab === 'bad-inputs' && <BadInputs />}
				{tab === 'predictions' && <PredictionsView />}
			</div>
		</Page>
	)
}

function Facts({ status }: { status: Status }) {
	return (
		<dl className="facts">
			<Fact label="Sensor">{status.sensor ? 'running' : 'not running'}</Fact>
			<Fact label="Last activity">
				{status.lastSeenMs === null ? 'none yet' : <Time ms={status.lastSeenMs} />}
			</Fact>
			<Fact label="Events lost">{count(status.lostCount)}</Fact>
			<Fact label="Store">
				{bytes(status.storeBytes)}, schema {status.schemaVersion}
			</Fact>
			<Fact label="Data folder">
				<Code text={status.dataDir} />
			</Fact>
			{status.sources.map((source) => (
				<Fact key={source.name} label={`Source ${visible(source.name)}`}>
					<span title={visible(source.sentence)}>{visible(source.state)}</span>
				</Fact>
			))}
		</dl>
	)
}

function BadInputs() {
	const query = useQuery(badInputs())
	return (
		<Answer query={query}>
			{(data) => (
				<List
					label="Bad inputs"
					noun="bad input"
					placeholder="Search bad inputs"
					rows={data.items}
					more={data.more}
					keyOf={(row) => `${row.producer}\n${row.file}\n${row.line}\n${row.reason}`}
					textOf={textOf}
					facets={facets}
					columns={columns}
					empty={
						<Empty title="Every input could be read.">
							Lines that cannot be used are listed here by place and reason.
						</Empty>
					}
					nothingFits={<Empty title="No bad input fits.">Take back a filter, or shorten the search.</Empty>}
				/>
			)}
		</Answer>
	)
}

const textOf = textCache((row: BadInput) => [row.file, row.reason])

const facets: readonly Facet<BadInput>[] = [
	{ key: 'file', label: 'File', valuesOf: (row) => [row.file] },
	{ key: 'reason', label: 'Reason', valuesOf: (row) => [row.reason] }
]

const columns: readonly Column<BadInput>[] = [
	{
		id: 'file',
		header: 'File',
		width: 'minmax(200px, 1.4fr)',
		sortBy: (row) => row.file,
		cell: (row) => <Code text={row.file} />
	},
	{
		id: 'line',
		header: 'Line',
		width: '90px',
		align: 'end',
		sortBy: (row) => row.line,
		cell: (row) => count(row.line)
	},
	{
		id: 'reason',
		header: 'Why it could not be used',
		width: 'minmax(240px, 2fr)',
		sortBy: (row) => row.reason,
		cell: (row) => <span title={visible(row.reason)}>{visible(row.reason)}</span>
	},
	{
		id: 'hash',
		header: 'SHA-256 of the line',
		width: 'minmax(120px, 0.8fr)',
		cell: (row) => <Code text={row.hash} tail={16} />
	}
]
