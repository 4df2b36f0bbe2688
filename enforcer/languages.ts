import { host } from '../discovery/languages/host/host.js'
import { toCgroupRules as rulesOf } from '../discovery/languages/host/rules.js'
import type { RenderContext, Rendering } from '../discovery/languages/language.js'
import { LANGUAGES } from '../discovery/languages/registry.js'
import type { Note, Policy } from '../discovery/policy.js'
import { renderWorkload } from '../discovery/selfcheck.js'
import type { CgroupNetworkRule } from '../native/messages.js'

/** The policies of one workload in every language that carries any of them; all checks passed. */
export function renderEverywhere(policies: Policy[], context: RenderContext): Rendering {
	const renderings = LANGUAGES.map((language) => renderWorkload(policies, language, context))
	return {
		manifests: renderings.flatMap((one) => one.manifests),
		notes: renderings.flatMap((one) => one.notes)
	}
}

/** A network policy as the table of a cgroup. No rules when a check failed; the notes say which. */
export function toCgroupRules(
	policy: Policy,
	context: RenderContext
): { rules: CgroupNetworkRule[]; notes: Note[] } {
	const { manifests, notes } = renderWorkload([policy], host, context)
	return { rules: manifests.flatMap((manifest) => rulesOf(manifest.object)), notes }
}
