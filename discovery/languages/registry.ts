import { host } from './host/host.js'
import { kubearmor } from './kubearmor/kubearmor.js'
import type { Language } from './language.js'
import { networkPolicy } from './network-policy/network-policy.js'

/** All policy languages, in the order in which people see them. Adding one is a folder and a line here. */
export const LANGUAGES: readonly Language[] = [kubearmor, networkPolicy, host]

/** The language of that name, or undefined. */
export function languageOf(name: string): Language | undefined {
	return LANGUAGES.find((language) => language.name === name)
}
