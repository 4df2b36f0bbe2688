import { compareText } from '../behaviour.js'
import type { BehaviourState } from './state.js'

/** A behaviour that holds its whole bundle, and why it is held itself. */
export interface BundleSeed {
	state: BehaviourState
	cause: 'interactive' | 'not-in-image' | 'rejected'
}

/**
 * What was first done in the same hour and by the same process tree as a seed. Trees are approximated
 * by executables: whatever a program first did in the hour in which it was itself first run (by that
 * parent) goes with that run. Programs that ran before do not link: a server that an intruder made
 * start a shell stays innocent, the start of the shell does not. In a workload's very first hour
 * everything is new, so there only what hangs below a seed is taken, never what stands beside it.
 */
export function bundlesOf(
	states: readonly BehaviourState[],
	seeds: readonly BundleSeed[]
): Map<BehaviourState, { bundle: string; seed: BundleSeed }> {
	const seedsByHour = new Map<number, BundleSeed[]>()
	for (const seed of seeds) {
		const list = seedsByHour.get(firstHour(seed.state))
		if (list) list.push(seed)
		else seedsByHour.set(firstHour(seed.state), [seed])
	}
	const statesByHour = new Map<number, BehaviourState[]>()
	const firstAsSource = new Map<string, number>()
	let workloadFirst = Infinity
	for (const state of states) {
		const hour = firstHour(state)
		workloadFirst = Math.min(workloadFirst, hour)
		firstAsSource.set(state.source, Math.min(firstAsSource.get(state.source) ?? Infinity, hour))
		if (!seedsByHour.has(hour)) continue
		const list = statesByHour.get(hour)
		if (list) list.push(state)
		else statesByHour.set(hour, [state])
	}
	const found = new Map<BehaviourState, { bundle: string; seed: BundleSeed }>()
	for (const [hour, hourSeeds] of seedsByHour) {
		const novelties = statesByHour.get(hour) ?? []
		bundleHour(novelties, hourSeeds, { hour, isFirst: hour === workloadFirst, firstAsSource }, found)
	}
	return found
}

interface Hour {
	hour: number
	isFirst: boolean
	firstAsSource: ReadonlyMap<string, number>
}

function bundleHour(
	novelties: readonly BehaviourState[],
	seeds: readonly BundleSeed[],
	hour: Hour,
	found: Map<BehaviourState, { bundle: string; seed: BundleSeed }>
): void {
	const linking = linkingPrograms(novelties, seeds, hour)
	const groups = new Groups()
	for (const state of novelties) {
		if (state.verb !== 'exec' || !linking.has(state.object)) continue
		groups.add(state.object)
		if (linking.has(state.source)) groups.join(state.object, state.source)
	}
	joinScripts(novelties, seeds, linking, groups)

	const members = new Map<string, BehaviourState[]>()
	for (const state of novelties) {
		const program = attachedTo(state, linking)
		if (program === undefined) continue
		const group = groups.of(program)
		const list = members.get(group)
		if (list) list.push(state)
		else members.set(group, [state])
	}
	const seedOf = new Map<string, BundleSeed>()
	for (const seed of [...seeds].sort(compareSeeds)) {
		const program = attachedTo(seed.state, linking)
		const group = program === undefined ? undefined : groups.of(program)
		if (group !== undefined && !seedOf.has(group)) seedOf.set(group, seed)
	}
	for (const [group, seed] of seedOf) {
		const list = members.get(group) ?? []
		if (list.length < 2) continue
		for (const state of list) found.set(state, { bundle: `${hour.hour} ${group}`, seed })
	}
}

/** Programs whose novelties of this hour belong to one tree. */
function linkingPrograms(
	novelties: readonly BehaviourState[],
	seeds: readonly BundleSeed[],
	{ hour, isFirst, firstAsSource }: Hour
): Set<string> {
	const linking = new Set<string>()
	const runNow = new Set<string>()
	for (const { verb, object } of novelties) if (verb === 'exec') runNow.add(object)
	for (const { verb, object, source } of novelties) {
		if (verb !== 'exec') {
			if (!isFirst && source !== '' && firstAsSource.get(source) === hour) linking.add(source)
		} else if (!isFirst || (source !== object && runNow.has(source))) linking.add(object)
	}
	for (const { state, cause } of seeds) {
		if (state.verb === 'exec') linking.add(state.object)
		// Everything that a dropped program does is the drop's; a session's own shell may be the entry point's too.
		else if (cause === 'not-in-image' && state.source !== '') linking.add(state.source)
	}
	linking.delete('')
	return linking
}

/** A script acts under its interpreter's name: one that is run and never acts is joined to the new interpreters. */
function joinScripts(
	novelties: readonly BehaviourState[],
	seeds: readonly BundleSeed[],
	linking: ReadonlySet<string>,
	groups: Groups
): void {
	const acting = new Set(novelties.map((state) => state.source))
	const interpreters = [...acting].filter((program) => linking.has(program) && INTERPRETER.test(program))
	for (const { state } of seeds) {
		if (state.verb !== 'exec' || acting.has(state.object)) continue
		for (const interpreter of interpreters) groups.join(state.object, interpreter)
	}
}

const INTERPRETER =
	/\/(?:(?:ba|da|a|z|k|c|tc|fi)?sh|busybox|python[0-9.]*|perl[0-9.]*|ruby[0-9.]*|php[0-9.-]*|node(?:js)?|lua[0-9.]*|[gm]?awk)$/

/** The program whose tree a behaviour belongs to: the one it starts, the one that does it, or the one it drops. */
function attachedTo(state: BehaviourState, linking: ReadonlySet<string>): string | undefined {
	if (linking.has(state.object) && (state.verb === 'exec' || state.class === 'file-write'))
		return state.object
	return linking.has(state.source) ? state.source : undefined
}

function compareSeeds(a: BundleSeed, b: BundleSeed): number {
	const [execA, execB] = [Number(a.state.verb === 'exec'), Number(b.state.verb === 'exec')]
	return (
		// What was run says more than what it went on to do.
		execB - execA ||
		compareText(a.cause, b.cause) ||
		compareText(a.state.object, b.state.object) ||
		compareText(a.state.verb, b.state.verb) ||
		compareText(a.state.source, b.state.source)
	)
}

function firstHour(state: BehaviourState): number {
	return state.hours[0] ?? 0
}

/** Union-find whose groups are named by their smallest member, so that names do not depend on order. */
class Groups {
	#parent = new Map<string, string>()

	add(member: string): void {
		if (!this.#parent.has(member)) this.#parent.set(member, member)
	}

	of(member: string): string {
		this.add(member)
		let root = member
		for (let up = this.#parent.get(root); up !== undefined && up !== root; up = this.#parent.get(root))
			root = up
		// Everything on the way points to the root from now on, so that a long chain is walked once.
		for (let at = member; at !== root; ) {
			const up = this.#parent.get(at) ?? root
			this.#parent.set(at, root)
			at = up
		}
		return root
	}

	join(a: string, b: string): void {
		const [rootA, rootB] = [this.of(a), this.of(b)]
		if (rootA === rootB) return
		const [small, large] = compareText(rootA, rootB) < 0 ? [rootA, rootB] : [rootB, rootA]
		this.#parent.set(large, small)
	}
}
