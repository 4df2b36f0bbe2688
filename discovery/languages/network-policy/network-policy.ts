import { parseNetworkObject } from '../../behaviour.js'
import type { Policy } from '../../policy.js'
import type { Access, Language } from '../language.js'
import { fieldOf } from '../manifest.js'
import { evaluate } from './evaluate.js'
import { validate } from './limits.js'
import { prepare } from './prepare.js'
import { render } from './render.js'

/** NetworkPolicy of networking.k8s.io/v1. */
export const networkPolicy: Language = {
	name: 'network-policy',
	classes: ['network'],
	kinds: ['NetworkPolicy'],
	render,
	evaluate,
	prepare,
	blindTo,
	validate
}

/** A direction without traffic, or with some that cannot be carried, is left open (render.ts). */
function blindTo(
	access: Access,
	_policies: readonly Policy[],
	manifests: readonly Record<string, unknown>[]
): string | null {
	const type = parseNetworkObject(access.object)?.direction === 'ingress' ? 'Ingress' : 'Egress'
	const isHeld = manifests.some((manifest) => {
		const types = fieldOf(manifest, 'spec')?.policyTypes
		return Array.isArray(types) && types.includes(type)
	})
	return isHeld ? null : `${type} is left open: nothing in it is denied.`
}
