import { accessesOf, canariesOf, placeOf } from './access.js'
import type { Access, Context, Language, Manifest, RenderContext, Rendering } from './languages/language.js'
import { classesOf, WORKLOAD_ANNOTATION, annotationOf } from './languages/manifest.js'
import type { Note, Policy } from './policy.js'

/**
 * Renders policies of one workload (or of one pod and its containers) and lets through only
 * manifests that pass the three checks: they validate strictly against the real schema; `evaluate`
 * allows everything the policies were learned from; `evaluate` denies the canaries that they do not
 * need. A manifest that fails is left out, with a refusal that says why. This is a self-test of the
 * rendering, not a proof that the policy is ready.
 */
export function renderWorkload(
	policies: readonly Policy[],
	language: Language,
	context: RenderContext
): Rendering {
	const carriable = policies.filter((policy) => language.classes.includes(policy.class))
	if (carriable.length === 0) return { manifests: [], notes: [] }
	const rendering = language.render(carriable, context)
	const notes = [...rendering.notes]
	let manifests = rendering.manifests.filter((manifest) => {
		const problems = language.validate(manifest.object)
		notes.push(...problems.map((problem) => refusedFor(manifest, problem.code, problem.text)))
		return problems.length === 0
	})
	manifests = without(manifests, failedNeeds(manifests, carriable, language, context, notes))
	manifests = without(manifests, failedCanaries(manifests, carriable, language, context, notes))
	return { manifests, notes: uniqueNotes(notes) }
}

/** Manifests that deny something that was learned. */
function failedNeeds(
	manifests: readonly Manifest[],
	policies: readonly Policy[],
	language: Language,
	context: RenderContext,
	notes: Note[]
): Set<Manifest> {
	const objects = manifests.map((manifest) => manifest.object)
	const failed = new Set<Manifest>()
	for (const policy of policies) {
		const carriers = carriersOf(policy, manifests)
		if (carriers.length === 0) continue
		const place = placeOf(policy.workload, context.inventory)
		const denied = policy.rules
			.filter((rule) => rule.effect === 'allow')
			.flatMap((rule) => accessesOf(rule, policy, context.inventory))
			.map(({ access, where }) => judged(language, objects, access, { ...place, ...where }))
			.find(({ verdict }) => verdict.verdict !== 'allow')
		if (!denied) continue
		for (const carrier of carriers) {
			failed.add(carrier)
			notes.push(
				refusedFor(
					carrier,
					'selfcheck.need',
					`it would deny ${sentence(denied.access)}, which was learned (${denied.verdict.rule})`
				)
			)
		}
	}
	return failed
}

/** Manifests that allow a canary that nobody needs, or what a rule denies. */
function failedCanaries(
	manifests: readonly Manifest[],
	policies: readonly Policy[],
	language: Language,
	context: RenderContext,
	notes: Note[]
): Set<Manifest> {
	const objects = manifests.map((manifest) => manifest.object)
	const failed = new Set<Manifest>()
	for (const policy of policies) {
		const carriers = carriersOf(policy, manifests)
		if (carriers.length === 0) continue
		const place = placeOf(policy.workload, context.inventory)
		const forbidden = policy.rules.filter((rule) => rule.effect === 'deny')
		const denials = forbidden.flatMap((rule) => accessesOf(rule, policy, context.inventory))
		for (const { access, where } of [...canariesOf(policy, policies), ...denials]) {
			const blind = language.blindTo(access, policies, objects)
			if (blind !== null) {
				notes.push({ code: 'selfcheck.blind', severity: 'warning', text: blind })
				continue
			}
			const { verdict } = judged(language, objects, access, { ...place, ...where })
			if (verdict.verdict === 'block') continue
			// One reason is enough to refuse a manifest.
			for (const carrier of carriers.filter((one) => !failed.has(one))) {
				failed.add(carrier)
				notes.push(
					refusedFor(
						carrier,
						'selfcheck.canary',
						`it would not deny ${sentence(access)}, which was never needed (${verdict.rule})`
					)
				)
			}
		}
	}
	return failed
}

function judged(language: Language, objects: Record<string, unknown>[], access: Access, context: Context) {
	return { access, verdict: language.evaluate(objects, access, context) }
}

function carriersOf(policy: Policy, manifests: readonly Manifest[]): Manifest[] {
	return manifests.filter(
		(manifest) =>
			annotationOf(manifest.object, WORKLOAD_ANNOTATION) === policy.workload &&
			classesOf(manifest.object).includes(policy.class)
	)
}

function without(manifests: readonly Manifest[], failed: ReadonlySet<Manifest>): Manifest[] {
	return manifests.filter((manifest) => !failed.has(manifest))
}

function refusedFor(manifest: Manifest, code: string, reason: string): Note {
	const text = `${manifest.kind} ${manifest.name} is not written: ${reason.replace(/\.$/, '')}.`
	return { code, severity: 'refusal', text }
}

function sentence(access: Access): string {
	return `${access.verb} ${access.object}${access.source === '' ? '' : ` by ${access.source}`}`
}

function uniqueNotes(notes: readonly Note[]): Note[] {
	const seen = new Map(notes.map((note) => [`${note.code}\0${note.text}\0${note.rule ?? ''}`, note]))
	return [...seen.values()]
}
