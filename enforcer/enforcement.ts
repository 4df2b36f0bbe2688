import type { Class } from '../collector/observation.js'
import type { Reader, Writer } from '../collector/store.js'
import type { Policy } from '../discovery/policy.js'
import { type Change, inForce, readChanges } from './change.js'
import { EnforcerError } from './error.js'
import type { Plan } from './plan.js'
import { findRevision, readInventory, readNeighbours, readPolicy, readSubject } from './policies.js'
import { readProcesses } from './processes.js'
import type { Target, TargetContext } from './targets/target.js'

/** What enforcing may touch. */
export interface Enforcement {
	reader: Reader
	writer: Writer
	targets: readonly Target[]
	actor: string
	/** The process that asked, when it is on this machine: its login must survive. */
	callerPid: number | null
	nowMs(): number
}

/** Which class of which workload is to be held where. */
export interface ChangeRequest {
	workloadId: number
	class: Class
	target: string
	mode: 'audit' | 'block'
	/** Without it: what is proposed now. */
	digest?: string
}

/** `changed` is false when it was in force already, so nothing was done. */
export interface ChangeResult {
	change: Change
	changed: boolean
}

let queue: Promise<unknown> = Promise.resolve()

/** Runs what changes targets one after the other: two at once could each plan on what the other replaces. */
export function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
	const done = queue.then(work, work)
	queue = done.catch(() => undefined)
	return done
}

/** The target of that name. Throws `unavailable` for one that needs more than there is here. */
export function targetOf(enforcement: Enforcement, name: string): Target {
	const target = enforcement.targets.find((one) => one.name === name)
	if (target) return target
	if (name === 'host') {
		throw new EnforcerError(
			'unavailable',
			'The host target needs the sensor, and none runs here: start "whittle up" as root on a kernel that "whittle probe" accepts, or use the directory target.'
		)
	}
	throw new EnforcerError('not-found', `There is no target ${JSON.stringify(name)}.`)
}

/** What is in force of the workload at the request's target, any class. */
export function standingOf(reader: Reader, request: { workloadId: number; target: string }): Change[] {
	return inForce(readChanges(reader, request.workloadId)).filter((change) => change.target === request.target)
}

/**
 * What would put this digest in force beside the workload's other classes; null: what would take
 * the class away.
 */
export async function planFor(
	enforcement: Enforcement,
	target: Target,
	request: ChangeRequest,
	digest: string | null
): Promise<Plan> {
	const { reader } = enforcement
	const wanted: Policy[] = standingOf(reader, request)
		.filter((change) => change.class !== request.class)
		.map((change) => readPolicy(reader, change.workloadId, change.class, change.digest))
	if (digest !== null) wanted.push(readPolicy(reader, request.workloadId, request.class, digest))
	return target.plan(wanted, await contextOf(enforcement, request))
}

/** Throws `refused`, with every sentence, when something speaks against the plan. */
export function refuseWith(plan: Plan): void {
	if (plan.refusals.length > 0) throw new EnforcerError('refused', sentencesOf(plan))
}

/** What speaks against a plan, in sentences. */
export function sentencesOf(plan: Plan): string {
	return plan.refusals.map((note) => note.text).join(' ')
}

/** The mode that was asked for; a change that turned out unproven does not say it in its state. */
export function modeOf(change: Change): 'audit' | 'block' {
	const isAudit = change.plan.actions.some((one) => one.verb === 'hold' && isAuditPolicy(one.content))
	return isAudit ? 'audit' : 'block'
}

function isAuditPolicy(content: string): boolean {
	const policy: unknown = JSON.parse(content)
	return typeof policy === 'object' && policy !== null && 'mode' in policy && policy.mode === 'audit'
}

async function contextOf(enforcement: Enforcement, request: ChangeRequest): Promise<TargetContext> {
	const { reader } = enforcement
	const subject = readSubject(reader, request.workloadId)
	return {
		subject,
		mode: request.mode,
		inventory: readInventory(reader, enforcement.nowMs()),
		neighbours: readNeighbours(reader, subject),
		standing: {
			processes: request.target === 'host' ? await readProcesses() : [],
			ownPids: [process.pid],
			callerPid: enforcement.callerPid
		},
		policyAt: (class_, digest) => findRevision(reader, request.workloadId, class_, digest)
	}
}
