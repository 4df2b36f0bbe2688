/** The steps of set-up, in the order in which people read them; `needs` says what waits for what. */
import { codeStep, pageStep } from './code-steps.mjs'
import { bpfStep, nativeStep } from './kernel-steps.mjs'
import { modulesStep, sqliteStep } from './module-steps.mjs'
import { packagesStep, userStep } from './system-steps.mjs'

/**
 * @param {string} root the repository
 * @param {'start' | 'test' | 'vm'} purpose tests need more Debian packages, and virtual machines still more
 */
export function steps(root, purpose) {
	return [
		packagesStep(purpose),
		modulesStep(root),
		sqliteStep(root),
		bpfStep(root),
		nativeStep(root),
		codeStep(root),
		pageStep(root),
		userStep()
	]
}
