import { kubearmor } from '../discovery/languages/kubearmor/kubearmor.js'
import type { Language, RenderContext, Rendering } from '../discovery/languages/language.js'
import type { Policy } from '../discovery/policy.js'
import { renderWorkload } from '../discovery/selfcheck.js'

/** The languages that policies are written in, in the order in which they are listed. */
export const LANGUAGES: readonly Language[] = [kubearmor]

/** The policies of one workload in every language that carries any of them; all checks passed. */
export function renderEverywhere(policies: Policy[], context: RenderContext): Rendering {
	const renderings = LANGUAGES.map((language) => renderWorkload(policies, language, context))
	return {
		manifests: renderings.flatMap((one) => one.manifests),
		notes: renderings.flatMap((one) => one.notes)
	}
}
