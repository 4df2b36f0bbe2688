import { isContainerRuntime } from '../collector/container-runtime.js'
import type { InventoryItem } from '../collector/observation.js'
import type { Observed } from './behaviour.js'
import { append, createOwners } from './inventory.js'
import { podWorkloadName } from './workload.js'

/** What the kubelet runs inside containers by itself, as the inventory declares it. */
export interface Probes {
	/**
	 * True for an exec that looks like a person's `kubectl exec` and is a declared probe of this
	 * container at that time: put there by the container runtime, with its program or command line.
	 */
	has(container: string, seen: Observed): boolean
	/** Differs whenever the probes declared for this container do; '' without any. */
	markerOf(container: string): string
}

interface Declared {
	command: readonly string[]
	fromMs: number
	toMs: number
}

/** Collects the exec probes of all pods, past and present, by workload name with container. */
export function createProbes(items: readonly InventoryItem[]): Probes {
	const owners = createOwners(items)
	const declared = new Map<string, Declared[]>()
	for (const pod of items) {
		if (pod.kind !== 'Pod') continue
		// Before its owner is known, a container is a workload of its pod.
		const names = new Set([
			podWorkloadName(owners.of(pod)),
			podWorkloadName({ cluster: pod.cluster, namespace: pod.namespace, kind: 'Pod', name: pod.name })
		])
		for (const { name, probes = [] } of pod.containers) {
			for (const { command } of probes) {
				const probe = { command, fromMs: pod.fromMs, toMs: pod.toMs ?? Number.POSITIVE_INFINITY }
				for (const workload of names) append(declared, `${workload}/${name}`, probe)
			}
		}
	}
	return {
		has(container, seen) {
			if (!seen.interactive || seen.verb !== 'exec') return false
			if (seen.source !== '' && !isContainerRuntime(seen.source)) return false
			return (declared.get(container) ?? []).some(
				(probe) => probe.fromMs <= seen.lastMs && seen.firstMs < probe.toMs && isCommand(probe.command, seen)
			)
		},
		markerOf: (container) => (declared.has(container) ? JSON.stringify(declared.get(container)) : '')
	}
}

/**
 * A name without a slash is looked for along a PATH that only the container knows. A link is
 * known by the command line: `/bin/sh -c …` runs `/usr/bin/dash`.
 */
function isCommand(command: readonly string[], seen: Observed): boolean {
	const program = command[0] ?? ''
	const isProgram = program.includes('/')
		? seen.object === program
		: seen.object.slice(seen.object.lastIndexOf('/') + 1) === program
	return isProgram || (command.length > 1 && seen.detail === command.join(' '))
}
