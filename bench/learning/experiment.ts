import type { Class } from '../../collector/observation.js'
import { thresholdFor, UNCALIBRATED_TAU } from '../../discovery/learn/calibrate.js'
import type { HazardModel } from '../../discovery/learn/hazard.js'
import type { Generaliser } from './baselines.js'
import { drawFamily } from './family.js'
import { live, type Workload } from './generator.js'
import { IMAGE_KINDS } from './image.js'
import { createRandom } from './random.js'
import { LEARN_DAYS, TEST_DAYS } from './stops.js'
import type { Contender, Forecast } from './trial.js'

/** How much is simulated. */
export interface Plan {
	seed: string
	/** Images, and workloads of each. */
	testFamilies: number
	members: number
	/** Further images, on which thresholds are calibrated; none is scored. */
	calibrationFamilies: number
	/** Still others, on which only the product's decisions are held against what came. */
	decisionFamilies: number
}

/** The workloads of the plan, one image after the other, kinds in turn; or only every so many-th image. */
export function* workloadsOf(
	{ seed, members }: Pick<Plan, 'seed' | 'members'>,
	familyCount: number,
	part = 'test',
	{ first, step }: { first: number; step: number } = { first: 0, step: 1 }
): Iterable<Workload[]> {
	for (let at = first; at < familyCount; at += step) {
		const kind = IMAGE_KINDS[at % IMAGE_KINDS.length] ?? 'php'
		const name = `${kind}-${part}-${at}`
		const family = drawFamily(name, kind, createRandom(`${seed}/${name}`))
		yield Array.from({ length: members }, (_, member) =>
			live(family, `${name}/w${member}`, seed, LEARN_DAYS + TEST_DAYS)
		)
	}
}

/** The product as it is delivered: the shipped second stage, and the threshold of an uncalibrated fleet. */
export function contender(
	generaliser: Generaliser,
	stops: Contender['stops'],
	hazard: HazardModel | undefined,
	rest: Partial<Contender> = {}
): Contender {
	return {
		generaliser,
		stops,
		taus: eachClass(() => UNCALIBRATED_TAU),
		calibrated: false,
		...(hazard ? { hazard } : {}),
		...rest
	}
}

/**
 * Thresholds by Learn-then-Test from the forecasts on calibration images, per class. What is asked once a
 * day here is asked every hour by the product: each answer stands for its day.
 */
export function calibrate(
	forecasts: ReadonlyMap<Workload, readonly Forecast[]>,
	alpha: number
): Record<Class, { tau: number; calibrated: boolean; caseCount: number }> {
	const thresholdOf = (of: Class) => {
		const cases = [...forecasts].map(([workload, all]) => ({
			image: workload.family.name,
			workload: workload.name,
			predictions: all
				.filter((forecast) => forecast.class === of)
				.flatMap(({ risk24, eligible, happened }) =>
					Array.from({ length: 24 }, () => ({ risk: risk24, eligible, outcome: happened }))
				)
		}))
		const { tau, calibrated, caseCount } = thresholdFor(cases, alpha)
		return { tau, calibrated, caseCount }
	}
	return eachClass(thresholdOf)
}

/** A value for every class. */
export function eachClass<T>(of: (of: Class) => T): Record<Class, T> {
	return {
		process: of('process'),
		'file-read': of('file-read'),
		'file-write': of('file-write'),
		network: of('network'),
		privilege: of('privilege')
	}
}
