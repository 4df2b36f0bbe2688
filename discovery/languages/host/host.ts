import type { Language } from '../language.js'
import { evaluate, prepare } from './evaluate.js'
import { validate } from './limits.js'
import { render } from './render.js'

/** WhittleHostPolicy: the network of a host workload, held by cgroup programs of Whittle's sensor. */
export const host: Language = {
	name: 'host',
	classes: ['network'],
	kinds: ['WhittleHostPolicy'],
	render,
	evaluate,
	prepare,
	// It lists addresses and ports, and the canaries differ in both.
	blindTo: () => null,
	validate
}
