import { arrangeInventory } from '../../inventory.js'
import type { Note } from '../../policy.js'
import { selectorOf } from '../../selector.js'
import { parseWorkloadName, podWorkloadName } from '../../workload.js'
import type { RenderContext } from '../language.js'
import { CONTAINER_LABEL } from './evaluate.js'

/** Where a workload's policies apply. */
export interface Target {
	kind: 'KubeArmorPolicy' | 'KubeArmorHostPolicy'
	/** '' for a host. */
	namespace: string
	/** `selector` or `nodeSelector`, as it stands in the spec. */
	selection: Record<string, unknown>
	/** Parts of the name that people read. */
	readable: string[]
	notes: Note[]
}

/** The target of a workload, or null with the refusal in `notes`. */
export function targetOf(workload: string, context: RenderContext): { target: Target | null; notes: Note[] } {
	const name = parseWorkloadName(workload)
	if (!name) return refused(`${workload} is not the name of a workload.`, 'kubearmor.workload')
	const inventory = arrangeInventory(context.inventory)
	if (name.form === 'host') {
		const node = context.inventory.find((item) => item.kind === 'Node' && item.name === name.node)
		const hostname = node?.labels['kubernetes.io/hostname'] ?? name.node
		const target: Target = {
			kind: 'KubeArmorHostPolicy',
			namespace: '',
			selection: { nodeSelector: { matchLabels: { 'kubernetes.io/hostname': hostname } } },
			readable: [name.node, name.unit],
			notes: [
				{
					code: 'kubearmor.host-wide',
					severity: 'warning',
					text: 'On a host KubeArmor closes a class for the whole node: under the posture block every other program there is denied too, so keep the host posture at audit.'
				}
			]
		}
		return { target, notes: [] }
	}
	const selector = selectorOf(workload, inventory)
	if (Object.keys(selector.labels).length === 0) {
		return refused(
			`No label of the pods of ${workload} is known, and without one a policy would select the whole namespace: feed the inventory (pods with their labels).`,
			'kubearmor.labels'
		)
	}
	const notes: Note[] = []
	if (selector.strangers.length > 0) {
		notes.push({
			code: 'kubearmor.strangers',
			severity: 'warning',
			text: `The labels of ${workload} also select ${selector.strangers.join(', ')}: give its pods a label of their own.`
		})
	}
	const pods = inventory.podsOf(podWorkloadName(name))
	const hasCompany = pods.length === 0 || pods.some((pod) => pod.containers.length > 1)
	const isInit = pods.some((pod) => pod.containers.some((one) => one.init && one.name === name.container))
	if (isInit) {
		notes.push({
			code: 'kubearmor.init',
			severity: 'warning',
			text: 'KubeArmor does not hold init containers reliably (KubeArmor issue 870): they may run before their policy arrives.'
		})
	}
	// The network policy of a pod is the union over its containers, so it is meant for all of them.
	const narrowed = name.container !== '' && hasCompany ? { [CONTAINER_LABEL]: `[${name.container}]` } : {}
	const target: Target = {
		kind: 'KubeArmorPolicy',
		namespace: name.namespace,
		selection: { selector: { matchLabels: { ...selector.labels, ...narrowed } } },
		readable: [name.name, name.container],
		notes
	}
	return { target, notes: [] }
}

function refused(text: string, code: string): { target: null; notes: Note[] } {
	return { target: null, notes: [{ code, severity: 'refusal', text }] }
}
