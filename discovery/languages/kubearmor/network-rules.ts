import { compareText, parseNetworkObject } from '../../behaviour.js'
import type { Note, Policy, Rule } from '../../policy.js'
import { type Draft, refusal } from './draft.js'
import { literalSources } from './file-rules.js'
import { fromSource } from './file-section.js'
import { isAnsweredByKernel, unixProtocol } from './socket.js'

/** The class network: protocols, since KubeArmor knows nothing else; `all` may hold raw sockets of the pod’s containers. */
export function networkDraft(policy: Policy, all: readonly Policy[], anySource: string[]): Draft {
	const notes: Note[] = []
	const protocols = new Map<string, Set<string>>()
	const allow = (protocol: string, rule: Rule) => {
		const sources = literalSources(rule.sources)
		const known = protocols.get(protocol) ?? new Set<string>()
		protocols.set(protocol, known)
		for (const source of sources && sources.length > 0 ? sources : anySource) known.add(source)
	}
	for (const rule of policy.rules) {
		if (isAnsweredByKernel(rule.object)) continue
		const protocol = protocolOf(rule)
		if (protocol === null) {
			notes.push(refusal('kubearmor.protocol', `KubeArmor has no working rule for ${rule.object}.`))
		} else allow(protocol, rule)
	}
	const flows = policy.rules.map((rule) => parseNetworkObject(rule.object))
	if (flows.some((flow) => flow?.protocol === 'unix')) {
		notes.push({
			code: 'kubearmor.unix-socket',
			severity: 'warning',
			text: 'KubeArmor holds unix sockets as if they were TCP (streams) or UDP (datagrams), so those rules also allow real ones.'
		})
	}
	if (flows.some((flow) => flow && flow.protocol !== 'unix')) {
		notes.push({
			code: 'kubearmor.addresses',
			severity: 'warning',
			text: 'KubeArmorPolicy names protocols only: ports, peers and directions of the learned policy are not held. Use network-policy for those.'
		})
	}
	const raw = all.filter((other) => other.class === 'privilege').flatMap((other) => other.rules)
	for (const rule of raw) {
		if (rule.access.includes('raw-socket')) allow(rule.object === 'AF_INET/icmp' ? 'icmp' : 'raw', rule)
	}
	notes.push({
		code: 'kubearmor.any-family',
		severity: 'info',
		text: 'KubeArmor looks at a socket’s type, not its family: raw netlink sockets are denied too unless raw is listed (the C library does without them).'
	})
	const section: Record<string, unknown> = {}
	if (protocols.size > 0) {
		section.matchProtocols = [...protocols]
			.sort(([a], [b]) => compareText(a, b))
			.map(([protocol, sources]) => ({
				protocol,
				...(sources.has('') ? {} : { fromSource: fromSource([...sources]) })
			}))
	}
	return { group: 'network', policies: [policy], sections: () => ({ network: section }), notes }
}

/** The protocol that a network rule needs; null when KubeArmor cannot allow it. */
function protocolOf(rule: Rule): string | null {
	if (rule.access.includes('resolve')) return 'udp'
	if (rule.access.includes('request')) return 'tcp'
	const flow = parseNetworkObject(rule.object)
	if (!flow) return null
	if (flow.protocol === 'unix') return unixProtocol(flow.peer)
	// `icmpv6` can be written down, but its rule never matches (see rule-map.ts).
	return ['tcp', 'udp', 'sctp', 'icmp'].includes(flow.protocol) ? flow.protocol : null
}

/** The class privilege: its capabilities; the rest is said not to be held. */
export function privilegeDraft(policy: Policy, isHost: boolean): Draft {
	const notes: Note[] = []
	const used = policy.rules.filter((rule) => rule.access.includes('capability'))
	const other = policy.rules.filter((rule) => !rule.access.includes('capability'))
	if (other.length > 0) {
		const verbs = [...new Set(other.flatMap((rule) => rule.access))].sort(compareText)
		notes.push({
			code: 'kubearmor.privilege',
			severity: 'warning',
			text: `KubeArmor cannot hold ${verbs.join(', ')}; denying CAP_SYS_PTRACE, for one, does not stop ptrace between processes of one user.`
		})
	}
	if (isHost && used.length > 0) {
		notes.push(
			refusal(
				'kubearmor.host-capability',
				'KubeArmor ignores the capabilities of host policies (UpdateHostRules never copies them).'
			)
		)
	}
	const matchCapabilities = used.map((rule) => {
		const capability = rule.object.replace(/^CAP_/, '').toLowerCase()
		if (!CAPABILITIES.has(capability)) {
			notes.push(refusal('kubearmor.capability', `KubeArmor’s CRD does not know ${rule.object}.`))
		}
		const sources = literalSources(rule.sources)
		return { capability, ...(sources && sources.length > 0 ? { fromSource: fromSource(sources) } : {}) }
	})
	const section: Record<string, unknown> = used.length > 0 ? { matchCapabilities } : {}
	return { group: 'privilege', policies: [policy], sections: () => ({ capabilities: section }), notes }
}

/** The capabilities that the CRD's pattern knows. */
const CAPABILITIES: ReadonlySet<string> = new Set(
	(
		'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable' +
		' net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot' +
		' sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease' +
		' audit_write audit_control setfcap mac_override mac_admin'
	).split(' ')
)
