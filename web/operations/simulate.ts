import type { z } from 'zod'
import type { Class } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { simulate as simulateHistory } from '../../discovery/backtest.js'
import { backtestDaily } from '../../discovery/backtest/daily.js'
import type { RenderContext } from '../../discovery/languages/language.js'
import { classesOf, fieldOf, textOf } from '../../discovery/languages/manifest.js'
import { readManifests } from '../../discovery/languages/read.js'
import { LANGUAGES } from '../../discovery/languages/registry.js'
import type { Note } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { inForce, readChanges } from '../../enforcer/change.js'
import { readInventory, readPolicy } from '../../enforcer/policies.js'
import { integer } from '../../enforcer/row.js'
import { OperationError } from './error.js'
import { type Facts, readFacts, type WorkloadRow } from './facts.js'
import { holdersOf, languagesOf, policiesOf } from './manifests.js'
import { operation } from './operation.js'
import { resolveWorkload } from './reference.js'
import { Simulate, Simulation } from './shape.js'

type Input = z.output<typeof Simulate>
type Objects = Record<string, unknown>[]

const WORKLOADS_MAX = 1000

export const simulate = operation({
	name: 'simulate',
	method: 'POST',
	path: '/simulations',
	summary: 'What policies, proposed or written by hand, would have done to everything that is stored.',
	input: Simulate,
	output: Simulation,
	isLong: true,
	run({ reader, nowMs }, input) {
		refuseContradictions(input)
		const facts = readFacts(reader)
		const context: RenderContext = { inventory: readInventory(reader, nowMs()) }
		const workload =
			input.workload === undefined
				? null
				: resolveWorkload([...facts.byId.values()], input.workload, input.class)
		const tried =
			input.manifests === undefined
				? proposed(reader, facts, context, workload, input)
				: written(input.manifests)
		const known = input.alone ? [] : objectsInForce(reader, facts, context, tried.objects, workload)
		const found = simulateHistory(reader, {
			given: tried.objects,
			known,
			// Without a policy there is nothing to say about any workload.
			...(workload === null
				? {}
				: { workloadIds: tried.objects.length > 0 ? idsOf(facts, workload, input) : new Set() }),
			...(input.class === undefined ? {} : { classes: [input.class] }),
			sinceMs: input.sinceMs,
			nowMs: nowMs(),
			posture: input.posture,
			isLearned: input.manifests === undefined,
			limit: input.limit
		})
		const daily =
			workload === null || input.days === 0
				? null
				: backtestDaily(reader, {
						workloadId: workload.id,
						...(input.class === undefined ? {} : { classes: [input.class] }),
						dayCount: input.days,
						nowMs: nowMs(),
						languages: languagesOf(input.language)
					})
		const nameOf = (one: { id: number; name: string }) => facts.byId.get(one.id)?.displayName ?? one.name
		return {
			manifests: tried.objects.map(described),
			knownCount: known.length,
			workloads: found.workloads
				.map((one) => ({ ...one, name: nameOf(one) }))
				.toSorted((a, b) => b.blocked - a.blocked)
				.slice(0, WORKLOADS_MAX),
			workloadCount: found.workloads.length,
			classes: found.classes,
			findings: found.findings.map((one) => ({
				...one,
				workload: nameOf({ id: one.workloadId, name: one.workload })
			})),
			totals: found.totals,
			daily: daily && {
				...daily,
				surprises: daily.surprises.slice(0, input.limit),
				surpriseCount: daily.surprises.length
			},
			limits: limitsOf(input),
			notes: [...tried.notes, ...found.notes]
		}
	}
})

function refuseContradictions(input: Input): void {
	if (input.manifests === undefined && input.workload === undefined) {
		throw new OperationError('invalid', 'There is nothing to try: name a workload, or give manifests.')
	}
	if (input.digest !== undefined && (input.workload === undefined || input.class === undefined)) {
		throw new OperationError('invalid', 'A digest is of one workload and class: name both.')
	}
	if (input.digest !== undefined && input.manifests !== undefined) {
		throw new OperationError('invalid', 'Give manifests or a digest, not both.')
	}
	if (input.days > 0 && input.workload === undefined) {
		throw new OperationError('invalid', 'Days are tried with what is learned of one workload: name it.')
	}
}

interface Tried {
	objects: Objects
	notes: Note[]
}

function written(text: string): Tried {
	const { objects, refusals, warnings } = readManifests(text)
	if (refusals.length > 0) {
		const [first] = refusals
		const more = refusals.length > 1 ? ` And ${refusals.length - 1} more problems.` : ''
		throw new OperationError('invalid', `${first?.text ?? 'The manifests cannot be used.'}${more}`)
	}
	return { objects, notes: warnings }
}

/** What is proposed for the workload in all its classes: enforcers hold some of them only together. */
function proposed(
	reader: Reader,
	facts: Facts,
	context: RenderContext,
	workload: WorkloadRow | null,
	input: Input
): Tried {
	if (workload === null) return { objects: [], notes: [] }
	const choice =
		input.class === 'network'
			? { workload: String(workload.id), class: input.class }
			: { workload: String(workload.id) }
	const { class: class_, digest } = input
	const objects: Objects = []
	const notes: Note[] = []
	const proposedClasses: Class[] = []
	for (const holder of holdersOf(facts, choice)) {
		const policies = policiesOf(reader, facts, holder, choice).map((policy) =>
			digest !== undefined && policy.class === class_ ? readPolicy(reader, holder.id, class_, digest) : policy
		)
		proposedClasses.push(...policies.map((policy) => policy.class))
		for (const language of languagesOf(input.language)) {
			const rendering = renderWorkload(policies, language, context)
			objects.push(...rendering.manifests.map((manifest) => manifest.object))
			notes.push(...rendering.notes.filter((note) => note.severity === 'refusal'))
		}
	}
	const carried = new Set(objects.flatMap(classesOf))
	const missing = proposedClasses.filter((of) => !carried.has(of) && (class_ === undefined || of === class_))
	const name = workload.displayName
	const said = missing.map((of) =>
		refusal(
			'simulate.not-carried',
			`No language carries the class ${of} of ${name}: nothing of it would be held.`
		)
	)
	if (proposedClasses.length === 0)
		said.push(refusal('simulate.nothing', `No policy is proposed for ${name} that could be tried.`))
	const isHeld = class_ === undefined ? carried.size > 0 : carried.has(class_)
	// What is left out of other classes is none of this one's business.
	const isOther = class_ !== undefined && isHeld
	return { objects: isHeld ? objects : [], notes: isOther ? said : [...said, ...notes] }
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}

/** The workload's rows whose behaviours are tried: for the class network those of the whole pod. */
function idsOf(facts: Facts, workload: WorkloadRow, input: Input): ReadonlySet<number> {
	return new Set(input.class === undefined ? [workload.id] : facts.membersOf(workload, input.class))
}

/**
 * Policies in force that may select what the tried ones select: of the same namespaces, and of all hosts
 * where a tried one holds hosts. As they would be rendered now; what only counts blocks nothing.
 */
function objectsInForce(
	reader: Reader,
	facts: Facts,
	context: RenderContext,
	tried: Objects,
	only: WorkloadRow | null
): Objects {
	const namespaces = new Set(
		only ? [only.namespace] : tried.map((object) => textOf(fieldOf(object, 'metadata'), 'namespace'))
	)
	const holders = reader
		.all("SELECT DISTINCT workload_id FROM changes WHERE action = 'apply' ORDER BY workload_id")
		.flatMap((row) => facts.byId.get(integer(row.workload_id)) ?? [])
		.filter((row) => namespaces.has(row.namespace))
	return holders.flatMap((holder) => {
		const standing = inForce(readChanges(reader, holder.id)).filter((change) => change.state !== 'audit')
		return LANGUAGES.flatMap((language) => {
			const policies = standing
				.filter((change) => change.target !== 'host' || language.name === 'host')
				.map((change) => readPolicy(reader, holder.id, change.class, change.digest))
			return renderWorkload(policies, language, context).manifests.map((manifest) => manifest.object)
		})
	})
}

function described(object: Record<string, unknown>): z.output<typeof Simulation>['manifests'][number] {
	const metadata = fieldOf(object, 'metadata')
	const kind = textOf(object, 'kind')
	return {
		language: LANGUAGES.find((language) => language.kinds.includes(kind))?.name ?? '',
		kind,
		name: textOf(metadata, 'name'),
		namespace: textOf(metadata, 'namespace')
	}
}

function limitsOf(input: Input): string[] {
	return [
		'Only what was seen can be tried: what happens once a month may never have been, and inside blind intervals nothing was.',
		'What a program does after a block, and what a denied attempt would have led to, is in no record.',
		'Labels and namespaces of workloads are those of now; who the other end of a connection was is that of the time.',
		...(input.posture === 'audit'
			? ['What no rule lists counts as audited: under the posture block it would be blocked.']
			: [])
	]
}
