import { compareText } from '../../behaviour.js'
import { closed, type DirectoryRight } from './file-closure.js'
import type { FilePlan } from './file-rules.js'

/** The plan as the `file` section of a policy, in an order that never varies. */
export function fileSection(plan: FilePlan): Record<string, unknown> {
	const { paths, directories } = closed(plan)
	const matchPaths: { sortKey: string; rule: Record<string, unknown> }[] = []
	for (const [path, bySource] of paths) {
		for (const write of [false, true]) {
			const sources = [...bySource].filter(([, may]) => may === write).map(([source]) => source)
			const named = sources.filter((source) => source !== '')
			const access = write ? {} : { readOnly: true }
			if (sources.includes('')) matchPaths.push({ sortKey: `${path}\0${write}`, rule: { path, ...access } })
			if (named.length > 0) {
				matchPaths.push({
					sortKey: `${path}\0${write}\0+`,
					rule: { path, ...access, fromSource: fromSource(named) }
				})
			}
		}
	}
	for (const [path, sources] of plan.blocked) {
		const guards = [...sources].filter((source) => source !== '')
		const from = guards.length > 0 ? { fromSource: fromSource(guards) } : {}
		matchPaths.push({ sortKey: path, rule: { path, ...from, action: 'Block' } })
	}
	const matchDirectories = [...directories]
		// A directory comes after those below it: the hints of a later one would overwrite its flags.
		.sort(([a], [b]) => b.split('/').length - a.split('/').length || compareText(a, b))
		.flatMap(([dir, bySource]) => directoryRules(dir, bySource))
	return {
		...(matchPaths.length > 0
			? {
					matchPaths: matchPaths.sort((a, b) => compareText(a.sortKey, b.sortKey)).map(({ rule }) => rule)
				}
			: {}),
		...(matchDirectories.length > 0 ? { matchDirectories } : {})
	}
}

/** One rule per right, first the one for any program. */
function directoryRules(
	dir: string,
	bySource: ReadonlyMap<string, DirectoryRight>
): Record<string, unknown>[] {
	const rules: Record<string, unknown>[] = []
	for (const recursive of [false, true]) {
		for (const write of [false, true]) {
			const sources = [...bySource]
				.filter(([, right]) => right.recursive === recursive && right.write === write)
				.map(([source]) => source)
			const right = { dir, ...(recursive ? { recursive: true } : {}), ...(write ? {} : { readOnly: true }) }
			const named = sources.filter((source) => source !== '')
			if (sources.includes('')) rules.push(right)
			if (named.length > 0) rules.push({ ...right, fromSource: fromSource(named) })
		}
	}
	return rules
}

/** Sources as KubeArmor writes them, sorted. */
export function fromSource(sources: readonly string[]): { path: string }[] {
	return [...new Set(sources)].sort(compareText).map((path) => ({ path }))
}
