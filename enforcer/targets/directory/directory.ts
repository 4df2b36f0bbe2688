import { CLASSES } from '../../../collector/observation.js'
import type { RenderContext, Rendering } from '../../../discovery/languages/language.js'
import { classesOf } from '../../../discovery/languages/manifest.js'
import type { Note, Policy } from '../../../discovery/policy.js'
import type { Plan, PlanAction } from '../../plan.js'
import { neverEnforced } from '../../refusal.js'
import type { Outcome, Target, TargetContext } from '../target.js'
import { foreignAt, isSafePath, ownFiles, pathsOf, putText } from './files.js'
import { withMarker, workloadMark } from './marker.js'

export interface DirectoryOptions {
	/** Created when the first file is written. */
	folder: string
	/** Policies of one workload → manifests in every language that carries them. */
	render(policies: Policy[], context: RenderContext): Rendering
}

/**
 * Manifests as files, `FOLDER/NAMESPACE/NAME.yaml`, for Git or kubectl to take from there.
 * A file proves nothing about a kernel, so what is applied here stays unproven.
 */
export function directoryTarget(options: DirectoryOptions): Target {
	return {
		name: 'directory',
		classes: CLASSES,
		plan: (policies, context) => plan(options, policies, context),
		apply: (made) => carryOut(options.folder, made.actions, made.undo),
		revert: (made) => carryOut(options.folder, made.undo, made.actions),
		observe: async () =>
			(await ownFiles(options.folder)).map((file) => ({ object: file.path, content: file.text }))
	}
}

async function plan(options: DirectoryOptions, policies: Policy[], context: TargetContext): Promise<Plan> {
	const { folder } = options
	const workload = context.subject.name
	const rendering =
		policies.length === 0
			? { manifests: [], notes: [] }
			: options.render(policies, { inventory: context.inventory })
	const refusals = policies.length === 0 ? [] : refusalsOf(policies, rendering, context)
	const paths = pathsOf(rendering.manifests)
	const wanted = new Map<string, string>()
	for (const [i, manifest] of rendering.manifests.entries()) {
		const path = paths[i] ?? ''
		if (isSafePath(path)) wanted.set(path, withMarker(workload, manifest.yaml))
		else
			refusals.push(
				refusal('directory.name', `${JSON.stringify(path)} is no safe file name, so it is not written.`)
			)
	}
	const mark = workloadMark(workload)
	const there = new Map(
		(await ownFiles(folder)).filter((file) => file.workload === mark).map((file) => [file.path, file.text])
	)
	const made: Plan = { target: 'directory', actions: [], undo: [], notes: rendering.notes, refusals }
	for (const path of [...new Set([...wanted.keys(), ...there.keys()])].toSorted()) {
		const text = wanted.get(path) ?? null
		const held = there.get(path) ?? null
		if (text === held) continue
		const foreign = await foreignAt(folder, path)
		if (foreign) refusals.push(refusal('directory.foreign', `${foreign}, in ${folder}, so it is left alone.`))
		made.actions.push(actionOf(path, text, held))
		made.undo.unshift(actionOf(path, held, text))
	}
	return made
}

function refusalsOf(policies: Policy[], rendering: Rendering, context: TargetContext): Note[] {
	const refusals = neverEnforced(context.subject)
	if (context.mode === 'audit') {
		refusals.push(
			refusal(
				'directory.audit',
				'The directory target writes manifests that hold as soon as they are applied; it cannot write them for audit only.'
			)
		)
	}
	for (const policy of policies) {
		const isCarried = rendering.manifests.some((manifest) =>
			classesOf(manifest.object).includes(policy.class)
		)
		if (isCarried) continue
		const why = rendering.notes.filter((note) => note.severity === 'refusal').map((note) => note.text)
		refusals.push(
			refusal(
				'directory.nothing',
				`No language can carry the class ${policy.class} of ${context.subject.name}. ${why.join(' ')}`.trim()
			)
		)
	}
	return refusals
}

function actionOf(path: string, text: string | null, held: string | null): PlanAction {
	if (text === null) return { verb: 'delete', object: path, sentence: `Delete ${path}.`, content: '' }
	const sentence = held === null ? `Write ${path}.` : `Replace ${path}.`
	return { verb: 'write', object: path, sentence, content: text }
}

/** Does every step, or, when one fails, undoes those that were done. */
async function carryOut(folder: string, steps: PlanAction[], opposite: PlanAction[]): Promise<Outcome> {
	const done: PlanAction[] = []
	try {
		for (const step of steps) {
			await putText(folder, step.object, step.verb === 'write' ? step.content : null)
			done.push(step)
		}
	} catch (error) {
		const left = await undo(folder, done, opposite)
		const why = error instanceof Error ? error.message : String(error)
		return { state: 'failed', sentence: left === '' ? `Nothing was changed: ${why}` : `${why} ${left}` }
	}
	const written = steps.filter((step) => step.verb === 'write').length
	const deleted = steps.length - written
	return {
		state: 'applied',
		sentence: `${written} written and ${deleted} deleted in ${folder}; it holds where somebody applies these files.`
	}
}

/** Returns what could not be undone, as a sentence; '' when all of it was. */
async function undo(folder: string, done: PlanAction[], opposite: PlanAction[]): Promise<string> {
	const stuck: string[] = []
	for (const step of done.toReversed()) {
		const back = opposite.find((one) => one.object === step.object)
		try {
			await putText(folder, step.object, back?.verb === 'write' ? back.content : null)
		} catch (error) {
			stuck.push(`${step.object} (${error instanceof Error ? error.message : String(error)})`)
		}
	}
	return stuck.length === 0 ? '' : `Could not be put back: ${stuck.join(', ')}.`
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
