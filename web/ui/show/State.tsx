import {
	Ban,
	CircleCheck,
	CircleDashed,
	CircleDot,
	CircleX,
	Eye,
	Hourglass,
	Infinity as Endless,
	FileInput,
	FileOutput,
	Info,
	KeyRound,
	Lightbulb,
	Network,
	OctagonX,
	ShieldCheck,
	ShieldQuestionMark,
	Terminal,
	TriangleAlert
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { Class, ClassState, Decision, Note, Standing, State as StateName } from '../api/shapes.js'
import { classWord, decisionWord, standingWord, stateWord, type Tone } from './state.js'
import { percent, visible } from './text.js'

const stateIcon = {
	none: CircleDashed,
	learning: CircleDot,
	proposed: Lightbulb,
	audit: Eye,
	applied: ShieldQuestionMark,
	enforced: ShieldCheck
}

const classIcon = {
	process: Terminal,
	'file-read': FileOutput,
	'file-write': FileInput,
	network: Network,
	privilege: KeyRound
}

/** A word in a coloured pill with its icon. */
export function Mark({
	tone,
	icon,
	children,
	title
}: {
	tone: Tone
	icon?: ReactNode
	children: ReactNode
	title?: string | undefined
}) {
	return (
		<span className={`mark tone-${tone}`} title={title}>
			{icon}
			<span className="mark-text">{children}</span>
		</span>
	)
}

export function StateMark({ state, title }: { state: StateName; title?: string }) {
	const Icon = stateIcon[state]
	const word = stateWord[state]
	return (
		<Mark tone={word.tone} icon={<Icon size={13} aria-hidden />} title={title ?? word.meaning}>
			{word.label}
		</Mark>
	)
}

const standingIcon = { ready: CircleCheck, 'not-yet': Hourglass, 'open-ended': Endless }

export function StandingMark({ standing }: { standing: Standing }) {
	const Icon = standingIcon[standing]
	const word = standingWord[standing]
	return (
		<Mark tone={word.tone} icon={<Icon size={13} aria-hidden />} title={word.meaning}>
			{word.label}
		</Mark>
	)
}

/** `3 %` with the icon of its standing: a cell of a table. */
export function Risk({ risk24, standing }: { risk24: number; standing: Standing }) {
	const Icon = standingIcon[standing]
	const word = standingWord[standing]
	return (
		<span
			className={`class-state tone-text-${word.tone}`}
			title={`A new behaviour within 24 h: ${percent(risk24)}. ${word.meaning}`}
		>
			<Icon size={13} aria-label={word.label} /> {percent(risk24)}
		</span>
	)
}

export function StateIcon({ state, size = 14 }: { state: StateName; size?: number }) {
	const Icon = stateIcon[state]
	return <Icon size={size} aria-hidden className={`tone-text-${stateWord[state].tone}`} />
}

export function ClassIcon({ of, size = 14 }: { of: Class; size?: number }) {
	const Icon = classIcon[of]
	return <Icon size={size} aria-hidden className="class-icon" />
}

export function ClassName({ of }: { of: Class }) {
	return (
		<span className="class-name">
			<ClassIcon of={of} />
			{classWord[of]}
		</span>
	)
}

/** One cell per class: what it is by icon and hidden text, the sentence on hover. */
export function ClassStateCell({ of, it }: { of: Class; it: ClassState | undefined }) {
	const state = it?.state ?? 'none'
	const title = `${classWord[of]}: ${it?.sentence ?? stateWord.none.meaning}`
	return (
		<span className={`class-state tone-text-${stateWord[state].tone}`} title={title}>
			<StateIcon state={state} />
			<span className="class-state-text">{stateWord[state].short}</span>
			{it?.decision === 'approved' && (
				<CircleCheck size={12} aria-label="approved" className="tone-text-green" />
			)}
			{it?.decision === 'rejected' && <CircleX size={12} aria-label="rejected" className="tone-text-red" />}
		</span>
	)
}

export function DecisionMark({ decision }: { decision: Decision }) {
	if (decision === 'none') return <span className="faint">{decisionWord.none}</span>
	const approved = decision === 'approved'
	return (
		<Mark
			tone={approved ? 'green' : 'red'}
			icon={approved ? <CircleCheck size={13} aria-hidden /> : <CircleX size={13} aria-hidden />}
		>
			{decisionWord[decision]}
		</Mark>
	)
}

export function ResultMark({ result }: { result: 'allowed' | 'denied' | 'failed' }) {
	if (result === 'allowed') return <span className="faint">allowed</span>
	if (result === 'denied') {
		return (
			<Mark
				tone="red"
				icon={<Ban size={13} aria-hidden />}
				title="An attempt, never a need: it is not learned as allowed."
			>
				denied
			</Mark>
		)
	}
	return (
		<Mark tone="quiet" icon={<CircleX size={13} aria-hidden />} title="Counted, and never a behaviour.">
			failed
		</Mark>
	)
}

const noteIcon = { info: Info, warning: TriangleAlert, refusal: OctagonX }
const noteTone = { info: 'blue', warning: 'amber', refusal: 'red' } as const

/** Notes, the most severe first. */
export function Notes({ notes }: { notes: readonly Note[] }) {
	const order = { refusal: 0, warning: 1, info: 2 }
	const sorted = [...notes].sort((a, b) => order[a.severity] - order[b.severity])
	return (
		<ul className="notes">
			{sorted.map((note, index) => {
				const Icon = noteIcon[note.severity]
				return (
					// biome-ignore lint/suspicious/noArrayIndexKey: notes have no identity and never move
					<li key={index} className={`note tone-${noteTone[note.severity]}`}>
						<Icon size={15} aria-label={note.severity} />
						<span>
							{note.rule !== undefined && <strong>Rule {note.rule + 1}. </strong>}
							{visible(note.text)} <code className="note-code">{note.code}</code>
						</span>
					</li>
				)
			})}
		</ul>
	)
}
