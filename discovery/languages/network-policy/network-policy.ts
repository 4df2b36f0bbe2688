import type { Language } from '../language.js'
import { evaluate } from './evaluate.js'
import { validate } from './limits.js'
import { render } from './render.js'

/** NetworkPolicy of networking.k8s.io/v1. */
export const networkPolicy: Language = {
	name: 'network-policy',
	classes: ['network'],
	render,
	evaluate,
	// Addresses and ports are all it knows, and the canaries differ in both.
	indistinguishable: () => null,
	validate
}
