import { compareText } from '../../behaviour.js'
import type { FilePlan } from './file-rules.js'

/** The plan as the `file` section of a policy, in an order that never varies. */
export function fileSection(plan: FilePlan): Record<string, unknown> {
	const matchPaths: { sortKey: string; rule: Record<string, unknown> }[] = []
	for (const [path, bySource] of plan.paths) {
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
	const guards = [...(plan.directories.get('/proc/')?.sources ?? [])].filter((source) => source !== '')
	for (const path of plan.blocked) {
		const from = guards.length > 0 ? { fromSource: fromSource(guards) } : {}
		matchPaths.push({ sortKey: path, rule: { path, ...from, action: 'Block' } })
	}
	const matchDirectories = [...plan.directories]
		// A directory comes after those below it: the hints of a later one would overwrite its flags.
		.sort(([a], [b]) => b.split('/').length - a.split('/').length || compareText(a, b))
		.map(([dir, { recursive, write, sources }]) => {
			const named = [...sources].filter((source) => source !== '')
			return {
				dir,
				...(recursive ? { recursive: true } : {}),
				...(write ? {} : { readOnly: true }),
				...(named.length > 0 ? { fromSource: fromSource(named) } : {})
			}
		})
	return {
		...(matchPaths.length > 0
			? {
					matchPaths: matchPaths.sort((a, b) => compareText(a.sortKey, b.sortKey)).map(({ rule }) => rule)
				}
			: {}),
		...(matchDirectories.length > 0 ? { matchDirectories } : {})
	}
}

/** Sources as KubeArmor writes them, sorted. */
export function fromSource(sources: readonly string[]): { path: string }[] {
	return [...new Set(sources)].sort(compareText).map((path) => ({ path }))
}
