import ipaddr from 'ipaddr.js'
import type { CgroupNetworkRule } from '../../../native/messages.js'
import { parseNetworkObject } from '../../behaviour.js'
import type { Access, Context, Verdict } from '../language.js'
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
	const name = textOf(fieldOf(first, 'metadata'), 'name')
	const flow = parseNetworkObject(access.object)
	const hook = HOOKS[access.verb]
	if (!flow || hook !== flow.direction || (flow.protocol !== 'tcp' && flow.protocol !== 'udp')) {
		return { verdict: 'allow', rule: `The cgroup programs do not hold ${access.verb} ${access.object}.` }
	}
	// A bind has no peer: what is no address of ours is any.
	const address =
		flow.peer === 'any' || (hook === 'ingress' && !ipaddr.isValid(flow.peer)) ? '0.0.0.0' : flow.peer
	// A cgroup holds one table: the policies of one workload, were there two, would add up in it.
	const rules = held.flatMap((manifest) => toCgroupRules(manifest))
	const rule = rules.find((one) => isMatch(one, flow.direction, flow.protocol, flow.port, address))
	if (rule) return { verdict: 'allow', rule: `${name}: ${said(rule)}` }
	return {
		verdict: 'block',
		rule: `${name}: no ${flow.direction} rule lists ${flow.protocol} ${flow.port} ${address}.`
	}
}

/** The verbs that the programs are asked about, each with the direction of its rules. */
const HOOKS: Readonly<Record<string, 'egress' | 'ingress'>> = {
	connect: 'egress',
	send: 'egress',
	bind: 'ingress'
}

function isMatch(
	rule: CgroupNetworkRule,
	direction: string,
	protocol: string,
	port: number,
	address: string
): boolean {
	if (rule.direction !== direction || (rule.protocol !== 'any' && rule.protocol !== protocol)) return false
	if (port < rule.portFrom || port > rule.portTo || !ipaddr.isValid(address)) return false
	const parsed = ipaddr.process(address)
	const [network, bits] = ipaddr.parseCIDR(rule.cidr)
	return parsed.kind() === network.kind() && parsed.match(network, bits)
}

function said(rule: CgroupNetworkRule): string {
	const ports = rule.portFrom === rule.portTo ? `${rule.portFrom}` : `${rule.portFrom}-${rule.portTo}`
	return `${rule.direction} ${rule.protocol} ${ports} ${rule.cidr}`
}
