import {
	type Class,
	CLASSES,
	classOfVerb,
	type InventoryItem,
	type Verb
} from '../../collector/observation.js'
import { compareText, parseNetworkObject } from '../../discovery/behaviour.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import { policyOf } from '../../discovery/digest.js'
import type { Policy, Rule } from '../../discovery/policy.js'
import { placeOf } from '../../discovery/access.js'
import type { Grant } from './grant.js'
import type { Tally } from './measure.js'
import type { Range } from './weigh.js'

/** What is left of a policy in the enforcer that has the narrowest limits. */
export interface Enforced {
	/** All rules are carried within KubeArmor's limits (BPF-LSM: 256 entries, 64 and 200 bytes, no patterns). */
	fits: boolean
	/** Why not, the first reason. */
	reason: string
	/** Probes on programs and files, as KubeArmor itself would answer. */
	probes: Tally
}

const WORKLOAD = 'default/Deployment/subject/main'
/** A pod of the workload, so that policies have labels to select it by. */
export const POD: InventoryItem = {
	...{
		cluster: '',
		kind: 'Pod',
		namespace: 'default',
		name: 'subject-1',
		uid: 'uid-1',
		fromMs: 0,
		toMs: null
	},
	...{
		labels: { app: 'subject' },
		addresses: ['10.244.0.9'],
		owner: { kind: 'Deployment', name: 'subject' }
	},
	...{ node: 'node-1', hostNetwork: false, selector: null, ports: [], schedule: null },
	containers: [{ name: 'main', image: 'subject', id: 'id-1', init: false, ephemeral: false }]
}
const FILE_CLASSES: readonly Class[] = ['process', 'file-read', 'file-write']

/** Renders the grants of the file and process classes for KubeArmor and tries the probes on the manifests. */
export function enforcedByKubearmor(grants: readonly Grant[], range: Range): Enforced {
	const policies = CLASSES.filter((of) => FILE_CLASSES.includes(of)).map((of) => policyOfClass(of, grants))
	const { manifests, notes } = kubearmor.render(policies, { inventory: [POD] })
	const problems = [...notes, ...manifests.flatMap((manifest) => kubearmor.validate(manifest.object))]
	// Here each class is as it was when it stopped learning, so a program may be known to one and not to another.
	const [refusal] = problems.filter(
		({ severity, code }) => severity === 'refusal' && code !== 'kubearmor.entry-point'
	)
	const probes: Tally = { blocked: 0, count: 0 }
	const judge = kubearmor.prepare(manifests.map((manifest) => manifest.object))(placeOf(WORKLOAD, [POD]))
	for (const { probe } of range.probes) {
		if (!FILE_CLASSES.includes(classOfVerb[probe.verb]) || probe.standing !== 'own') continue
		probes.count++
		const { verb, object, source } = probe
		if (judge !== null && judge({ verb, object, source }).verdict === 'block') probes.blocked++
	}
	return { fits: refusal === undefined, reason: refusal?.text ?? '', probes }
}

function policyOfClass(of: Class, grants: readonly Grant[]): Policy {
	const rules = grants
		.filter((grant) => grant.class === of)
		.map(
			({ object, sources, effect }): Rule => ({
				effect,
				object,
				access: accessOf(of, object),
				sources: [...sources]
			})
		)
		.sort((a, b) => compareText(a.object, b.object) || compareText(a.sources.join(), b.sources.join()))
	return policyOf({ workload: WORKLOAD, class: of, rules })
}

/** The verbs that a grant of this class and object stands for. */
function accessOf(of: Class, object: string): Verb[] {
	switch (of) {
		case 'process':
			return ['exec']
		case 'file-read':
			return ['read']
		case 'file-write':
			return ['create', 'delete', 'write']
		case 'privilege':
			return ['capability']
		case 'network':
			return [parseNetworkObject(object)?.direction === 'ingress' ? 'accept' : 'connect']
	}
}
