import { type Class, CLASSES } from '../../collector/observation.js'
import { generaliseNetwork } from '../../discovery/learn/network/network.js'
import { typeSegments } from '../../discovery/learn/segments.js'
import type { PathOptions } from '../../discovery/learn/paths/facts.js'
import { generalise } from '../../discovery/learn/paths/generalise.js'
import type { BehaviourState } from '../../discovery/learn/state.js'
import type { Generaliser } from './baselines.js'
import type { Grant } from './grant.js'

/** The product's own generalisation: files by the programme on the path trie, the network by its like, privileges exact. */
export function ours(name: string, options: Partial<PathOptions> = {}): Generaliser {
	return {
		name,
		generalise(needs, { exposedHours, startCount, image }) {
			const files = generalise(
				needs.filter((need) => FILES.includes(need.class)),
				{ exposedHours, startCount, files: image, options }
			)
			const network = generaliseNetwork(
				needs.filter((need) => need.class === 'network'),
				{ workload: 'bench/Deployment/subject', exposedHours, inventory: [], typing: typeSegments }
			)
			return {
				grants: [
					...files.rules.map(
						({ class: of, object, sources, effect }): Grant => ({ class: of, object, sources, effect })
					),
					...network.rules.map(
						({ object, sources }): Grant => ({ class: 'network', object, sources, effect: 'allow' })
					),
					...privileges(needs)
				],
				// Rules that do not cover everything must not be enforced as they are.
				openEnded: [
					...files.notes.filter((note) => note.severity === 'refusal').map((note) => note.class),
					...(network.openEnded.length > 0 ? (['network'] as const) : [])
				]
			}
		}
	}
}

const FILES: readonly Class[] = CLASSES.filter((of) => of !== 'network' && of !== 'privilege')

/** Capabilities and the like are never generalised, and belong to the executables that used them. */
function privileges(needs: readonly BehaviourState[]): Grant[] {
	return needs
		.filter((need) => need.class === 'privilege')
		.map(({ object, source }) => ({
			class: 'privilege',
			object,
			sources: source === '' ? [] : [source],
			effect: 'allow'
		}))
}
