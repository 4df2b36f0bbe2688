import type { Reckoning } from '../api/shapes.js'
import { Fact } from '../show/Card.js'
import { Code } from '../show/Code.js'
import { Mark } from '../show/State.js'
import { count, counted, visible } from '../show/text.js'

/** Why the rule has this shape, in numbers: what it costs, what it saves, what it was checked against. */
export function ReckoningView({ account, reckoning }: { account: string; reckoning: Reckoning }) {
	const { tokens } = reckoning
	return (
		<section>
			<h3>What it costs and saves</h3>
			<p>{visible(account)}</p>
			<dl className="facts">
				<Fact label="Sensitivity">
					<SensitivityMark level={reckoning.sensitivity} />
				</Fact>
				<Fact label="Origin">{reckoning.origin}</Fact>
				<Fact label="Entries">{count(reckoning.entryCount)}</Fact>
				<Fact label="Never seen used">
					{rounded(reckoning.unseenCount)}, {rounded(reckoning.bits)} bits
				</Fact>
				<Fact label="Blocks as a list">
					<span title="Hours with a false block in 14 days, had it been an exact list">
						≈ {rounded(reckoning.exactBlocksExpected)} h
					</span>
				</Fact>
				<Fact label="Cost: list, rule">
					{rounded(reckoning.costKeep)}, {rounded(reckoning.costRule)}
				</Fact>
				<Fact label="Others of the image">
					{reckoning.peers.of === 0
						? 'none known'
						: `${count(reckoning.peers.count)} of ${count(reckoning.peers.of)} do it`}
				</Fact>
				<Fact label="Walls checked">{count(reckoning.wallCount)}</Fact>
			</dl>
			{tokens.length > 0 && (
				<ul className="covers" aria-label="Names that were merged">
					{tokens.map((token) => (
						<li key={token.path}>
							<Code text={token.path} />
							<span>{counted(token.memberCount, 'name')}</span>
							<span className="faint">{rounded(token.gainBits)} bits shorter</span>
						</li>
					))}
				</ul>
			)}
		</section>
	)
}

const sensitivityWord = [
	{ label: 'ordinary', tone: 'quiet', meaning: 'It can do little harm.' },
	{ label: 'guarded', tone: 'amber', meaning: 'It takes more evidence to be believed.' },
	{ label: 'sensitive', tone: 'red', meaning: 'Only a person may approve it.' }
] as const

export function SensitivityMark({ level }: { level: 0 | 1 | 2 }) {
	const { label, tone, meaning } = sensitivityWord[level]
	return (
		<Mark tone={tone} title={meaning}>
			{label}
		</Mark>
	)
}

/** Two digits: more would only look exact. */
function rounded(value: number): string {
	return value >= 10 ? count(Math.round(value)) : String(Number(value.toPrecision(2)))
}
