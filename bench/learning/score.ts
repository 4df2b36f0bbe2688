import { type Class, CLASSES } from '../../collector/observation.js'
import { type Reliability, scorePredictions } from '../../discovery/learn/calibrate.js'
import type { Outcome, Tally } from './measure.js'
import { createRandom } from './random.js'
import { LEARN_DAYS, TEST_DAYS } from './stops.js'

/** A measured value with its 95 % bootstrap interval over images. */
export interface Estimate {
	value: number
	low: number
	high: number
}

/** One generaliser with one stopping rule over all workloads. */
export interface Score {
	generaliser: string
	stop: string
	workloads: number
	/** Share of (workload, class) pairs that were ever enforced. */
	share: number
	/** Hours with a false block per 100 days on which a workload was enforced (a class counts as a fifth). */
	falsePer100: Estimate
	/** The same without what began with unannounced changes: what watching longer could have avoided. */
	foreseeablePer100: Estimate
	/** The same on only what ours enforces; null before that is known. */
	falsePer100Equal: number | null
	/** The same by intention to treat: per 100 days of all workloads; and of days nothing protected, in % of all. */
	falsePer100All: number
	unprotectedShare: number
	/** Days until a class is enforced: the mean with never as the whole time, and the median. */
	daysMean: number
	daysMedian: number
	/** Share of legitimate acts that are denied, over all enforced classes, in %. */
	deniedPercent: Estimate
	distinctPerDay: number
	/** Observed share of decisions after which something new came within 24 hours. */
	newWithin24: number
	reliability: Reliability
	reliabilityByClass: { class: Class; reliability: Reliability }[]
	width: WidthScore | null
}

export interface WidthScore {
	/** Percent of the files that are never needed. */
	read: number
	write: number
	execute: number
	/** Weighted as the objective weighs them: 1, 4, 8. */
	weighted: number
	ownBlocked: Estimate
	createdBlocked: number
	byRuleBlocked: number
	chainsCut: number
	/** By intention to treat: what is never enforced blocks nothing. */
	chainsCutAll: number
	peerPorts: number
	peerPortsUnused: number
	/** Rendered for KubeArmor: share that fits, and probes blocked there; null where nothing is rendered. */
	fitting: number | null
	enforcedBlocked: number | null
	/** Why the first one that does not fit does not. */
	misfit: string
}

const RESAMPLES = 200

/** The score of outcomes that all come from one generaliser and one stopping rule. */
export function score(outcomes: readonly Outcome[]): Score {
	const [first] = outcomes
	const days = outcomes.flatMap((outcome) => outcome.days)
	const enforced = days.filter((day) => day !== null)
	const whole = LEARN_DAYS + TEST_DAYS
	const sorted = days.map((day) => day ?? Infinity).sort((a, b) => a - b)
	const predictions = outcomes.flatMap((outcome) => outcome.predictions)
	const falseHours = sumOf(outcomes, (one) => one.falseHours)
	return {
		generaliser: first?.generaliser ?? '',
		stop: first?.stop ?? '',
		workloads: outcomes.length,
		share: enforced.length / Math.max(1, days.length),
		falsePer100: bootstrap(
			outcomes,
			per100(({ falseHours }) => falseHours)
		),
		foreseeablePer100: bootstrap(
			outcomes,
			per100(({ foreseeableHours }) => foreseeableHours)
		),
		falsePer100Equal: null,
		falsePer100All: (100 * falseHours) / Math.max(1, outcomes.length * TEST_DAYS),
		unprotectedShare:
			days.reduce<number>((sum, day) => sum + (day ?? whole), 0) / Math.max(1, days.length * whole),
		daysMean: days.reduce<number>((sum, day) => sum + (day ?? whole), 0) / Math.max(1, days.length),
		daysMedian: sorted[Math.floor(sorted.length / 2)] ?? Infinity,
		deniedPercent: bootstrap(outcomes, deniedPercent),
		distinctPerDay: sumOf(outcomes, (one) => one.falseDistinct) / Math.max(1, outcomes.length * TEST_DAYS),
		newWithin24: predictions.filter(({ outcome }) => outcome).length / Math.max(1, predictions.length),
		reliability: scorePredictions(predictions),
		reliabilityByClass: CLASSES.map((of) => ({
			class: of,
			reliability: scorePredictions(predictions.filter((prediction) => prediction.class === of))
		})),
		width: widthScore(outcomes)
	}
}

function per100(of: (outcome: Outcome) => number): (outcomes: readonly Outcome[]) => number {
	return (outcomes) => {
		const enforcedDays = sumOf(
			outcomes,
			({ days }) => (days.filter((day) => day !== null).length / CLASSES.length) * TEST_DAYS
		)
		return enforcedDays === 0 ? 0 : (100 * sumOf(outcomes, of)) / enforcedDays
	}
}

function deniedPercent(outcomes: readonly Outcome[]): number {
	const events = sumOf(outcomes, (one) => one.testEvents)
	return events === 0 ? 0 : (100 * sumOf(outcomes, (one) => one.falseEvents)) / events
}

function widthScore(outcomes: readonly Outcome[]): WidthScore | null {
	const widths = outcomes.flatMap(({ width }) => width ?? [])
	if (widths.length === 0) return null
	const mean = (at: number) => {
		const values = widths.flatMap(({ overGrant }) => overGrant[at] ?? [])
		return (100 * values.reduce((sum, value) => sum + value, 0)) / Math.max(1, values.length)
	}
	const part = (of: (width: NonNullable<Outcome['width']>) => Tally) => (some: readonly Outcome[]) => {
		const tallies = some.flatMap(({ width }) => (width ? [of(width)] : []))
		const count = tallies.reduce((sum, tally) => sum + tally.count, 0)
		return (100 * tallies.reduce((sum, tally) => sum + tally.blocked, 0)) / Math.max(1, count)
	}
	const [read, write, execute] = [mean(0), mean(1), mean(2)]
	const total = (of: (width: NonNullable<Outcome['width']>) => number) =>
		widths.reduce((sum, width) => sum + of(width), 0) / widths.length
	const enforced = widths.flatMap((width) => width.enforced ?? [])
	const anyEnforced = outcomes.filter(({ days }) => days.some((day) => day !== null))
	return {
		read,
		write,
		execute,
		weighted: (read + 4 * write + 8 * execute) / 13,
		ownBlocked: bootstrap(
			outcomes,
			part(({ own }) => own)
		),
		createdBlocked: part(({ created }) => created)(outcomes),
		byRuleBlocked: part(({ byRule }) => byRule)(outcomes),
		chainsCut: part(({ chains }) => chains)(anyEnforced),
		chainsCutAll: part(({ chains }) => chains)(outcomes),
		peerPorts: total(({ peerPorts }) => peerPorts),
		peerPortsUnused: total(({ peerPortsUnused }) => peerPortsUnused),
		fitting:
			enforced.length === 0 ? null : (100 * enforced.filter(({ fits }) => fits).length) / enforced.length,
		enforcedBlocked:
			enforced.length === 0
				? null
				: (100 * enforced.reduce((sum, { probes }) => sum + probes.blocked, 0)) /
					Math.max(
						1,
						enforced.reduce((sum, { probes }) => sum + probes.count, 0)
					),
		misfit: enforced.find(({ fits }) => !fits)?.reason ?? ''
	}
}

/** Resamples images, because workloads of one image are alike; always with the same draws. */
function bootstrap(
	outcomes: readonly Outcome[],
	statistic: (outcomes: readonly Outcome[]) => number
): Estimate {
	const families = new Map<string, Outcome[]>()
	for (const outcome of outcomes) {
		families.set(outcome.family, [...(families.get(outcome.family) ?? []), outcome])
	}
	const clusters = [...families.values()]
	const random = createRandom('bootstrap')
	const values = Array.from({ length: RESAMPLES }, () =>
		statistic(clusters.flatMap(() => (clusters.length > 0 ? random.pick(clusters) : [])))
	).sort((a, b) => a - b)
	return {
		value: statistic(outcomes),
		low: values[Math.floor(RESAMPLES * 0.025)] ?? 0,
		high: values[Math.ceil(RESAMPLES * 0.975) - 1] ?? 0
	}
}

function sumOf(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number {
	return outcomes.reduce((sum, outcome) => sum + of(outcome), 0)
}

/**
 * The outcomes of one contender on only those classes of those workloads that another one enforced, so that
 * choosing easy ones gains nothing.
 */
export function onlyWhere(outcomes: readonly Outcome[], reference: readonly Outcome[]): Outcome[] {
	const chosen = new Map(reference.map((outcome) => [outcome.workload, outcome.days]))
	return outcomes.map((outcome) => {
		const keep = CLASSES.map((_, at) => chosen.get(outcome.workload)?.[at] != null)
		const classes = CLASSES.filter((_, at) => keep[at])
		return {
			...outcome,
			days: outcome.days.map((day, at) => (keep[at] ? day : null)),
			falseHours: outcome.falseHoursByClass.reduce((sum, hours, at) => sum + (keep[at] ? hours : 0), 0),
			predictions: outcome.predictions.filter((prediction) => classes.includes(prediction.class)),
			width: null
		}
	})
}

/** True when a is nowhere worse than b, and somewhere better, in false blocks, width, probes and time. */
export function dominates(a: Score, b: Score): boolean {
	const axes = ({ falsePer100, width, unprotectedShare }: Score) =>
		width === null
			? null
			: [falsePer100.value, width.weighted, 100 - width.ownBlocked.value, unprotectedShare]
	const [left, right] = [axes(a), axes(b)]
	if (left === null || right === null) return false
	return (
		left.every((value, at) => value <= (right[at] ?? 0)) && left.some((value, at) => value < (right[at] ?? 0))
	)
}
