import assert from 'node:assert/strict'
import type { CgroupNetworkRule } from '../../../native/messages.js'
import { fieldOf, listOf, textOf } from '../manifest.js'

/**
 * The permissions of a valid WhittleHostPolicy as the sensor holds them. An ingress rule speaks of
 * binding: its port is the local one and its network the local address.
 */
export function toCgroupRules(manifest: Record<string, unknown>): CgroupNetworkRule[] {
	const network = fieldOf(fieldOf(manifest, 'spec') ?? {}, 'network')
	return listOf(network, 'allow').map((rule) => {
		const direction = textOf(rule, 'direction')
		const protocol = textOf(rule, 'protocol')
		assert(direction === 'egress' || direction === 'ingress', `direction ${direction} of a host policy`)
		assert(
			protocol === 'tcp' || protocol === 'udp' || protocol === 'any',
			`protocol ${protocol} of a host policy`
		)
		const [portFrom, portTo] = [rule.port ?? rule.portFrom, rule.port ?? rule.portTo]
		assert(
			typeof portFrom === 'number' && typeof portTo === 'number',
			'a rule of a host policy names its ports'
		)
		return { direction, protocol, portFrom, portTo, cidr: textOf(rule, 'cidr') }
	})
}
