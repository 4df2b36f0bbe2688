import { compareText, networkObject } from '../../behaviour.js'
import { arrangeInventory } from '../../inventory.js'
import type { BehaviourState } from '../state.js'
import { generaliseAddresses } from './cidr.js'
import { type Flow, sortNeeds } from './flows.js'
import { DEFAULT_WEIGHTS, type Growth, unitsOfAll } from './growth.js'
import { withImplied } from './implicit.js'
import { generaliseNames } from './names.js'
import { portRanges } from './port-flows.js'
import { generaliseRequests, REQUESTS_MAX, typedAsPaths } from './requests.js'
import {
	compareRules,
	counted,
	type LearnedNetwork,
	type NetworkFacts,
	type NetworkRule,
	ruleOfAll,
	rulesBySource,
	type Shape
} from './rule.js'
import { selectTogether } from './selectors.js'
import { terrainOf } from './terrain.js'

/**
 * The rules that a workload needs of the class network: what it was seen to do, generalised where new
 * addresses, ports, names or paths keep coming, and what must work without ever having been seen.
 * `needs` are its trusted behaviours of that class, peers resolved. Pure, and independent of their
 * order. Every need is covered by a rule, except in what `openEnded` names: there so much was seen
 * only once that no list helps, and nothing is opened to make up for it.
 */
export function generaliseNetwork(needs: readonly BehaviourState[], facts: NetworkFacts): LearnedNetwork {
	const growth = { ...DEFAULT_WEIGHTS, ...facts.weights, exposedHours: facts.exposedHours }
	const { flows, others, names, requests } = sortNeeds(bounded(needs))
	const seen = capped(needs, [
		...flowRules(flows, facts, growth),
		...[...others].flatMap(([object, states]) => rulesBySource(exact(object), states)),
		...nameRules(names, growth),
		...requestRules(requests, facts, growth)
	])
	return { ...seen, rules: withImplied(seen.rules, facts).sort(compareRules) }
}

function flowRules(flows: readonly Flow[], facts: NetworkFacts, growth: Growth): NetworkRule[] {
	const rules: NetworkRule[] = []
	const groups = new Map<string, Flow[]>()
	for (const flow of portRanges(flows, facts, growth)) {
		const key = networkObject({ ...flow, peer: '' })
		const group = groups.get(key)
		if (group) group.push(flow)
		else groups.set(key, [flow])
	}
	for (const group of groups.values()) {
		const addresses: (Flow & { address: string })[] = []
		const named: (Flow & { name: string })[] = []
		const workloads: Flow[] = []
		for (const flow of group) {
			const { peer } = flow
			const address = addressOf(peer)
			if (address !== null) addresses.push({ ...flow, address })
			else if (peer.startsWith('name:')) named.push({ ...flow, name: peer.slice('name:'.length) })
			else if (peer.startsWith('workload:')) workloads.push(flow)
			else rules.push(...exactRules(flow))
		}
		rules.push(
			...addressRules(addresses, facts, growth),
			...namedRules(named, growth),
			...workloadRules(workloads, facts)
		)
	}
	return rules
}

function addressRules(
	flows: readonly (Flow & { address: string })[],
	facts: NetworkFacts,
	growth: Growth
): NetworkRule[] {
	if (flows.length === 0) return []
	return generaliseAddresses(flows, terrainOf(facts.inventory), growth).flatMap((block) => {
		const [first] = block.members
		if (first === undefined) return []
		if (block.members.length === 1) return exactRules(first)
		return [
			ruleOfAll(
				{
					object: networkObject({ ...first, peer: `cidr:${block.cidr}` }),
					why: `Network ${block.cidr}: ${counted(block.members.length, 'address')} in it, and new ones keep coming${often(block.hazardRemoved)}.`,
					beyond: `${counted(block.unseenCount, 'address')} of the network that were never seen.`,
					unseenCount: block.unseenCount,
					bits: block.bits,
					hazardRemoved: block.hazardRemoved
				},
				statesOf(block.members)
			)
		]
	})
}

function namedRules(flows: readonly (Flow & { name: string })[], growth: Growth): NetworkRule[] {
	return generaliseNames(flows, growth).flatMap(({ pattern, members, ...shape }) => {
		const [first] = members
		if (first === undefined) return []
		if (members.length === 1) return exactRules(first)
		return [
			ruleOfAll(
				{
					...shape,
					object: networkObject({ ...first, peer: `name:${pattern}` }),
					why: `${pattern}: ${counted(members.length, 'name')} directly below it, and new ones keep coming${often(shape.hazardRemoved)}.`,
					beyond: 'Names directly below it that were never seen.'
				},
				statesOf(members)
			)
		]
	})
}

function workloadRules(flows: readonly Flow[], facts: NetworkFacts): NetworkRule[] {
	return selectTogether(flows, arrangeInventory(facts.inventory)).flatMap(({ peer, members, labels }) => {
		const [first] = members
		if (first === undefined) return []
		if (labels === null) return exactRules(first)
		const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
		return [
			ruleOfAll(
				{
					...exact(networkObject({ ...first, peer })),
					why: `${counted(members.length, 'workload')}, and ${pairs.join(' and ')} selects exactly their pods.`,
					beyond: 'Workloads that get this label later.'
				},
				statesOf(members)
			)
		]
	})
}

function nameRules(names: ReadonlyMap<string, BehaviourState[]>, growth: Growth): NetworkRule[] {
	const needs = [...names].map(([name, states]) => ({ name, states, units: unitsOfAll(states) }))
	return generaliseNames(needs, growth).flatMap(({ pattern, members, ...shape }) => {
		const states = members.flatMap((member) => member.states)
		if (members.length === 1) return rulesBySource(exact(pattern), states)
		const why = `${pattern}: ${counted(members.length, 'name')} directly below it, and new ones keep coming${often(shape.hazardRemoved)}.`
		return [ruleOfAll({ ...shape, object: pattern, why, beyond: 'Names that were never asked for.' }, states)]
	})
}

function requestRules(
	requests: ReadonlyMap<string, BehaviourState[]>,
	facts: NetworkFacts,
	growth: Growth
): NetworkRule[] {
	const needs = [...requests].map(([object, states]) => ({ object, states, units: unitsOfAll(states) }))
	const typing = facts.typing ?? typedAsPaths
	return generaliseRequests(needs, typing, growth).flatMap(({ object, members, ...shape }) => {
		const states = members.flatMap((member) => member.states)
		if (shape.unseenCount === 0) return rulesBySource(exact(object), states)
		const why = `${counted(members.length, 'request')} that differ only in what their tokens stand for.`
		return [
			ruleOfAll({ ...shape, object, why, beyond: 'Values of the tokens that were never seen.' }, states)
		]
	})
}

/** A flow as it is. Why it does not read as it was seen, is said. */
function exactRules(flow: Flow): NetworkRule[] {
	const object = networkObject(flow)
	const shape = { ...exact(object), why: flow.why ?? whyExact(object, flow) }
	if (flow.lastPort === undefined) return rulesBySource(shape, flow.states)
	return [ruleOfAll({ ...shape, ...widthOf(flow) }, flow.states)]
}

function widthOf(flow: Flow): Pick<Shape, 'beyond' | 'unseenCount' | 'bits' | 'hazardRemoved'> {
	const { unseenCount = 0, bits = 0, hazardRemoved = 0 } = flow.range ?? {}
	const beyond = unseenCount === 0 ? '' : `${counted(unseenCount, 'port')} in between that were never seen.`
	return { beyond, unseenCount, bits, hazardRemoved }
}

function whyExact(object: string, { states, peer }: Flow): string {
	const raws = [...new Set(states.map((state) => state.raw))].sort(compareText)
	const [first = object] = raws
	if (first === object || first === '') return 'Exactly what was seen.'
	const others = raws.length > 1 ? ` and ${raws.length - 1} more` : ''
	if (peer.startsWith('name:')) return `DNS had said that ${peer.slice(5)} is ${first}${others}.`
	if (peer.startsWith('cidr:')) return 'Exactly what was seen.'
	return `The inventory says who ${first}${others} was at that time.`
}

function exact(object: string): Shape {
	return { object, why: 'Exactly what was seen.', beyond: '', unseenCount: 0, bits: 0, hazardRemoved: 0 }
}

/** A single address, as text; null for whatever else a peer may be. */
function addressOf(peer: string): string | null {
	if (!peer.startsWith('cidr:')) return null
	const slash = peer.lastIndexOf('/')
	const address = peer.slice('cidr:'.length, slash)
	return peer.slice(slash + 1) === (address.includes(':') ? '128' : '32') ? address : null
}

function statesOf(flows: readonly Flow[]): BehaviourState[] {
	return flows.flatMap((flow) => flow.states)
}

function often(hazardPerHour: number): string {
	if (hazardPerHour <= 0) return ''
	const hours = 1 / hazardPerHour
	return hours < 48 ? `, one every ${hours.toFixed(1)} h` : `, one every ${Math.round(hours / 24)} d`
}

/** More rules than this for one part of the traffic are no policy: nobody reads them, and no target holds them. */
const RULES_MAX = REQUESTS_MAX

/** More needs than this in one part are taken for endless before anything is generalised. */
const NEEDS_MAX = 20_000

/** The needs, of endless parts only those that came back in another hour. */
function bounded(needs: readonly BehaviourState[]): readonly BehaviourState[] {
	if (needs.length <= NEEDS_MAX) return needs
	const counts = countParts(needs)
	return needs.filter(
		(need) => (counts.get(partOf(need.object, need.verb)) ?? 0) <= NEEDS_MAX || cameBack(need)
	)
}

/**
 * A part of the traffic that stays endless after all generalisation keeps what came back in another
 * hour, and is called open-ended. The rest is left out rather than covered by something wider.
 */
function capped(needs: readonly BehaviourState[], rules: readonly NetworkRule[]): LearnedNetwork {
	const parts = new Map<string, NetworkRule[]>()
	for (const rule of rules) {
		const key = partOf(rule.object, rule.access.join('+'))
		const part = parts.get(key)
		if (part) part.push(rule)
		else parts.set(key, [rule])
	}
	const endless = new Set(
		needs.length <= NEEDS_MAX
			? []
			: [...countParts(needs)].filter(([, count]) => count > NEEDS_MAX).map(([key]) => key)
	)
	for (const [key, part] of parts) if (part.length > RULES_MAX) endless.add(key)
	const learned: LearnedNetwork = { rules: [], notes: [], openEnded: [...endless].sort(compareText) }
	for (const [key, part] of parts) if (!endless.has(key)) learned.rules.push(...part)
	for (const key of learned.openEnded) {
		const lasting = (parts.get(key) ?? []).filter(isLasting).sort(compareRules).slice(0, RULES_MAX)
		learned.rules.push(...lasting)
		learned.notes.push({
			code: 'learn.open-ended',
			severity: 'warning',
			text: `${key} is open-ended: no list of at most ${RULES_MAX} rules covers what was seen. What came back in another hour is listed (${counted(lasting.length, 'rule')}); nothing is opened for the rest, so holding this part would break the workload.`
		})
	}
	return learned
}

function countParts(needs: readonly BehaviourState[]): Map<string, number> {
	const counts = new Map<string, number>()
	for (const { object, verb } of needs) {
		const key = partOf(object, verb)
		counts.set(key, (counts.get(key) ?? 0) + 1)
	}
	return counts
}

/** `egress/tcp`, `resolve`, `request` …: what can be open-ended by itself. */
function partOf(object: string, verb: string): string {
	if (!object.startsWith('egress/') && !object.startsWith('ingress/')) return verb
	return object.slice(0, object.indexOf('/', object.indexOf('/') + 1))
}

function isLasting(rule: NetworkRule): boolean {
	return rule.unseenCount > 0 || rule.covers.some(cameBack)
}

function cameBack(need: BehaviourState): boolean {
	return need.hours.length > 1
}
