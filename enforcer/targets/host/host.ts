import { z } from 'zod'
import type { InventoryItem } from '../../../collector/observation.js'
import type { Note, Policy } from '../../../discovery/policy.js'
import type {
	CgroupNetworkPolicy,
	CgroupNetworkRule,
	HoldResult,
	SensorService
} from '../../../native/messages.js'
import { EnforcerError } from '../../error.js'
import type { Plan, PlanAction } from '../../plan.js'
import { cgroupRefusals, isOwnCgroup, neverEnforced } from '../../refusal.js'
import type { Outcome, Target, TargetContext } from '../target.js'

export interface HostOptions {
	sensor: SensorService
	/** A network policy as the table of a cgroup, with what cannot be carried as notes. */
	toCgroupRules(
		policy: Policy,
		context: { inventory: InventoryItem[] }
	): { rules: CgroupNetworkRule[]; notes: Note[] }
}

/**
 * Connect, send and bind of one host workload, held by cgroup programs in the sensor. Says
 * `enforced` only when the sensor's self-test, in a cgroup of its own, saw one denial and one
 * permission.
 */
export function hostTarget(options: HostOptions): Target {
	const { sensor } = options
	return {
		name: 'host',
		classes: ['network'],
		plan: (policies, context) => plan(options, policies, context),
		apply: (made) => carryOut(sensor, made.actions),
		revert: (made) => carryOut(sensor, made.undo),
		observe: async () => {
			const held = await sensor.heldNetwork()
			return held
				.map(({ cgroup, digest, mode }) => ({ object: cgroup, content: JSON.stringify({ digest, mode }) }))
				.toSorted((a, b) => (a.object < b.object ? -1 : 1))
		}
	}
}

async function plan(options: HostOptions, policies: Policy[], context: TargetContext): Promise<Plan> {
	const { subject } = context
	const policy = policies.find((one) => one.class === 'network')
	const made: Plan = { target: 'host', actions: [], undo: [], notes: [], refusals: [] }
	if (policy) {
		made.refusals.push(
			...neverEnforced(subject),
			...cgroupRefusals(subject, context.neighbours, context.standing)
		)
	} else if (policies.length > 0) {
		made.refusals.push(
			refusal(
				'host.class',
				`The host target holds the class network only, not ${policies.map((one) => one.class).join(', ')}.`
			)
		)
	}
	if (!isOwnCgroup(subject.cgroup)) return made
	const held = (await options.sensor.heldNetwork()).find((one) => one.cgroup === subject.cgroup) ?? null
	const wanted = policy ? wantedPolicy(options, policy, context, made) : null
	if (held?.digest === wanted?.digest && held?.mode === wanted?.mode) return made
	made.actions.push(actionOf(subject.cgroup, wanted))
	made.undo.push(actionOf(subject.cgroup, held && heldPolicy(options, held, context)))
	return made
}

/** The sensor knows digest and mode; the rules are those of the policy with that digest. Null: not ours to restore. */
function heldPolicy(
	options: HostOptions,
	held: Pick<CgroupNetworkPolicy, 'cgroup' | 'digest' | 'mode'>,
	context: TargetContext
): CgroupNetworkPolicy | null {
	const policy = context.policyAt('network', held.digest)
	const rules = policy ? options.toCgroupRules(policy, { inventory: context.inventory }).rules : []
	return rules.length > 0 ? { ...held, rules } : null
}

function wantedPolicy(
	options: HostOptions,
	policy: Policy,
	context: TargetContext,
	made: Plan
): CgroupNetworkPolicy {
	const { rules, notes } = options.toCgroupRules(policy, { inventory: context.inventory })
	made.notes.push(...notes.filter((note) => note.severity !== 'refusal'))
	made.refusals.push(...notes.filter((note) => note.severity === 'refusal'))
	if (rules.length === 0) {
		made.refusals.push(
			refusal(
				'host.empty',
				`The network policy of ${context.subject.name} allows nothing: held, it would cut off everything.`
			)
		)
	}
	return { cgroup: context.subject.cgroup, digest: policy.digest, mode: context.mode, rules }
}

function actionOf(cgroup: string, policy: CgroupNetworkPolicy | null): PlanAction {
	if (!policy) {
		return { verb: 'lift', object: cgroup, sentence: `Stop holding the network of ${cgroup}.`, content: '' }
	}
	const does = policy.mode === 'block' ? 'deny' : 'count, without denying,'
	return {
		verb: 'hold',
		object: cgroup,
		sentence: `On ${cgroup}, ${does} every connect, send and bind that none of ${policy.rules.length} rules allows.`,
		content: textOf(policy)
	}
}

async function carryOut(sensor: SensorService, steps: PlanAction[]): Promise<Outcome> {
	let outcome: Outcome = { state: 'applied', sentence: 'There was nothing to do.' }
	for (const step of steps) {
		try {
			outcome =
				step.verb === 'hold'
					? outcomeOfHold(await sensor.holdNetwork(policyOf(step)), policyOf(step).mode)
					: outcomeOfLift(await sensor.liftNetwork(step.object))
		} catch (error) {
			throw new EnforcerError(
				'failed',
				`The sensor did not answer for ${step.object}, so what is in force there is not known. See "whittle status", then apply or roll back again.`,
				{ cause: error }
			)
		}
		if (outcome.state === 'failed') return outcome
	}
	return outcome
}

/** Enforced means proven: a denial that was asked for and seen, and a permission beside it. */
export function outcomeOfHold(result: HoldResult, mode: 'audit' | 'block'): Outcome {
	if (!result.held) return { state: 'failed', sentence: result.sentence }
	if (mode === 'audit') return { state: 'audit', sentence: result.sentence }
	const isProven = result.selfTest?.deniedCorrectly === true && result.selfTest.allowedCorrectly
	return { state: isProven ? 'enforced' : 'applied', sentence: result.sentence }
}

/** A lift leaves nothing in force: its state is `failed` only when something is still held. */
function outcomeOfLift(result: HoldResult): Outcome {
	return { state: result.held ? 'failed' : 'applied', sentence: result.sentence }
}

const policyShape = z.object({
	cgroup: z.string().refine(isOwnCgroup, 'A policy is held on a cgroup below the root, never on the root.'),
	digest: z.string(),
	mode: z.enum(['audit', 'block']),
	rules: z.array(
		z.object({
			direction: z.enum(['egress', 'ingress']),
			protocol: z.enum(['tcp', 'udp', 'any']),
			portFrom: z.number().int().min(0).max(65535),
			portTo: z.number().int().min(0).max(65535),
			cidr: z.string()
		})
	)
})

/** The sensor's policy in a step; throws when it was not planned by Whittle. */
function policyOf(step: PlanAction): CgroupNetworkPolicy {
	return policyShape.parse(JSON.parse(step.content))
}

/** One text for one policy, whatever the order of its rules. */
function textOf(policy: CgroupNetworkPolicy): string {
	const rules = policy.rules
		.map(({ direction, protocol, portFrom, portTo, cidr }) => ({
			direction,
			protocol,
			portFrom,
			portTo,
			cidr
		}))
		.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
	return JSON.stringify({ cgroup: policy.cgroup, digest: policy.digest, mode: policy.mode, rules })
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
