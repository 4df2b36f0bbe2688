import type { Class } from '../collector/observation.js'
import type { Reader, Writer } from '../collector/store.js'
import type { Policy } from '../discovery/policy.js'
import { readApprovals, short } from './approval.js'
import {
	before,
	type Change,
	type ChangeState,
	changeOf,
	concludeChange,
	inForce,
	insertChange,
	readChanges
} from './change.js'
import { EnforcerError } from './error.js'
import { decisionOn } from './lifecycle.js'
import { isEmpty, type Plan } from './plan.js'
import {
	findRevision,
	readInventory,
	readNeighbours,
	readPolicy,
	readProposal,
	readSubject
} from './policies.js'
import { readProcesses } from './processes.js'
import type { Outcome, Target, TargetContext } from './targets/target.js'
import type { HeldCgroup } from './violation.js'

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

/** What `applyChange` would do. Changes nothing, needs no approval. Throws EnforcerError. */
export async function planChange(enforcement: Enforcement, request: ChangeRequest): Promise<Plan> {
	const target = targetOf(enforcement, request.target)
	const digest = request.digest ?? proposedDigest(enforcement.reader, request)
	return planFor(enforcement, target, request, digest)
}

/**
 * Puts the approved digest in force at the target. The intention is stored before anything is
 * done, and what came of it afterwards, so a crash between them is seen. Throws EnforcerError:
 * `conflict` unless what is proposed now is approved, `refused` with the plan's refusals,
 * `failed` when the target did not take it.
 */
export async function applyChange(enforcement: Enforcement, request: ChangeRequest): Promise<ChangeResult> {
	return oneAtATime(async () => {
		const target = targetOf(enforcement, request.target)
		const { digest, approvalId } = approvedDigest(enforcement.reader, request)
		const plan = await planFor(enforcement, target, request, digest)
		refuseWith(plan)
		const standing = standingOf(enforcement.reader, request).find((change) => change.class === request.class)
		if (standing && standing.digest === digest && isEmpty(plan)) return { change: standing, changed: false }
		const change = await intend(enforcement, {
			...request,
			digest,
			approvalId,
			action: 'apply',
			plan,
			revertsId: null
		})
		const outcome = await carryOut(enforcement, change, () => target.apply(plan))
		return { change: await conclude(enforcement, change, outcome.state, outcome), changed: true }
	})
}

/**
 * Undoes what is in force for the class: what was applied before it holds again, or nothing.
 * Throws EnforcerError: `conflict` when nothing is in force, `refused`, `failed`.
 */
export async function rollbackChange(
	enforcement: Enforcement,
	request: { workloadId: number; class: Class; target?: string }
): Promise<ChangeResult> {
	return oneAtATime(async () => {
		const { target, change, plan, previous } = await planRollback(enforcement, request)
		refuseWith(plan)
		const reverting = await intend(enforcement, {
			workloadId: change.workloadId,
			class: change.class,
			target: change.target,
			digest: change.digest,
			approvalId: change.approvalId,
			action: 'revert',
			plan,
			revertsId: change.id
		})
		const outcome = await carryOut(enforcement, reverting, () => target.apply(plan))
		if (outcome.state !== 'failed') {
			// What is held again was proven, or not, just now.
			const again = previous && plan.actions.some((action) => action.verb === 'hold')
			await enforcement.writer.transact([
				concludeChange(change.id, 'reverted', `Rolled back by ${enforcement.actor}.`),
				...(again ? [concludeChange(previous.id, outcome.state, outcome.sentence)] : [])
			])
		}
		const state = outcome.state === 'failed' ? 'failed' : 'reverted'
		return { change: await conclude(enforcement, reverting, state, outcome), changed: true }
	})
}

/** What `rollbackChange` would do. Changes nothing. */
export async function previewRollback(
	enforcement: Enforcement,
	request: { workloadId: number; class: Class; target?: string }
): Promise<Plan> {
	return (await planRollback(enforcement, request)).plan
}

/**
 * Holds again what is in force on paper and not at the host: after a restart of the sensor, or
 * when a workload came back in another cgroup. Returns the sentences for the log; called at the
 * start and every few seconds.
 */
export async function reconcile(enforcement: Enforcement): Promise<string[]> {
	return oneAtATime(async () => {
		const target = enforcement.targets.find((one) => one.name === 'host')
		if (!target) return []
		const said: string[] = []
		const changes = hostChangesInForce(enforcement.reader)
		if (changes.length === 0) return said
		const held = new Map((await target.observe()).map((one) => [one.object, one.content]))
		for (const change of changes) {
			// Planning reads every process, so it is for what is not held as it should be.
			const { cgroup } = readSubject(enforcement.reader, change.workloadId)
			if (held.get(cgroup) === JSON.stringify({ digest: change.digest, mode: modeOf(change) })) continue
			const request = { ...change, mode: modeOf(change) }
			const plan = await planFor(enforcement, target, request, change.digest)
			if (isEmpty(plan) && plan.refusals.length === 0) continue
			const outcome = await holdAgain(target, plan, change)
			const isKnown = outcome.state === change.state && outcome.sentence === change.outcome
			// What cannot be held is tried every few seconds, and told once.
			if (isKnown && plan.refusals.length > 0) continue
			await enforcement.writer.transact([concludeChange(change.id, outcome.state, outcome.sentence)])
			said.push(`Change ${change.id} (${short(change.digest)}): ${outcome.sentence}`)
		}
		return said
	})
}

/** The changes at the host target that hold now, with the cgroups that they hold. */
function hostChangesInForce(reader: Reader): Change[] {
	const rows = reader.all(
		"SELECT DISTINCT workload_id AS id FROM changes WHERE target = 'host' ORDER BY workload_id"
	)
	return rows
		.flatMap((row) => inForce(readChanges(reader, Number(row.id))))
		.filter((change) => change.target === 'host')
}

/**
 * The cgroups on which these digests are or were held. Denials of a drain arrive after what
 * they are about: the change may not be concluded yet, or be rolled back already.
 */
export function cgroupsOf(reader: Reader, digests: readonly string[]): HeldCgroup[] {
	const rows = reader.all(
		`SELECT * FROM changes WHERE target = 'host' AND action = 'apply' AND digest IN (${digests.map(() => '?').join()})
			ORDER BY id`,
		...digests
	)
	return rows
		.map(changeOf)
		.flatMap(({ plan, digest, workloadId }) =>
			heldCgroups(plan).map((cgroup) => ({ cgroup, digest, workloadId }))
		)
}

/** The cgroups that a plan holds. */
function heldCgroups(plan: Plan): string[] {
	return plan.actions.filter((action) => action.verb === 'hold').map((action) => action.object)
}

/** What cannot be held again stays in force on paper, unproven, and is tried again next time. */
async function holdAgain(
	target: Target,
	plan: Plan,
	change: Change
): Promise<{ state: ChangeState; sentence: string }> {
	if (plan.refusals.length > 0) return { state: 'applied', sentence: `It is not held: ${sentencesOf(plan)}` }
	const outcome = await target.apply(withLifts(plan, change))
	return outcome.state === 'failed'
		? { state: 'applied', sentence: `It is not held: ${outcome.sentence}` }
		: outcome
}

/** The mode that was asked for; a change that turned out unproven does not say it in its state. */
function modeOf(change: Change): 'audit' | 'block' {
	const isAudit = change.plan.actions.some((one) => one.verb === 'hold' && isAuditPolicy(one.content))
	return isAudit ? 'audit' : 'block'
}

function isAuditPolicy(content: string): boolean {
	const policy: unknown = JSON.parse(content)
	return typeof policy === 'object' && policy !== null && 'mode' in policy && policy.mode === 'audit'
}

// Two changes at once could each plan on what the other is about to replace.
let queue: Promise<unknown> = Promise.resolve()

function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
	const done = queue.then(work, work)
	queue = done.catch(() => undefined)
	return done
}

async function planRollback(
	enforcement: Enforcement,
	request: { workloadId: number; class: Class; target?: string }
): Promise<{ target: Target; change: Change; plan: Plan; previous: Change | undefined }> {
	const changes = readChanges(enforcement.reader, request.workloadId)
	const ofClass = changes.filter(
		(change) => change.class === request.class && (request.target ?? change.target) === change.target
	)
	const change = interrupted(ofClass) ?? inForce(ofClass).toSorted((a, b) => b.id - a.id)[0]
	if (!change) {
		throw new EnforcerError(
			'conflict',
			`Nothing of the class ${request.class} is in force${request.target ? ` at the ${request.target} target` : ''}, so there is nothing to roll back.`
		)
	}
	const target = targetOf(enforcement, change.target)
	const previous = before(changes, change)
	const last = changes.findLast((one) => one.target === change.target && one.state !== 'failed')
	if (last === change) {
		// Nothing happened there since: what undoes it is on record, byte for byte.
		const plan = { ...change.plan, actions: change.plan.undo, undo: change.plan.actions, refusals: [] }
		return { target, change, plan, previous }
	}
	const where = { ...change, mode: previous ? modeOf(previous) : 'block' } as const
	const plan = withLifts(await planFor(enforcement, target, where, previous?.digest ?? null), change)
	if (plan.refusals.length === 0 || !previous) return { target, change, plan, previous }
	// What held before may not be held any more; that never keeps anybody from lifting.
	const lifting = withLifts(await planFor(enforcement, target, where, null), change)
	return {
		target,
		change,
		plan: { ...lifting, notes: [...lifting.notes, ...plan.refusals] },
		previous: undefined
	}
}

/** The last apply, when it was begun and never concluded. */
function interrupted(changes: Change[]): Change | undefined {
	const last = changes.at(-1)
	return last?.state === 'planned' && last.action === 'apply' ? last : undefined
}

/** Also lifts what `change` held on a cgroup in which the workload does not run any more. */
function withLifts(plan: Plan, change: Change): Plan {
	const left = heldCgroups(change.plan).filter((cgroup) =>
		plan.actions.every((action) => action.object !== cgroup)
	)
	if (plan.target !== 'host') return plan
	const lifts = left.map((cgroup) => ({
		verb: 'lift' as const,
		object: cgroup,
		sentence: `Stop holding the network of ${cgroup}.`,
		content: ''
	}))
	return { ...plan, actions: [...plan.actions, ...lifts] }
}

/** `digest` null: without this class, whatever else is in force there. */
async function planFor(
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

/** What is in force of the workload at the request's target, any class. */
function standingOf(reader: Reader, request: { workloadId: number; target: string }): Change[] {
	return inForce(readChanges(reader, request.workloadId)).filter((change) => change.target === request.target)
}

function targetOf(enforcement: Enforcement, name: string): Target {
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

function proposedDigest(reader: Reader, request: ChangeRequest): string {
	const proposal = readProposal(reader, request.workloadId, request.class)
	if (proposal) return proposal.digest
	throw new EnforcerError(
		'not-found',
		`No policy of the class ${request.class} is proposed for this workload yet.`
	)
}

function approvedDigest(reader: Reader, request: ChangeRequest): { digest: string; approvalId: number } {
	const proposal = readProposal(reader, request.workloadId, request.class)
	if (!proposal) {
		throw new EnforcerError(
			'not-found',
			`No policy of the class ${request.class} is proposed for this workload yet.`
		)
	}
	if (request.digest !== undefined && request.digest !== proposal.digest) {
		throw new EnforcerError(
			'conflict',
			`${short(request.digest)} is not what is proposed now (${short(proposal.digest)}): read and approve that one first.`
		)
	}
	const approvals = readApprovals(reader, request.workloadId, request.class)
	const approval = approvals.findLast((one) => one.digest === proposal.digest)
	if (!approval || decisionOn(proposal, approvals) !== 'approved') {
		throw new EnforcerError(
			'conflict',
			`${short(proposal.digest)} is not approved: approve it, then apply it.`
		)
	}
	return { digest: proposal.digest, approvalId: approval.id }
}

function refuseWith(plan: Plan): void {
	if (plan.refusals.length > 0) throw new EnforcerError('refused', sentencesOf(plan))
}

function sentencesOf(plan: Plan): string {
	return plan.refusals.map((note) => note.text).join(' ')
}

type Intention = Pick<
	Change,
	'workloadId' | 'class' | 'target' | 'digest' | 'approvalId' | 'action' | 'plan' | 'revertsId'
>

async function intend(enforcement: Enforcement, intention: Intention): Promise<Change> {
	const { workloadId, class: class_, target, digest, approvalId, action, plan, revertsId } = intention
	await enforcement.writer.transact([
		insertChange({
			workloadId,
			class: class_,
			target,
			digest,
			approvalId,
			action,
			plan,
			revertsId,
			state: 'planned',
			actor: enforcement.actor,
			outcome: '',
			atMs: enforcement.nowMs()
		})
	])
	return latest(enforcement.reader, workloadId)
}

/** An error leaves the row `planned`, with the reason: nobody knows what is in force. */
async function carryOut(
	enforcement: Enforcement,
	change: Change,
	work: () => Promise<Outcome>
): Promise<Outcome> {
	try {
		return await work()
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error)
		await enforcement.writer.transact([concludeChange(change.id, 'planned', why)])
		throw error
	}
}

async function conclude(
	enforcement: Enforcement,
	change: Change,
	state: ChangeState,
	outcome: Outcome
): Promise<Change> {
	await enforcement.writer.transact([concludeChange(change.id, state, outcome.sentence)])
	if (state === 'failed') throw new EnforcerError('failed', outcome.sentence)
	return { ...change, state, outcome: outcome.sentence }
}

function latest(reader: Reader, workloadId: number): Change {
	const change = readChanges(reader, workloadId).at(-1)
	if (!change) throw new EnforcerError('failed', 'The change was written and cannot be read back.')
	return change
}
