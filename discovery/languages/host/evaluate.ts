import ipaddr from 'ipaddr.js'
import type { CgroupNetworkRule } from '../../../native/messages.js'
import { type NetworkObject, parseNetworkObject } from '../../behaviour.js'
import { append } from '../../inventory.js'
import type { Access, Context, Judge, Verdict } from '../language.js'
import { fieldOf, textOf } from '../manifest.js'
import { toCgroupRules } from './rules.js'

/**
 * What the cgroup programs do with one access: connect, sendmsg and bind of TCP and UDP are
 * denied unless a rule lists them; everything else passes by them.
 */
export function evaluate(
	manifests: readonly Record<string, unknown>[],
	access: Access,
	context: Context
): Verdict {
	const held = manifests.filter(
		(manifest) =>
			manifest.kind === 'WhittleHostPolicy' &&
			textOf(fieldOf(manifest, 'spec'), 'workload') === context.workload
	)
	const [first] = held
	if (!first) return { verdict: 'allow', rule: 'No WhittleHostPolicy holds this workload.' }
	return judged(tableOf(held), access)
}

/** `Language.prepare`: policies by the workload that they name, each with its table. */
export function prepare(manifests: readonly Record<string, unknown>[]): (place: Context) => Judge | null {
	const byWorkload = new Map<string, Record<string, unknown>[]>()
	for (const manifest of manifests) {
		if (manifest.kind === 'WhittleHostPolicy')
			append(byWorkload, textOf(fieldOf(manifest, 'spec'), 'workload'), manifest)
	}
	return (place) => {
		const held = byWorkload.get(place.workload)
		if (!held) return null
		const table = tableOf(held)
		return (access) => judged(table, access)
	}
}

/** What one cgroup holds. */
interface CgroupTable {
	name: string
	rules: Parsed[]
}

interface Parsed extends CgroupNetworkRule {
	/** Null for a network that is none: it matches nothing. */
	range: [ipaddr.IPv4 | ipaddr.IPv6, number] | null
}

/** A cgroup holds one table: the policies of one workload, were there two, would add up in it. */
function tableOf(held: readonly Record<string, unknown>[]): CgroupTable {
	const rules = held.flatMap((manifest) => toCgroupRules(manifest))
	return {
		name: textOf(fieldOf(held[0] ?? {}, 'metadata'), 'name'),
		rules: rules.map((rule) => ({
			...rule,
			range: ipaddr.isValidCIDR(rule.cidr) ? ipaddr.parseCIDR(rule.cidr) : null
		}))
	}
}

function judged({ name, rules }: CgroupTable, access: Access): Verdict {
	const flow = parseNetworkObject(access.object)
	const hook = HOOKS[access.verb]
	if (!flow || hook !== flow.direction || (flow.protocol !== 'tcp' && flow.protocol !== 'udp')) {
		return { verdict: 'allow', rule: `The cgroup programs do not hold ${access.verb} ${access.object}.` }
	}
	const isNamed = ipaddr.isValid(flow.peer)
	// A bind has no peer: what is no address of ours is any.
	const address = flow.peer === 'any' || (hook === 'ingress' && !isNamed) ? '0.0.0.0' : flow.peer
	const parsed = ipaddr.isValid(address) ? ipaddr.process(address) : null
	const listed = rules.filter((one) => isListed(one, flow))
	const rule = listed.find((one) => parsed !== null && isIn(parsed, one.range))
	if (rule) return { verdict: 'allow', rule: `${name}: ${said(rule)}` }
	const verdict: Verdict = {
		verdict: 'block',
		rule: `${name}: no ${flow.direction} rule lists ${flow.protocol} ${flow.port} ${address}.`
	}
	return hook === 'egress' && !isNamed && listed.length > 0 ? { ...verdict, isUnsure: true } : verdict
}

/** The verbs that the programs are asked about, each with the direction of its rules. */
const HOOKS: Readonly<Record<string, 'egress' | 'ingress'>> = {
	connect: 'egress',
	send: 'egress',
	bind: 'ingress'
}

function isListed(rule: CgroupNetworkRule, flow: NetworkObject): boolean {
	if (rule.direction !== flow.direction) return false
	if (rule.protocol !== 'any' && rule.protocol !== flow.protocol) return false
	return flow.port >= rule.portFrom && flow.port <= rule.portTo
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, range: Parsed['range']): boolean {
	if (!range) return false
	const [network, bits] = range
	return address.kind() === network.kind() && address.match(network, bits)
}

function said(rule: CgroupNetworkRule): string {
	const ports = rule.portFrom === rule.portTo ? `${rule.portFrom}` : `${rule.portFrom}-${rule.portTo}`
	return `${rule.direction} ${rule.protocol} ${ports} ${rule.cidr}`
}
