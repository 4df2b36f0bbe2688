import type { Simulation } from '../api/shapes.js'
import { counted } from '../show/text.js'

type Day = NonNullable<Simulation['daily']>['days'][number]

const DAY_MS = 86_400_000

/** One cell for each past day: what enforcing the policy of the evening before would have met. */
export function DayStrip({ days }: { days: readonly Day[] }) {
	return (
		<ol className="day-strip" aria-label="Each past day with the policy of the days before it">
			{days.map((day) => {
				const sentence = sentenceOf(day)
				return (
					<li key={day.day} className={`day day-${toneOf(day)}`} title={sentence}>
						<span aria-hidden>{markOf(day)}</span>
						<span className="sr-only">{sentence}</span>
					</li>
				)
			})}
		</ol>
	)
}

/** A number, a point or a dash: the colour only repeats it. */
function markOf(day: Day): string {
	if (day.state !== 'tested') return '–'
	return day.blockedHours === 0 ? '·' : String(day.blockedHours)
}

function toneOf(day: Day): 'untested' | 'quiet' | 'blocked' {
	if (day.state !== 'tested') return 'untested'
	return day.blockedHours === 0 ? 'quiet' : 'blocked'
}

const reason: Record<Exclude<Day['state'], 'tested'>, string> = {
	unwatched: 'not watched, so not tried',
	'no-policy': 'nothing had been seen before, so there was no policy to try',
	'not-carried': 'no language could carry what had been learned'
}

function sentenceOf(day: Day): string {
	const date = new Date(day.day * DAY_MS).toISOString().slice(0, 10)
	if (day.state !== 'tested') return `${date}: ${reason[day.state]}`
	const watched = `${counted(day.watchedHours, 'watched hour')}`
	if (day.blockedHours === 0) return `${date}: nothing would have been blocked in ${watched}`
	return `${date}: ${counted(day.behaviourCount, 'behaviour')} would have been blocked, in ${day.blockedHours} of ${watched}`
}
