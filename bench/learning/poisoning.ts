import { classOfVerb } from '../../collector/observation.js'
import { createPool, type PoolView, summarise } from '../../discovery/learn/pool.js'
import { type BehaviourState, stateOf } from '../../discovery/learn/state.js'
import { judge } from '../../discovery/learn/trust.js'
import type { Generaliser } from './baselines.js'
import type { Workload } from './generator.js'
import { createJudge } from './grant.js'
import { type Poison, POISON_STYLES, poison } from './poison.js'
import { createRandom } from './random.js'
import { createHistory, type Known } from './trial.js'

/** Who believes what after a week with an intruder in it. */
export interface TrustRule {
	name: string
	trusts(states: readonly BehaviourState[], workload: Workload, pool: PoolView): Set<BehaviourState>
}

const NO_PEERS: PoolView = { of: () => ({ k: 0, n: 0, clusterCount: 0, lastDay: -1 }) }

/** Ours, with and without peers on the image; `alone`: what would be enforced without any person's yes. */
function tiers(name: string, usePool: boolean, withPerson: boolean): TrustRule {
	return {
		name,
		trusts(states, workload, pool) {
			const { image, main } = workload.family
			const facts = {
				form: 'container',
				files: image,
				pool: usePool ? pool : NO_PEERS,
				programs: [main]
			} as const
			const judged = judge(states, facts)
			return new Set(
				judged
					.filter(({ standing, needsPerson }) => standing === 'trusted' && (withPerson || !needsPerson))
					.map(({ state }) => state)
			)
		}
	}
}

function atLeast(name: string, enough: (state: BehaviourState) => boolean): TrustRule {
	return { name, trusts: (states) => new Set(states.filter(enough)) }
}

export const TRUST_RULES: readonly TrustRule[] = [
	atLeast('union', () => true),
	atLeast('>= 2 hours', (state) => state.hours.length >= 2),
	atLeast('>= 2 pods', (state) => state.pods.length >= 2),
	atLeast('>= 2 days', (state) => state.days.length >= 2),
	tiers('tiers, no peers', false, true),
	tiers('tiers', true, true),
	tiers('tiers, nobody says yes', true, false)
]

const DAYS = 7

/** What one intrusion into one workload came to under one rule. */
export interface PoisonOutcome {
	rule: string
	style: Poison['style']
	steps: number
	admitted: number
	critical: number
	criticalAdmitted: number
	/** Some step was not believed; some step is denied by the policy that was learned (null where not asked). */
	broken: boolean
	denied: boolean | null
	/** The workload's own behaviours that were not believed, and those of them that came back in another hour. */
	ownHeld: number
	ownHeldRecurring: number
}

/** Every style of intrusion into the first week of every workload of an image, under every rule. */
export function poisonFamily(members: readonly Workload[], ours: Generaliser, seed: string): PoisonOutcome[] {
	const known = new Map(members.map((workload) => [workload, createHistory(workload).until(DAYS * 24)]))
	const pool = createPool(
		[...known].map(([workload, { states }], at) =>
			summarise(
				{ image: workload.family.name, cluster: `cluster-${at % 2}`, workload: workload.name },
				judge(states, {
					form: 'container',
					files: workload.family.image,
					pool: NO_PEERS,
					programs: [workload.family.main]
				})
			)
		)
	)
	return [...known].flatMap(([workload, one]) =>
		POISON_STYLES.flatMap((style) => {
			const random = createRandom(`${seed}/${workload.name}/${style}`)
			const view = pool.view(workload.family.name, workload.name)
			return outcomes(workload, one, poison(workload, style, DAYS, random), view, ours)
		})
	)
}

function outcomes(
	workload: Workload,
	known: Known,
	poisoned: Poison,
	pool: PoolView,
	ours: Generaliser
): PoisonOutcome[] {
	const rows = workload.rows
		.slice(0, DAYS)
		.flat()
		.filter((row) => !row.interactive)
	const states = stateOf([...rows, ...poisoned.rows], known.exposure.starts)
	const key = ({ verb, object, source }: { verb: string; object: string; source: string }) =>
		`${verb} ${object} ${source}`
	const own = new Set(known.states.map(key))
	const steps = poisoned.chain.steps
	return TRUST_RULES.map((rule) => {
		const trusted = rule.trusts(states, workload, pool)
		const believed = new Set([...trusted].map(key))
		const admitted = steps.filter((step) => believed.has(key(step)))
		const held = states.filter((state) => own.has(key(state)) && !trusted.has(state))
		return {
			rule: rule.name,
			style: poisoned.style,
			steps: steps.length,
			admitted: admitted.length,
			critical: steps.filter((step) => step.critical).length,
			criticalAdmitted: admitted.filter((step) => step.critical).length,
			broken: admitted.length < steps.length,
			denied: rule.name === 'tiers' ? isDenied([...trusted], poisoned, known, ours) : null,
			ownHeld: held.length,
			ownHeldRecurring: held.filter((state) => state.hours.length >= 2).length
		}
	})
}

/** Whether the policy of what was believed denies a step, generalisation included. */
function isDenied(
	trusted: readonly BehaviourState[],
	{ chain }: Poison,
	known: Known,
	ours: Generaliser
): boolean {
	const { grants } = ours.generalise(trusted, known.facts)
	const policy = createJudge(grants)
	return chain.steps.some((step) => policy.allowedBy(classOfVerb[step.verb], step.object, step.source) < 0)
}
