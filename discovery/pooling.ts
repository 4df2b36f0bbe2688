import type { InventoryItem } from '../collector/observation.js'
import { createOwners } from './inventory.js'
import { createPool, NO_PEERS, type PoolView, type Summary } from './learn/pool.js'
import type { Subject } from './subject.js'
import { podWorkloadName } from './workload.js'

/**
 * What workloads of one image tell each other. Kept over the passes of a discoverer; who has nobody of
 * the same image costs nothing.
 */
export interface Pooling {
	/** True when somebody else runs the image of this subject. */
	hasPeers(subject: Subject): boolean
	/** Keeps what a subject tells; true when that differs from before, so that its peers must be learned again. */
	tell(subject: Subject, summaryOf: (of: Omit<Summary, 'behaviours'>) => Summary): boolean
	/** Names of all subjects of the same image. */
	peersOf(subject: Subject): readonly string[]
	view(subject: Subject): PoolView
}

/** `before` is the pooling of the pass before: what was told stays told. */
export function createPooling(
	items: readonly InventoryItem[],
	subjects: readonly Subject[],
	before?: ReadonlyMap<string, Summary>
): Pooling & { summaries: ReadonlyMap<string, Summary> } {
	const images = imagesOf(items)
	const members = new Map<string, string[]>()
	for (const { name } of subjects) {
		const image = images.get(name)
		if (image !== undefined) members.set(image, [...(members.get(image) ?? []), name])
	}
	const summaries = new Map<string, Summary>()
	for (const [name, summary] of before ?? []) {
		if (images.get(name) === summary.image) summaries.set(name, summary)
	}
	let pool: ReturnType<typeof createPool> | undefined
	return {
		summaries,
		hasPeers: ({ name }) => (members.get(images.get(name) ?? '')?.length ?? 0) > 1,
		tell(subject, summaryOf) {
			const image = images.get(subject.name)
			if (image === undefined) return false
			const summary = summaryOf({ image, cluster: subject.cluster, workload: subject.name })
			const known = summaries.get(subject.name)
			if (known && Buffer.compare(known.behaviours, summary.behaviours) === 0) return false
			summaries.set(subject.name, summary)
			pool = undefined
			return true
		},
		peersOf: ({ name }) => members.get(images.get(name) ?? '') ?? [],
		view(subject) {
			const image = images.get(subject.name)
			if (image === undefined) return NO_PEERS
			pool ??= createPool(summaries.values())
			return pool.view(image, subject.name)
		}
	}
}

/** The image that each container workload ran last. */
function imagesOf(items: readonly InventoryItem[]): Map<string, string> {
	const owners = createOwners(items)
	const images = new Map<string, { image: string; fromMs: number }>()
	for (const pod of items) {
		if (pod.kind !== 'Pod') continue
		const workload = podWorkloadName(owners.of(pod))
		for (const { name, image, ephemeral } of pod.containers) {
			if (ephemeral || image === '') continue
			const key = `${workload}/${name}`
			const known = images.get(key)
			const isLater = !known || pod.fromMs > known.fromMs
			const isTie = known?.fromMs === pod.fromMs && image > known.image
			if (isLater || isTie) images.set(key, { image, fromMs: pod.fromMs })
		}
	}
	return new Map([...images].map(([key, { image }]) => [key, image]))
}
