import { parseNetworkObject } from '../../behaviour.js'
import type { Policy } from '../../policy.js'
import type { Access, Language } from '../language.js'
import { evaluate, prepare } from './evaluate.js'
import { validate } from './limits.js'
import { render } from './render.js'
import { unixProtocol } from './socket.js'

/** KubeArmorPolicy and KubeArmorHostPolicy, as KubeArmor enforces them on BPF-LSM. */
export const kubearmor: Language = {
	name: 'kubearmor',
	classes: ['process', 'file-read', 'file-write', 'network', 'privilege'],
	kinds: ['KubeArmorPolicy', 'KubeArmorHostPolicy', 'KubeArmorClusterPolicy'],
	render,
	evaluate,
	prepare,
	blindTo,
	validate
}

/** A protocol that was needed for anything is open to everything: there are no addresses and no ports. */
function blindTo(access: Access, policies: readonly Policy[]): string | null {
	const asked = parseNetworkObject(access.object)
	if (!asked) return null
	const isNeeded = policies.some((policy) =>
		policy.rules.some((rule) => {
			if (rule.access.includes('resolve')) return asked.protocol === 'udp'
			if (rule.access.includes('request')) return asked.protocol === 'tcp'
			const flow = parseNetworkObject(rule.object)
			const protocol = flow?.protocol === 'unix' ? unixProtocol(flow.peer) : flow?.protocol
			return protocol === asked.protocol
		})
	)
	return isNeeded ? `KubeArmor allows ${asked.protocol} as a whole: ${access.object} is not denied.` : null
}
