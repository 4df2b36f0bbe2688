import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Check, ShieldX } from 'lucide-react'
import { useState } from 'react'
import { held } from '../api/queries.js'
import type { HeldItem, Judgement } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { useShortcuts } from '../shell/shortcuts.js'
import { counted } from '../show/text.js'
import { List } from '../table/List.js'
import { AnswerDialog, type Asked } from './AnswerDialog.js'
import { columns, facets, keyOf, narrowColumns, ofOneWorkload, textOf } from './columns.js'
import { HeldDetail } from './HeldDetail.js'

/** What was seen and not learned, of one workload or of all: bundles in the order of their strangeness. */
export function HeldList({ name }: { name?: string }) {
	const query = useQuery(held(name))
	const [parameters, change] = useAddress()
	const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
	const [asked, setAsked] = useState<Asked | null>(null)
	const items = query.data?.items ?? []
	const shown = items.find((item) => item.key === parameters.item)
	const chosen = items.filter((item) => selected.has(item.key))

	function ask(decision: Judgement, about: readonly HeldItem[]): void {
		if (about.length > 0) setAsked({ decision, items: about })
	}
	/** What is selected, or else the row that the keyboard is on. */
	const askAbout = (decision: Judgement) => (row: HeldItem) =>
		ask(decision, chosen.length > 0 ? chosen : [row])
	const show = (row: HeldItem) => change({ item: row.key })
	const close = () => change({ item: '' })
	useShortcuts([{ keys: 'Escape', label: 'Close the details', group: 'Table', run: close }])

	return (
		<Answer query={query}>
			{(data) => (
				<div className={shown === undefined ? 'split' : 'split split-open'}>
					<div className="split-main">
						{chosen.length > 0 && (
							<section className="selection" aria-label="Selection">
								<strong>{counted(chosen.length, 'behaviour')} selected</strong>
								<Button
									size="xs"
									leftSection={<Check size={14} aria-hidden />}
									onClick={() => ask('needed', chosen)}
								>
									Needed…
								</Button>
								<Button
									size="xs"
									variant="outline"
									color="red"
									leftSection={<ShieldX size={14} aria-hidden />}
									onClick={() => ask('malicious', chosen)}
								>
									Malicious…
								</Button>
								<Button size="xs" variant="subtle" onClick={() => setSelected(new Set())}>
									Clear
								</Button>
							</section>
						)}
						<List
							label="Held back"
							noun="behaviour"
							placeholder="Search what is held"
							rows={data.items}
							more={data.more}
							keyOf={keyOf}
							textOf={textOf}
							facets={facets}
							columns={shown === undefined ? (name === undefined ? columns : ofOneWorkload) : narrowColumns}
							onOpen={show}
							onCursor={(row) => {
								if (shown !== undefined) show(row)
							}}
							actions={[
								{ keys: 'a', label: 'It is needed', run: askAbout('needed') },
								{ keys: 'd', label: 'It is malicious', run: askAbout('malicious') },
								{ keys: 'e', label: 'Why it is held', run: show },
								{
									keys: 'b',
									label: 'Select all that belong together',
									run: (row) =>
										setSelected(
											new Set(items.filter((item) => item.bundle === row.bundle).map((item) => item.key))
										)
								}
							]}
							selected={selected}
							onSelected={setSelected}
							{...(shown === undefined ? {} : { shown: keyOf(shown) })}
							empty={
								<Empty title="Nothing is held back.">
									Everything that was seen is learned. What comes from a person’s session, from a program that
									is not in the image, or is sensitive and rare, will wait here for an answer.
								</Empty>
							}
							nothingFits={
								<Empty title="Nothing that is held fits.">Take back a filter, or shorten the search.</Empty>
							}
						/>
					</div>
					{shown !== undefined && (
						<HeldDetail
							item={shown}
							bundle={data.items.filter((item) => item.bundle === shown.bundle)}
							onAnswer={ask}
							onClose={close}
						/>
					)}
					<AnswerDialog
						asked={asked}
						onClose={(isAnswered) => {
							setAsked(null)
							if (isAnswered) setSelected(new Set())
						}}
					/>
				</div>
			)}
		</Answer>
	)
}
